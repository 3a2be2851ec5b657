# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From a connection to the point where TLS begins, for each protocol that has a STARTTLS of its own."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_smtp import own_name, read_reply
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import (
    Endpoint,
    ProbeError,
    Transcript,
    Wire,
    connect,
)

IMPLICIT = "none"
WELL_KNOWN: t.Mapping[int, str] = {
    24: "lmtp",
    25: "smtp",
    110: "pop3",
    143: "imap",
    389: "ldap",
    587: "smtp",
    4190: "sieve",
    5432: "postgresql",
}
_LITERAL = re.compile(rb"\{(\d+)\+?\}$")
# RFC 4511, 4.14: an extended request with the name 1.3.6.1.4.1.1466.20037
_LDAP_REQUEST = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
_LDAP_SUCCESS = b"\x0a\x01\x00"
_POSTGRESQL_REQUEST = bytes.fromhex("0000000804d2162f")


def open_before_tls(endpoint: Endpoint, protocol: str, transcript: Transcript) -> Wire:
    """Connect and ask for TLS; the next byte either side sends belongs to TLS. Raises StepRefusedError, ProbeError."""
    wire = connect(endpoint, transcript)
    try:
        if protocol != IMPLICIT:
            _DIALOGUES[protocol](wire, transcript)
    except BaseException:
        wire.close()
        raise
    return wire


def _smtp(wire: Wire, transcript: Transcript) -> None:
    _greet(wire, transcript, "EHLO")


def _lmtp(wire: Wire, transcript: Transcript) -> None:
    _greet(wire, transcript, "LHLO")


def _greet(wire: Wire, transcript: Transcript, greeting: str) -> None:
    commands = ("", f"{greeting} {own_name(wire.local_address)}\r\n", "STARTTLS\r\n")
    for step, command in zip(("greeting", greeting.lower(), "starttls"), commands):
        wire.step = step
        if command:
            wire.send(command.encode())
        reply = read_reply(wire)
        if reply.code // 100 != 2:
            raise transcript.refuse(step, f"{reply.code} {reply.text}", code=reply.code)


def _imap(wire: Wire, transcript: Transcript) -> None:
    _expect(wire, transcript, "greeting", rb"\* (?:OK|PREAUTH)\b")
    wire.step = "starttls"
    wire.send(b"t1 STARTTLS\r\n")
    line = wire.read_line()
    while line.startswith(b"* "):
        line = wire.read_line()
    _judge(transcript, "starttls", line, rb"t1 OK\b")


def _pop3(wire: Wire, transcript: Transcript) -> None:
    _expect(wire, transcript, "greeting", rb"\+OK\b")
    wire.send(b"STLS\r\n")
    _expect(wire, transcript, "starttls", rb"\+OK\b")


def _sieve(wire: Wire, transcript: Transcript) -> None:
    _judge(transcript, "greeting", _sieve_response(wire, "greeting"), rb"OK\b")
    wire.send(b"STARTTLS\r\n")
    _judge(transcript, "starttls", _sieve_response(wire, "starttls"), rb"OK\b")


def _sieve_response(wire: Wire, step: str) -> bytes:
    """Return the line that ends a response; the capabilities before it are strings, in quotes or as literals."""
    wire.step = step
    while True:
        line = wire.read_line()
        literal = _LITERAL.search(line)
        if literal:
            wire.read_exactly(int(literal.group(1)))
        elif line and not line.startswith(b'"'):
            return line


def _ldap(wire: Wire, transcript: Transcript) -> None:
    wire.step = "starttls"
    wire.send(_LDAP_REQUEST)
    tag, size = wire.read_exactly(2)
    if tag != 0x30:
        raise ProbeError(f"The server does not speak LDAP, its answer starts with {tag:#04x}. Check host and port.")
    if size & 0x80:
        size = int.from_bytes(wire.read_exactly(size & 0x7F), "big")
    answer = wire.read_exactly(size)
    if _LDAP_SUCCESS not in answer[:12]:
        raise transcript.refuse("starttls", answer.decode("ascii", "replace"))


def _postgresql(wire: Wire, transcript: Transcript) -> None:
    wire.step = "starttls"
    wire.send(_POSTGRESQL_REQUEST)
    answer = wire.read_exactly(1)
    if answer == b"N":
        raise transcript.refuse("starttls", "the server has TLS switched off")
    if answer != b"S":
        raise ProbeError(f"The server does not speak PostgreSQL, its answer starts with {answer!r}.")


def _expect(wire: Wire, transcript: Transcript, step: str, pattern: bytes) -> None:
    wire.step = step
    _judge(transcript, step, wire.read_line(), pattern)


def _judge(transcript: Transcript, step: str, line: bytes, pattern: bytes) -> None:
    if not re.match(pattern, line):
        raise transcript.refuse(step, line.decode("utf-8", "backslashreplace")[:200])


_DIALOGUES: t.Mapping[str, t.Callable[[Wire, Transcript], None]] = {
    "smtp": _smtp,
    "lmtp": _lmtp,
    "imap": _imap,
    "pop3": _pop3,
    "sieve": _sieve,
    "ldap": _ldap,
    "postgresql": _postgresql,
}
PROTOCOLS = (IMPLICIT, *_DIALOGUES)
