# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The grammar of named.conf: statements, blocks, quoted strings and address match lists from plain data."""

from __future__ import annotations

import ipaddress
import re
import typing as t

_INDENT = "    "
_STATEMENT = re.compile(r"[a-z][a-z0-9-]*(?: .+)?\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_TOKENS = re.compile(r'"[^"]*"|.', re.DOTALL)
_BUILT_IN_LISTS = ("any", "none", "localhost", "localnets")
_MAX_PORT = 65535


class BindDataError(ValueError):
    """Input that no configuration of named can be made of; the text names the input, the cause and the remedy."""


def quote(text: str, what: str) -> str:
    """Return text as a quoted string. what names it in errors."""
    if re.search(r'["\\\x00-\x1f]', text):
        raise BindDataError(f"{what}: {text!r} holds a quotation mark, backslash or control character. Remove it.")
    return f'"{text}"'


def check_name(text: object, what: str) -> str:
    """Return the name of a key, list, view or policy, which may hold letters, digits, dots, hyphens and underscores."""
    name = str(text)
    if not _NAME.match(name):
        raise BindDataError(
            f"{what}: {name!r} is no name. Begin with a letter or digit and use letters, digits, '.', '-' and '_'."
        )
    return name


def verbatim(text: str, what: str) -> str:
    """Return text that is written as it stands, after a check that it stays within its statement."""
    depth = 0
    for token in _TOKENS.findall(text):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth < 0 or token in ("\n", "\r", '"') or (token == ";" and depth == 0):
            break
    else:
        if depth == 0 and not re.search(r"//|/\*|#", re.sub(r'"[^"]*"', "", text)):
            return text
    raise BindDataError(
        f"{what}: {text!r} would not end where it should: it holds a line break, comment, open quotation mark or "
        "brace, or a semicolon. Give a list for several elements and a dictionary for a block."
    )


def statements(data: t.Mapping[str, t.Any], what: str, depth: int = 0) -> list[str]:
    """Return the lines of statements. None leaves one out, a list becomes a list in braces, a mapping a block."""
    lines: list[str] = []
    for name, value in data.items():
        where = f"{what}: {name}"
        if not _STATEMENT.match(verbatim(str(name), where)):
            raise BindDataError(f"{where} is no statement of named.conf; these begin with small letters.")
        lines += _statement(str(name), value, where, depth)
    return lines


def _statement(name: str, value: object, where: str, depth: int) -> list[str]:
    indent = _INDENT * depth
    if value is None:
        return []
    if isinstance(value, t.Mapping):
        return [f"{indent}{name} {{", *statements(value, where, depth + 1), f"{indent}}};"]
    if isinstance(value, (list, tuple)):
        return [f"{indent}{name} {braces(_scalar(item, where) for item in value)};"]
    text = _scalar(value, where)
    return [f"{indent}{name} {text};" if text else f"{indent}{name};"]


def _scalar(value: object, where: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (str, int)):
        return verbatim(str(value), where)
    raise BindDataError(f"{where}: {value!r} is neither text, number, boolean, list nor dictionary.")


def braces(elements: t.Iterable[str]) -> str:
    """Return elements as a list in braces."""
    inside = "".join(f"{element}; " for element in elements)
    return f"{{ {inside}}}"


def match_element(text: object, what: str) -> str:
    """Return one element of an address match list: an address, a network, a key or the name of a list."""
    given = str(text).strip()
    negated, plain = ("!", given[1:].strip()) if given.startswith("!") else ("", given)
    if plain in _BUILT_IN_LISTS:
        return f"{negated}{plain}"
    if plain.startswith("key "):
        return f"{negated}key {quote(check_name(plain[4:].strip(), what), what)}"
    if ":" in plain or re.match(r"[0-9.]+(/|\Z)", plain):
        try:
            return f"{negated}{ipaddress.ip_network(plain) if '/' in plain else ipaddress.ip_address(plain)}"
        except ValueError as error:
            raise BindDataError(f"{what}: {plain!r} is no address or network ({error}).") from error
    return f"{negated}{quote(check_name(plain, what), what)}"


def match_list(elements: t.Iterable[object], what: str) -> str:
    """Return an address match list in braces."""
    return braces(match_element(element, what) for element in elements)


def check_port(value: object, what: str) -> int:
    """Return a port number."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MAX_PORT):
        raise BindDataError(f"{what}: {value!r} is no port. Give a number from 1 to {_MAX_PORT}.")
    return int(text)
