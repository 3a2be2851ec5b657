# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The tables of accounts and of Postfix's lookups, as numbered steps that bring an older database up to date."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Driver = t.Literal["sqlite", "pgsql", "mysql"]
Part = t.Literal["accounts", "lookups"]

VERSIONS = "schema_version"
ACCOUNTS = "accounts"
APP_PASSWORDS = "app_passwords"
# A key of MariaDB has room for no more beside an address.
NAME_LENGTH = 254


@dataclass(frozen=True)
class LookupTable:
    """One of Postfix's tables: a row is a key, or a key and one of its values."""

    name: str
    columns: tuple[str, ...]


DOMAINS = LookupTable("domains", ("domain",))
MAILBOXES = LookupTable("mailboxes", ("address",))
ALIASES = LookupTable("aliases", ("address", "target"))
SENDER_LOGINS = LookupTable("sender_logins", ("sender", "login"))
TRANSPORTS = LookupTable("transports", ("address", "transport"))
LOOKUPS = (DOMAINS, MAILBOXES, ALIASES, SENDER_LOGINS, TRANSPORTS)


@dataclass(frozen=True)
class Migration:
    """A step from one version of a part to the next; statements hold names of types in braces."""

    version: int
    statements: tuple[str, ...]


# Addresses are compared byte by byte: MariaDB would otherwise take e and é for the same letter.
_TYPES: dict[Driver, dict[str, str]] = {
    "sqlite": {"address": "VARCHAR(254)", "name": f"VARCHAR({NAME_LENGTH})", "text": "TEXT", "options": ""},
    "pgsql": {"address": "VARCHAR(254)", "name": f"VARCHAR({NAME_LENGTH})", "text": "TEXT", "options": ""},
    "mysql": {
        "address": "VARCHAR(254)",
        "name": f"VARCHAR({NAME_LENGTH})",
        "text": "VARCHAR(2000)",
        "options": " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    },
}


def _lookup_table(table: LookupTable) -> str:
    columns = ", ".join(f"{column} {{address}} NOT NULL" for column in table.columns)
    key = ", ".join(table.columns)
    return (
        f"CREATE TABLE {table.name} ({columns}, source {{address}} NOT NULL DEFAULT '', PRIMARY KEY ({key})){{options}}"
    )


MIGRATIONS: dict[Part, tuple[Migration, ...]] = {
    "accounts": (
        Migration(
            1,
            (
                f"CREATE TABLE {ACCOUNTS} (address {{address}} NOT NULL PRIMARY KEY, password {{text}} NOT NULL, "
                "name {text} NOT NULL DEFAULT '', home {text} NOT NULL, active SMALLINT NOT NULL DEFAULT 1, "
                "quota_bytes BIGINT, allow_nets {text}, expires DATE){options}",
            ),
        ),
        Migration(
            2,
            (
                f"CREATE TABLE {APP_PASSWORDS} (address {{address}} NOT NULL, name {{name}} NOT NULL, "
                "password {text} NOT NULL, imap SMALLINT NOT NULL DEFAULT 0, pop3 SMALLINT NOT NULL DEFAULT 0, "
                "smtp SMALLINT NOT NULL DEFAULT 0, sieve SMALLINT NOT NULL DEFAULT 0, allow_nets {text}, "
                "PRIMARY KEY (address, name)){options}",
            ),
        ),
    ),
    "lookups": (Migration(1, tuple(_lookup_table(table) for table in LOOKUPS)),),
}


def create_versions(driver: Driver) -> str:
    """Return the statement that makes the table in which each part notes its version, unless it is there."""
    return (
        f"CREATE TABLE IF NOT EXISTS {VERSIONS} (part {_TYPES[driver]['address']} NOT NULL PRIMARY KEY, "
        f"version INTEGER NOT NULL){_TYPES[driver]['options']}"
    )


def pending(migrations: t.Sequence[Migration], version: int) -> tuple[Migration, ...]:
    """Return the steps that a database of this version lacks."""
    return tuple(migration for migration in migrations if migration.version > version)


def statements(migration: Migration, driver: Driver) -> tuple[str, ...]:
    """Return the statements of a step in the language of a driver."""
    return tuple(statement.format_map(_TYPES[driver]) for statement in migration.statements)
