"""Account holders change their password in the directory."""

from __future__ import annotations

import pytest
from account_server import PASSWORD, PHONE, PRINTER
from password_client import CHANGED, WRONG, PasswordSocket

ALICE = "alice@example.org"
NEW = "it's a new one: 100%"


@pytest.fixture
def door(server):
    return PasswordSocket(server.host)


@pytest.mark.parametrize(
    ("user", "old"),
    [
        (ALICE, "wrong-password"),
        (ALICE, PHONE),
        (ALICE, PRINTER),
        ("heidi@example.org", PHONE),
        ("grace@example.org", PASSWORD),
        ("carol@example.org", PASSWORD),
        ("*@example.org", PASSWORD),
        ("*)(mail=alice@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("mail reader@example.org", PASSWORD),
    ],
)
def test_who_may_not_log_in_changes_nothing(door, user, old):
    assert door.change(user, old, NEW) == WRONG


@pytest.mark.parametrize(
    ("user", "old"),
    [(ALICE, PASSWORD), ("heidi@example.org", "Heidi-Horse-1"), ("o'brien=x@xn--bcher-kva.example", PASSWORD)],
)
def test_a_password_is_changed_and_changed_back(server, door, user, old):
    before = server.entry(user)
    assert door.change(user, old, NEW) == CHANGED
    server.imap(user, NEW).logout()
    server.refuses_imap(user, old)
    after = server.entry(user)
    assert after.pop("userPassword")[0].startswith("{CRYPT}$6$")
    del before["userPassword"]
    assert after == before
    assert door.change(user, NEW, old) == CHANGED
    server.imap(user, old).logout()


def test_app_passwords_stay(server):
    server.imap(ALICE, PHONE).logout()
