# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Dovecot settings as a tree: from plain data to entries, from entries to text, from text back to entries."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

Origin = tuple[str, ...]

# Blocks whose settings beat the global ones. A global setting after such a block draws a warning from Dovecot.
FILTERS = ("protocol", "local", "remote", "local_name")

# Settings of Dovecot 2.4 that are boolean lists: "name = a b" replaces, "name { a = yes }" edits.
BOOLEAN_LISTS = frozenset(
    {
        "auth_mechanisms",
        "fts_header_excludes",
        "fts_header_includes",
        "imap_client_workarounds",
        "imapc_features",
        "language_filters",
        "language_tokenizers",
        "lmtp_client_workarounds",
        "mail_log_events",
        "mail_log_fields",
        "mail_plugins",
        "mechanisms_filter",
        "passdb_mechanisms_filter",
        "pop3_client_workarounds",
        "protocols",
        "sieve_extensions",
        "sieve_global_extensions",
        "sieve_implicit_extensions",
        "sieve_plugins",
        "submission_client_workarounds",
    }
)

# Blocks that Dovecot 2.3 writes without a name, as often as there are some; in data a list of dictionaries.
REPEATED = frozenset({"passdb", "userdb", "namespace", "inet_listener"})

_INDENT = "  "
_COMMENT = re.compile(r"^\s*(#|$)")
_KEY = re.compile(r'^[^\s={}#"\'/!$@<>\\]+$')
_HEAD_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a tree: the setting, the cause and the remedy."""

    setting: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.cause}. {self.remedy}"


@dataclass(frozen=True)
class Setting:
    """One "key = value". A raw value is written as it is, for it holds syntax of Dovecot ("<file", "$name")."""

    key: str
    value: str
    origin: Origin = field(default=(), compare=False)
    raw: bool = False


@dataclass(frozen=True)
class Block:
    """One "name argument { body }". The head is written without quotes: name, one blank, the argument."""

    head: str
    body: tuple[Entry, ...]
    origin: Origin = field(default=(), compare=False)

    @property
    def name(self) -> str:
        return self.head.partition(" ")[0]

    @property
    def argument(self) -> str:
        return self.head.partition(" ")[2]


Entry = t.Union[Setting, Block]
Body = tuple[Entry, ...]


@dataclass(frozen=True)
class Line:
    """A line of rendered text and the setting it came from."""

    text: str
    origin: Origin


class TreeError(ValueError):
    """The tree, or the text of one, cannot be understood. Carries every fault that was found."""

    def __init__(self, faults: t.Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def show(origin: Origin) -> str:
    """Name a setting the way Dovecot's own messages do: service auth { unix_listener x { mode } }."""
    return " { ".join(origin) + " }" * (len(origin) - 1)


def normalise_head(text: str) -> str:
    """Bring the head of a block to one form: one blank between name and argument, no quotes."""
    name, _blank, argument = text.strip().partition(" ")
    argument = argument.strip()
    return f"{name} {unquote(argument)}" if argument else name


def build(settings: t.Mapping[str, object]) -> Body:
    """Turn the data of a playbook into entries. Raises TreeError with all faults."""
    faults: list[Fault] = []
    body = _build(settings, (), faults)
    if faults:
        raise TreeError(faults)
    return body


