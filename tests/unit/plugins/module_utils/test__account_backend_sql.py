# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import sqlite3
from dataclasses import replace

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._account import (
    AccountError,
    AppPasswordWish,
    Wish,
    parse_wish,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import AccountBackendError
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_sql import (
    SqlBackend,
    to_entry,
    to_row,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import NO_NETWORK
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import Target
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import AppPassword, Entry

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


PHONE = AppPassword("phone", "{PLAIN}p", ("imap", "smtp"), ("192.0.2.0/24", "2001:db8::/32"))
CAR = AppPassword("car", "{PLAIN}c", ("imap",))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((), (PHONE,)),
        ((PHONE,), ()),
        ((PHONE,), (PHONE, CAR)),
        ((CAR, PHONE), (replace(PHONE, services=("sieve",)),)),
        ((CAR, PHONE), (replace(CAR, password="{PLAIN}new", allow_nets=("::1",)), PHONE)),
    ],
)
def test_app_passwords_are_kept(
    tmp_path: pathlib.Path, first: tuple[AppPassword, ...], second: tuple[AppPassword, ...]
) -> None:
    path = tmp_path / "accounts.sqlite"
    bob = replace(ALICE, user="bob@example.org", app_passwords=(PHONE,))
    for apps in (first, second):
        alice = replace(ALICE, app_passwords=apps)
        write(path, alice, bob)
        in_order = replace(alice, app_passwords=tuple(sorted(apps, key=lambda one: one.name)))
        assert backend(path).read() == {ALICE.user: in_order, bob.user: bob}


def test_a_change_of_app_passwords_alone_keeps_the_rows_of_the_others(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    write(path, replace(ALICE, app_passwords=(CAR, PHONE)))
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE app_passwords ADD COLUMN used TEXT")
        database.execute("UPDATE app_passwords SET used = 'today'")
    write(path, replace(ALICE, app_passwords=(replace(CAR, password="{PLAIN}d"), PHONE)))
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT name, password, used FROM app_passwords ORDER BY name").fetchall()
    assert rows == [("car", "{PLAIN}d", "today"), ("phone", "{PLAIN}p", "today")]


def test_app_passwords_follow_a_new_name_and_go_with_the_account(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    write(path, replace(ALICE, app_passwords=(PHONE,)))
    renamed = replace(ALICE, user="a.smith@example.org", app_passwords=(PHONE,))
    write(path, renamed, removed=(ALICE.user,))
    assert backend(path).read() == {renamed.user: renamed}
    write(path, removed=(renamed.user,))
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT * FROM app_passwords").fetchall() == []


def test_what_somebody_left_opens_no_new_account(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    write(path, replace(ALICE, app_passwords=(PHONE,)))
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM accounts")
    assert backend(path).read() == {}
    write(path, ALICE)
    assert backend(path).read() == {ALICE.user: ALICE}


def test_accounts_of_an_older_schema_are_read_and_brought_up_to_date(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    write(path, ALICE)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE app_passwords")
        database.execute("UPDATE schema_version SET version = 1")
    assert backend(path).read() == {ALICE.user: ALICE}
    place = backend(path)
    place.read()
    upkeep = place.upkeep()
    assert upkeep is not None
    assert (upkeep.before, upkeep.after) == ("tables for accounts: version 1", "tables for accounts: version 2")
    write(path, replace(ALICE, app_passwords=(PHONE,)))
    assert backend(path).read() == {ALICE.user: replace(ALICE, app_passwords=(PHONE,))}


def test_there_is_a_passdb_for_each_app_password(tmp_path: pathlib.Path) -> None:
    place = backend(tmp_path / "accounts.sqlite")
    entries = [ALICE, replace(ALICE, app_passwords=(CAR, PHONE)), replace(ALICE, app_passwords=(PHONE,))]
    assert [passdb["name"] for passdb in place.passdbs(entries)] == ["sql", "app-1", "app-2"]
    assert len(place.passdbs([])) == 1


def test_a_name_that_the_database_has_no_room_for_is_refused(tmp_path: pathlib.Path) -> None:
    wish = Wish("a@example.org", app_passwords=(AppPasswordWish("x" * 255, password="p"),))
    with pytest.raises(AccountError, match="a@example.org: app_passwords: x+... has a name of more than 254"):
        backend(tmp_path / "accounts.sqlite").check([wish])


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
    assert (upkeep.before, upkeep.after) == ("tables for accounts: version 0", "tables for accounts: version 2")
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
