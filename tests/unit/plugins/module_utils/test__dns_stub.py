# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import struct
import threading
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dns_stub import (
    MalformedError,
    Response,
    StubResolver,
    make_query,
    name_servers,
    parse_response,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl import Reply

NAME = "2.0.0.127.l.example.org"
QUERY = make_query(0x1234, NAME)


def record(kind: int, data: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 300, len(data)) + data


def answer(query: bytes, *records: bytes, rcode: int = 0, flags: int = 0x8180) -> bytes:
    head = query[:2] + struct.pack("!5H", flags | rcode, 1, len(records), 0, 0)
    return head + query[12:] + b"".join(records)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("search example.org\nnameserver 192.0.2.1\n; nameserver 192.0.2.9\nnameserver 2001:db8::1\n", 2),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n", 3),
        ("#nameserver 192.0.2.1\nnameserver\n", 1),
    ],
)
def test_name_servers(text: str, servers: int) -> None:
    assert len(name_servers(text)) == servers


def test_without_a_name_server_the_loopback_is_asked() -> None:
    assert name_servers("") == ("127.0.0.1",)


def test_query() -> None:
    assert QUERY == (
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        b"\x012\x010\x010\x03127\x01l\x07example\x03org\x00\x00\x01\x00\x01"
    )


def test_addresses_behind_an_alias() -> None:
    alias = b"\x05other\x07example\x00"
    message = answer(
        QUERY,
        record(5, alias),
        record(1, b"\x7f\0\0\x0a", owner=alias),
        record(16, b"\x04text", owner=alias),
        record(1, b"\x7f\0\0\x02", owner=alias),
    )
    assert parse_response(message, QUERY) == Response(0, False, ("127.0.0.2", "127.0.0.10"))


def test_capitals_do_not_matter() -> None:
    assert parse_response(answer(QUERY.replace(b"example", b"EXAMPLE")), QUERY).addresses == ()


def test_an_error_without_the_question() -> None:
    message = QUERY[:2] + struct.pack("!5H", 0x8185, 0, 0, 0, 0)
    assert parse_response(message, QUERY).rcode == 5


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x12",
        QUERY,
        answer(make_query(0x1235, NAME)),
        answer(make_query(0x1234, "1.0.0.127.l.example.org")),
        answer(QUERY, record(1, b"\x7f\0\0\2"))[:-2],
        answer(QUERY, b"\x3fcut"),
        QUERY[:2] + struct.pack("!5H", 0x8180, 0, 0, 0, 0),
    ],
)
def test_what_is_no_answer(message: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_response(message, QUERY)


@pytest.fixture(name="serve")
def fixture_serve() -> t.Iterator[t.Callable[..., int]]:
    """Serve what a function makes of each query by UDP, and of the last one by TCP; return the port."""
    sockets: list[socket.socket] = []

    def serve(replies: t.Callable[[bytes], list[bytes]], stream: t.Callable[[bytes], bytes] | None = None) -> int:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        sockets.append(server)

        def datagrams() -> None:
            while True:
                try:
                    query, client = server.recvfrom(512)
                except OSError:
                    return
                for message in replies(query):
                    server.sendto(message, client)

        threading.Thread(target=datagrams, daemon=True).start()
        if stream is not None:
            listener = socket.create_server(("127.0.0.1", port))
            sockets.append(listener)

            def connection() -> None:
                client, _address = listener.accept()
                with client:
                    query = client.recv(512)[2:]
                    client.sendall(stream(query))

            threading.Thread(target=connection, daemon=True).start()
        return port

    yield serve
    for item in sockets:
        item.close()


def ask(port: int, *servers: str, timeout: float = 2) -> Reply:
    return StubResolver(servers or ("127.0.0.1",), timeout, port).addresses(NAME)


LISTED = record(1, b"\x7f\0\0\2")


def test_an_answer(serve: t.Callable[..., int]) -> None:
    assert ask(serve(lambda query: [answer(query, LISTED)])) == Reply("answered", ("127.0.0.2",))


def test_a_name_that_does_not_exist(serve: t.Callable[..., int]) -> None:
    assert ask(serve(lambda query: [answer(query, rcode=3)])) == Reply("answered")


def test_forged_and_late_answers_are_passed_over(serve: t.Callable[..., int]) -> None:
    port = serve(lambda query: [b"x", answer(make_query(1, "other.example.org"), LISTED), answer(query, LISTED)])
    assert ask(port).addresses == ("127.0.0.2",)


def test_a_long_answer_is_fetched_by_tcp(serve: t.Callable[..., int]) -> None:
    def stream(query: bytes) -> bytes:
        message = answer(query, LISTED)
        return struct.pack("!H", len(message)) + message

    port = serve(lambda query: [answer(query, flags=0x8380)], stream)
    assert ask(port) == Reply("answered", ("127.0.0.2",))


def test_a_long_answer_that_is_cut_off(serve: t.Callable[..., int]) -> None:
    port = serve(lambda query: [answer(query, flags=0x8380)], lambda _query: b"\x00")
    assert ask(port) == Reply("error", detail="127.0.0.1: the answer is cut off")


def test_no_answer_in_time(serve: t.Callable[..., int]) -> None:
    reply = ask(serve(lambda _query: []), timeout=0.1)
    assert reply == Reply("timeout", detail="127.0.0.1 has not answered within 0.1 seconds")


@pytest.mark.parametrize(("rcode", "text"), [(2, "SERVFAIL"), (5, "REFUSED"), (9, "status 9")])
def test_an_error_of_the_server(serve: t.Callable[..., int], rcode: int, text: str) -> None:
    assert ask(serve(lambda query: [answer(query, rcode=rcode)])) == Reply("error", detail=f"127.0.0.1 says {text}")


def test_the_next_server_is_asked(serve: t.Callable[..., int]) -> None:
    port = serve(lambda query: [answer(query, LISTED)])
    assert ask(port, "not-an-address", "127.0.0.1").addresses == ("127.0.0.2",)


def test_a_server_that_is_not_there() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert ask(port) == Reply("error", detail="127.0.0.1: Connection refused")
