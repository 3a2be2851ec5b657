# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan of an upgrade from Dovecot 2.3 to 2.4: the new tree, what gets lost, and what clients notice."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23 import to_24
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import Note
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_read import Configuration
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_secrets import (
    MASK,
    NAMES_ONLY,
    replace_secrets,
    secrets_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Entry,
    Fault,
    Setting,
    show,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_clients import Change, client_changes
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_pins import (
    Pin,
    needed_of,
    pin_defaults,
    with_namespace,
    without_mechanisms,
)

# doveconf computes these; nobody sets them.
_COMPUTED = frozenset({"managesieve_notify_capability", "managesieve_sieve_capability"})
# In the tree, a shorter secret could be a word that means something else.
_SHORTEST = 8


@dataclass(frozen=True)
class Secret:
    """A secret of the new tree, by its setting, and the file that it stands in today."""

    setting: str
    file: str


@dataclass(frozen=True)
class Plan:
    """What an upgrade takes."""

    tree: Body
    without_successor: tuple[Fault, ...]
    rewritten: tuple[Note, ...]
    pinned: tuple[Pin, ...]
    client_changes: tuple[Change, ...]
    secrets: tuple[Secret, ...]
    needed: t.Mapping[str, list[str]]


def make_plan(
    configuration: Configuration, effective: Body, files: t.Mapping[str, str], *, include_secrets: bool
) -> Plan:
    """Translate a configuration of 2.3. effective is the same with all defaults; files are those beside, by path."""
    if configuration.grammar == "2.4":
        return _as_it_is(configuration, include_secrets=include_secrets)
    given = tuple(entry for entry in configuration.body if not _is_computed(entry))
    conversion = to_24(with_namespace(given), files)
    tree, mechanisms = without_mechanisms(conversion.tree)
    tree, pins = pin_defaults(tree, effective)
    changes = client_changes(effective, tree)
    homes = secret_files(configuration)
    tree, secrets = _referred(tree, homes, configuration.config_file, include_secrets=include_secrets)
    words = sorted(homes, key=len, reverse=True)
    return Plan(
        tree=tree if include_secrets else _without(tree, [word for word in words if len(word) >= _SHORTEST]),
        without_successor=tuple(
            Fault(_hidden(one.setting, words), _hidden(one.cause, words), _hidden(one.remedy, words))
            for one in (*conversion.without_successor, *mechanisms)
        ),
        rewritten=tuple(
            Note(_hidden(note.setting, words), _hidden(note.new, words), _hidden(note.check, words))
            for note in conversion.notes
        ),
        pinned=tuple(pins),
        client_changes=tuple(changes),
        secrets=secrets,
        needed=needed_of(tree),
    )


def _as_it_is(configuration: Configuration, *, include_secrets: bool) -> Plan:
    homes = secret_files(configuration)
    tree, secrets = _referred(configuration.body, homes, configuration.config_file, include_secrets=include_secrets)
    return Plan(tree, (), (), (), (), secrets, needed_of(tree))


def _referred(
    tree: Body, homes: t.Mapping[str, str], otherwise: str, *, include_secrets: bool
) -> tuple[Body, tuple[Secret, ...]]:
    """The tree with references to files in place of its secrets, if they are not to be included, and which they are."""
    found: list[Secret] = []

    def refer(above: tuple[str, ...], setting: Setting, secret: str) -> str:
        file = homes.get(secret, otherwise)
        found.append(Secret(show((*above, setting.key)), file))
        return secret if include_secrets else f"<secret: set me from {file}>"

    tree = replace_secrets(tree, refer)
    return tree, tuple(dict.fromkeys(found))


def secret_files(configuration: Configuration) -> dict[str, str]:
    """Every secret of a configuration with the file that it stands in."""
    files = {place.setting: place.file for place in configuration.places}
    found: dict[str, str] = {}
    for secret, path in secrets_of(configuration.body).items():
        found[secret] = files.get(show(path), configuration.config_file)
    for external in configuration.externals:
        for secret in secrets_of(external.body):
            found[secret] = external.path
    return found


def _is_computed(entry: Entry) -> bool:
    return isinstance(entry, Setting) and entry.key in _COMPUTED


def _without(body: Body, secrets: t.Sequence[str]) -> Body:
    """A secret may have come into a setting whose name does not tell."""
    entries: list[Entry] = []
    for entry in body:
        if isinstance(entry, Block):
            entries.append(Block(entry.head, _without(entry.body, secrets), entry.origin))
        elif entry.key.endswith(NAMES_ONLY):
            entries.append(entry)
        else:
            entries.append(Setting(entry.key, _hidden(entry.value, secrets), entry.origin, entry.raw))
    return tuple(entries)


def _hidden(text: str, secrets: t.Iterable[str]) -> str:
    """Take secrets out of a text, where they stand as whole words."""
    for secret in secrets:
        if secret in text:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
    return text
