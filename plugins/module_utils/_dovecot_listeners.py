# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The ports that Dovecot listens on: which it should, which it does, and whether a client is greeted there."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
import struct
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import value_of, words_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, find

_TIMEOUT = 10.0
_LISTENING = "0A"
_SOCKET = re.compile(r"^socket:\[(\d+)\]$")
_PROTOCOLS = {
    "imap-login": "imap",
    "lmtp": "lmtp",
    "managesieve-login": "sieve",
    "pop3-login": "pop3",
    "submission-login": "submission",
}
_GREETINGS = {"imap": b"* OK", "lmtp": b"220", "pop3": b"+OK", "sieve": b'"', "submission": b"220"}
# Listeners that are there without being asked for.
_BUILT_IN = {
    110: ("pop3", False),
    143: ("imap", False),
    465: ("submission", True),
    587: ("submission", False),
    993: ("imap", True),
    995: ("pop3", True),
    2000: ("sieve", False),
    4190: ("sieve", False),
}


@dataclass(frozen=True)
class Listener:
    """A port, the protocol that greets there (empty: none does), and whether TLS comes first."""

    name: str
    port: int
    protocol: str
    tls: bool


def listeners_of(body: Body) -> list[Listener]:
    """The listeners that the output of "doveconf -n" names, of services that are in use."""
    protocols = words_of(find(body, ("protocols",)))
    without_tls = value_of(body, "ssl") == "no"
    found: list[Listener] = []
    for service in body:
        if not isinstance(service, Block) or service.name != "service":
            continue
        protocol = _PROTOCOLS.get(service.argument, "")
        if protocol and protocols is not None and protocol not in protocols:
            continue
        for one in service.body:
            port = value_of(one.body, "port") if isinstance(one, Block) and one.name == "inet_listener" else ""
            if not isinstance(one, Block) or not port.isdigit() or port == "0":
                continue
            plain = value_of(one.body, "haproxy") == "yes"
            # The built-in listeners with TLS do not repeat it in the output.
            tls = value_of(one.body, "ssl") == "yes" or one.argument in {"imaps", "pop3s", "submissions"}
            if tls and without_tls:
                continue
            found.append(Listener(f"{service.head} {{ {one.head} }}", int(port), "" if plain else protocol, tls))
    return found


def check(wanted: t.Sequence[Listener], proc: str, pid: int) -> list[str]:
    """What is wrong with the listeners of the master process: not there, or silent. Empty if all answer."""
    held = sockets_of(proc, pid)
    ports = {port for _address, port in held}
    faults = [f"{one.name} does not listen on port {one.port}" for one in wanted if one.port not in ports]
    known = {one.port: one for one in wanted}
    for address, port in held:
        built_in = _BUILT_IN.get(port, ("", False))
        listener = known.get(port) or Listener(f"port {port}", port, *built_in)
        fault = greet(address, listener)
        if fault:
            faults.append(f"{listener.name} on {address} port {port} {fault}")
    return faults


def sockets_of(proc: str, pid: int) -> list[tuple[str, int]]:
    """Addresses and ports that a process listens on."""
    inodes: set[str] = set()
    directory = os.path.join(proc, str(pid), "fd")
    try:
        names = os.listdir(directory)
    except OSError:
        # A process that has ended listens nowhere, which the caller reports port by port.
        return []
    for name in names:
        try:
            match = _SOCKET.match(os.readlink(os.path.join(directory, name)))
        except OSError:
            # Closed since the directory was listed.
            continue
        if match:
            inodes.add(match.group(1))
    found = [*_table(os.path.join(proc, "net", "tcp"), inodes), *_table(os.path.join(proc, "net", "tcp6"), inodes)]
    return sorted(set(found), key=lambda one: (one[1], one[0]))


def _table(path: str, inodes: t.AbstractSet[str]) -> t.Iterator[tuple[str, int]]:
    try:
        with open(path, encoding="ascii") as source:
            lines = source.read().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTENING and fields[9] in inodes:
            address, _colon, port = fields[1].partition(":")
            yield _address(address), int(port, 16)


def _address(digits: str) -> str:
    words = [struct.pack("=I", int(digits[at : at + 8], 16)) for at in range(0, len(digits), 8)]
    raw = b"".join(words)
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw)


def greet(address: str, listener: Listener) -> str:
    """Connect as a client. Returns what is wrong, or an empty text."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    try:
        with socket.create_connection((host, listener.port), timeout=_TIMEOUT) as connection:
            if not listener.protocol:
                return ""
            return _greeting(connection, listener)
    except OSError as error:
        # Without an address of that family a wildcard socket is of no use to anybody, and no fault.
        if host != address and error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETUNREACH}:
            return ""
        return f"does not answer: {error.strerror or error}"


def _greeting(connection: socket.socket, listener: Listener) -> str:
    stream = connection
    if listener.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        stream = context.wrap_socket(connection)
    try:
        text = stream.recv(512)
    finally:
        stream.close()
    wanted = _GREETINGS[listener.protocol]
    if text.startswith(wanted):
        return ""
    said = text.decode("utf-8", "replace").strip() or "nothing"
    return f"greets with {said}"
