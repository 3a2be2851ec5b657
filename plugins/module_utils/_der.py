# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading DER (X.690): elements one after the other, object identifiers, names and dates of X.509."""

from __future__ import annotations

import datetime
import typing as t

BOOLEAN = 0x01
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30
_UTC_TIME = 0x17
_BMP_STRING = 0x1E
_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "emailAddress",
}


class DerError(ValueError):
    """The bytes are not the DER that was expected."""


def elements(data: bytes) -> t.Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element."""
    position = 0
    while position < len(data):
        tag, length, position = data[position], data[position + 1], position + 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[position : position + count], "big")
            position += count
        if position + length > len(data):
            raise DerError("an element is longer than what holds it")
        yield tag, data[position : position + length]
        position += length


def only(data: bytes, wanted: int) -> bytes:
    """Return the content of the first element, which has to have that tag."""
    tag, content = next(elements(data))
    if tag != wanted:
        raise DerError(f"expected the element type {wanted:#x}, found {tag:#x}")
    return content


def oid(content: bytes) -> str:
    """Return an object identifier in dots."""
    numbers, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (first, numbers[0] - 40 * first, *numbers[1:]))


def name(content: bytes) -> str:
    """Return a distinguished name as attribute=value, in the order of the certificate."""
    parts = []
    for _set, relative in elements(content):
        for _sequence, pair in elements(relative):
            (_tag, kind_of), (kind, value) = elements(pair)
            label = _ATTRIBUTES.get(oid(kind_of), oid(kind_of))
            parts.append(f"{label}={value.decode('utf-16-be' if kind == _BMP_STRING else 'utf-8', 'replace')}")
    return ",".join(parts)


def date(tag: int, content: bytes) -> str:
    """Return a UTCTime or GeneralizedTime in ISO 8601."""
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.datetime.strptime(content.decode("ascii"), form).strftime("%Y-%m-%dT%H:%M:%SZ")
