"""Passwords that account holders changed, after the next run."""

from __future__ import annotations

import pytest
from account_server import PASSWORD, PHONE

NEW = "Correct-Horse-2"


@pytest.mark.parametrize(
    "user", ["bob@example.org", "grace@xn--bcher-kva.example", "ivan@example.org", "leo@example.org"]
)
def test_the_run_does_not_set_them_back(server, user):
    server.imap(user, NEW).logout()
    server.refuses_imap(user, PASSWORD)


def test_app_passwords_are_there(server):
    server.imap("ivan@example.org", PHONE).logout()


def test_an_account_can_be_left_to_the_inventory(server):
    server.imap("frank@example.org", PASSWORD).logout()
