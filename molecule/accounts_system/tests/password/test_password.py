"""Account holders who are Unix users change their password."""

from __future__ import annotations

import shlex

import pytest
from account_server import PASSWORD, PHONE
from client import BOB, NEW
from password_client import CHANGED, WRONG, PasswordSocket

NORA = "nora@example.org"
NEWER = 'it\'s: a "newer" one'
CHOSEN = "Chosen-Horse-3"


@pytest.fixture
def door(server):
    return PasswordSocket(server.host)


@pytest.fixture
def outsider(server):
    """A Unix user with a password who is no mail account."""
    server.host.check_output(f"useradd -M outsider && echo outsider:{PASSWORD} | chpasswd")
    yield "outsider@example.org"
    server.host.check_output("userdel -f outsider")


@pytest.mark.parametrize(
    ("user", "old"),
    [
        (BOB, "wrong-password"),
        ("ivan@example.org", PHONE),
        ("dave@example.org", PASSWORD),
        ("heidi@example.org", PASSWORD),
        ("root@example.org", PASSWORD),
        ("bob@example.net", NEW),
        ("bob", NEW),
        ("bob:x@example.org", NEW),
    ],
)
def test_who_may_not_log_in_changes_nothing(server, door, user, old):
    before = server.host.check_output("cat /etc/shadow")
    assert door.change(user, old, CHOSEN) == WRONG
    assert server.host.check_output("cat /etc/shadow") == before


def test_other_users_of_the_system_are_left_alone(server, door, outsider):
    before = server.shadow("outsider")
    assert door.change(outsider, PASSWORD, CHOSEN) == WRONG
    assert server.shadow("outsider") == before


def test_a_new_password_counts_at_once_and_the_old_one_no_more(server, door):
    before = server.host.check_output("grep -v ^bob: /etc/shadow")
    assert door.change(BOB, NEW, NEWER) == CHANGED
    assert server.host.run(f"echo {shlex.quote(NEWER)} | doveadm auth test {BOB}").rc == 0
    assert door.change(BOB, NEWER, CHOSEN) == CHANGED
    server.imap(BOB, CHOSEN).logout()
    server.submission(BOB, CHOSEN).quit()
    server.refuses_imap(BOB, NEW)
    assert server.shadow("bob")[1].startswith("$6$")
    assert server.host.check_output("grep -v ^bob: /etc/shadow") == before
    assert server.host.check_output("stat -c '%a %U %G' /etc/shadow") == "640 root shadow"


def test_two_changes_within_a_second_are_both_seen(server, door):
    assert door.change(NORA, PASSWORD, NEWER) == CHANGED
    assert door.change(NORA, NEWER, PASSWORD) == CHANGED
    server.imap(NORA).logout()
