# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The first messages of a TLS handshake by hand: what a server accepts does not depend on the OpenSSL of this host.

A ClientHello is all that is sent; the ServerHello (in TLS 1.3 the request for another one, because no key share is
offered) says which version and cipher suite the server chose. RFC 6101, 5246 and 8446.
"""

from __future__ import annotations

import ipaddress
import struct
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._tls_ciphers import VERSIONS

_ALERT, _HANDSHAKE = 21, 22
_SERVER_HELLO, _CERTIFICATE, _SERVER_HELLO_DONE = 2, 11, 14
_SERVER_NAME, _GROUPS, _POINT_FORMATS, _SIGNATURES = 0, 10, 11, 13
_SUPPORTED_VERSIONS, _KEY_SHARE, _RENEGOTIATION = 43, 51, 0xFF01
_SCSV = 0x00FF
_LONGEST_RECORD = 16384 + 2048
_CODES = {name: 0x0300 + number for number, name in enumerate(VERSIONS)}
_NAMES = {code: name for name, code in _CODES.items()}
_X25519MLKEM768 = 0x11EC
# x25519, P-256, P-384, P-521, x448, the hybrid one, the brainpool curves, ffdhe2048 to ffdhe8192
_GROUPS_OFFERED = (29, 23, 24, 25, 30, _X25519MLKEM768, 26, 27, 28, 256, 257, 258, 259, 260)
# ECDSA, RSA-PSS, EdDSA, RSA PKCS#1 and DSA, with SHA-1 at the end: old servers have nothing better.
_SIGNATURES_OFFERED = (
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0807, 0x0808,
    0x0401, 0x0501, 0x0601, 0x0402, 0x0203, 0x0201, 0x0202, 0x0101,
)  # fmt: skip
_ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    47: "illegal_parameter",
    48: "unknown_ca",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    116: "certificate_required",
    120: "no_application_protocol",
}


class HelloError(ValueError):
    """What came back is no TLS."""


@dataclass(frozen=True)
class ServerHello:
    """What the server chose. secure_renegotiation is None in TLS 1.3, which has no renegotiation."""

    version: str
    cipher: int
    compression: int
    secure_renegotiation: bool | None


@dataclass(frozen=True)
class Alert:
    """The server's refusal."""

    fatal: bool
    name: str


@dataclass(frozen=True)
class Answer:
    """What a server said to a ClientHello: a hello with the certificates it sent in clear text, or an alert."""

    hello: ServerHello | None
    alert: Alert | None
    certificates: tuple[bytes, ...] = ()


def client_hello(version: str, ciphers: t.Sequence[int], server_name: str, random: bytes) -> bytes:
    """Return the record with a ClientHello that accepts that version alone. random are 64 bytes."""
    code = _CODES[version]
    legacy = min(code, _CODES["TLSv1.2"])
    session = random[32:64] if version == "TLSv1.3" else b""
    codes = [*ciphers, *(() if version == "TLSv1.3" else (_SCSV,))]
    body = struct.pack("!H", legacy) + random[:32] + _counted(1, session)
    body += _counted(2, struct.pack(f"!{len(codes)}H", *codes)) + _counted(1, b"\0")
    if version != "SSLv3":
        body += _counted(2, b"".join(_extensions(version, server_name)))
    message = b"\x01" + _counted(3, body)
    return struct.pack("!BH", _HANDSHAKE, min(code, _CODES["TLSv1"])) + _counted(2, message)


def _counted(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width, "big") + content


