"""Account holders may no longer change their password."""

from __future__ import annotations

import pytest
from password_client import SOCKET, UNIT


@pytest.mark.parametrize(
    "path",
    [
        SOCKET,
        f"/run/{UNIT}",
        f"/usr/local/lib/{UNIT}",
        "/etc/postmaster/password-change.json",
        f"/etc/systemd/system/{UNIT}.socket",
        f"/etc/systemd/system/{UNIT}@.service",
        f"/etc/systemd/system/sockets.target.wants/{UNIT}.socket",
    ],
)
def test_nothing_of_it_is_left(server, path):
    assert not server.host.file(path).exists


def test_nobody_listens(server):
    assert server.host.run(f"systemctl is-active {UNIT}.socket").stdout.strip() != "active"


def test_the_inventory_says_what_passwords_are(server):
    server.imap("bob@example.org").logout()
