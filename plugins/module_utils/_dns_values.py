# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Check the data of one DNS record and write it in presentation form, so that equal data compares equal."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import (
    DnsDataError,
    quote_txt,
    to_address,
    to_fqdn,
)

_NAME_TARGETS = ("CNAME", "DNAME", "NS", "PTR")
_MAX_UINT16 = 65535
_MAX_UINT8 = 255
_TYPE = re.compile(r"[A-Z][A-Z0-9-]*\Z")
_CAA = re.compile(r'(\d{1,3})\s+([A-Za-z0-9]+)\s+(?:"([^"]*)"|(\S+))\Z')
_TLSA = re.compile(r"([0-3])\s+([01])\s+([0-2])\s+([0-9A-Fa-f][0-9A-Fa-f\s]*)\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Records of these types belong to whoever runs the zone.
_ZONE_OWN = ("SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY")


def record_type(text: object, what: str) -> str:
    """Return the record type in capitals; types that the server of the zone makes by itself are refused."""
    name = str(text).strip().upper()
    if not _TYPE.match(name):
        raise DnsDataError(f"{what}: {text!r} is no record type. Give one such as A, TXT or CNAME.")
    if name in _ZONE_OWN:
        raise DnsDataError(f"{what}: {name} records are made by the name server of the zone. Remove the record.")
    return name


def record_value(rtype: str, value: object, what: str) -> str:
    """Return the value of a record of this type in presentation form. what names the record in errors."""
    if rtype in ("TXT", "SPF"):
        return quote_txt([str(item) for item in value] if isinstance(value, (list, tuple)) else str(value))
    text = str(value).strip()
    if not text or _CONTROL.search(text):
        raise DnsDataError(f"{what}: the value is empty or holds a line break or control character: {text!r}.")
    if rtype in ("A", "AAAA"):
        return _address(rtype, text, what)
    if rtype in _NAME_TARGETS:
        return to_fqdn(text, f"{what}: the target")
    if rtype == "MX":
        return _mx(text, what)
    if rtype == "SRV":
        return _srv(text, what)
    if rtype == "CAA":
        return _caa(text, what)
    if rtype == "TLSA":
        return _tlsa(text, what)
    if text.count('"') % 2 or ";" in re.sub(r'"[^"]*"', "", text):
        raise DnsDataError(f"{what}: {text!r} has an open quotation mark, or a semicolon outside of quotation marks.")
    return text


def target_name(rtype: str, value: str) -> str | None:
    """Return the host that an MX, SRV or NS value points at; None for other types and for the root ("none")."""
    if rtype not in ("MX", "SRV", "NS"):
        return None
    name = value.split()[-1]
    return None if name == "." else name


def _address(rtype: str, text: str, what: str) -> str:
    address = to_address(text, what)
    if (address.version == 4) != (rtype == "A"):
        other = "AAAA" if rtype == "A" else "A"
        raise DnsDataError(
            f"{what}: {text} is an IPv{address.version} address, which belongs into a record of type {other}."
        )
    return str(address)


def _target(text: str, what: str) -> str:
    return "." if text == "." else to_fqdn(text, f"{what}: the target")


def _numbers(texts: t.Sequence[str], names: t.Sequence[str], what: str) -> list[str]:
    for text, name in zip(texts, names):
        if not (text.isascii() and text.isdigit() and int(text) <= _MAX_UINT16):
            raise DnsDataError(f"{what}: the {name} is {text!r}, it must be a number from 0 to {_MAX_UINT16}.")
    return [str(int(text)) for text in texts]


def _mx(text: str, what: str) -> str:
    parts = text.split()
    if len(parts) != 2:
        raise DnsDataError(
            f"{what}: an MX value is a preference and a host name, for example '10 mail.example.org.', not {text!r}."
        )
    return f"{_numbers(parts[:1], ['preference'], what)[0]} {_target(parts[1], what)}"


def _srv(text: str, what: str) -> str:
    parts = text.split()
    if len(parts) != 4:
        raise DnsDataError(f"{what}: an SRV value is priority, weight, port and target, not {text!r}.")
    numbers = _numbers(parts[:3], ("priority", "weight", "port"), what)
    return f"{' '.join(numbers)} {_target(parts[3], what)}"


def _caa(text: str, what: str) -> str:
    match = _CAA.match(text)
    if not match or int(match.group(1)) > _MAX_UINT8:
        raise DnsDataError(
            f"{what}: a CAA value is flags, tag and quoted value, such as '0 issue \"ca.example.net\"', not {text!r}."
        )
    return f'{int(match.group(1))} {match.group(2).lower()} "{match.group(3) or match.group(4) or ""}"'


def _tlsa(text: str, what: str) -> str:
    match = _TLSA.match(text)
    data = re.sub(r"\s", "", match.group(4)).lower() if match else ""
    if not match or len(data) % 2 or len(data) != {"1": 64, "2": 128}.get(match.group(3), len(data)):
        raise DnsDataError(
            f"{what}: a TLSA value is usage, selector, matching type and a digest of that type's length, not {text!r}."
        )
    return f"{match.group(1)} {match.group(2)} {match.group(3)} {data}"
