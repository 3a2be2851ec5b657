# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Entries of master.cf: read what postconf -M prints, change them, write them so that every daemon gets its options."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._postconf import normalise

SERVICE_TYPES = ("inet", "unix", "fifo", "pass", "unix-dgram")
FIELDS = ("private", "unpriv", "chroot", "wakeup", "maxproc")


class EntryError(Exception):
    """A line that is no master.cf entry, or a wish that cannot be written as one."""


@dataclass(frozen=True)
class MasterEntry:
    """One service: five fields as written, the daemon with its flags, its -o options, and further arguments."""

    name: str
    kind: str
    fields: t.Mapping[str, str]
    program: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]

    @property
    def service(self) -> str:
        return f"{self.name}/{self.kind}"

    @property
    def command(self) -> str:
        """Return the command without its -o options."""
        return " ".join((*self.program, *self.arguments))

    def option_map(self) -> dict[str, str]:
        """Return the options by name; the last of several counts, as it does for the daemon."""
        return dict(self.options)

    def render(self) -> str:
        """Write the entry as one line."""
        options = [word for name, value in self.options for word in ("-o", option_word(name, value))]
        fields = [self.fields[field] for field in FIELDS]
        return " ".join((self.name, self.kind, *fields, *self.program, *options, *self.arguments))


def words(text: str) -> list[str]:
    """Split text at blanks; a word that begins with a brace ends with its partner."""
    found: list[str] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        start = position
        if text[position] == "{":
            depth = 0
            while position < len(text):
                depth += {"{": 1, "}": -1}.get(text[position], 0)
                position += 1
                if depth == 0:
                    break
        while position < len(text) and not text[position].isspace():
            position += 1
        found.append(text[start:position])
    return found


def option_word(name: str, value: str) -> str:
    """Write name=value as one argument, in braces if it holds blanks."""
    word = f"{name}={value}"
    return f"{{{word}}}" if any(character.isspace() for character in word) else word


def option_fault(value: str) -> str:
    """Say why value cannot be handed to a daemon, or return an empty string."""
    depth = 0
    for character in value:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            break
    if depth != 0:
        return "its braces do not pair, so that Postfix could not tell where the option ends"
    return ""


def parse_entry(line: str) -> MasterEntry:
    """Read one line of postconf -M. Raises EntryError."""
    parts = words(line)
    if len(parts) < 8:
        raise EntryError(f"This is no complete master.cf entry: {line}")
    program, options, arguments = _command(parts[7:])
    return MasterEntry(parts[0], parts[1], dict(zip(FIELDS, parts[2:7])), program, options, arguments)


def parse_entries(lines: t.Iterable[str]) -> dict[str, MasterEntry]:
    """Read the lines of postconf -M, by name/type; the first of several wins, as it does for master."""
    entries: dict[str, MasterEntry] = {}
    for line in lines:
        if line.strip():
            entry = parse_entry(line)
            entries.setdefault(entry.service, entry)
    return entries


def placed_entry(text: str, service: str, after: str) -> str:
    """Return the text of a master.cf with the entry service moved behind the entry after, or first if that is empty.

    Where one of the two is missing, the text stays as it is.
    """
    lines = text.splitlines(keepends=True)
    blocks = _blocks(lines)
    if service not in blocks or (after and after not in blocks) or after == service:
        return text
    begin, end = blocks[service]
    target = blocks[after][1] if after else min(start for start, _stop in blocks.values())
    if begin <= target <= end:
        return text
    block, rest = lines[begin:end], lines[:begin] + lines[end:]
    place = target if target < begin else target - len(block)
    return "".join((*rest[:place], *block, *rest[place:]))


def _blocks(lines: t.Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return where each entry begins and ends, by name/type; the first of several counts."""
    found: dict[str, tuple[int, int]] = {}
    current: tuple[str, int] | None = None
    for number, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            if current is not None:
                found[current[0]] = (current[1], number + 1)
            continue
        parts = line.split(None, 2)
        service = "/".join(parts[:2])
        current = (service, number) if service not in found else None
        if current is not None:
            found[service] = (number, number + 1)
    return found


def parse_command(command: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split a command somebody wrote into daemon with flags, and arguments. Raises EntryError."""
    parts = words(normalise(command))
    if not parts:
        raise EntryError("The command is empty. Write the daemon's name, for example smtpd.")
    program, options, arguments = _command(parts)
    if options:
        raise EntryError(f"The command '{command}' holds -o. Write overrides as options of the service.")
    return program, arguments


def _command(
    parts: t.Sequence[str],
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[str, ...]]:
    # Daemons stop looking for options at the first word without a dash, so a later -o belongs to a pipe's argv.
    program = [parts[0]]
    options: list[tuple[str, str]] = []
    position = 1
    while position < len(parts) and parts[position].startswith("-") and parts[position] != "--":
        if parts[position] == "-o" and position + 1 < len(parts):
            options.append(_option(parts[position + 1]))
            position += 2
        else:
            program.append(parts[position])
            position += 1
    return tuple(program), tuple(options), tuple(parts[position:])


def _option(word: str) -> tuple[str, str]:
    inner = word[1:-1] if word.startswith("{") and word.endswith("}") else word
    name, _equals, value = inner.partition("=")
    return name.strip(), normalise(value)
