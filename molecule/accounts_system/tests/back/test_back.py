"""Accounts that may be used again, one whose day comes, and what is put right when somebody else changed it."""

from __future__ import annotations

import pytest
from account_server import PHONE, PRINTER
from client import BOB, NEW


def test_what_waited_is_delivered_once_the_account_takes_mail_again(server):
    server.host.check_output("postqueue -f")
    server.gets("frank@example.org", "for-the-suspended")
    assert server.answer_to("frank@example.org")[0] == 250


@pytest.mark.parametrize("user", ["dave@example.org", "heidi@example.org", "ivan@example.org", "smith@example.org"])
def test_accounts_are_used_again_with_the_password_they_had(server, mark, user):
    server.imap(user).logout()
    server.submit(user, BOB, mark)
    server.gets(BOB, mark, NEW)


def test_app_passwords_come_back_with_their_account(server):
    server.imap("ivan@example.org", PHONE).logout()
    server.refuses_submission("carol@example.org", PRINTER)


def test_mail_that_was_kept_belongs_to_the_new_user_of_the_account(server, mark):
    # The number that nora had may be that of zed by now.
    assert server.unix("zed")[2] != server.unix("nora")[2]
    server.send("nora@example.org", mark)
    server.gets("nora@example.org", mark)
    assert server.holds("nora@example.org", "before-the-change") == 1
    assert str(server.host.file("/home/nora/Maildir/new").uid) == server.unix("nora")[2]


def test_logins_end_by_themselves_when_the_day_comes(server, mark):
    session = server.imap("dave@example.org")
    server.host.check_output("sed -i '/^dave@/s/$/ expires=2026-01-01/' /etc/dovecot/users")
    server.host.check_output("/usr/bin/python3 -I /usr/local/lib/postmaster-mail-expire.py /etc/dovecot/users")
    server.has_ended(session)
    server.refuses_imap("dave@example.org")
    server.send("dave@example.org", mark)
    server.has_file("dave@example.org", mark)
