# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The text form of Postfix lookup tables: rendering entries, and reading logical lines back."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

TableFormat = t.Literal["postmap", "aliases"]

INDEX_SUFFIX: t.Final[t.Mapping[str, str]] = {"hash": ".db", "btree": ".db", "lmdb": ".lmdb", "cdb": ".cdb"}
PATTERN_TYPES: t.Final = frozenset({"regexp", "pcre"})
ORDERED_TYPES: t.Final = PATTERN_TYPES | {"cidr"}
TABLE_TYPES: t.Final = ORDERED_TYPES | {"texthash"} | frozenset(INDEX_SUFFIX)

_PLAIN_ALIAS = re.compile(r"[A-Za-z0-9_.+=/-]+")
_ALIAS_LINE = re.compile(r'("(?:[^"\\]|\\.)*"|[^":\s][^":]*?)\s*:(.*)', re.DOTALL)
_BLOCK = re.compile(r"(if|endif)(?![A-Za-z0-9])", re.IGNORECASE)


class TableError(Exception):
    """An entry or a line that cannot stand in a table."""


@dataclass(frozen=True)
class Entry:
    """One key with its value, as given."""

    key: str
    value: str


@dataclass(frozen=True)
class Line:
    """One logical line: the number of its first physical line, and what Postfix makes of it."""

    number: int
    key: str
    value: str


def read_entries(raw: object) -> list[Entry]:
    """Turn a dictionary, or a list of dictionaries with key (or pattern) and value, into entries."""
    if isinstance(raw, dict):
        return [Entry(_scalar(key, "a key"), _value(key, value)) for key, value in raw.items()]
    if not isinstance(raw, list):
        raise TableError("entries must be a dictionary, or a list of dictionaries with 'key' and 'value'")
    return [_listed_entry(number, item) for number, item in enumerate(raw, 1)]


def _listed_entry(number: int, item: object) -> Entry:
    if not isinstance(item, dict):
        raise TableError(f"entry {number} of the list is not a dictionary with 'key' and 'value'")
    unknown = set(item) - {"key", "pattern", "value"}
    if unknown or ("key" in item) == ("pattern" in item):
        raise TableError(f"entry {number} of the list must have 'key' or 'pattern', and 'value', and nothing else")
    key = item["key"] if "key" in item else item["pattern"]
    return Entry(_scalar(key, f"the key of entry {number}"), _value(key, item.get("value")))


def _value(key: object, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_scalar(part, f"a part of the value of '{key}'").strip() for part in value)
    return _scalar(value, f"the value of '{key}'").strip()


def _scalar(value: object, what: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise TableError(f"{what} is not text but {type(value).__name__}; write it in quotes")


def render(entries: t.Sequence[Entry], table_format: TableFormat, header: str | None) -> str:
    """Return the text of a table, in the order given."""
    lines = [_comment(line) for line in (header or "").splitlines()]
    if table_format == "aliases":
        lines += [f"{_quote_alias(entry.key)}: {entry.value}" for entry in entries]
    else:
        lines += [f"{entry.key} {entry.value}".rstrip() for entry in entries]
    return "".join(f"{line}\n" for line in lines)


def _comment(line: str) -> str:
    return line if line.startswith("#") else f"# {line}".rstrip()


def _quote_alias(key: str) -> str:
    if _PLAIN_ALIAS.fullmatch(key) or (len(key) > 1 and key[0] == key[-1] == '"'):
        return key
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def logical_lines(text: str) -> t.Iterator[tuple[int, str]]:
    """Yield number and text of each logical line, as Postfix joins them. Raises TableError."""
    start, current = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if line[0] not in " \t\r\f\v":
            if start:
                yield start, current
            start, current = number, line
        elif start:
            current += line
        else:
            raise TableError(f"line {number} starts with white space but continues no line")
    if start:
        yield start, current


def parse(text: str, map_type: str, table_format: TableFormat) -> list[Line]:
    """Read a table into its logical lines. Raises TableError for a line without the shape of the table type."""
    split = _splitter(map_type, table_format)
    result = []
    for number, line in logical_lines(text):
        try:
            key, value = split(line)
        except TableError as error:
            raise TableError(f"line {number}: {error}") from error
        result.append(Line(number, key, value.strip()))
    return result


def _splitter(map_type: str, table_format: TableFormat) -> t.Callable[[str], tuple[str, str]]:
    if table_format == "aliases":
        return _split_alias
    if map_type in PATTERN_TYPES:
        return _split_pattern
    return _split_blank


def _split_blank(line: str) -> tuple[str, str]:
    if '"' not in line and "\\" not in line:
        parts = line.split(None, 1)
        return parts[0], parts[1] if len(parts) > 1 else ""
    end = _end_of_key(line)
    return line[:end], line[end:]


def _end_of_key(line: str) -> int:
    quoted = False
    position = 0
    while position < len(line):
        character = line[position]
        if character == "\\":
            position += 1
        elif character.isspace() and not quoted:
            return position
        elif character == '"':
            quoted = not quoted
        position += 1
    if quoted:
        raise TableError("a double quote is not closed")
    return len(line)


def _split_alias(line: str) -> tuple[str, str]:
    match = _ALIAS_LINE.fullmatch(line)
    if match is None:
        raise TableError("expected 'name: value'")
    key = match.group(1)
    if key.startswith('"'):
        key = re.sub(r"\\(.)", r"\1", key[1:-1])
    return key, match.group(2)


def _split_pattern(line: str) -> tuple[str, str]:
    block = _BLOCK.match(line)
    start = block.end() if block else 0
    if block and block.group(1).lower() == "endif":
        return line[:start], line[start:]
    while start < len(line) and (line[start].isspace() or line[start] == "!"):
        start += 1
    if start == len(line) or line[start].isalnum():
        raise TableError("expected a pattern between delimiters, such as /pattern/")
    end = start + 1
    while end < len(line) and line[end] != line[start]:
        end += 2 if line[end] == "\\" else 1
    if end >= len(line):
        raise TableError(f"the pattern has no closing delimiter '{line[start]}'")
    while end < len(line) and not line[end].isspace():
        end += 1
    return line[:end], line[end:]


def is_block(line: Line, map_type: str) -> bool:
    """Whether the line is an if or endif, which has no value."""
    return map_type in ORDERED_TYPES and _BLOCK.match(line.key) is not None


def fold(key: str) -> str:
    """Return the key as Postfix stores it in an indexed table."""
    return key.lower() if key.isascii() else key.casefold()
