# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import threading
import typing as t

import pytest
from password_program import load

dialogue = load("password_dialogue")
rules = load("password_rules")

Said = list[tuple[str, str, str]]


class Client:
    """The other end of a conversation."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")

    def hears(self) -> str:
        return self._lines.readline().decode().rstrip("\r\n")

    def says(self, content: bytes) -> str:
        self._connection.sendall(content)
        return self.hears()

    def says_and_leaves(self, content: bytes) -> str:
        self._connection.sendall(content)
        self._connection.shutdown(socket.SHUT_WR)
        return self.hears()

    def leaves(self) -> None:
        self._lines.close()
        self._connection.close()


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def client(said: Said) -> t.Iterator[Client]:
    def change(name: str, old: str, new: str) -> None:
        said.append((name, old, new))
        if old == "wrong":
            raise rules.RefusedError("The old password is wrong.")

    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs:
            dialogue.Dialogue(theirs, change).run()

    with ours:
        thread = threading.Thread(target=serve)
        thread.start()
        ours.settimeout(10)
        client = Client(ours)
        assert client.hears().startswith("200 ")
        yield client
        client.leaves()
        thread.join(10)
        assert not thread.is_alive()


def test_a_password_is_changed(client: Client, said: Said) -> None:
    assert client.says(b"user alice@example.org\r\n").startswith("300 ")
    assert client.says(b'pass old : "one" %s\r\n').startswith("300 ")
    assert client.says("newpass Grüße  \r\n".encode()) == "200 The password is changed."
    assert client.says(b"quit\r\n").startswith("200 ")
    assert client.hears() == ""
    assert said == [("alice@example.org", 'old : "one" %s', "Grüße  ")]


def test_lines_may_end_as_on_unix_and_verbs_are_of_any_case(client: Client, said: Said) -> None:
    client.says(b"USER a\n")
    client.says(b"Pass b\n")
    assert client.says(b"NEWPASS c\n").startswith("200 ")
    assert said == [("a", "b", "c")]


def test_who_is_refused_hears_why(client: Client) -> None:
    client.says(b"user a\r\n")
    client.says(b"pass wrong\r\n")
    assert client.says(b"newpass c\r\n") == "500 The old password is wrong."
    assert client.hears() == ""


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"pass x\r\n", "Expected: user"),
        (b"newpass x\r\n", "Expected: user"),
        (b"user\r\n", "Expected: user"),
        (b"user \r\n", "Expected: user"),
        (b"\r\n", "Expected: user"),
        (b"GET / HTTP/1.0\r\n", "Expected: user"),
        (b"user a\r\npass b\r\nnewpass c\r\nquit\r\n", "Wait for the answer"),
        (b"user a\r\nx", "Wait for the answer"),
        (b"user a\0b\r\n", "control character"),
        (b"user a\rpass b\r\n", "control character"),
        (b"user \xff\xfe\r\n", "not UTF-8"),
        (b"user " + b"l" * 1020 + b"\r\n", "too long"),
        (b"x" * 5000, "too long"),
    ],
)
def test_what_is_no_conversation_ends(client: Client, said: Said, content: bytes, why: str) -> None:
    assert why in client.says(content)
    assert client.hears() == ""
    assert said == []


def test_a_line_break_in_a_password_is_no_command(client: Client, said: Said) -> None:
    client.says(b"user a\r\n")
    assert "Wait for the answer" in client.says(b"pass b\r\nnewpass chosen-by-another\r\n")
    assert said == []


def test_who_quits_or_leaves_changes_nothing(client: Client, said: Said) -> None:
    client.says(b"user a\r\n")
    assert client.says(b"quit\r\n").startswith("200 ")
    assert said == []


def test_half_a_line_is_none(client: Client, said: Said) -> None:
    client.says(b"user a\r\n")
    client.says(b"pass b\r\n")
    assert client.says_and_leaves(b"newpass c") == ""
    assert said == []
