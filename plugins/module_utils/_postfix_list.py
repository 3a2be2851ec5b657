# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Postfix lists: elements apart by commas or blanks, where a group in braces is one element."""

from __future__ import annotations

import typing as t

ListMode = t.Literal["exact", "present", "absent"]
_SEPARATORS = " \t\r\n,"


def spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of each element. An opening brace without its partner reaches to the end of text."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    depth = 0
    for position, character in enumerate(text):
        if character in _SEPARATORS and depth == 0:
            if start is not None:
                found.append((start, position))
                start = None
            continue
        if start is None:
            start = position
        if character == "{":
            depth += 1
        elif character == "}":
            depth = max(0, depth - 1)
    if start is not None:
        found.append((start, len(text)))
    return found


def elements(text: str) -> list[str]:
    """Split text into its elements."""
    return [text[start:end] for start, end in spans(text)]


def split_at_commas(text: str) -> list[str]:
    """Split text at commas outside braces; blanks stay, so a restriction keeps its argument."""
    parts: list[str] = []
    depth = 0
    begin = 0
    for position, character in enumerate(text):
        if character == "{":
            depth += 1
        elif character == "}":
            depth = max(0, depth - 1)
        elif character == "," and depth == 0:
            parts.append(text[begin:position])
            begin = position + 1
    parts.append(text[begin:])
    return [part.strip() for part in parts if part.strip()]


def with_elements(text: str, wanted: t.Iterable[str]) -> str:
    """Append those of wanted that text lacks. Each may be several words that only count when they stand in a row."""
    for item in wanted:
        if _find(elements(text), elements(item)) is None:
            text = f"{text}{_separator(text)}{item}"
    return text


def without_elements(text: str, unwanted: t.Iterable[str]) -> str:
    """Cut every occurrence of unwanted out of text; all other elements and what stands between them stay."""
    for item in unwanted:
        words = elements(item)
        while True:
            present = spans(text)
            first = _find([text[start:end] for start, end in present], words)
            if first is None:
                break
            after = first + len(words)
            if after < len(present):
                text = text[: present[first][0]] + text[present[after][0] :]
            else:
                text = text[: present[first - 1][1]] if first else ""
    return text


def _find(present: list[str], words: list[str]) -> int | None:
    if not words:
        return None
    for first in range(len(present) - len(words) + 1):
        if present[first : first + len(words)] == words:
            return first
    return None


def _separator(text: str) -> str:
    if not elements(text):
        return ""
    blanks_only = len(elements(text)) > 1 and len(split_at_commas(text)) == 1
    return " " if blanks_only else ", "
