# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Carry one DNS message to a server and its answer back, until a deadline, with nothing left open.

dns.query of dnspython 2.7 leaves an epoll descriptor for the garbage collector with each wait, so that some thousand
questions run out of descriptors.
"""

from __future__ import annotations

import socket
import struct
import time
import typing as t

Result = t.TypeVar("Result")

_LENGTH = struct.Struct("!H")
_SIZE: t.Final = 65535


def by_datagram(
    server: str, port: int, query: bytes, deadline: float, read: t.Callable[[bytes], Result | None]
) -> Result:
    """Return what read makes of the answer by UDP; what it returns None for is passed over.

    deadline is a time of time.monotonic(). Raises socket.timeout after it, and OSError.
    """
    with _connected(server, port, socket.SOCK_DGRAM, deadline) as connection:
        connection.send(query)
        while True:
            connection.settimeout(_left(deadline))
            found = read(connection.recv(_SIZE))
            if found is not None:
                return found


def by_stream(server: str, port: int, query: bytes, deadline: float) -> bytes:
    """Return the answer by TCP (RFC 1035, 4.2.2), or what came of it before the server ended the connection.

    Raises socket.timeout after the deadline, a time of time.monotonic(), and OSError.
    """
    with _connected(server, port, socket.SOCK_STREAM, deadline) as connection:
        connection.sendall(_LENGTH.pack(len(query)) + query)
        prefix = _receive(connection, _LENGTH.size, deadline)
        if len(prefix) < _LENGTH.size:
            return b""
        return _receive(connection, _LENGTH.unpack(prefix)[0], deadline)


def _connected(server: str, port: int, kind: socket.SocketKind, deadline: float) -> socket.socket:
    family, _kind, protocol, _canonical, address = socket.getaddrinfo(
        server, port, type=kind, flags=socket.AI_NUMERICHOST
    )[0]
    connection = socket.socket(family, kind, protocol)
    try:
        connection.settimeout(_left(deadline))
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _receive(connection: socket.socket, length: int, deadline: float) -> bytes:
    found = b""
    while len(found) < length:
        connection.settimeout(_left(deadline))
        more = connection.recv(length - len(found))
        if not more:
            break
        found += more
    return found


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout
    return left