def scalar(value: object) -> str | None:
    """Write a value the way Dovecot spells it, or return None if it is not a single value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return " ".join(line.strip() for line in value.strip("\n").split("\n")) if "\n" in value else value
    return None


def _build(settings: t.Mapping[str, object], above: Origin, faults: list[Fault]) -> Body:
    entries: dict[str, Entry] = {}
    repeated: list[Entry] = []
    for given, value in settings.items():
        key = normalise_head(str(given))
        origin = (*above, key)
        if value is None:
            continue
        if key in entries:
            faults.append(Fault(show(origin), "stands twice in the same block", "Keep one of the two."))
            continue
        if key in REPEATED and isinstance(value, (list, tuple)) and all(isinstance(one, t.Mapping) for one in value):
            # Blocks without a name, which Dovecot 2.3 tells apart by their order alone.
            repeated += [Block(key, _build(one, origin, faults), origin) for one in value]
            continue
        if isinstance(value, t.Mapping):
            if not _HEAD_NAME.match(key.partition(" ")[0]):
                faults.append(Fault(show(origin), "is not the head of a block", "Write a name and an argument."))
            entries[key] = Block(key, _build(value, origin, faults), origin)
            continue
        text = _text(value, origin, faults)
        if not _KEY.match(key):
            faults.append(Fault(show(origin), "is not a setting's name", _key_remedy(key)))
        entries[key] = Setting(key, text, origin)
    return (*entries.values(), *repeated)


def _key_remedy(key: str) -> str:
    if key.startswith("!"):
        return "Includes have no place in the tree; the administrator's local.conf is included by include_local."
    if "/" in key:
        return "Write nested blocks instead of a path."
    if " " in key:
        return "A block takes a dictionary; a setting's name has no blanks."
    return "Use the name from the Dovecot 2.4 documentation."


def _text(value: object, origin: Origin, faults: list[Fault]) -> str:
    if isinstance(value, (list, tuple)):
        items = [scalar(item) for item in value]
        if any(item is None or item == "" or re.search(r"\s", item) for item in items):
            faults.append(Fault(show(origin), "is a list with an item that is no single word", "Give plain words."))
        return " ".join(item for item in items if item)
    text = scalar(value)
    if text is None:
        faults.append(Fault(show(origin), "has a value of no known type", "Give text, number, boolean or list."))
        return ""
    if isinstance(value, str) and "-----BEGIN" in value:
        faults.append(Fault(show(origin), "holds a PEM text", "Put it in a file and name the file."))
    if _CONTROL.search(text):
        faults.append(Fault(show(origin), "holds a control character", "Remove it."))
    return text


def filters_last(body: Body) -> Body:
    """Order a body so that no global setting follows a filter block; within each part the order stays."""
    rest = [entry for entry in body if not _is_filter(entry)]
    return (*rest, *(entry for entry in body if _is_filter(entry)))


def _is_filter(entry: Entry) -> bool:
    return isinstance(entry, Block) and entry.name in FILTERS


def render(body: Body, depth: int = 0) -> list[Line]:
    """Write entries as text, one line each, in the grammar that both Dovecot 2.3 and 2.4 read."""
    lines: list[Line] = []
    pad = _INDENT * depth
    for entry in body:
        if isinstance(entry, Setting):
            value = entry.value if entry.raw else quote(entry.value)
            lines.append(
                Line(
                    f"{pad}{entry.key} = {value}".rstrip(" ") if not value else f"{pad}{entry.key} = {value}",
                    entry.origin,
                )
            )
            continue
        lines.append(Line(f"{pad}{_head_text(entry)} {{", entry.origin))
        lines += render(entry.body, depth + 1)
        lines.append(Line(f"{pad}}}", entry.origin))
    return lines


def quote(value: str) -> str:
    """Quote a value if Dovecot would otherwise read something else."""
    plain = (
        value == value.strip()
        and "#" not in value
        and not value.startswith(('"', "'", "<"))
        and not value.endswith("\\")
        and not re.search(r"(^|\s)\$(?!SET:|ENV:)", value)
    )
    return value if plain else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _head_text(block: Block) -> str:
    argument = block.argument
    if not argument:
        return block.name
    plain = re.match(r'^[^\s"\'#{}=\\]+$', argument) or argument.startswith("@")
    return f"{block.name} {argument}" if plain else f"{block.name} {quoted(argument)}"


def quoted(text: str) -> str:
    """Put text in double quotes whatever it holds."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """Take the quotes off a value, if it has any."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def parse(text: str) -> Body:
    """Read text that render() or doveconf -n wrote. Raises TreeError at a line that neither writes."""
    stack: list[tuple[str, list[Entry]]] = [("", [])]
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if _COMMENT.match(line):
            continue
        origin = tuple(head for head, _entries in stack[1:])
        if stripped == "}" and len(stack) > 1:
            head, entries = stack.pop()
            stack[-1][1].append(Block(head, tuple(entries), origin))
        elif stripped.endswith("{") and "=" not in stripped.partition('"')[0]:
            stack.append((normalise_head(stripped[:-1]), []))
        elif "=" in stripped:
            key, _equals, value = stripped.partition("=")
            key = unquote(key.strip())
            stack[-1][1].append(Setting(key, unquote(value.strip()), (*origin, key)))
        else:
            raise TreeError([Fault(f"line {number}", "is neither a setting nor a block", "Remove the line.")])
    if len(stack) > 1:
        raise TreeError([Fault(stack[-1][0], "is a block without end", "Add the closing brace.")])
    return tuple(stack[0][1])


def find(body: Body, origin: Origin) -> Entry | None:
    """Return the entry at a path, or None."""
    for entry in body:
        head = entry.key if isinstance(entry, Setting) else entry.head
        if head == origin[0]:
            if len(origin) == 1:
                return entry
            if isinstance(entry, Block):
                return find(entry.body, origin[1:])
    return None


def put(body: Body, above: Origin, entry: Entry) -> Body:
    """Return the tree with entry set below the blocks of above, in place if it was there, else at the end."""
    head = above[0] if above else entry.key if isinstance(entry, Setting) else entry.head
    result: list[Entry] = []
    done = False
    for present in body:
        same = head == (present.key if isinstance(present, Setting) else present.head)
        if same and not done:
            inner = present.body if isinstance(present, Block) else ()
            result.append(_nest(head, inner, above, entry, present.origin) if above else entry)
            done = True
        elif not same:
            result.append(present)
    if not done:
        result.append(_nest(head, (), above, entry, (head,)) if above else entry)
    return tuple(result)


def _nest(head: str, inner: Body, above: Origin, entry: Entry, origin: Origin) -> Block:
    return Block(head, put(inner, above[1:], entry), origin)


def drop(body: Body, origin: Origin) -> Body:
    """Return the tree without the entry at a path, and without the blocks that this leaves empty."""
    result: list[Entry] = []
    for entry in body:
        head = entry.key if isinstance(entry, Setting) else entry.head
        if head != origin[0]:
            result.append(entry)
        elif len(origin) > 1 and isinstance(entry, Block):
            inner = drop(entry.body, origin[1:])
            if inner or not entry.body:
                result.append(Block(entry.head, inner, entry.origin))
        elif len(origin) > 1:
            result.append(entry)
    return tuple(result)
