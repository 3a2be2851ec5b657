# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A stub resolver: asks the name servers of resolv.conf for the A records of a name, with a timeout, absolutely."""

from __future__ import annotations

import secrets
import socket
import struct
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dns_transport import by_datagram, by_stream
from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl import Reply

_HEADER = struct.Struct("!6H")
_TYPE_A: t.Final = 1
_CLASS_IN: t.Final = 1
_RECURSION_DESIRED: t.Final = 0x0100
_RESPONSE: t.Final = 0x8000
_TRUNCATED: t.Final = 0x0200
_NXDOMAIN: t.Final = 3
_RCODES: t.Final[t.Mapping[int, str]] = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}
# As many name servers as the C library asks.
_MOST_SERVERS: t.Final = 3


class MalformedError(Exception):
    """A message that is not the answer to the question."""


@dataclass(frozen=True)
class Response:
    """A parsed answer."""

    rcode: int
    truncated: bool
    addresses: tuple[str, ...]


def name_servers(resolv_conf: str) -> tuple[str, ...]:
    """Return the addresses that the text of a resolv.conf names, at most three; 127.0.0.1 if it names none."""
    found = []
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            found.append(words[1])
    return tuple(found[:_MOST_SERVERS]) or ("127.0.0.1",)


def make_query(identity: int, name: str) -> bytes:
    """Return the question for the A records of name."""
    labels = [label.encode("ascii") for label in name.split(".")]
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return _HEADER.pack(identity, _RECURSION_DESIRED, 1, 0, 0, 0) + question + struct.pack("!2H", _TYPE_A, _CLASS_IN)


def parse_response(message: bytes, query: bytes) -> Response:
    """Read the answer to query. Raises MalformedError."""
    try:
        identity, flags, questions, answers, _authority, _additional = _HEADER.unpack_from(message)
        end = len(query)
        question = message[_HEADER.size : end].lower()
        if identity != _HEADER.unpack_from(query)[0] or not flags & _RESPONSE:
            raise MalformedError("the answer belongs to another question")
        rcode, truncated = flags & 0xF, bool(flags & _TRUNCATED)
        if questions != 1:
            if rcode:
                return Response(rcode, truncated, ())
            raise MalformedError("the answer does not repeat the question")
        if question != query[_HEADER.size :].lower():
            raise MalformedError("the answer belongs to another question")
        return Response(rcode, truncated, () if truncated else _addresses(message, end, answers))
    except (struct.error, IndexError) as error:
        raise MalformedError("the answer is cut off") from error


def _addresses(message: bytes, position: int, count: int) -> tuple[str, ...]:
    found = []
    for _record in range(count):
        position = _after_name(message, position)
        kind, group, _ttl, length = struct.unpack_from("!HHIH", message, position)
        position += 10
        if (kind, group, length) == (_TYPE_A, _CLASS_IN, 4):
            found.append(".".join(str(number) for number in struct.unpack_from("!4B", message, position)))
        position += length
    return tuple(sorted(found, key=lambda address: tuple(map(int, address.split(".")))))


def _after_name(message: bytes, position: int) -> int:
    while True:
        length = message[position]
        if length >= 0xC0:
            return position + 2
        position += length + 1
        if length == 0:
            return position


@dataclass(frozen=True)
class StubResolver:
    """Asks servers one after the other, each for at most timeout seconds, until one answers."""

    servers: tuple[str, ...]
    timeout: float
    port: int = 53

    def addresses(self, name: str) -> Reply:
        """Return the A records of name, which is taken as absolute."""
        reply = Reply("error", detail="there is no name server")
        for server in self.servers:
            reply = self._ask(server, name)
            if reply.status == "answered":
                break
        return reply

    def _ask(self, server: str, name: str) -> Reply:
        query = make_query(secrets.randbits(16), name)
        try:
            response = self._datagram(server, query)
            if response.truncated:
                response = self._stream(server, query)
        except socket.timeout:
            return Reply("timeout", detail=f"{server} has not answered within {self.timeout:g} seconds")
        except (OSError, MalformedError) as error:
            return Reply("error", detail=f"{server}: {getattr(error, 'strerror', None) or error}")
        if response.rcode in (0, _NXDOMAIN):
            return Reply("answered", response.addresses if response.rcode == 0 else ())
        return Reply("error", detail=f"{server} says {_RCODES.get(response.rcode, f'status {response.rcode}')}")

    def _datagram(self, server: str, query: bytes) -> Response:
        def read(message: bytes) -> Response | None:
            try:
                return parse_response(message, query)
            except MalformedError:
                # A late answer to an earlier question, or a forged one: the right one may still come.
                return None

        return by_datagram(server, self.port, query, time.monotonic() + self.timeout, read)

    def _stream(self, server: str, query: bytes) -> Response:
        return parse_response(by_stream(server, self.port, query, time.monotonic() + self.timeout), query)
