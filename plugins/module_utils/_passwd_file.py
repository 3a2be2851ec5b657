# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Dovecot passwd-files: lines in, lines out, with every byte kept that nobody asked to change.

A line is C(user:password:uid:gid:gecos:home:shell:extra fields). Extra fields are separated by blanks and Dovecot
knows no quoting for them; a colon inside them is kept.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FIXED_FIELDS = 7


class PasswdFileError(Exception):
    """The file cannot be read without guessing, or a value cannot be written into it."""


@dataclass(frozen=True)
class AppPassword:
    """A further password of an account, which lets it in to some services only; password holds the hash."""

    name: str
    password: str
    services: tuple[str, ...]
    allow_nets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"AppPassword(name={self.name!r})"


@dataclass(frozen=True)
class Entry:
    """One account as the file has it; empty strings are fields that are left to the defaults of the userdb.

    app_passwords have no place in the line. former is the address that the account had before, where it is written.
    """

    user: str
    password: str
    uid: str = ""
    gid: str = ""
    gecos: str = ""
    home: str = ""
    shell: str = ""
    extra: tuple[str, ...] = ()
    app_passwords: tuple[AppPassword, ...] = ()
    former: str = field(default="", compare=False)

    def __repr__(self) -> str:
        return f"Entry(user={self.user!r})"

    def render(self) -> str:
        """Return the line without its end."""
        fields = (self.user, self.password, self.uid, self.gid, self.gecos, self.home, self.shell)
        return ":".join((*fields, " ".join(self.extra)))


@dataclass(frozen=True)
class PasswdFile:
    """The file: raw lines in order, and the accounts among them by line index."""

    lines: tuple[str, ...]
    accounts: t.Mapping[str, Entry]
    index: t.Mapping[str, int]

    def replaced(self, changes: t.Mapping[str, Entry | None]) -> bytes:
        """Return the content with the accounts of changes replaced, removed (None) or appended."""
        lines: list[str | None] = list(self.lines)
        appended: list[str] = []
        for user, entry in changes.items():
            position = self.index.get(user)
            if position is None:
                if entry is not None:
                    appended.append(entry.render() + "\n")
            elif entry is None:
                lines[position] = None
            else:
                lines[position] = entry.render() + _line_end(self.lines[position])
        kept = [line for line in lines if line is not None]
        if appended and kept and not kept[-1].endswith("\n"):
            kept[-1] += "\n"
        return "".join((*kept, *appended)).encode("utf-8", "surrogateescape")


def parse(content: bytes) -> PasswdFile:
    """Parse a passwd-file. Raises PasswdFileError when an account stands in it twice."""
    lines = tuple(_LINE.findall(content.decode("utf-8", "surrogateescape")))
    accounts: dict[str, Entry] = {}
    index: dict[str, int] = {}
    for position, line in enumerate(lines):
        text = line.rstrip("\r\n")
        if not text.strip() or text[0] in "#:":
            continue
        entry = parse_line(text)
        if entry.user in accounts:
            raise PasswdFileError(
                f"account {entry.user} stands on line {index[entry.user] + 1} and on line {position + 1}. "
                "Dovecot uses the first and logs an error; remove the line that is not wanted"
            )
        accounts[entry.user] = entry
        index[entry.user] = position
    return PasswdFile(lines=lines, accounts=accounts, index=index)


def parse_line(text: str) -> Entry:
    """Parse one account line the way Dovecot does."""
    fields = text.split(":")
    fixed = fields[:_FIXED_FIELDS] + [""] * (_FIXED_FIELDS - len(fields))
    rest = fields[_FIXED_FIELDS:]
    extra = ":".join(rest)
    if len(rest) > 1 and not rest[0]:
        # The format before extra fields existed: an empty field, then the mail location.
        location = ":".join(rest[1:])
        extra = f"userdb_mail={location}" if location else ""
    user, password, uid, gid, gecos, home, shell = fixed
    return Entry(user, password, uid, gid, gecos, home, shell, tuple(token for token in extra.split(" ") if token))


def field_name(token: str) -> str:
    """Return the name of an extra field."""
    return token.partition("=")[0]


def with_field(extra: tuple[str, ...], names: t.Collection[str], token: str | None) -> tuple[str, ...]:
    """Return extra with the fields of these names replaced by token, at the first one's place; None removes them."""
    result: list[str] = []
    pending = token
    for current in extra:
        if field_name(current) not in names:
            result.append(current)
        elif pending is not None:
            result.append(pending)
            pending = None
    if pending is not None:
        result.append(pending)
    return tuple(result)


def _line_end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]
