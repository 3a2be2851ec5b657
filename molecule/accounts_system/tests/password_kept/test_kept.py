"""A password that a Unix user chose, after the next run."""

from __future__ import annotations

from account_server import PHONE
from client import BOB, NEW


def test_the_run_does_not_set_it_back(server):
    server.imap(BOB, "Chosen-Horse-3").logout()
    server.refuses_imap(BOB, NEW)


def test_app_passwords_are_there(server):
    server.imap("ivan@example.org", PHONE).logout()
