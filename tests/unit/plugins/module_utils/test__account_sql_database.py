# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import sqlite3
import sys
import types
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import (
    DatabaseAbsentError,
    DatabaseError,
    Target,
    opened,
    parse_target,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_schema import MIGRATIONS, Migration, Part
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_store import SqlStore

LATER = Migration(3, ("ALTER TABLE accounts ADD COLUMN room {text} NOT NULL DEFAULT ''",))


class FakeServer(types.ModuleType):
    """A driver of a server: notes what it is told, answers from a list."""

    class Error(Exception):
        """The driver's own."""

    def __init__(self, name: str, answers: t.Mapping[str, list[tuple[t.Any, ...]]], refusal: str = "") -> None:
        super().__init__(name)
        self.told: list[tuple[str, t.Any]] = []
        self.connected: dict[str, t.Any] = {}
        self.server_capabilities = 0xFFFF
        self._answers = answers
        self._refusal = refusal
        self._found: list[tuple[t.Any, ...]] = []

    def connect(self, **options: t.Any) -> FakeServer:
        if self._refusal:
            raise self.Error(self._refusal)
        if options:
            self.connected = options
        else:
            self._request_authentication()
        return self

    def _request_authentication(self) -> None:
        self.told.append(("PASSWORD", ()))

    def cursor(self) -> FakeServer:
        return self

    def execute(self, statement: str, values: t.Any = ()) -> None:
        self.told.append((statement, values))
        self._found = next((rows for start, rows in self._answers.items() if statement.startswith(start)), [])

    def executemany(self, statement: str, rows: t.Any) -> None:
        self.told.append((statement, list(rows)))

    def execute_batch(self, cursor: FakeServer, statement: str, rows: t.Any, page_size: int) -> None:
        cursor.executemany(statement, rows[:page_size])

    def execute_values(self, cursor: FakeServer, statement: str, rows: t.Any, page_size: int) -> None:
        cursor.executemany(statement, rows[:page_size])

    def fetchall(self) -> list[tuple[t.Any, ...]]:
        return self._found

    def commit(self) -> None:
        self.told.append(("COMMIT", ()))

    def close(self) -> None:
        """A cursor and a connection can be closed."""


def server(monkeypatch: pytest.MonkeyPatch, name: str, answers: t.Any = None, refusal: str = "") -> FakeServer:
    fake = FakeServer(name, answers or {}, refusal)
    monkeypatch.setitem(sys.modules, name, fake)
    monkeypatch.setitem(sys.modules, f"{name}.extras", fake)
    return fake


def store(path: pathlib.Path, *more: Migration, part: Part = "accounts") -> SqlStore:
    return SqlStore(Target("sqlite", path=str(path)), part, mode=0o600, migrations=(*MIGRATIONS[part], *more))


def columns(path: pathlib.Path) -> list[str]:
    with sqlite3.connect(path) as database:
        return [row[1] for row in database.execute("PRAGMA table_info(accounts)")]


def update(wanted: SqlStore) -> None:
    with wanted.locked():
        wanted.read(lambda _database: None)
        with wanted.writing():
            pass


def test_a_later_schema_keeps_the_rows(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x"
    update(store(path))
    assert "room" not in columns(path)
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO accounts (address, password, home) VALUES ('a@example.org', 'p', '/h')")
    later = store(path, LATER)
    later.read(lambda _database: None)
    assert later.upkeep() == ("tables for accounts: version 2", "tables for accounts: version 3")
    update(store(path, LATER))
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT address, room FROM accounts").fetchall() == [("a@example.org", "")]
        assert database.execute("SELECT part, version FROM schema_version").fetchall() == [("accounts", 3)]
    with pytest.raises(DatabaseError, match="of version 3, made by a later release of this collection"):
        store(path).read(lambda _database: None)


def test_a_step_that_fails_leaves_the_version_it_came_from(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x"
    update(store(path))
    with pytest.raises(DatabaseError, match="no such table: nosuch"):
        update(store(path, Migration(3, ("CREATE TABLE other (x INTEGER)", "INSERT INTO nosuch VALUES (1)"))))
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT version FROM schema_version").fetchall() == [(2,)]
        assert database.execute("SELECT name FROM sqlite_master WHERE name = 'other'").fetchall() == []


def test_both_parts_can_share_a_database(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x"
    update(store(path))
    update(store(path, part="lookups"))
    with sqlite3.connect(path) as database:
        found = database.execute("SELECT part, version FROM schema_version ORDER BY part").fetchall()
    assert found == [("accounts", 2), ("lookups", 1)]


def test_a_file_that_is_no_database_is_named(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x"
    path.write_text("these are not the tables you are looking for" * 50)
    with pytest.raises(DatabaseError, match=f"SQLite database {path}: file is not a database"):
        update(store(path))


def test_postgresql_is_asked_in_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = server(monkeypatch, "psycopg2")
    target = Target("pgsql", host="127.0.0.1", name="mail", user="admin", password="s3cret")
    wanted = SqlStore(target, "accounts", mode=0o600)
    with wanted.locked():
        assert wanted.read(lambda _database: ()) is None
        with wanted.writing() as database:
            database.insert("accounts", ("address",), [("a@example.org",)])
            database.execute_many("DELETE FROM accounts WHERE address = ?", [])
    statements = [statement for statement, _values in fake.told]
    assert fake.connected == {
        "host": "127.0.0.1",
        "dbname": "mail",
        "user": "admin",
        "password": "s3cret",
        "connect_timeout": 30,
    }
    assert statements[0] == "SELECT pg_advisory_lock(%s)"
    assert "table_schema = current_schema()" in statements[1]
    assert statements[2].startswith("CREATE TABLE IF NOT EXISTS schema_version")
    assert "ENGINE" not in "".join(statements)
    assert fake.told[-2:] == [("INSERT INTO accounts (address) VALUES %s", [("a@example.org",)]), ("COMMIT", ())]
    assert "s3cret" not in repr(target) + str(target)


def test_mariadb_is_asked_in_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = server(monkeypatch, "pymysql", {"SELECT GET_LOCK": [(1,)]})
    wanted = SqlStore(Target("mysql", host="/run/s.sock", name="mail", user="admin"), "lookups", mode=0o600)
    with wanted.locked():
        wanted.read(lambda _database: ())
        with wanted.writing():
            pass
    assert fake.connected["unix_socket"] == "/run/s.sock"
    created = [statement for statement, _values in fake.told if statement.startswith("CREATE TABLE ")]
    assert len(created) == 6
    assert all("COLLATE utf8mb4_bin" in statement for statement in created)
    assert fake.told[-1] == ("COMMIT", ())


TLS = {"host": "db.example.org", "name": "mail", "user": "u", "tls": True, "ca_file": "/ca.pem"}


def test_an_encrypted_connection_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    postgresql = server(monkeypatch, "psycopg2")
    with opened(parse_target({**TLS, "driver": "pgsql"}), write=False):
        assert (postgresql.connected["sslmode"], postgresql.connected["sslrootcert"]) == ("verify-full", "/ca.pem")
    mariadb = server(monkeypatch, "pymysql")
    with opened(parse_target({**TLS, "driver": "mysql"}), write=False):
        assert mariadb.connected["ssl"] == {"ca": "/ca.pem", "check_hostname": True}
        assert mariadb.told == [("PASSWORD", ())]
    with opened(parse_target({**TLS, "driver": "pgsql", "tls": False}), write=False):
        assert not {"sslmode", "sslrootcert"} & set(postgresql.connected)


def test_a_server_without_tls_does_not_hear_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    mariadb = server(monkeypatch, "pymysql")
    mariadb.server_capabilities ^= 0x800
    with (
        pytest.raises(DatabaseError, match="MariaDB database mail on db.example.org: the server has no TLS"),
        opened(parse_target({**TLS, "driver": "mysql"}), write=False),
    ):
        pass
    assert "has no TLS" in SqlStore(parse_target({**TLS, "driver": "mysql"}), "accounts", mode=0o600).lacks()[0]
    assert mariadb.told == []


@pytest.mark.parametrize("change", [{"ca_file": None}, {"host": None}, {"host": "/run/mysqld/mysqld.sock"}])
def test_tls_needs_a_name_and_authorities(change: dict[str, t.Any]) -> None:
    with pytest.raises(DatabaseError, match="tls needs ca_file, and host"):
        parse_target({**TLS, "driver": "mysql", **change})


def test_a_lock_that_is_not_given_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    server(monkeypatch, "pymysql", {"SELECT GET_LOCK": [(0,)]})
    with (
        pytest.raises(DatabaseError, match="MariaDB database mail on this host: another run has held its lock"),
        opened(Target("mysql", name="mail", user="u", password="p"), write=True),
    ):
        pass


def test_a_server_that_is_down_is_named_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    server(monkeypatch, "psycopg2", refusal="connection refused\n\tIs the server running?")
    wanted = SqlStore(Target("pgsql", host="db", name="mail", user="u"), "accounts", mode=0o600)
    text = "PostgreSQL database mail on db cannot be opened as u: connection refused Is the server running?"
    assert wanted.lacks() == (text,)
    assert wanted.read(lambda _database: 1) is None
    with pytest.raises(DatabaseAbsentError), wanted.locked():
        pass


def test_a_missing_driver_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    wanted = SqlStore(Target("pgsql", name="mail", user="u"), "accounts", mode=0o600)
    assert "install it first (Debian: python3-psycopg2)" in wanted.lacks()[0]


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"driver": "sqlite"}, "path"),
        ({"driver": "pgsql", "user": "u"}, "name"),
        ({"driver": "mysql"}, "name and user"),
    ],
)
def test_a_target_needs_what_its_driver_needs(options: dict[str, str], missing: str) -> None:
    with pytest.raises(DatabaseError, match=f"needs {missing}"):
        parse_target(options)
