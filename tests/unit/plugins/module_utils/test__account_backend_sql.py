# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import sqlite3

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._account import parse_wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import AccountBackendError
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_sql import (
    SqlBackend,
    to_entry,
    to_row,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import NO_NETWORK
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import Target
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry

ALICE = Entry("alice@example.org", "{PLAIN}a", home="/var/vmail/example.org/alice")
HOSTILE = ("o'brien@example.org", 'a"b@example.org', "x');DROP TABLE accounts;--@example.org", "%s%d?@example.org")


def backend(path: pathlib.Path) -> SqlBackend:
    return SqlBackend(Target("sqlite", path=str(path)), "root", grammar_2_4=True)


def write(path: pathlib.Path, *entries: Entry, removed: tuple[str, ...] = ()) -> None:
    place = backend(path)
    with place.lock():
        place.read()
        place.write({**{entry.user: entry for entry in entries}, **dict.fromkeys(removed)})
    place.settle()


@pytest.mark.parametrize(
    ("grammar_2_4", "extra"),
    [
        (True, ()),
        (True, ("userdb_quota_storage_size=1G",)),
        (True, ("userdb_quota_storage_size=unlimited",)),
        (False, ("userdb_quota_rule=*:storage=500M",)),
        (False, ("userdb_quota_rule=*:storage=0",)),
        (True, ("allow_nets=192.0.2.0/24,::1",)),
        (True, ("expires=2027-01-31",)),
        (True, ("nologin", NO_NETWORK)),
        (True, ("userdb_quota_storage_size=1K", "allow_nets=192.0.2.1", "expires=2027-01-31", "nologin", NO_NETWORK)),
    ],
)
def test_a_row_holds_the_whole_account(grammar_2_4: bool, extra: tuple[str, ...]) -> None:
    entry = Entry("a@example.org", "{PLAIN}x", gecos="A", home="/h", extra=extra)
    assert to_entry(to_row(entry), grammar_2_4=grammar_2_4) == entry


def test_a_limit_is_kept_without_the_spelling_of_a_release() -> None:
    row = to_row(Entry("a@example.org", "x", home="/h", extra=("userdb_quota_rule=*:storage=2M",)))
    assert to_entry(row, grammar_2_4=True).extra == ("userdb_quota_storage_size=2M",)


def test_a_field_without_a_column_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(AccountBackendError, match="a@example.org: userdb_mail has no column"):
        to_row(Entry("a@example.org", "x", extra=("userdb_mail=maildir:/x",)))
    options = dict.fromkeys(("password", "password_hash", "update_password", "quota", "home", "on_remove", "name"))
    options |= {"address": "a@example.org", "state": "present", "allow_nets": None, "extra_fields": {"x": "y"}}
    options |= dict.fromkeys(("expires", "app_passwords", "rename_from"))
    with pytest.raises(Exception, match=r"extra_fields \(x\) have no column"):
        backend(tmp_path / "accounts.sqlite").check([parse_wish(options, update_password="always", on_remove="keep")])


def test_accounts_are_added_changed_and_removed(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    assert backend(path).read() == {}
    assert not path.exists()
    bob = Entry("bob@example.org", "{PLAIN}b", home="/h/b", extra=("nologin", NO_NETWORK))
    write(path, ALICE, bob)
    assert backend(path).read() == {ALICE.user: ALICE, bob.user: bob}
    changed = Entry(ALICE.user, "{PLAIN}c", gecos="Alice", home=ALICE.home)
    write(path, changed, removed=(bob.user,))
    assert backend(path).read() == {ALICE.user: changed}


def test_a_column_of_somebody_else_survives_a_change(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    write(path, ALICE)
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE accounts ADD COLUMN room TEXT")
        database.execute("UPDATE accounts SET room = '12'")
    write(path, Entry(ALICE.user, "{PLAIN}c", home=ALICE.home))
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT password, room FROM accounts").fetchall() == [("{PLAIN}c", "12")]


@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_text_is_only_text(tmp_path: pathlib.Path, address: str) -> None:
    path = tmp_path / "accounts.sqlite"
    hostile = Entry(address, "{PLAIN}'\"?%s", gecos="'; DROP TABLE accounts; --", home="/h/%d")
    write(path, ALICE, hostile)
    write(path, hostile)
    assert backend(path).read() == {ALICE.user: ALICE, address: hostile}
    write(path, removed=(address,))
    assert backend(path).read() == {ALICE.user: ALICE}


def test_a_failure_leaves_everything_as_it_was(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    write(path, ALICE)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TRIGGER t BEFORE INSERT ON accounts BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(AccountBackendError, match="SQLite database .*accounts.sqlite: disk full"):
        write(path, Entry("bob@example.org", "x", home="/h"), removed=(ALICE.user,))
    assert list(backend(path).read()) == [ALICE.user]


def test_mode_and_version_are_put_right(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    place = backend(path)
    place.read()
    upkeep = place.upkeep()
    assert upkeep is not None
    assert (upkeep.before, upkeep.after) == ("tables for accounts: version 0", "tables for accounts: version 1")
    write(path, ALICE)
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o666)
    place = backend(path)
    place.read()
    upkeep = place.upkeep()
    assert upkeep is not None
    assert upkeep.before.startswith("mode=0666")
    write(path)
    assert path.stat().st_mode & 0o777 == 0o640
    place.read()
    assert place.upkeep() is None


def test_what_is_missing_is_named(tmp_path: pathlib.Path) -> None:
    assert SqlBackend(Target("sqlite", path=str(tmp_path / "no" / "x")), "root", grammar_2_4=True).lacks() == (
        f"the directory {tmp_path}/no of the database does not exist; create it first",
    )
    lacks = SqlBackend(Target("sqlite", path=str(tmp_path / "x")), "nosuchgroup", grammar_2_4=True).lacks()
    assert lacks == ("the group nosuchgroup does not exist; it comes with Dovecot",)
