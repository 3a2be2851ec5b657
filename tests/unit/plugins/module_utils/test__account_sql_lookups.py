# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import sqlite3

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import DatabaseError, Target
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_lookups import Outcome, run, wanted_rows
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_store import SqlStore

TABLES = {
    "domains": ["example.org"],
    "mailboxes": {"alice@example.org": "alice@example.org"},
    "aliases": {"@example.org": "alice@example.org", "all@example.org": "alice@example.org, bob@example.net"},
    "sender_logins": {"alice@example.org": "alice@example.org"},
    "transports": {"alice@example.org": "retry:4.2.1 Later, please"},
}


def write(path: pathlib.Path, source: str = "inventory", *, check_mode: bool = False, **changes: object) -> Outcome:
    store = SqlStore(Target("sqlite", path=str(path)), "lookups", mode=0o644)
    return run(store, wanted_rows({**TABLES, **changes}), source, check_mode=check_mode)


def rows(path: pathlib.Path, table: str) -> list[tuple[str, ...]]:
    with sqlite3.connect(path) as database:
        return sorted(database.execute(f"SELECT * FROM {table}"))


def test_four_beats(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x"
    outcome = write(path, check_mode=True)
    assert (outcome.changed, outcome.added, outcome.removed) == (True, 7, 0)
    assert not path.exists()
    assert write(path) == outcome
    assert not write(path, check_mode=True).changed
    assert not write(path).changed
    assert rows(path, "aliases") == [
        ("@example.org", "alice@example.org", "inventory"),
        ("all@example.org", "alice@example.org", "inventory"),
        ("all@example.org", "bob@example.net", "inventory"),
    ]
    assert rows(path, "transports") == [("alice@example.org", "retry:4.2.1 Later, please", "inventory")]


def test_rows_of_others_are_kept(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x"
    write(path)
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO aliases (address, target) VALUES ('web@example.org', 'alice@example.org')")
        database.execute("UPDATE domains SET source = 'web'")
    outcome = write(path, aliases={}, domains=[])
    assert (outcome.added, outcome.removed) == (0, 3)
    assert rows(path, "aliases") == [("web@example.org", "alice@example.org", "")]
    assert rows(path, "domains") == [("example.org", "web")]
    assert not write(path, aliases={"web@example.org": "alice@example.org"}, domains=["example.org"]).changed
    assert "aliases: @example.org alice@example.org\n" in outcome.diff["before"]


def test_a_lack_is_a_warning_in_check_mode_and_a_failure_otherwise(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "no" / "x"
    outcome = write(path, check_mode=True)
    assert outcome.changed
    assert outcome.warnings == (
        f"the directory {tmp_path}/no of the database does not exist; create it first; "
        "a run without check mode would fail.",
    )
    with pytest.raises(DatabaseError, match="does not exist; create it first"):
        write(path)


@pytest.mark.parametrize("text", ["", "x" * 255])
def test_what_no_column_holds_is_refused(tmp_path: pathlib.Path, text: str) -> None:
    with pytest.raises(DatabaseError, match="domains: .* has a value that is empty or too long"):
        write(tmp_path / "x", domains=[text])
