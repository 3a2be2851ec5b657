# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hash of an account in a database: SQLite, PostgreSQL or MariaDB."""

from __future__ import annotations

import contextlib
import importlib
import pathlib
import sqlite3
import typing as t

from password_store import StoreError

_TIMEOUT = 20
# What the greeting of a server with TLS has among its capabilities.
_MYSQL_TLS = 1 << 11
_DRIVERS = {"pgsql": "psycopg2", "mysql": "pymysql"}


class Sql:
    """The column of the hash in the table of the accounts, and nothing else of it."""

    def __init__(self, database: t.Mapping[str, t.Any]) -> None:
        self._database = database

    def keep(self, name: str, password_hash: str) -> None:
        driver = self._database["driver"]
        mark = "?" if driver == "sqlite" else "%s"
        statement = f"UPDATE accounts SET password = {mark} WHERE address = {mark}"
        error, connect = _driver(driver)
        try:
            with contextlib.closing(connect(self._database)) as connection:
                with contextlib.closing(connection.cursor()) as cursor:
                    cursor.execute(statement, (password_hash, name))
                    if cursor.rowcount != 1:
                        raise StoreError("the table accounts has no such account")
                connection.commit()
        except error as fault:
            raise StoreError(f"the database: {' '.join(str(fault).split())}") from fault


def _driver(name: str) -> tuple[type[Exception], t.Callable[[t.Mapping[str, t.Any]], t.Any]]:
    if name == "sqlite":
        return sqlite3.Error, _open_sqlite
    driver: t.Any = importlib.import_module(_DRIVERS[name])

    def connect(database: t.Mapping[str, t.Any]) -> t.Any:
        if name == "pgsql":
            return driver.connect(connect_timeout=_TIMEOUT, **pgsql_options(database))
        connection = driver.connect(connect_timeout=_TIMEOUT, defer_connect=True, **mysql_options(database))
        if database["ca_file"]:
            demand_tls(connection)
        connection.connect()
        return connection

    return driver.Error, connect


def pgsql_options(database: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what psycopg2 is told of a server."""
    tls = {"sslmode": "verify-full", "sslrootcert": database["ca_file"]} if database["ca_file"] else {}
    port = {"port": database["port"]} if database["port"] else {}
    login = {"dbname": database["name"], "user": database["user"], "password": database["password"]}
    return {"host": database["host"], **port, **login, **tls}


def mysql_options(database: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what PyMySQL is told of a server."""
    host = database["host"]
    place = {"unix_socket": host} if host.startswith("/") else {"host": host}
    port = {"port": database["port"]} if database["port"] and "host" in place else {}
    login = {"database": database["name"], "user": database["user"], "password": database["password"]}
    tls = {"ssl": {"ca": database["ca_file"], "check_hostname": True}} if database["ca_file"] else {}
    return {**place, **port, **login, **tls, "charset": "utf8mb4"}


def demand_tls(connection: t.Any) -> None:
    """Keep the password from a server that says it has no TLS, which the driver does not mind. Raises StoreError."""
    answer = connection._request_authentication

    def answer_with_tls() -> None:
        if not connection.server_capabilities & _MYSQL_TLS:
            raise StoreError("the database: the server has no TLS")
        answer()

    connection._request_authentication = answer_with_tls


def _open_sqlite(database: t.Mapping[str, t.Any]) -> sqlite3.Connection:
    uri = f"{pathlib.Path(database['path']).as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_TIMEOUT)
