# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is wrong with a lookup table that Postfix itself would only warn about, or not notice."""

from __future__ import annotations

import re
import typing as t

from ._postfix_table import ORDERED_TYPES, PATTERN_TYPES, Entry, Line, TableError, TableFormat, fold, is_block, parse

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_REPORTED = 5


def lint_entries(entries: t.Sequence[Entry], map_type: str, table_format: TableFormat) -> None:
    """Raise TableError naming the entries that would not survive being written as a line."""
    problems = []
    for entry in entries:
        problem = _entry_problem(entry, map_type, table_format)
        if problem is not None:
            problems.append(f"key '{entry.key}': {problem}")
    _raise(problems)


def _entry_problem(entry: Entry, map_type: str, table_format: TableFormat) -> str | None:
    key = entry.key
    if not key.strip():
        return "the key is empty"
    if _CONTROL.search(key) or "\t" in key:
        return "the key contains a line break, tab or control character"
    if _CONTROL.search(entry.value):
        return "the value contains a line break or control character"
    if key != key.strip():
        return "the key starts or ends with white space"
    if table_format == "aliases":
        return None
    if key.startswith("#"):
        return "a line that starts with '#' is a comment"
    if " " in key and map_type not in PATTERN_TYPES and not _block_with_argument(key, map_type):
        return _blank_problem(key, map_type)
    return None


def _block_with_argument(key: str, map_type: str) -> bool:
    return map_type in ORDERED_TYPES and key.lower().startswith("if ")


def _blank_problem(key: str, map_type: str) -> str | None:
    try:
        whole = parse(f"{key} x", map_type, "postmap")[0].key == key
    except TableError as error:
        return str(error).removeprefix("line 1: ")
    return None if whole else "the key contains a blank outside double quotes; Postfix ends the key there"


def lint_lines(
    text: str, map_type: str, table_format: TableFormat, *, from_entries: bool = False, secret: bool = False
) -> list[Line]:
    """Return the logical lines of text; raise TableError naming the bad ones.

    They are named by key if they came from entries. In a secret file they are named by number alone, because in a
    line without the right shape any part may be the secret.
    """
    if "\0" in text:
        raise TableError("the text contains a NUL character")
    lines = parse(text, map_type, table_format)
    problems = []
    seen: dict[str, Line] = {}
    for line in lines:
        problem = _line_problem(line, map_type, table_format)
        if problem is None and map_type not in ORDERED_TYPES:
            first = seen.setdefault(fold(line.key), line)
            if first is not line:
                where = f"'{first.key}'" if from_entries else f"line {first.number}"
                problem = f"the same key as {where} (lookups ignore case)"
        if problem is not None:
            if from_entries:
                name = f"key '{line.key}'"
            else:
                name = f"line {line.number}" if secret else f"line {line.number} (key '{line.key}')"
            problems.append(f"{name}: {problem}")
    if map_type in ORDERED_TYPES:
        problems += _block_problems(lines, map_type)
    _raise(problems)
    return lines


def _line_problem(line: Line, map_type: str, table_format: TableFormat) -> str | None:
    if is_block(line, map_type):
        return None
    if not line.value:
        return "there is no value"
    if table_format == "postmap" and map_type not in ORDERED_TYPES and line.key.endswith(":"):
        return "the key ends with ':' as in an alias file; drop the ':' or use format=aliases"
    return None


def _block_problems(lines: t.Sequence[Line], map_type: str) -> list[str]:
    problems = []
    open_blocks: list[Line] = []
    for line in lines:
        if not is_block(line, map_type):
            continue
        if not line.key.lower().startswith("endif"):
            open_blocks.append(line)
        elif open_blocks:
            open_blocks.pop()
        else:
            problems.append(f"line {line.number}: endif without if")
    problems += [f"line {line.number}: an if without endif" for line in open_blocks]
    return problems


def _raise(problems: t.Sequence[str]) -> None:
    if problems:
        more = len(problems) - _MOST_REPORTED
        text = "; ".join(problems[:_MOST_REPORTED])
        raise TableError(f"{text}; and {more} more" if more > 0 else text)
