# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_greeting import SystemNetwork
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_listeners import Greeting, Listener


@contextlib.contextmanager
def server(*parts: bytes) -> t.Iterator[tuple[int, list[bytes]]]:
    """Listen on a free port; say parts to the first client, keep what it says, and hang up."""
    heard: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        connection, _address = listening.accept()
        with connection:
            for part in parts:
                connection.sendall(part)
            connection.settimeout(2)
            # A client that dislikes what it heard hangs up without a word.
            with contextlib.suppress(OSError):
                heard.append(connection.recv(100))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        yield listening.getsockname()[1], heard
        thread.join()


@pytest.mark.parametrize(
    ("greeting", "parts", "expected", "heard"),
    [
        ("smtp", [b"220 mail.exa", b"mple.org ESMTP\r\n"], "answered", b"QUIT\r\n"),
        ("smtp", [b"554 5.7.1 go away\r\n"], "answered", b"QUIT\r\n"),
        ("smtp", [b"421 4.3.2 All server ports are busy\r\n"], "silent", b""),
        ("smtp", [b"451 4.7.1 Service unavailable - try again later\r\n"], "silent", b""),
        ("smtp", [b"SSH-2.0\r\n"], "silent", b""),
        ("smtp", [b"220 half a line"], "silent", b""),
        ("smtp", [], "silent", b""),
        ("postscreen", [b"220-wait\r\n"], "answered", b""),
        ("any", [], "answered", b""),
    ],
)
def test_greetings(greeting: Greeting, parts: list[bytes], expected: str, heard: bytes) -> None:
    with server(*parts) as (port, said):
        reply = SystemNetwork().greet(Listener("x/inet", "127.0.0.1", port, greeting), 0.3)
    assert reply == expected
    assert b"".join(said) == heard


def test_a_handshake_that_is_not_finished() -> None:
    with server(b"220 no TLS here\r\n") as (port, _said):
        assert SystemNetwork().greet(Listener("x/inet", "127.0.0.1", port, "smtp-tls"), 0.5) == "silent"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert SystemNetwork().greet(Listener("x/inet", "127.0.0.1", port, "smtp"), 1) == "refused"


def test_addresses_of_the_host() -> None:
    network = SystemNetwork()
    assert network.has("127.0.0.1")
    assert not network.has("192.0.2.1")
    assert network.addresses("127.0.0.1") == ("127.0.0.1",)
    assert network.addresses("\udce4") == ()
