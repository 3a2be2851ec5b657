# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import pathlib
import struct

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _tls_hello as hello
from ansible_collections.postmaster.mail.plugins.module_utils._mail_certificate import describe
from ansible_collections.postmaster.mail.plugins.module_utils._tls_ciphers import offers, suite

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
RANDOM = bytes(range(64))
DONE = bytes.fromhex("0e000000")


def answer_to(data: bytes) -> hello.Answer:
    stream = io.BytesIO(data)

    def read(count: int) -> bytes:
        part = stream.read(count)
        if len(part) < count:
            raise EOFError
        return part

    return hello.read_answer(read)


def recorded(name: str) -> hello.Answer:
    text = (FIXTURES / f"openssl-3.0.19-s_server-{name}.hex").read_text()
    return answer_to(bytes.fromhex(text.replace("\n", "")))


def record(kind: int, content: bytes) -> bytes:
    return struct.pack("!BHH", kind, 0x0303, len(content)) + content


def server_hello(version: int, cipher: int, *, compression: int = 0, extensions: bytes = b"") -> bytes:
    body = struct.pack("!H", version) + bytes(32) + b"\x00" + struct.pack("!HB", cipher, compression)
    if extensions:
        body += struct.pack("!H", len(extensions)) + extensions
    return b"\x02" + len(body).to_bytes(3, "big") + body


@pytest.mark.parametrize(("name", "alert"), [("sslv3", "handshake_failure"), ("tlsv1", "internal_error")])
def test_recorded_refusal(name: str, alert: str) -> None:
    assert recorded(name) == hello.Answer(None, hello.Alert(True, alert))


def test_recorded_flight_of_tls12() -> None:
    answer = recorded("tlsv1.2")
    assert answer.hello is not None
    assert answer.alert is None
    assert (answer.hello.version, answer.hello.compression, answer.hello.secure_renegotiation) == ("TLSv1.2", 0, True)
    assert suite(answer.hello.cipher).iana.startswith("TLS_ECDHE_ECDSA_WITH_")
    described = [describe(der) for der in answer.certificates]
    assert [entry.subject for entry in described] == ["CN=mail.example.org", "CN=Example Issuing CA"]
    assert described[0].serial == "4FA1079C"


def test_recorded_request_for_another_hello() -> None:
    answer = recorded("tlsv1.3")
    assert answer.hello is not None
    assert (answer.hello.version, answer.hello.secure_renegotiation) == ("TLSv1.3", None)
    assert suite(answer.hello.cipher).tls13


@pytest.mark.parametrize(
    ("version", "record_version", "hello_version"),
    [
        ("SSLv3", "0300", "0300"),
        ("TLSv1", "0301", "0301"),
        ("TLSv1.1", "0301", "0302"),
        ("TLSv1.2", "0301", "0303"),
        ("TLSv1.3", "0301", "0303"),
    ],
)
def test_client_hello(version: str, record_version: str, hello_version: str) -> None:
    data = hello.client_hello(version, [0x002F, 0xC02F], "mail.example.org", RANDOM)
    assert data[0] == 22
    assert data[1:3].hex() == record_version
    assert int.from_bytes(data[3:5], "big") == len(data) - 5
    assert data[5] == 1
    assert int.from_bytes(data[6:9], "big") == len(data) - 9
    assert data[9:11].hex() == hello_version
    assert data[11:43] == RANDOM[:32]
    assert bytes.fromhex("002fc02f") in data
    assert (b"\x00\xff" in data[43:60]) is (version != "TLSv1.3")
    assert (b"mail.example.org" in data) is (version != "SSLv3")
    assert (bytes.fromhex("002b0003020304") in data) is (version == "TLSv1.3")
    assert (bytes.fromhex("003300020000") in data) is (version == "TLSv1.3")


@pytest.mark.parametrize("name", ["192.0.2.25", "2001:db8::25", "fe80::1%eth0", ""])
def test_addresses_are_not_sent_as_names(name: str) -> None:
    data = hello.client_hello("TLSv1.2", offers("TLSv1.2"), name, RANDOM)
    assert not name or name.encode() not in data
    assert data[-6:] == bytes.fromhex("000b00020100")


def test_warnings_before_the_hello_are_passed_over() -> None:
    data = record(21, b"\x01\x70") + record(22, server_hello(0x0303, 0xC02F) + DONE)
    answer = answer_to(data)
    assert answer.hello == hello.ServerHello("TLSv1.2", 0xC02F, 0, False)


def test_a_server_that_fails_behind_its_hello_has_refused() -> None:
    data = record(22, server_hello(0x0301, 0xC013)) + record(21, b"\x02\x50")
    assert answer_to(data) == hello.Answer(None, hello.Alert(True, "internal_error"))


def test_messages_may_be_split_over_records() -> None:
    message = server_hello(0x0302, 0x002F, compression=1, extensions=bytes.fromhex("ff01000100")) + DONE
    data = b"".join(record(22, message[start : start + 7]) for start in range(0, len(message), 7))
    assert answer_to(data).hello == hello.ServerHello("TLSv1.1", 0x002F, 1, True)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"220 mail.example.org ESMTP", "starts with b'220 m'"),
        (b"HTTP/1.1 400 Bad Request", "starts with"),
        (record(23, b"x"), "type 23"),
        (record(20, b"\x01"), "type 20"),
        (record(21, b"\x02"), "an alert of 1 bytes"),
        (record(22, DONE), "handshake message of type 14"),
        (record(22, server_hello(0x0305, 1) + DONE), "unknown version 0x0305"),
        (record(22, bytes.fromhex("0200000403030000")), "cut off"),
        (b"\x16\x03\x03\xff\xff", "starts with"),
        (record(22, server_hello(0x0303, 1) + bytes.fromhex("0b000007000004000009ff")), "list of certificates"),
    ],
)
def test_what_is_no_tls(data: bytes, text: str) -> None:
    with pytest.raises(hello.HelloError, match=text):
        answer_to(data)


def test_unknown_alerts_keep_their_number() -> None:
    assert answer_to(record(21, b"\x02\xc8")).alert == hello.Alert(True, "alert 200")


def test_certificates_of_tls13_have_extensions_between_them() -> None:
    body = bytes.fromhex("0000000f000003aabbcc0000000002ddee0000")
    assert hello.parse_certificates(body, tls13=True) == (b"\xaa\xbb\xcc", b"\xdd\xee")
