# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A tree in the grammar of Dovecot 2.3 written in the grammar of 2.4.

Pure: the files beside (SQL, LDAP, OAuth2, dictionaries, trash) are handed in; external_paths() tells which.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import Note, Source, compact
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_directory import (
    with_attribute_defaults,
    with_authorities,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_scope import Scope
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_signs import is_pure, speaks_23
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import words_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Entry,
    Fault,
    Setting,
    find,
    put,
)

_DATABASES = frozenset({"sql", "ldap", "oauth2"})
_SQL_DRIVERS = frozenset({"mysql", "pgsql", "sqlite", "cassandra"})


@dataclass(frozen=True)
class Conversion:
    """The tree in the grammar of 2.4, what was rewritten, and what 2.4 has not.

    What has no successor is not in the tree; its Fault names the setting of 2.3, the cause and what to do.
    """

    tree: Body
    notes: tuple[Note, ...] = ()
    without_successor: tuple[Fault, ...] = ()


def to_24(tree_23: Body, files: t.Mapping[str, str] | None = None) -> Conversion:
    """Translate a tree of 2.3, such as parse() makes of "doveconf -nP", or one that mixes both grammars.

    files maps the path of each file beside to its text. A tree of 2.4 comes back as it is.
    """
    if not speaks_23(tree_23):
        return Conversion(tree_23)
    source = Source(files=files or {}, pure=is_pure(tree_23))
    scope = Scope(source, tree_23)
    body = _with_mailboxes(_without_new_port(scope.entries(), source), source)
    body = with_attribute_defaults(with_authorities(body, source), source)
    return Conversion(_with_origins(_merged(body), ()), tuple(source.notes), tuple(source.gone))


def _without_new_port(body: Body, source: Source) -> Body:
    """Dovecot 2.4 opens a port with implicit TLS for submission unless it is told not to."""
    place = ("service submission-login", "inet_listener submissions")
    words = words_of(find(body, ("protocols",))) or []
    merged = [one for one in body if isinstance(one, Block) and one.head == place[0]]
    if not source.pure or "submission" not in words or any(find(one.body, place[1:]) for one in merged):
        return body
    closed = Block(place[1], (Setting("port", "0", ()),), ())
    source.notes.append(Note(place[0], compact([closed]), "2.3 has no such port unless it is asked for"))
    return put(body, place[:1], closed)


def external_paths(tree_23: Body) -> tuple[str, ...]:
    """The files beside that to_24() needs for this tree."""
    found: list[str] = []
    for entry in tree_23:
        if not isinstance(entry, Block):
            continue
        settings = {one.key: one.value for one in entry.body if isinstance(one, Setting)}
        if entry.name in {"passdb", "userdb"} and settings.get("driver", entry.argument) in _DATABASES:
            found.append(settings.get("args", "").strip())
        elif entry.head == "dict":
            uris = (value.partition(":") for value in settings.values())
            found += [path for driver, _colon, path in uris if driver in _SQL_DRIVERS]
        elif entry.head == "plugin" and "trash" in settings:
            found.append(settings["trash"])
    return tuple(dict.fromkeys(path for path in found if path.startswith("/")))


def _with_mailboxes(body: Body, source: Source) -> Body:
    """Put what belongs to mailboxes into the namespaces that hold them."""
    for name, entries in source.mailboxes.items():
        if name.startswith("\\"):
            names = _special(body, name) or []
            if not names:
                note = next(note for note in source.notes if f"mailbox {name} " in note.new)
                source.drop((note.setting,), f"names {name}, which no mailbox has", "Name the mailbox itself.")
            for place in names:
                body = _add(body, place, entries)
            continue
        body = _add(body, _place(body, name), entries)
    return body


def _special(body: Body, flag: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for block in body:
        if isinstance(block, Block) and block.name == "namespace":
            for one in block.body:
                if isinstance(one, Block) and one.name == "mailbox":
                    value = find(one.body, ("special_use",))
                    if isinstance(value, Setting) and flag in value.value.split():
                        found.append((block.head, one.head))
    return found


def _place(body: Body, name: str) -> tuple[str, str]:
    """The namespace with the longest prefix that fits, else the one of INBOX, and the name below that prefix."""
    best: tuple[int, str, str] | None = None
    for block in body:
        if not isinstance(block, Block) or block.name != "namespace":
            continue
        prefix, inbox = find(block.body, ("prefix",)), find(block.body, ("inbox",))
        start = prefix.value if isinstance(prefix, Setting) else ""
        is_inbox = isinstance(inbox, Setting) and inbox.value == "yes"
        if name.startswith(start) and (start or is_inbox) and (best is None or len(start) > best[0]):
            best = (len(start), block.head, name[len(start) :])
    return (best[1], f"mailbox {best[2]}") if best else ("", f"mailbox {name}")


def _add(body: Body, place: tuple[str, str], entries: t.Sequence[Entry]) -> Body:
    above = tuple(head for head in place if head)
    for entry in entries:
        body = put(body, above, entry)
    return body


def _merged(body: Body) -> Body:
    """One entry for each name, as Dovecot reads it: of settings the last, of blocks all their bodies."""
    result: dict[str, Entry] = {}
    for entry in body:
        key = entry.key if isinstance(entry, Setting) else entry.head
        before = result.get(key)
        if isinstance(entry, Block) and isinstance(before, Block):
            result[key] = Block(entry.head, (*before.body, *entry.body), before.origin)
        else:
            result.pop(key, None)
            result[key] = entry
    return tuple(
        Block(entry.head, _merged(entry.body), entry.origin) if isinstance(entry, Block) else entry
        for entry in result.values()
    )


def _with_origins(body: Body, above: tuple[str, ...]) -> Body:
    result: list[Entry] = []
    for entry in body:
        if isinstance(entry, Setting):
            result.append(Setting(entry.key, entry.value, (*above, entry.key), entry.raw))
        else:
            place = (*above, entry.head)
            result.append(Block(entry.head, _with_origins(entry.body, place), place))
    return tuple(result)
