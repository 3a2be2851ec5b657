# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What all parts of the translation from Dovecot 2.3 share: notes, what has no successor, values and dictionaries."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_variables import has_variables, to_24
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import PLUGIN_NAMES, Row
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import milliseconds
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Entry,
    Fault,
    Origin,
    Setting,
    show,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_variables import UnknownVariableError

# Values that Dovecot 2.3 takes as they are.
LITERAL = frozenset({"log_timestamp", "login_greeting", "ssl_cipher_list", "ssl_cipher_suites"})
_SWAPPED = {"yes": "no", "no": "yes"}
_REFERENCE = re.compile(r"\$(?!SET:|ENV:)([a-z_]\w*)")
_NEW_NAMES = {old: new for new, old in PLUGIN_NAMES.items() if new != "fs_compress"}


@dataclass(frozen=True)
class Note:
    """A setting of 2.3 and what it is in 2.4. Checking is worth it where the meaning depends on the host's data."""

    setting: str
    new: str
    check: str = ""

    def __str__(self) -> str:
        text = f"{self.setting} becomes {self.new}" if self.new else f"{self.setting} is left out"
        return f"{text} ({self.check})" if self.check else text


@dataclass
class Source:
    """What a conversion knows and collects on its way."""

    files: t.Mapping[str, str]
    pure: bool
    notes: list[Note] = field(default_factory=list)
    gone: list[Fault] = field(default_factory=list)
    mailboxes: dict[str, list[Entry]] = field(default_factory=dict)

    def note(self, origin: Origin, entries: t.Sequence[Entry], check: str = "") -> None:
        self.notes.append(Note(show(origin), compact(entries), check))

    def drop(self, origin: Origin, cause: str, remedy: str) -> None:
        """Report what has no successor."""
        self.gone.append(Fault(show(origin), cause, remedy))

    def text(self, value: str, origin: Origin, *, setting: str = "", shared: bool = False) -> str:
        """Rewrite the variables of a value."""
        try:
            return to_24(value, setting=setting, shared=shared)
        except UnknownVariableError as error:
            self.drop(origin, f"uses {error}, which has no successor in Dovecot 2.4", "Use another variable.")
            return value

    def neutral(self, setting: Setting, *, shared: bool = False) -> Setting:
        """A setting that has the same name in 2.4: in a tree of 2.3, its variables and references are rewritten."""
        value = setting.value
        if not self.pure or setting.key in LITERAL or setting.key.endswith(("password", "_nonce", "_key")):
            return setting
        new = _REFERENCE.sub(r"$SET:\1", value)
        if "%" in value:
            new = self.text(new, setting.origin, setting=setting.key, shared=shared)
        if value.startswith("<"):
            self.drop(setting.origin, "reads a file into a setting", f"Write the content of {value[1:].strip()}.")
        if new == value:
            return setting
        changed = Setting(setting.key, new, setting.origin)
        if has_variables(value) or new != value.replace("%%", "%"):
            self.note(setting.origin, [changed])
        return changed

    def row(self, row: Row, setting: Setting) -> Setting | None:
        """One setting by its row of the table, read from right to left. None if it cannot be said."""
        value = setting.value
        if row.how == "invert":
            value = _SWAPPED.get(value, value)
        elif row.how == "ciphers":
            value = {"yes": "server", "no": "client"}.get(value, value)
        elif row.how == "zero" and value == "0":
            value = "unlimited"
        elif row.how == "seconds":
            limit = milliseconds(value)
            value = value if limit is None else str(limit // 1000)
        elif row.how == "allow":
            value = "yes" if value in {"yes", "allow", "allow-exclude"} else "no"
        elif row.how == "list":
            value = " ".join(re.split(r"[\s,]+", value.strip()))
        elif row.how == "file":
            if value and not value.startswith("<"):
                self.drop(setting.origin, "holds its content itself", f"Put it into a file and name that in {row.new}.")
                return None
            value = value[1:].strip()
        elif row.how != "literal":
            value = self.text(value, setting.origin, setting=row.old)
        return Setting(row.new, value, setting.origin)

    def mailbox(self, name: str, entry: Entry) -> None:
        """Remember what belongs into the block of a mailbox."""
        self.mailboxes.setdefault(name, []).append(entry)


def compact(entries: t.Sequence[Entry]) -> str:
    """Entries on one line, as they are named in messages."""
    parts: list[str] = []
    for entry in entries:
        if isinstance(entry, Setting):
            parts.append(f"{entry.key} = {entry.value}".rstrip())
        else:
            inner = compact(entry.body)
            parts.append(f"{entry.head} {{ {inner} }}" if inner else f"{entry.head} {{ }}")
    return ", ".join(parts)


def plugin_words(value: str) -> tuple[bool, list[str]]:
    """The words of a list of plug-ins in their new names, and whether it adds to the list that is inherited."""
    words = re.split(r"[\s,]+", value.strip())
    adds = any(word.startswith("$") for word in words)
    return adds, [_NEW_NAMES.get(word, word) for word in words if word and not word.startswith("$")]


def listed(key: str, value: str, origin: Origin) -> Entry:
    """A list of 2.3: "$name a b" edits, "a b" replaces."""
    words = re.split(r"[\s,]+", value.strip())
    if any(word.startswith("$") for word in words):
        return switches(key, [word for word in words if word and not word.startswith("$")], origin)
    return Setting(key, " ".join(words), origin)


def switches(head: str, words: t.Iterable[str], origin: Origin) -> Block:
    """name { a = yes  b = yes }"""
    return Block(head, tuple(Setting(word, "yes", (*origin, word)) for word in words), origin)


def options(text: str, separator: str | None = None) -> list[tuple[str, str]]:
    """Split "a=1 b=2 c"; a word without equals sign has an empty value and itself as name."""
    pairs = (word.partition("=") for word in text.split(separator))
    return [(key.strip(), value.strip()) for key, _equals, value in pairs if key.strip()]


def flag(value: str) -> str:
    """What 2.3 understood as true or false in the arguments of a driver."""
    return "no" if value.lower() in {"no", "n", "false", "0"} else "yes"


def dictionary(source: Source, uri: str, origin: Origin) -> Block | None:
    """A dictionary that 2.3 names with an address: file:/path, proxy::name, redis:host=h, fs:posix:prefix=/p/."""
    driver, _colon, rest = uri.partition(":")
    entries: list[Entry] = []
    if driver == "file":
        path, _colon, lock = rest.partition(":")
        entries.append(Setting("path", source.text(path, origin), origin))
        if lock.startswith("lock="):
            entries.append(Setting("lock_method", lock[len("lock=") :], origin))
    elif driver == "proxy":
        socket, _colon, name = rest.rpartition(":")
        entries.append(Setting("name", name, origin))
        if socket:
            entries.append(Setting("socket_path", socket, origin))
    elif driver == "redis":
        names = {"host": "host", "port": "port", "path": "socket_path", "db": "db_id", "prefix": "key_prefix"}
        names.update({"expire_secs": "expire", "timeout_msecs": "request_timeout", "password": "password"})
        units = {"expire_secs": "s", "timeout_msecs": "ms"}
        for key, value in options(rest, ":"):
            if key in names:
                entries.append(Setting(f"redis_{names[key]}", f"{value}{units.get(key, '')}", origin))
    elif driver == "fs":
        name, _colon, rest = rest.partition(":")
        inner = [Setting(key, source.text(value, origin), origin) for key, value in options(rest, ":")]
        entries.append(Block(f"fs {name}", tuple(inner), origin))
    else:
        source.drop(origin, f"uses the dictionary {driver}, which Dovecot 2.4 has not", "Use proxy, file or redis.")
        return None
    return Block(f"dict {driver}", tuple(entries), origin)


def inside(origin: Origin, body: Body) -> Body:
    """The body with the origins that its entries have below these blocks."""
    result: list[Entry] = []
    for entry in body:
        if isinstance(entry, Setting):
            result.append(Setting(entry.key, entry.value, (*origin, entry.key), entry.raw))
        else:
            place = (*origin, entry.head)
            result.append(Block(entry.head, inside(place, entry.body), place))
    return tuple(result)