def _extensions(version: str, server_name: str) -> t.Iterator[bytes]:
    def extension(kind: int, content: bytes) -> bytes:
        return struct.pack("!H", kind) + _counted(2, content)

    if server_name and not _is_address(server_name):
        yield extension(_SERVER_NAME, _counted(2, b"\0" + _counted(2, server_name.encode("ascii"))))
    yield extension(_GROUPS, _counted(2, struct.pack(f"!{len(_GROUPS_OFFERED)}H", *_GROUPS_OFFERED)))
    if version in ("TLSv1.2", "TLSv1.3"):
        signatures = struct.pack(f"!{len(_SIGNATURES_OFFERED)}H", *_SIGNATURES_OFFERED)
        yield extension(_SIGNATURES, _counted(2, signatures))
    if version == "TLSv1.3":
        yield extension(_SUPPORTED_VERSIONS, _counted(1, struct.pack("!H", _CODES["TLSv1.3"])))
        yield extension(_KEY_SHARE, _counted(2, b""))
    else:
        yield extension(_POINT_FORMATS, _counted(1, b"\0"))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def read_answer(read: t.Callable[[int], bytes]) -> Answer:
    """Read what the server has to say before it waits for us; read(n) returns exactly n bytes. Raises HelloError.

    Up to TLS 1.2 that goes beyond the ServerHello: some servers refuse only when they have to sign.
    """
    pending = bytearray()
    hello: ServerHello | None = None
    certificates: tuple[bytes, ...] = ()
    while True:
        kind, content = _record(read)
        if kind == _ALERT:
            alert = _alert(content)
            # A warning, for example that the name of SNI is unknown, is followed by the hello.
            if alert.fatal or alert.name == "close_notify":
                return Answer(None, alert)
            continue
        if kind != _HANDSHAKE:
            raise HelloError(f"a record of type {kind} instead of a ServerHello")
        pending += content
        for message, body in _messages(pending):
            if hello is None:
                if message != _SERVER_HELLO:
                    raise HelloError(f"a handshake message of type {message} instead of a ServerHello")
                hello = parse_server_hello(body)
                if hello.version == "TLSv1.3":
                    return Answer(hello, None)
            elif message == _CERTIFICATE:
                certificates = parse_certificates(body, tls13=False)
            elif message == _SERVER_HELLO_DONE:
                return Answer(hello, None, certificates)


def _messages(pending: bytearray) -> t.Iterator[tuple[int, bytes]]:
    """Take the complete handshake messages out of what is pending."""
    while len(pending) >= 4 and len(pending) >= 4 + int.from_bytes(pending[1:4], "big"):
        size = int.from_bytes(pending[1:4], "big")
        message, body = pending[0], bytes(pending[4 : 4 + size])
        del pending[: 4 + size]
        yield message, body


def _record(read: t.Callable[[int], bytes]) -> tuple[int, bytes]:
    header = read(5)
    kind, major, size = header[0], header[1], int.from_bytes(header[3:5], "big")
    if kind not in (20, _ALERT, _HANDSHAKE, 23) or major != 3 or size > _LONGEST_RECORD:
        raise HelloError(f"something that starts with {header!r}")
    return kind, read(size)


def _alert(content: bytes) -> Alert:
    if len(content) != 2:
        raise HelloError(f"an alert of {len(content)} bytes")
    return Alert(content[0] == 2, _ALERTS.get(content[1], f"alert {content[1]}"))


def parse_server_hello(body: bytes) -> ServerHello:
    """Read a ServerHello (without its header). Raises HelloError."""
    try:
        return _parse_server_hello(body)
    except (IndexError, struct.error) as error:
        raise HelloError(f"a ServerHello that is cut off: {error}") from error


def _parse_server_hello(body: bytes) -> ServerHello:
    (version,) = struct.unpack_from("!H", body)
    position = 35 + body[34]
    cipher, compression = struct.unpack_from("!HB", body, position)
    extensions = _parse_extensions(body[position + 3 :])
    if _SUPPORTED_VERSIONS in extensions:
        (version,) = struct.unpack("!H", extensions[_SUPPORTED_VERSIONS])
    name = _NAMES.get(version)
    if name is None:
        raise HelloError(f"a ServerHello with the unknown version {version:#06x}")
    return ServerHello(
        version=name,
        cipher=cipher,
        compression=compression,
        secure_renegotiation=None if name == "TLSv1.3" else _RENEGOTIATION in extensions,
    )


def _parse_extensions(data: bytes) -> dict[int, bytes]:
    found, position = {}, 2
    while position < len(data):
        kind, size = struct.unpack_from("!HH", data, position)
        found[kind] = data[position + 4 : position + 4 + size]
        position += 4 + size
    return found


def parse_certificates(body: bytes, *, tls13: bool) -> tuple[bytes, ...]:
    """Return the certificates (DER) of a Certificate message without its header. Raises HelloError."""
    position = 3 + (1 + body[0] if tls13 and body else 0)
    found = []
    while position < len(body):
        size = int.from_bytes(body[position : position + 3], "big")
        found.append(body[position + 3 : position + 3 + size])
        if len(found[-1]) != size:
            raise HelloError("a list of certificates that is cut off")
        position += 3 + size
        if tls13:
            position += 2 + int.from_bytes(body[position : position + 2], "big")
    return tuple(found)
