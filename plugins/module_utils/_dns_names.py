# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Names and character strings of the DNS in the one form that every other part compares and prints."""

from __future__ import annotations

import encodings.idna
import ipaddress
import re
import typing as t
import unicodedata

IPAddress = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\Z")
_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
_QUOTED_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_QUOTED_STRINGS = re.compile(r'\s*"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*\s*\Z', re.DOTALL)
_MAX_LABEL = 63
_MAX_NAME = 253
_MAX_STRING = 255
_MAX_BYTE = 255
_DELETE = 0x7F


class DnsDataError(ValueError):
    """Input that no DNS record can be made of; the text names the input, the cause and the remedy."""


def to_fqdn(name: str, what: str) -> str:
    """Return name as an absolute, lower-case name of A-labels with its final dot.

    Underscores and a leading ``*`` are allowed. Names are never relative; the final dot is optional except for a
    single label, which is more often meant to be relative. what says in an error where the name comes from.
    """
    given = str(name).strip()
    text = given[:-1] if given.endswith(".") else given
    if not text:
        raise DnsDataError(f"{what} is empty; give a domain name such as example.org.")
    labels = re.split(r"[.\u3002\uff0e\uff61]", text)
    ascii_labels = [
        "*" if label == "*" and position == 0 else _to_a_label(label, text, what)
        for position, label in enumerate(labels)
    ]
    if len(ascii_labels) == 1 and text == given:
        raise DnsDataError(f"{what} {text!r} is a single label; write the whole name, for example {text}.example.org.")
    result = ".".join(ascii_labels)
    if len(result) > _MAX_NAME:
        raise DnsDataError(f"{what} {text!r} is {len(result)} characters long, the DNS allows {_MAX_NAME}.")
    return f"{result}."


def to_host_fqdn(name: str, what: str) -> str:
    """Like to_fqdn, for names that a host or a mail domain may have: letters, digits and hyphens."""
    fqdn = to_fqdn(name, what)
    labels = fqdn[:-1].split(".")
    if not all(_HOST_LABEL.match(label) for label in labels):
        raise DnsDataError(
            f"{what} {name!r} is no host name: its labels may hold letters, digits and inner hyphens only."
        )
    if labels[-1].isdigit():
        raise DnsDataError(f"{what} {name!r} is not a domain name but looks like an address.")
    return fqdn


def is_within(name: str, zone: str) -> bool:
    """Tell whether the absolute name is the zone's own name or below it."""
    return name == zone or name.endswith(f".{zone}")


def to_address(text: object, what: str) -> IPAddress:
    """Return the IPv4 or IPv6 address that text spells."""
    try:
        return ipaddress.ip_address(str(text).strip())
    except ValueError as error:
        raise DnsDataError(
            f"{what}: {text!r} is no IPv4 or IPv6 address. Give the address itself, not a name."
        ) from error


def reverse_name(address: IPAddress) -> str:
    """Return the absolute name that holds the PTR record of address."""
    return f"{address.reverse_pointer}."


def reverse_zone(address: IPAddress) -> str:
    """Return the zone that providers commonly delegate: the /24 of an IPv4 address, the /64 of an IPv6 one."""
    labels = reverse_name(address).split(".")
    return ".".join(labels[1 if address.version == 4 else 16 :])


def quote_txt(text: str | t.Sequence[str]) -> str:
    """Return TXT data in presentation form: quoted strings of at most 255 bytes, escaped.

    A text that is already a sequence of quoted strings is read as such; any other text is the value itself.
    """
    strings = _read_quoted(text) if isinstance(text, str) else [item.encode() for item in text]
    if strings is None:
        strings = [str(text).encode()]
    joined = b"".join(strings)
    pieces = [joined[start : start + _MAX_STRING] for start in range(0, len(joined), _MAX_STRING)] or [b""]
    return " ".join(f'"{_escape(piece)}"' for piece in pieces)


def unquote_txt(value: str) -> str:
    """Return the text that TXT data in presentation form stands for, its strings joined without a separator."""
    strings = _read_quoted(value)
    return value if strings is None else b"".join(strings).decode(errors="replace")


def _to_a_label(label: str, name: str, what: str) -> str:
    if not label:
        raise DnsDataError(f"{what} {name!r} has an empty label; remove the doubled or leading dot.")
    result = label.lower() if label.isascii() else _encode_idn(label, name, what)
    if len(result) > _MAX_LABEL:
        raise DnsDataError(
            f"{what} {name!r}: the label {label!r} is {len(result)} characters long, the DNS allows {_MAX_LABEL}."
        )
    if not _LABEL.match(result):
        raise DnsDataError(f"{what} {name!r}: the label {label!r} holds a character that a domain name must not have.")
    return result


def _encode_idn(label: str, name: str, what: str) -> str:
    # The standard library knows IDNA 2003 alone. A label goes through only where 2003 and 2008 agree:
    # letters, marks and digits that come back unchanged (the sharp s, the final sigma and the joiners do not).
    remedy = "Write the A-label (xn--...) that the registrar shows instead."
    wanted = unicodedata.normalize("NFC", label).lower()
    odd = [
        char
        for char in wanted
        if char != "-" and unicodedata.category(char) not in ("Ll", "Lo", "Lm", "Mn", "Mc", "Nd")
    ]
    if odd:
        raise DnsDataError(f"{what} {name!r}: {odd[0]!r} is not allowed in an internationalised domain name. {remedy}")
    try:
        encoded = encodings.idna.ToASCII(wanted)
        decoded = encodings.idna.ToUnicode(encoded)
    except UnicodeError as error:
        raise DnsDataError(
            f"{what} {name!r}: the label {label!r} cannot be written as an A-label ({error}). {remedy}"
        ) from error
    if decoded != wanted:
        raise DnsDataError(f"{what} {name!r}: IDNA 2003 and IDNA 2008 disagree about the label {label!r}. {remedy}")
    return encoded.decode("ascii")


def _escape(piece: bytes) -> str:
    parts = []
    for byte in piece:
        if byte in b'"\\':
            parts.append(f"\\{chr(byte)}")
        elif 0x20 <= byte < _DELETE:
            parts.append(chr(byte))
        else:
            parts.append(f"\\{byte:03d}")
    return "".join(parts)


def _read_quoted(text: str) -> list[bytes] | None:
    """Return the strings of TXT data in presentation form, or None if text is no such sequence."""
    if not _QUOTED_STRINGS.match(text):
        return None
    return [_unescape(string) for string in _QUOTED_STRING.findall(text)]


def _unescape(text: str) -> bytes:
    def plain(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        if len(code) == 1:
            return code
        if int(code) > _MAX_BYTE:
            raise DnsDataError(f"TXT data {text!r}: \\{code.decode()} is no byte; the highest is \\255.")
        return bytes([int(code)])

    return re.sub(rb"\\(\d{3}|.)", plain, text.encode(), flags=re.DOTALL)
