"""What was turned off is gone, and mail from before is still there."""

from __future__ import annotations

import imaplib
import socket

import pytest
from client import DOMAIN


@pytest.mark.parametrize("port", [110, 995, 4190, 1587, 1993, 1143, 9900])
def test_listeners_are_closed(server, port):
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((server.address, port), timeout=5)


def test_no_file_of_the_role_is_left(server):
    assert server.host.check_output("find /etc/dovecot/postmaster -type f") == ""


def test_postfix_asks_no_policy_service(server):
    assert "policy_service" not in server.host.check_output("postconf -h smtpd_recipient_restrictions")


def test_nothing_in_the_configuration_is_left(server):
    words = ("sieve", "acl", "fts_", "metric", "hibernate_timeout = 2", "quota_warning", "quota-status", "master-users")
    settings = server.host.check_output("cat /etc/dovecot/dovecot.conf")
    assert [word for word in words if word in settings] == []


def test_the_master_user_cannot_log_in(server):
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        server.imap(f"alice@{DOMAIN}*warden", "Master-Key-7")


def test_mail_from_before_can_be_read(server):
    session = server.imap("alice")
    session.select("INBOX", readonly=True)
    numbers = session.search(None, "BODY", "secret")[1][0].split()
    assert b"is a secret of two" in session.fetch(numbers[0], "(BODY[TEXT])")[1][0][1]
    session.logout()


def test_new_mail_is_kept_in_clear(server, mark):
    server.send("dave", mark, f"{mark} for everybody")
    server.find("dave", "INBOX", "SUBJECT", mark)[0].logout()
    assert server.host.check_output(
        f"grep -rl {mark} /var/vmail/{DOMAIN}/dave/Maildir/cur /var/vmail/{DOMAIN}/dave/Maildir/new"
    )
