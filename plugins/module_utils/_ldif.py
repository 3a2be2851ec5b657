# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Entries of a directory and changes to them as text: LDIF (RFC 2849), distinguished names (RFC 4514)."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t
from dataclasses import dataclass, field

# What begins with another character, holds one outside ASCII or ends with a blank is written as base64.
_SAFE = re.compile(r"(?:[\x21-\x39\x3b\x3d-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?")
_DN_SPECIAL = re.compile(r'[",+;<>\\=]')
_RDN = re.compile(r"\s*([A-Za-z0-9.-]+)\s*=((?:\\.|[^\\,+])*)(\+)?")


class LdifError(Exception):
    """The text is no LDIF."""


@dataclass(frozen=True)
class LdapEntry:
    """An entry; attributes by their names in lower case, values as text (bytes that are none stay as escapes)."""

    dn: str
    attributes: t.Mapping[str, tuple[str, ...]] = field(repr=False)

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of an attribute, none if there is none of that name."""
        return self.attributes.get(name.lower(), ()) if name else ()

    def first(self, name: str) -> str:
        """Return the first value of an attribute, or an empty text."""
        return next(iter(self.all(name)), "")


def parse(text: str) -> list[LdapEntry]:
    """Return the entries that ldapsearch(1) printed. Raises LdifError."""
    entries: list[LdapEntry] = []
    for block in re.split(r"\n(?:[ \t]*\n)+", text.replace("\r\n", "\n").replace("\n ", "")):
        lines = [line for line in block.split("\n") if line and not line.startswith("#")]
        if not lines or lines[0].lower().startswith("version:"):
            lines = lines[1:]
        if not lines:
            continue
        pairs = [_pair(line) for line in lines]
        name, dn = pairs[0]
        if name != "dn":
            raise LdifError(f"an entry begins with {name} instead of dn")
        attributes: dict[str, tuple[str, ...]] = {}
        for name, value in pairs[1:]:
            attributes[name] = (*attributes.get(name, ()), value)
        entries.append(LdapEntry(dn=dn, attributes=attributes))
    return entries


def add(dn: str, attributes: t.Mapping[str, t.Sequence[str]]) -> str:
    """Return the record that makes an entry."""
    lines = [_line("dn", dn), "changetype: add"]
    lines += [_line(name, value) for name, values in attributes.items() for value in values]
    return "\n".join((*lines, "", ""))


def modify(dn: str, replacements: t.Mapping[str, t.Sequence[str]]) -> str:
    """Return the record that gives attributes other values; one without values is removed."""
    lines = [_line("dn", dn), "changetype: modify"]
    for name, values in replacements.items():
        lines += [f"replace: {name}", *(_line(name, value) for value in values), "-"]
    return "\n".join((*lines, "", ""))


def rename(dn: str, rdn: str) -> str:
    """Return the record that gives an entry another relative name, where it is."""
    return "\n".join((_line("dn", dn), "changetype: modrdn", _line("newrdn", rdn), "deleteoldrdn: 1", "", ""))


def delete(dn: str) -> str:
    """Return the record that removes an entry."""
    return "\n".join((_line("dn", dn), "changetype: delete", "", ""))


def removes(record: str) -> bool:
    """Tell whether a record is one of delete."""
    return "\nchangetype: delete\n" in record


def rdn(attribute: str, value: str) -> str:
    """Return a relative name."""
    text = _DN_SPECIAL.sub(lambda match: f"\\{match.group()}", value)
    text = text.replace("\0", "\\00")
    if text[:1] in {" ", "#"}:
        text = f"\\{text}"
    if text.endswith(" ") and len(text) > 1:
        text = f"{text[:-1]}\\ "
    return f"{attribute}={text}"


def rdn_attribute(dn: str) -> str:
    """Return the attribute that an entry is named by, in lower case; an empty text if there are several."""
    match = _RDN.match(dn)
    return match.group(1).lower() if match is not None and match.group(3) is None else ""


def with_rdn(dn: str, new: str) -> str:
    """Return the name of the entry after it got another relative name."""
    match = _RDN.match(dn)
    return f"{new}{dn[match.end() :]}" if match is not None else dn


def parent(dn: str) -> str:
    """Return the name of the entry above."""
    match = re.match(r"(?:\\.|[^\\,])*,", dn)
    return dn[match.end() :].lstrip() if match is not None else ""


def _pair(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise LdifError(f"a line without a colon: {name[:40]}")
    if value.startswith(":"):
        try:
            value = base64.b64decode(value[1:].strip(), validate=True).decode("utf-8", "surrogateescape")
        except binascii.Error as error:
            raise LdifError(f"the value of {name} is no base64") from error
    else:
        value = value.lstrip(" ")
    return name.partition(";")[0].lower(), value


def _line(name: str, value: str) -> str:
    if _SAFE.fullmatch(value):
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode('utf-8', 'surrogateescape')).decode('ascii')}"
