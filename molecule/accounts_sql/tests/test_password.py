"""Account holders change their password in the database."""

from __future__ import annotations

import pytest
from account_server import PASSWORD, PHONE, PRINTER
from password_client import CHANGED, WRONG, PasswordSocket

ALICE = "alice@example.org"
NEW = "it's a new one; -- %s"


@pytest.fixture
def door(server):
    return PasswordSocket(server.host)


@pytest.mark.parametrize(
    ("user", "old"),
    [
        (ALICE, "wrong-password"),
        (ALICE, PHONE),
        (ALICE, PRINTER),
        ("bob@example.org", PASSWORD),
        ("bob@example.org", PHONE),
        ("closed@example.net", PASSWORD),
        ("closed@example.net", PHONE),
        ("nobody@example.org", PASSWORD),
        ("x' OR '1'='1", PASSWORD),
        ("'@example.org", PASSWORD),
        ("%s@example.org", PASSWORD),
        (f"{'l' * 300}@example.org", PASSWORD),
    ],
)
def test_who_may_not_log_in_changes_nothing(door, user, old):
    assert door.change(user, old, NEW) == WRONG


@pytest.mark.parametrize("user", [ALICE, "o'brien@example.net", "alice@xn--bcher-kva.example"])
def test_a_password_is_changed_and_changed_back(server, door, user):
    assert door.change(user, PASSWORD, NEW) == CHANGED
    server.imap(user, NEW).logout()
    server.refuses_imap(user)
    assert door.change(user, PASSWORD, NEW) == WRONG
    server.imap("dave@example.org").logout()
    assert door.change(user, NEW, PASSWORD) == CHANGED
    server.imap(user).logout()


def test_app_passwords_stay(server):
    server.imap(ALICE, PHONE).logout()
