# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One way to talk to SQLite, PostgreSQL and MariaDB: statements with parameters, in one transaction."""

from __future__ import annotations

import contextlib
import importlib
import os
import pathlib
import sqlite3
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils import _account_sql_schema as schema
from ansible_collections.postmaster.mail.plugins.module_utils import _files
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_schema import Driver, Migration, Part

Row = tuple[t.Any, ...]

_TIMEOUT = 30
_PACKAGES = {"pgsql": ("psycopg2", "python3-psycopg2"), "mysql": ("pymysql", "python3-pymysql")}
# Any number that no other program locks in the same database.
_PGSQL_LOCK = 7_205_011_466
# What the greeting of a server with TLS has among its capabilities.
_MYSQL_TLS = 1 << 11
_MYSQL_LOCK = "postmaster.mail"


class DatabaseError(Exception):
    """The database cannot be used; the text names it, the cause and what to do."""


class DatabaseAbsentError(DatabaseError):
    """There is no database to read from yet."""


@dataclass(frozen=True)
class Target:
    """Which database; path is for SQLite, all else for the servers. A host that begins with a slash is a socket."""

    driver: Driver
    host: str = ""
    port: int | None = None
    name: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    path: str = ""
    ca_file: str = ""

    def __str__(self) -> str:
        if self.driver == "sqlite":
            return f"SQLite database {self.path}"
        place = self.host or "this host"
        title = {"pgsql": "PostgreSQL", "mysql": "MariaDB"}[self.driver]
        return f"{title} database {self.name} on {place}"


