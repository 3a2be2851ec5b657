"""Accounts that were renamed, disabled, suspended, removed or have expired."""

from __future__ import annotations

import time

import pytest
from account_server import PASSWORD, PHONE, PRINTER
from client import BOB, NEW

SMITH = "smith@example.org"


def test_a_renamed_account_has_its_mail_its_password_and_its_quota(server):
    assert server.holds(SMITH, "before-the-change") == 1
    server.refuses_imap("alice@example.org")
    assert "1024" in server.host.check_output(f"doveadm -f flow quota get -u {SMITH}")
    assert server.host.run("getent passwd alice").rc == 2
    assert not server.host.file("/home/alice").exists
    assert server.unix("smith")[4:6] == ["Alice Überall", "/home/smith"]
    assert str(server.host.file("/home/smith").uid) == server.unix("smith")[2]


def test_a_renamed_account_gets_mail_and_sends(server, mark):
    for recipient in (SMITH, "al@example.org", "postmaster@example.org"):
        server.send(recipient, f"{mark}-{recipient}")
        server.gets(SMITH, f"{mark}-{recipient}")
    server.submit(SMITH, BOB, mark, sender="al@example.org")
    server.gets(BOB, mark, NEW)
    assert server.answer_to("alice@example.org")[0] == 550


def test_another_password_is_the_only_one(server):
    server.refuses_imap(BOB)
    server.refuses_submission(BOB)
    server.imap(BOB, NEW).logout()


@pytest.mark.parametrize("user", ["dave@example.org", "heidi@example.org", "ivan@example.org"])
def test_a_disabled_or_expired_account_gets_mail_but_no_login(server, mark, user):
    server.refuses_imap(user)
    server.refuses_submission(user)
    server.send(user, mark)
    server.has_file(user, mark)


def test_a_disabled_account_is_so_for_all_that_ask_pam(server):
    assert server.shadow("dave")[1].startswith("!$6$")
    assert server.shadow("heidi")[7] == "20454"
    # The hash stays for the day on which the account is used again.
    assert len(server.shadow("dave")[1]) > 80


def test_a_disabled_account_has_no_way_in_by_an_app_password(server):
    server.refuses_imap("ivan@example.org", PHONE)
    server.refuses_submission("ivan@example.org", PHONE)


def test_an_app_password_that_was_removed_opens_nothing_and_the_others_stay(server, mark):
    server.refuses_imap("carol@example.org", PHONE)
    server.submit("carol@example.org", BOB, mark, password=PRINTER)
    server.gets(BOB, mark, NEW)
    server.imap("carol@example.org", PASSWORD).logout()


@pytest.mark.parametrize("user", ["erin@example.net", "first.last@example.org", "nora@example.org", "paul@example.org"])
def test_a_removed_account_is_gone(server, user):
    server.refuses_imap(user)
    assert server.answer_to(user)[0] == 550


def test_what_becomes_of_the_mail_of_a_removed_account(server):
    assert "erin@example.net-" in server.host.check_output("ls /home/.archive")
    assert server.host.file("/home/.archive").mode == 0o700
    for name in ("erin", "first.last", "nora"):
        assert server.host.run(f"getent passwd {name}").rc == 2
    assert not server.host.file("/home/erin").exists
    assert not server.host.file("/home/first.last").exists
    server.has_file("nora@example.org", "before-the-change")


def test_a_user_who_was_there_before_only_leaves_the_group(server):
    assert server.unix("paul")[5:] == ["/home/paul", "/bin/bash"]
    assert "paul" not in server.host.check_output("getent group mailusers")
    assert server.host.file("/home/paul/.bashrc").exists


def test_a_stranger_is_told_to_come_back_while_an_account_is_suspended(server):
    code, text = server.answer_to("frank@example.org")
    assert code == 450, text
    assert "4.2.1" in text


def test_mail_of_others_waits_in_the_queue_for_a_suspended_account(server):
    server.send("team@example.org", "for-the-suspended")
    server.gets(BOB, "for-the-suspended", NEW)
    for _attempt in range(40):
        queue = server.host.check_output("postqueue -p")
        if "frank@example.org" in queue:
            break
        time.sleep(0.3)
    assert "takes no mail at this time" in queue
    # The login is another matter.
    assert server.holds("frank@example.org", "for-the-suspended") == 0
