# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The files of a configuration of Dovecot: which ones are included, and where each setting stands."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_tree as tree
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Entry, Fault, Setting

# Returns the text of a file, or None if there is none.
Read = t.Callable[[str], t.Optional[str]]
Expand = t.Callable[[str], list[str]]

_INCLUDE = re.compile(r"^!(include|include_try)\s+(\S.*)$")
_DEPTH = 20


@dataclass(frozen=True)
class Place:
    """One line that sets something, named the way Dovecot names it: service auth { user }."""

    setting: str
    file: str
    line: int


@dataclass(frozen=True)
class Sources:
    """The files that were read, in order, and every line that sets something; of one name the last counts."""

    files: tuple[str, ...]
    places: tuple[Place, ...]


def scan(path: str, read: Read, expand: Expand) -> Sources:
    """Follow the includes from the main file. Files that are missing are left out."""
    files: list[str] = []
    places: list[Place] = []
    _scan(path, read, expand, files, places, 0)
    return Sources(tuple(dict.fromkeys(files)), tuple(places))


def parse_file(text: str) -> Body:
    """Read a configuration file that somebody wrote by hand, such as an SQL or LDAP file of Dovecot 2.3.

    Raises TreeError at a line that is neither a setting nor a block.
    """
    stack: list[tuple[str, list[Entry]]] = [("", [])]
    for number, line in _logical_lines(text):
        if line == "}" and len(stack) > 1:
            head, entries = stack.pop()
            stack[-1][1].append(Block(head, tuple(entries), tuple(above for above, _entries in stack[1:])))
        elif _is_head(line):
            stack.append((tree.normalise_head(line[:-1]), []))
        elif "=" in line:
            key, _equals, value = line.partition("=")
            origin = (*(above for above, _entries in stack[1:]), key.strip())
            stack[-1][1].append(Setting(key.strip(), tree.unquote(value.strip()), origin))
        elif not line.startswith("!"):
            raise tree.TreeError([Fault(f"line {number}", "is neither a setting nor a block", "Correct the line.")])
    if len(stack) > 1:
        raise tree.TreeError([Fault(stack[-1][0], "is a block without end", "Add the closing brace.")])
    return tuple(stack[0][1])


def _scan(path: str, read: Read, expand: Expand, files: list[str], places: list[Place], depth: int) -> None:
    text = read(path) if depth < _DEPTH else None
    if text is None:
        return
    files.append(path)
    stack: list[str] = []
    for number, line in _logical_lines(text):
        include = _INCLUDE.match(line)
        if include:
            pattern = os.path.join(os.path.dirname(path), tree.unquote(include.group(2).strip()))
            for name in expand(pattern):
                _scan(name, read, expand, files, places, depth + 1)
        elif line == "}":
            del stack[-1:]
        elif _is_head(line):
            stack.append(tree.normalise_head(line[:-1]))
        elif "=" in line:
            key = tree.unquote(line.partition("=")[0].strip())
            places.append(Place(tree.show((*stack, key)), path, number))


def _is_head(line: str) -> bool:
    return line.endswith("{") and "=" not in line.partition('"')[0]


def _logical_lines(text: str) -> t.Iterator[tuple[int, str]]:
    """Lines without comments, those that end in a backslash joined with the next, with the number they begin at."""
    begun: list[str] = []
    start = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not begun:
            start = number
            if not line or line.startswith("#"):
                continue
        line = _without_comment(line)
        if line.endswith("\\"):
            begun.append(line[:-1].rstrip())
            continue
        joined = " ".join([*begun, line]).strip()
        begun = []
        if joined:
            yield start, joined
    if begun:
        yield start, " ".join(begun)


def _without_comment(line: str) -> str:
    quote = ""
    for index, letter in enumerate(line):
        if quote:
            if letter == quote and line[index - 1] != "\\":
                quote = ""
        elif letter in "\"'":
            quote = letter
        elif letter == "#" and (index == 0 or line[index - 1].isspace()):
            return line[:index].rstrip()
    return line
