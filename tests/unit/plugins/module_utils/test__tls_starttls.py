# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import threading

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _tls_starttls as starttls
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import (
    Endpoint,
    ProbeError,
    StepRefusedError,
    Transcript,
)

LDAP = b"0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037"
POSTGRESQL = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
Script = list[tuple[str, bytes]]


class Server(threading.Thread):
    """Says and hears a script; what is heard ends with the last word of what was expected."""

    def __init__(self, script: Script) -> None:
        super().__init__(daemon=True)
        self._script = script
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.heard: list[bytes] = []
        self.start()

    def run(self) -> None:
        connection, _address = self._listening.accept()
        self._listening.close()
        connection.settimeout(10)
        with connection:
            for kind, text in self._script:
                if kind == "S":
                    connection.sendall(text)
                    continue
                heard = b""
                while not heard.endswith(text):
                    part = connection.recv(1)
                    if not part:
                        return
                    heard += part
                self.heard.append(heard)


def begin(server: Server, protocol: str) -> bytes:
    """Return the first bytes behind STARTTLS."""
    endpoint = Endpoint("127.0.0.1", server.port, "none", connect_timeout=10, reply_timeout=10)
    wire = starttls.open_before_tls(endpoint, protocol, Transcript())
    connection = wire.detach()
    with connection:
        return connection.recv(100)


@pytest.mark.parametrize(
    ("protocol", "script"),
    [
        ("none", []),
        (
            "smtp",
            [
                ("S", b"220-mail.example.org\r\n220 ESMTP\r\n"),
                ("C", b"\r\n"),
                ("S", b"250-mail.example.org\r\n250 STARTTLS\r\n"),
                ("C", b"STARTTLS\r\n"),
                ("S", b"220 2.0.0 Ready\r\n"),
            ],
        ),
        (
            "lmtp",
            [
                ("S", b"220 LMTP\r\n"),
                ("C", b"\r\n"),
                ("S", b"250 STARTTLS\r\n"),
                ("C", b"STARTTLS\r\n"),
                ("S", b"220 Ready\r\n"),
            ],
        ),
        (
            "imap",
            [
                ("S", b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"),
                ("C", b"t1 STARTTLS\r\n"),
                ("S", b"* CAPABILITY IMAP4rev1\r\nt1 OK Begin\r\n"),
            ],
        ),
        (
            "pop3",
            [("S", b"+OK ready\r\n"), ("C", b"STLS\r\n"), ("S", b"+OK Begin\r\n")],
        ),
        (
            "sieve",
            [
                ("S", b'"IMPLEMENTATION" "x"\r\n"SIEVE" {11}\r\nfileinto OK\r\n"STARTTLS"\r\nOK "ready"\r\n'),
                ("C", b"STARTTLS\r\n"),
                ("S", b"OK\r\n"),
            ],
        ),
        ("ldap", [("C", LDAP), ("S", bytes.fromhex("300c02010178070a010004000400"))]),
        (
            "ldap",
            [("C", LDAP), ("S", bytes.fromhex("30840000000c02010178070a010004000400"))],
        ),
        ("postgresql", [("C", POSTGRESQL), ("S", b"S")]),
    ],
)
def test_up_to_tls(protocol: str, script: Script) -> None:
    server = Server(script)
    endpoint = Endpoint("127.0.0.1", server.port, "none", connect_timeout=10, reply_timeout=10)
    wire = starttls.open_before_tls(endpoint, protocol, Transcript())
    wire.close()
    server.join(10)
    assert len(server.heard) == len([kind for kind, _text in script if kind == "C"])


@pytest.mark.parametrize(
    ("protocol", "script", "step", "text"),
    [
        ("smtp", [("S", b"554 No service\r\n")], "greeting", "554 No service"),
        (
            "smtp",
            [("S", b"220 x\r\n"), ("C", b"\r\n"), ("S", b"250 x\r\n"), ("C", b"\r\n"), ("S", b"502 5.5.1 What?\r\n")],
            "starttls",
            "502 5.5.1 What?",
        ),
        ("imap", [("S", b"* OK x\r\n"), ("C", b"\r\n"), ("S", b"t1 BAD no\r\n")], "starttls", "t1 BAD no"),
        ("imap", [("S", b"* BYE later\r\n")], "greeting", "BYE later"),
        ("pop3", [("S", b"+OK x\r\n"), ("C", b"\r\n"), ("S", b"-ERR no\r\n")], "starttls", "-ERR no"),
        ("sieve", [("S", b'OK "x"\r\n'), ("C", b"\r\n"), ("S", b'NO "no TLS"\r\n')], "starttls", "no TLS"),
        (
            "ldap",
            [("C", LDAP), ("S", bytes.fromhex("300c02010178070a010204000400"))],
            "starttls",
            "x",
        ),
        ("postgresql", [("C", POSTGRESQL), ("S", b"N")], "starttls", "switched off"),
        ("pop3", [], "greeting", "closed the connection"),
    ],
)
def test_refusals(protocol: str, script: Script, step: str, text: str) -> None:
    with pytest.raises(StepRefusedError) as refusal:
        begin(Server(script), protocol)
    assert refusal.value.step.step == step
    assert text in refusal.value.step.text


@pytest.mark.parametrize(
    ("protocol", "script", "text"),
    [
        ("smtp", [("S", b"* OK IMAP\r\n")], "does not speak SMTP"),
        ("ldap", [("C", LDAP), ("S", b"HTTP/1.1 400")], "does not speak LDAP"),
        ("postgresql", [("C", POSTGRESQL), ("S", b"E")], "does not speak PostgreSQL"),
    ],
)
def test_other_protocols(protocol: str, script: Script, text: str) -> None:
    with pytest.raises(ProbeError, match=text):
        begin(Server(script), protocol)


def test_what_is_said_too_early_is_thrown_away() -> None:
    script = [("S", b"+OK x\r\n"), ("C", b"STLS\r\n"), ("S", b"+OK begin\r\n+OK injected\r\n")]
    assert begin(Server(script), "pop3") == b""


def test_every_protocol_of_a_port_is_known() -> None:
    assert set(starttls.WELL_KNOWN.values()) == set(starttls.PROTOCOLS) - {"none"}
