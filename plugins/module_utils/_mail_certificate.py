# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What an X.509 certificate says of itself, read from its DER form.

The ssl module tells the fields of a peer certificate only when it verified that certificate; a probe has to
report them as well when verification is switched off.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import typing as t
from dataclasses import dataclass

_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "emailAddress",
}
_SUBJECT_ALT_NAME = "2.5.29.17"
_UTC_TIME = 0x17
_BMP_STRING = 0x1E
_CONTEXT_0 = 0xA0
_CONTEXT_3 = 0xA3
_SEQUENCE = 0x30
_BOOLEAN = 0x01


class CertificateError(ValueError):
    """The bytes are no X.509 certificate."""


@dataclass(frozen=True)
class Certificate:
    """Names, serial number, validity (ISO 8601, UTC) and SHA-256 fingerprint of a certificate."""

    subject: str
    issuer: str
    san: tuple[str, ...]
    serial: str
    not_before: str
    not_after: str
    fingerprint: str


def describe(der: bytes) -> Certificate:
    """Read a certificate in DER form. Raises CertificateError."""
    try:
        return _describe(der)
    except (IndexError, StopIteration, ValueError) as error:
        raise CertificateError(f"The peer certificate cannot be read: {error}.") from error


def _describe(der: bytes) -> Certificate:
    outer = _only(der, _SEQUENCE)
    body = next(content for tag, content in _elements(outer) if tag == _SEQUENCE)
    fields = [(tag, content) for tag, content in _elements(body) if tag != _CONTEXT_0]
    serial, _algorithm, issuer, validity, subject = (content for _tag, content in fields[:5])
    dates = [_date(tag, content) for tag, content in _elements(validity)]
    extensions = next((content for tag, content in fields[5:] if tag == _CONTEXT_3), b"")
    return Certificate(
        subject=_name(subject),
        issuer=_name(issuer),
        san=tuple(_alternative_names(extensions)),
        serial=format(int.from_bytes(serial, "big"), "X"),
        not_before=dates[0],
        not_after=dates[1],
        fingerprint=hashlib.sha256(der).hexdigest(),
    )


def _elements(data: bytes) -> t.Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        tag, length, position = data[position], data[position + 1], position + 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[position : position + count], "big")
            position += count
        if position + length > len(data):
            raise CertificateError("an element is longer than the certificate")
        yield tag, data[position : position + length]
        position += length


def _only(data: bytes, wanted: int) -> bytes:
    tag, content = next(_elements(data))
    if tag != wanted:
        raise CertificateError(f"expected the element type {wanted:#x}, found {tag:#x}")
    return content


def _oid(content: bytes) -> str:
    numbers, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (first, numbers[0] - 40 * first, *numbers[1:]))


def _name(content: bytes) -> str:
    parts = []
    for _set, relative in _elements(content):
        for _sequence, pair in _elements(relative):
            (_tag, oid), (kind, value) = _elements(pair)
            label = _ATTRIBUTES.get(_oid(oid), _oid(oid))
            parts.append(f"{label}={value.decode('utf-16-be' if kind == _BMP_STRING else 'utf-8', 'replace')}")
    return ",".join(parts)


def _date(tag: int, content: bytes) -> str:
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.datetime.strptime(content.decode("ascii"), form).strftime("%Y-%m-%dT%H:%M:%SZ")


def _alternative_names(extensions: bytes) -> t.Iterator[str]:
    if not extensions:
        return
    for _tag, extension in _elements(_only(extensions, _SEQUENCE)):
        parts = [(tag, content) for tag, content in _elements(extension) if tag != _BOOLEAN]
        if _oid(parts[0][1]) != _SUBJECT_ALT_NAME:
            continue
        for kind, value in _elements(_only(parts[1][1], _SEQUENCE)):
            if kind == 0x82:
                yield f"DNS:{value.decode('ascii', 'replace')}"
            elif kind == 0x81:
                yield f"email:{value.decode('ascii', 'replace')}"
            elif kind == 0x86:
                yield f"URI:{value.decode('ascii', 'replace')}"
            elif kind == 0x87 and len(value) in (4, 16):
                yield f"IP:{ipaddress.ip_address(value)}"
