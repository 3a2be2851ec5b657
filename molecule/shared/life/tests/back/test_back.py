"""Accounts that may be used again."""

from __future__ import annotations

import pytest
from account_server import NEW, PHONE, PRINTER


def test_what_waited_is_delivered_once_the_account_takes_mail_again(server):
    server.host.check_output("postqueue -f")
    server.gets("frank@example.org", "for-the-suspended")
    assert server.answer_to("frank@example.org")[0] == 250


@pytest.mark.parametrize("user", ["dave@example.org", "heidi@example.org", "ivan@example.org", "smith@example.org"])
def test_accounts_are_used_again_with_the_password_they_had(server, mark, user):
    server.imap(user).logout()
    server.submit(user, "bob@example.org", mark)
    server.gets("bob@example.org", mark)


def test_app_passwords_come_back_with_their_account(server):
    server.imap("ivan@example.org", PHONE).logout()
    server.refuses_submission("carol@example.org", PRINTER)


def test_mail_that_was_kept_is_that_of_the_new_account(server, mark):
    server.send("judy@example.org", mark)
    server.gets("judy@example.org", mark, NEW)
    assert server.holds("judy@example.org", "before-the-change", NEW) == 1


def test_a_hash_replaces_a_password(server):
    server.refuses_imap("mallory@example.org", NEW)
    server.imap("mallory@example.org").logout()


def test_no_limit_holds_where_there_was_one(server):
    assert server.saves("quinn@example.org", 2000000).rc == 0
