# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Postfix's lookups as rows of a database: what the inventory asks for, and what is there."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import Database, DatabaseError
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_schema import (
    ALIASES,
    DOMAINS,
    LOOKUPS,
    MAILBOXES,
    SENDER_LOGINS,
    TRANSPORTS,
    LookupTable,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_store import SqlStore

Cells = tuple[str, ...]

_LONGEST = 254
# Their values are lists of addresses; that of a transport is one text.
_LISTS = (ALIASES, SENDER_LOGINS)


@dataclass(frozen=True)
class TableChange:
    """What one table gets and loses."""

    table: LookupTable
    added: tuple[Cells, ...]
    removed: tuple[Cells, ...]


@dataclass(frozen=True)
class Outcome:
    """What the module reports."""

    changed: bool
    added: int
    removed: int
    diff: dict[str, str]
    warnings: tuple[str, ...] = ()


def wanted_rows(tables: t.Mapping[str, t.Any]) -> dict[str, frozenset[Cells]]:
    """Return the rows by table, from what the filter mail_account_tables returns. Raises DatabaseError."""
    rows: dict[str, set[Cells]] = {
        DOMAINS.name: {(str(domain),) for domain in tables.get(DOMAINS.name) or []},
        MAILBOXES.name: {(str(address),) for address in tables.get(MAILBOXES.name) or {}},
    }
    for table in (*_LISTS, TRANSPORTS):
        rows[table.name] = {
            (str(key), value)
            for key, text in (tables.get(table.name) or {}).items()
            for value in (_values(text) if table in _LISTS else [str(text)])
        }
    for name, cells in rows.items():
        for row in cells:
            for text in row:
                if not text or len(text) > _LONGEST:
                    raise DatabaseError(f"{name}: {' '.join(row)[:80]!r} has a value that is empty or too long")
    return {name: frozenset(cells) for name, cells in rows.items()}


def compute_changes(
    present: t.Mapping[str, t.Mapping[Cells, str]], wanted: t.Mapping[str, t.AbstractSet[Cells]], source: str
) -> tuple[TableChange, ...]:
    """Compare rows with their source by table; rows of another source are left alone."""
    changes: list[TableChange] = []
    for table in LOOKUPS:
        there = present.get(table.name, {})
        asked = wanted[table.name]
        change = TableChange(
            table,
            added=tuple(sorted(asked - set(there))),
            removed=tuple(sorted(row for row, origin in there.items() if origin == source and row not in asked)),
        )
        if change.added or change.removed:
            changes.append(change)
    return tuple(changes)


def run(store: SqlStore, wanted: t.Mapping[str, t.AbstractSet[Cells]], source: str, *, check_mode: bool) -> Outcome:
    """Bring the tables to the wanted rows. Raises DatabaseError and OSError."""
    lacks = store.lacks()
    if check_mode:
        return _plan(store, wanted, source, lacks)[1]
    if lacks:
        raise DatabaseError("; ".join(lacks))
    with store.locked():
        changes, outcome = _plan(store, wanted, source, ())
        if outcome.changed:
            with store.writing() as database:
                for change in changes:
                    _apply(database, change, source)
        return outcome


def _plan(
    store: SqlStore, wanted: t.Mapping[str, t.AbstractSet[Cells]], source: str, lacks: t.Sequence[str]
) -> tuple[tuple[TableChange, ...], Outcome]:
    changes = compute_changes(store.read(_present) or {}, wanted, source)
    upkeep = store.upkeep()
    changed = bool(changes) or upkeep is not None
    before, after = ([text] for text in upkeep) if upkeep is not None else ([], [])
    for change in changes:
        before += [f"{change.table.name}: {' '.join(row)}" for row in change.removed]
        after += [f"{change.table.name}: {' '.join(row)}" for row in change.added]
    return changes, Outcome(
        changed=changed,
        added=sum(len(change.added) for change in changes),
        removed=sum(len(change.removed) for change in changes),
        diff={"before": "".join(f"{line}\n" for line in before), "after": "".join(f"{line}\n" for line in after)},
        warnings=tuple(f"{text}; a run without check mode would fail." for text in lacks) if changed else (),
    )


def _present(database: Database) -> dict[str, dict[Cells, str]]:
    return {
        table.name: {
            tuple(row[:-1]): row[-1]
            for row in database.rows(f"SELECT {', '.join(table.columns)}, source FROM {table.name}")
        }
        for table in LOOKUPS
    }


def _apply(database: Database, change: TableChange, source: str) -> None:
    table = change.table
    condition = " AND ".join(f"{column} = ?" for column in table.columns)
    database.execute_many(f"DELETE FROM {table.name} WHERE {condition}", change.removed)
    database.insert(table.name, (*table.columns, "source"), [(*row, source) for row in change.added])


def _values(text: object) -> list[str]:
    return [value.strip() for value in str(text).split(",") if value.strip()]
