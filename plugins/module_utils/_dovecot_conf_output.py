# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What doveconf(1) prints, as a tree and as the data of a playbook."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_tree as tree
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    BOOLEAN_LISTS,
    Block,
    Body,
    Entry,
    Setting,
)

_HEADER = re.compile(r"^# (?P<version>\d+(?:\.\d+)+)\S*(?: \([^)]*\))?: (?P<file>.+)$")
_PIGEONHOLE = re.compile(r"^# Pigeonhole version (\S+)")
# Dovecot 2.4 prints these groups as blocks; in a configuration file they are settings with the group's name in front.
_GROUPS = frozenset({"ssl_client", "ssl_server"})
_BOOLEANS = {"yes": True, "no": False}


@dataclass(frozen=True)
class Header:
    """The comments that doveconf begins with."""

    version: str
    pigeonhole: str
    config_file: str


def read_header(text: str) -> Header:
    """Return versions and file from the first lines; what is not said is empty."""
    first = _HEADER.match(text.partition("\n")[0])
    pigeonhole = next((found for found in map(_PIGEONHOLE.match, text.splitlines()[:5]) if found), None)
    return Header(
        version=first.group("version") if first else "",
        pigeonhole=pigeonhole.group(1) if pigeonhole else "",
        config_file=first.group("file") if first else "",
    )


def parse(text: str) -> Body:
    """Read the output of doveconf -n or -a, of Dovecot 2.3 or 2.4. Raises TreeError at a line it does not know."""
    return _normalise(tree.parse(text), "")


def select(body: Body, names: t.Collection[str]) -> Body:
    """Keep what is named: a setting, a block by its head ("service auth"), or all blocks of a name ("service")."""
    wanted = {tree.normalise_head(name) for name in names}
    return tuple(
        entry
        for entry in body
        if (entry.key if isinstance(entry, Setting) else entry.head) in wanted
        or (isinstance(entry, Block) and entry.name in wanted)
    )


def as_data(body: Body) -> dict[str, object]:
    """Turn entries into the data that dovecot_setting takes. A head that stands again gets a number behind it."""
    data: dict[str, object] = {}
    for entry in body:
        head = entry.key if isinstance(entry, Setting) else entry.head
        unique, number = head, 1
        while isinstance(entry, Block) and unique in data:
            number += 1
            unique = f"{head} {number}"
        if isinstance(entry, Setting):
            data[unique] = _value(entry)
        else:
            data[unique] = as_data(entry.body) if entry.head != "plugin" else _plugin(entry.body)
    return data


def _plugin(body: Body) -> dict[str, object]:
    """The plugin block of 2.3: its values are texts that each plug-in reads in its own way."""
    return {entry.key: entry.value for entry in body if isinstance(entry, Setting)}


def _value(setting: Setting) -> object:
    if setting.key in BOOLEAN_LISTS:
        return setting.value.split()
    return _BOOLEANS.get(setting.value, setting.value)


def _normalise(body: Body, above: str) -> Body:
    """Write heads in their short form and groups as settings; above is the name that the enclosing block was given."""
    entries: dict[int, Entry] = {}
    places: dict[str, int] = {}
    for entry in body:
        if isinstance(entry, Setting):
            places.setdefault(entry.key, len(entries))
            # doveconf -a of 2.4 prints members of a group as empty first, then once more in the group.
            entries[places[entry.key]] = entry
        elif entry.head in _GROUPS:
            for member in entry.body:
                if isinstance(member, Setting):
                    key = f"{entry.head}_{member.key}"
                    places.setdefault(key, len(entries))
                    entries[places[key]] = Setting(key, member.value, (*entry.origin, key))
        else:
            head = entry.head
            if above and head.startswith(f"{above}_"):
                head = head[len(above) + 1 :]
            entries[len(entries)] = Block(head, _normalise(entry.body, entry.name), entry.origin)
    return tuple(entries.values())
