# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a Postfix parameter value may not hold: faults found without asking Postfix, each with its cause."""

from __future__ import annotations

import re
import typing as t

_NAME = re.compile(r"[A-Za-z0-9_][^\s=#${}(),]*\Z")
_REFERENCE = re.compile(r"\$[{(]?\s*([A-Za-z0-9_]+)")
_TABLE = re.compile(r"(?:^|(?<=[\s,{]))(?:proxy:)?(?P<type>[a-z][a-z0-9_]*):(?=(?P<rest>\S\S?))")
_TABLE_TYPES = frozenset(
    [
        "btree",
        "cdb",
        "cidr",
        "dbm",
        "hash",
        "ldap",
        "lmdb",
        "memcache",
        "mongodb",
        "mysql",
        "netinfo",
        "nis",
        "nisplus",
        "pcre",
        "pgsql",
        "pipemap",
        "randmap",
        "regexp",
        "sdbm",
        "socketmap",
        "sqlite",
        "texthash",
        "unionmap",
    ]
)
# Values of these parameters may begin with a transport or protocol that looks like a table type.
_NO_TABLE = re.compile(r"_(?:transport|filter|milters|command|banner|path|file|directory|socket|service)\Z")
_SECRET_NAME = re.compile(r"(?:password|passwd|secret)\Z")
_SECRET_TABLE = re.compile(r"(?:^|[\s,:])(?:static|inline):")


def name_fault(name: str) -> str:
    """Say why name cannot be a parameter, or return an empty string."""
    if _NAME.match(name):
        return ""
    return "a parameter name starts with a letter, digit or '_' and holds no blank, '=', '#', '$', comma or bracket"


def value_fault(value: str) -> str:
    """Say why Postfix could not read value, or return an empty string."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        return "it holds a control character"
    position = 0
    while True:
        position = value.find("$", position)
        if position < 0:
            return ""
        following = value[position + 1 : position + 2]
        if following == "$":
            position += 2
            continue
        if following in ("{", "("):
            end = _closing(value, position + 1)
            if end is None:
                return f"'{value[position : position + 2]}' is never closed"
            if not value[position + 2 : end].strip():
                return f"'{value[position : end + 1]}' names no parameter (write '$$' for a literal '$')"
        elif not re.match(r"[A-Za-z0-9_]", following):
            return "a '$' is followed by no parameter name (write '$$' for a literal '$')"
        position += 1


def references(value: str) -> frozenset[str]:
    """Return the names of the parameters that value refers to."""
    return frozenset(_REFERENCE.findall(value.replace("$$", "")))


def cycle(name: str, parameters: t.Mapping[str, str]) -> tuple[str, ...]:
    """Return the parameters by which the value of name leads back to name, name first, or an empty tuple."""
    paths: list[tuple[str, ...]] = [(name,)]
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        for following in sorted(references(parameters.get(path[-1], ""))):
            if following == name:
                return path
            if following not in seen:
                seen.add(following)
                paths.append((*path, following))
    return ()


def table_types(name: str, value: str) -> frozenset[str]:
    """Return the lookup table types that value of parameter name uses, by their own or an unknown name."""
    found: set[str] = set()
    for match in _TABLE.finditer(value):
        kind, rest = match["type"], match["rest"]
        if kind in _TABLE_TYPES or (rest.startswith("/") and rest != "//" and not _NO_TABLE.search(name)):
            found.add(kind)
    return frozenset(found)


def is_secret(name: str, value: str) -> bool:
    """Tell whether value would give away a password; the path of a table is none."""
    if _SECRET_NAME.search(name):
        return True
    return "password" in name and bool(_SECRET_TABLE.search(value))


def _closing(value: str, opening: int) -> int | None:
    pair = {"{": "}", "(": ")"}
    left, right = value[opening], pair[value[opening]]
    depth = 0
    for position in range(opening, len(value)):
        if value[position] == left:
            depth += 1
        elif value[position] == right:
            depth -= 1
            if depth == 0:
                return position
    return None
