# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What all parts of the translation to Dovecot 2.3 share: values, faults, and the files that stand beside."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import (
    PLUGIN_NAMES,
    Row,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Entry,
    Fault,
    Origin,
    Setting,
    render,
    show,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_variables import (
    UnknownVariableError,
    to_23,
)

_REFERENCE = re.compile(r"\$SET:(\w+)")
_TIME = re.compile(r"^(\d+)\s*(ms|msecs?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)$")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SWAPPED = {"yes": "no", "no": "yes"}
_CIPHERS = {"server": "yes", "client": "no"}


@dataclass(frozen=True)
class ExternalFile:
    """A file that Dovecot 2.3 wants beside its configuration (SQL, LDAP)."""

    name: str
    body: Body
    text: str = ""


@dataclass
class Context:
    """What a translation collects on its way."""

    prefix: str
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: list[ExternalFile] = field(default_factory=list)
    plugin: list[Setting] = field(default_factory=list)

    def fault(self, origin: Origin, cause: str, remedy: str) -> None:
        self.faults.append(Fault(show(origin), cause, remedy))

    def missing(self, origin: Origin) -> None:
        self.fault(
            origin,
            "has no counterpart in Dovecot 2.3",
            "Leave it out on this host, or run Dovecot 2.4.",
        )

    def text(self, setting: Setting) -> str:
        """Rewrite the variables of a value; an unknown one is a fault."""
        try:
            return to_23(setting.value, setting=setting.key)
        except UnknownVariableError as error:
            self.fault(
                setting.origin,
                f"uses {error}, which has no counterpart in Dovecot 2.3",
                "Use a variable that both versions know.",
            )
            return setting.value

    def words(self, setting: Setting) -> str:
        """Rewrite a value that 2.3 puts among others on one line, where a blank would end it."""
        return self._one_word(self.text(setting), setting)

    def plain_words(self, setting: Setting) -> str:
        """As words, where 2.3 looks for no variables."""
        return self._one_word(setting.value, setting)

    def _one_word(self, text: str, setting: Setting) -> str:
        if re.search(r"\s", text):
            self.fault(
                setting.origin, "holds a blank, which Dovecot 2.3 cannot take here", "Use a value without blanks."
            )
        return text

    def row(self, row: Row, setting: Setting, name: str | None = None) -> Setting:
        """Translate one setting by its row of the table."""
        key = name or row.old
        if row.how == "literal":
            return Setting(key, setting.value, setting.origin)
        if row.how == "file":
            if not setting.value:
                return Setting(key, "", setting.origin)
            return Setting(key, f"<{setting.value}", setting.origin, raw=True)
        if row.how == "invert":
            return Setting(key, _SWAPPED.get(setting.value, setting.value), setting.origin)
        if row.how == "seconds" and setting.value.isdigit():
            return Setting(key, f"{setting.value}s", setting.origin)
        if row.how == "allow":
            return Setting(key, "allow" if setting.value == "yes" else "", setting.origin)
        if row.how == "ciphers":
            return Setting(key, _CIPHERS.get(setting.value, setting.value), setting.origin)
        if row.how == "zero" and setting.value == "unlimited":
            return Setting(key, "0", setting.origin)
        return self.plain(setting, key)

    def plain(self, setting: Setting, key: str | None = None) -> Setting:
        """Keep a setting, with variables rewritten and $SET:name as $name."""
        text = self.text(setting)
        if _REFERENCE.search(text):
            return Setting(key or setting.key, _REFERENCE.sub(r"$\1", text), setting.origin, raw=True)
        return Setting(key or setting.key, text, setting.origin)

    def edited_list(self, block: Block, key: str, above: t.Sequence[str] | None, *, inherit: bool = True) -> Setting:
        """Write "name { a = yes  b = no }" for 2.3, which can add to a list but not take away."""
        added = [plugin_name(entry.key) for entry in block.body if isinstance(entry, Setting) and entry.value == "yes"]
        taken = [plugin_name(entry.key) for entry in block.body if isinstance(entry, Setting) and entry.value == "no"]
        if taken and above is None:
            self.fault(
                block.origin,
                "takes away from a list that this tree does not set, which Dovecot 2.3 cannot",
                "Give the whole list, as name = a b.",
            )
        if taken:
            whole = [word for word in above or () if word not in taken]
            return Setting(key, " ".join(dict.fromkeys([*whole, *added])), block.origin)
        head = [f"${key}"] if inherit else []
        return Setting(key, " ".join([*head, *added]), block.origin, raw=inherit)


def plugin_name(name: str) -> str:
    """The name that a plug-in has in 2.3."""
    return PLUGIN_NAMES.get(name, name)


def words_of(entry: Entry | None) -> list[str] | None:
    """The members of a boolean list, in either form; None where there is no such entry."""
    if entry is None:
        return None
    if isinstance(entry, Setting):
        return entry.value.split()
    return [one.key for one in entry.body if isinstance(one, Setting) and one.value == "yes"]


def unprefixed(block: Block) -> Body:
    """The body of a block with long names made short: passdb sql { passdb_sql_query } becomes query."""
    driver = value_of(block.body, "driver") or value_of(block.body, f"{block.name}_driver") or block.argument
    starts = (f"{block.name}_{driver.replace('-', '_')}_", f"{block.name}_")
    body: list[Entry] = []
    for entry in block.body:
        key = entry.key if isinstance(entry, Setting) else entry.head
        short = next((key[len(start) :] for start in starts if key.startswith(start)), key)
        if isinstance(entry, Setting):
            body.append(Setting(short, entry.value, entry.origin))
        else:
            body.append(Block(short, entry.body, entry.origin))
    return tuple(body)


def value_of(body: Body, key: str) -> str:
    """The value of a setting of this very body, or an empty text."""
    return next((entry.value for entry in body if isinstance(entry, Setting) and entry.key == key), "")


def render_external(file: ExternalFile) -> str:
    """Write an external file."""
    return file.text + "".join(f"{line.text}\n" for line in render(file.body))


def numbered(name: str, number: int) -> str:
    """The first of several has no number in 2.3."""
    return name if number == 1 else f"{name}{number}"


def milliseconds(text: str) -> int | None:
    """A time such as "500 ms", "2s" or "1 min" in milliseconds."""
    match = _TIME.match(text.strip())
    if match is None:
        return None
    unit = match.group(2)
    return int(match.group(1)) * _UNITS["ms" if unit.startswith("ms") else unit[0]]