class Database:
    """An open database. Whatever is done takes effect with commit, all of it or nothing."""

    def __init__(self, target: Target, connection: t.Any, error: type[Exception]) -> None:
        self.target = target
        self._connection = connection
        self._error = error

    @property
    def driver(self) -> Driver:
        return self.target.driver

    def rows(self, statement: str, values: Row = ()) -> list[Row]:
        """Return what a query finds."""
        with self._cursor() as cursor:
            cursor.execute(self._spelled(statement), values)
            return [tuple(row) for row in cursor.fetchall()]

    def execute(self, statement: str, values: Row = ()) -> None:
        """Run one statement."""
        with self._cursor() as cursor:
            cursor.execute(self._spelled(statement), values)

    def execute_many(self, statement: str, rows: t.Sequence[Row]) -> None:
        """Run a statement once for each row."""
        if not rows:
            return
        with self._cursor() as cursor:
            if self.driver == "pgsql":
                # executemany of this driver goes to the server and back for each row.
                importlib.import_module("psycopg2.extras").execute_batch(
                    cursor, self._spelled(statement), rows, page_size=500
                )
            else:
                cursor.executemany(self._spelled(statement), rows)

    def insert(self, table: str, columns: t.Sequence[str], rows: t.Sequence[Row]) -> None:
        """Add rows."""
        if self.driver == "pgsql" and rows:
            with self._cursor() as cursor:
                importlib.import_module("psycopg2.extras").execute_values(
                    cursor, f"INSERT INTO {table} ({', '.join(columns)}) VALUES %s", rows, page_size=500
                )
            return
        marks = ", ".join("?" for _column in columns)
        self.execute_many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name."""
        if self.driver == "sqlite":
            return bool(self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))
        place = "current_schema()" if self.driver == "pgsql" else "DATABASE()"
        return bool(
            self.rows(
                f"SELECT 1 FROM information_schema.tables WHERE table_schema = {place} AND table_name = ?", (name,)
            )
        )

    def version(self, part: Part) -> int:
        """Return the version of a part of the schema, 0 if it is not there."""
        if not self.has_table(schema.VERSIONS):
            return 0
        found = self.rows(f"SELECT version FROM {schema.VERSIONS} WHERE part = ?", (part,))
        return int(found[0][0]) if found else 0

    def migrate(self, part: Part, migrations: t.Sequence[Migration]) -> None:
        """Bring a part up to date. MariaDB commits each statement at once, so the version follows each step."""
        self.execute(schema.create_versions(self.driver))
        for migration in migrations:
            for statement in schema.statements(migration, self.driver):
                self.execute(statement)
            self.execute(f"DELETE FROM {schema.VERSIONS} WHERE part = ?", (part,))
            self.insert(schema.VERSIONS, ("part", "version"), [(part, migration.version)])

    def lock(self) -> None:
        """Begin the transaction and keep other runs out until the database is closed."""
        if self.driver == "sqlite":
            self.execute("BEGIN IMMEDIATE")
        elif self.driver == "pgsql":
            self.execute("SELECT pg_advisory_lock(?)", (_PGSQL_LOCK,))
        elif self.rows("SELECT GET_LOCK(?, ?)", (_MYSQL_LOCK, _TIMEOUT)) != [(1,)]:
            raise DatabaseError(f"{self.target}: another run has held its lock for {_TIMEOUT} seconds")

    def commit(self) -> None:
        """Make everything since lock take effect."""
        with self._named_errors():
            self._connection.commit()

    def close(self) -> None:
        """Leave; what was not committed never happened."""
        self._connection.close()

    def _spelled(self, statement: str) -> str:
        return statement if self.driver == "sqlite" else statement.replace("?", "%s")

    @contextlib.contextmanager
    def _cursor(self) -> t.Iterator[t.Any]:
        with self._named_errors():
            cursor = self._connection.cursor()
            try:
                yield cursor
            finally:
                cursor.close()

    @contextlib.contextmanager
    def _named_errors(self) -> t.Iterator[None]:
        try:
            yield
        except self._error as error:
            raise DatabaseError(f"{self.target}: {_one_line(error)}") from error


def database_option() -> dict[str, t.Any]:
    """Return the specification of the option database of a module."""
    return {
        "type": "dict",
        "options": {
            "driver": {"type": "str", "choices": ["sqlite", "pgsql", "mysql"], "required": True},
            "host": {"type": "str"},
            "port": {"type": "int"},
            "name": {"type": "str"},
            "user": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "path": {"type": "path"},
            "tls": {"type": "bool", "default": False},
            "ca_file": {"type": "path"},
        },
    }


def parse_target(options: t.Mapping[str, t.Any]) -> Target:
    """Read the option database of a module. Raises DatabaseError."""
    tls = options.get("tls") and options["driver"] != "sqlite"
    if tls and (not options.get("ca_file") or not options.get("host") or options["host"].startswith("/")):
        raise DatabaseError("database: tls needs ca_file, and host, a name or address and no socket")
    target = Target(
        driver=options["driver"],
        host=options.get("host") or "",
        port=options.get("port"),
        name=options.get("name") or "",
        user=options.get("user") or "",
        password=options.get("password") or "",
        path=options.get("path") or "",
        ca_file=options["ca_file"] if tls else "",
    )
    needed = ("path",) if target.driver == "sqlite" else ("name", "user")
    missing = [name for name in needed if not getattr(target, name)]
    if missing:
        raise DatabaseError(f"database: the driver {target.driver} needs {' and '.join(missing)}")
    return target


@contextlib.contextmanager
def opened(target: Target, *, write: bool, access: _files.FileAccess | None = None) -> t.Iterator[Database]:
    """Open a database; access is that of a new file of SQLite. Raises DatabaseError."""
    database = _open(target, write=write, access=access)
    try:
        if write:
            database.lock()
        yield database
    finally:
        database.close()


def _open(target: Target, *, write: bool, access: _files.FileAccess | None) -> Database:
    if target.driver == "sqlite":
        return _open_sqlite(target, write=write, access=access)
    module_name, package = _PACKAGES[target.driver]
    try:
        driver: t.Any = importlib.import_module(module_name)
        if target.driver == "pgsql":
            importlib.import_module("psycopg2.extras")
    except ImportError as error:
        raise DatabaseAbsentError(
            f"{target}: this Python has no {module_name}; install it first (Debian: {package})"
        ) from error
    connect = {"pgsql": _connect_pgsql, "mysql": _connect_mysql}[target.driver]
    try:
        return Database(target, connect(driver, target), driver.Error)
    except driver.Error as error:
        raise DatabaseAbsentError(f"{target} cannot be opened as {target.user}: {_one_line(error)}") from error


def _connect_pgsql(driver: t.Any, target: Target) -> t.Any:
    wanted: dict[str, t.Any] = {
        "host": target.host,
        "port": target.port,
        "dbname": target.name,
        "user": target.user,
        "password": target.password,
        "sslmode": "verify-full" if target.ca_file else None,
        "sslrootcert": target.ca_file,
    }
    given = {name: value for name, value in wanted.items() if value not in ("", None)}
    return driver.connect(connect_timeout=_TIMEOUT, **given)


def _connect_mysql(driver: t.Any, target: Target) -> t.Any:
    place: dict[str, t.Any] = {"host": target.host or "localhost"}
    if target.host.startswith("/"):
        place = {"unix_socket": target.host}
    elif target.port is not None:
        place["port"] = target.port
    if target.ca_file:
        place["ssl"] = {"ca": target.ca_file, "check_hostname": True}
    connection = driver.connect(
        database=target.name,
        user=target.user,
        password=target.password,
        charset="utf8mb4",
        connect_timeout=_TIMEOUT,
        defer_connect=True,
        **place,
    )
    if target.ca_file:
        _demand_tls(target, connection)
    connection.connect()
    return connection


def _demand_tls(target: Target, connection: t.Any) -> None:
    """Keep the password from a server that says it has no TLS, which the driver does not mind."""
    answer = connection._request_authentication

    def answer_with_tls() -> None:
        if not connection.server_capabilities & _MYSQL_TLS:
            raise DatabaseError(f"{target}: the server has no TLS; set it up there, or leave tls out")
        answer()

    connection._request_authentication = answer_with_tls


def _open_sqlite(target: Target, *, write: bool, access: _files.FileAccess | None) -> Database:
    path = os.path.abspath(target.path)
    if not os.path.exists(path):
        if not write:
            raise DatabaseAbsentError(f"{target} does not exist")
        if access is not None:
            _files.replace_file(path, b"", access)
    mode = "rw" if write else "ro"
    uri = f"{pathlib.Path(path).as_uri()}?mode={mode}{'' if os.path.exists(path) or not write else 'c'}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_TIMEOUT)
    except sqlite3.Error as error:
        raise DatabaseError(f"{target} cannot be opened: {_one_line(error)}") from error
    return Database(target, connection, sqlite3.Error)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
