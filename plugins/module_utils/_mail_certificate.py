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

import hashlib
import ipaddress
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._der import (
    BOOLEAN,
    SEQUENCE,
    date,
    elements,
    name,
    oid,
    only,
)

_SUBJECT_ALT_NAME = "2.5.29.17"
_CONTEXT_0 = 0xA0
_CONTEXT_3 = 0xA3


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


def serial_text(serial: int) -> str:
    """Write a serial number as openssl-x509(1) does: whole bytes in hexadecimal."""
    digits = f"{serial:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


def _describe(der: bytes) -> Certificate:
    outer = only(der, SEQUENCE)
    body = next(content for tag, content in elements(outer) if tag == SEQUENCE)
    fields = [(tag, content) for tag, content in elements(body) if tag != _CONTEXT_0]
    serial, _algorithm, issuer, validity, subject = (content for _tag, content in fields[:5])
    dates = [date(tag, content) for tag, content in elements(validity)]
    extensions = next((content for tag, content in fields[5:] if tag == _CONTEXT_3), b"")
    return Certificate(
        subject=name(subject),
        issuer=name(issuer),
        san=tuple(_alternative_names(extensions)),
        serial=serial_text(int.from_bytes(serial, "big")),
        not_before=dates[0],
        not_after=dates[1],
        fingerprint=hashlib.sha256(der).hexdigest(),
    )


def _alternative_names(extensions: bytes) -> t.Iterator[str]:
    if not extensions:
        return
    for _tag, extension in elements(only(extensions, SEQUENCE)):
        parts = [(tag, content) for tag, content in elements(extension) if tag != BOOLEAN]
        if oid(parts[0][1]) != _SUBJECT_ALT_NAME:
            continue
        for kind, value in elements(only(parts[1][1], SEQUENCE)):
            if kind == 0x82:
                yield f"DNS:{value.decode('ascii', 'replace')}"
            elif kind == 0x81:
                yield f"email:{value.decode('ascii', 'replace')}"
            elif kind == 0x86:
                yield f"URI:{value.decode('ascii', 'replace')}"
            elif kind == 0x87 and len(value) in (4, 16):
                yield f"IP:{ipaddress.ip_address(value)}"
