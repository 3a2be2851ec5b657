"""Accounts that were renamed, disabled, suspended, removed or have expired."""

from __future__ import annotations

import time

import pytest
from account_server import NEW, PASSWORD, PHONE, PRINTER

SMITH = "smith@example.org"


def test_a_renamed_account_has_its_mail_its_password_and_its_quota(server):
    assert server.holds(SMITH, "before-the-change") == 1
    server.refuses_imap("alice@example.org")
    assert "1024" in server.host.check_output(f"doveadm -f flow quota get -u {SMITH}")
    assert not server.host.file("/var/vmail/example.org/alice").exists


def test_a_renamed_account_gets_mail_and_sends(server, mark):
    for recipient in (SMITH, "al@example.org", "postmaster@example.org"):
        server.send(recipient, f"{mark}-{recipient}")
        server.gets(SMITH, f"{mark}-{recipient}")
    server.submit(SMITH, "bob@example.org", mark, sender="al@example.org")
    server.gets("bob@example.org", mark)
    assert server.answer_to("alice@example.org")[0] == 550


def test_another_password_is_the_only_one(server, mark):
    server.refuses_imap("mallory@example.org")
    server.refuses_submission("mallory@example.org")
    server.imap("mallory@example.org", NEW).logout()
    server.submit("mallory@example.org", "bob@example.org", mark, password=NEW)
    server.gets("bob@example.org", mark)


def test_another_quota_takes_what_the_old_one_refused(server):
    assert server.saves("quinn@example.org", 30000).rc == 0


def test_what_is_forwarded_no_more_is_not(server, mark):
    server.send("dave@example.org", mark)
    server.has_file("dave@example.org", mark)
    assert server.holds("bob@example.org", mark) == 0


@pytest.mark.parametrize("user", ["dave@example.org", "heidi@example.org", "ivan@example.org"])
def test_a_disabled_or_expired_account_gets_mail_but_no_login(server, mark, user):
    server.refuses_imap(user)
    server.refuses_submission(user)
    server.send(user, mark)
    server.has_file(user, mark)


def test_a_disabled_account_has_no_way_in_by_an_app_password(server):
    server.refuses_imap("ivan@example.org", PHONE)
    server.refuses_submission("ivan@example.org", PHONE)


def test_an_app_password_that_was_removed_opens_nothing_and_the_others_stay(server, mark):
    server.refuses_imap("carol@example.org", PHONE)
    server.submit("carol@example.org", "bob@example.org", mark, password=PRINTER)
    server.gets("bob@example.org", mark)
    server.imap("carol@example.org", PASSWORD).logout()


@pytest.mark.parametrize("user", ["erin@example.org", "judy@example.org", "kate@example.org"])
def test_a_removed_account_is_gone(server, user):
    server.refuses_imap(user)
    server.refuses_submission(user)
    assert server.answer_to(user)[0] == 550


def test_what_becomes_of_the_mail_of_a_removed_account(server):
    assert "erin@example.org-" in server.host.check_output("ls /var/vmail/.archive")
    server.has_file("judy@example.org", "before-the-change")
    assert not server.host.file("/var/vmail/example.org/kate").exists


def test_a_stranger_is_told_to_come_back_while_an_account_is_suspended(server):
    code, text = server.answer_to("frank@example.org")
    assert code == 450, text
    assert "4.2.1" in text


def test_mail_of_others_waits_in_the_queue_for_a_suspended_account(server):
    server.send("team@example.org", "for-the-suspended")
    server.gets("bob@example.org", "for-the-suspended")
    for _attempt in range(40):
        queue = server.host.check_output("postqueue -p")
        if "frank@example.org" in queue:
            break
        time.sleep(0.3)
    assert "takes no mail at this time" in queue
    # The login is another matter.
    assert server.holds("frank@example.org", "for-the-suspended") == 0
