"""What happens while the directory is down, and after it is back."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import time

import pytest


@pytest.fixture(scope="module")
def outage(server):
    # In a container, the init script of Debian 12 cannot tell what program a process of somebody else runs.
    server.host.check_output("systemctl stop slapd; pkill -x slapd; while pgrep -x slapd; do sleep 0.2; done")
    yield
    server.host.check_output("systemctl start slapd")


@pytest.mark.usefixtures("outage")
def test_mail_waits_and_logins_fail_closed(server, mark):
    for recipient in ("carol@example.org", "nobody@example.net"):
        code, text = server.answer_to(recipient)
        assert 400 <= code < 500, text
    with pytest.raises((imaplib.IMAP4.error, TimeoutError), match="UNAVAILABLE|Temporary|timed out"):
        server.imap("carol@example.org", timeout=10)
    with pytest.raises((imaplib.IMAP4.error, TimeoutError)):
        server.imap("carol@example.org", "wrong", timeout=10)
    with pytest.raises((poplib.error_proto, TimeoutError)):
        server.pop3("carol@example.org")
    # Postfix does not tell its clients that Dovecot could not ask.
    with pytest.raises((smtplib.SMTPException, TimeoutError), match="45|535|[Tt]imed out|closed"):
        server.submit("carol@example.org", "dave@example.org", mark, timeout=10)
    server.host.check_output(f"printf 'Subject: {mark}\\n\\nHello\\n' | sendmail -f '' carol@example.org")
    time.sleep(2)
    server.host.check_output("systemctl start slapd")
    server.gets_what_waited("carol@example.org", mark)
