# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Mail accounts in a database that Dovecot asks: SQLite, PostgreSQL or MariaDB."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace

from ansible_collections.postmaster.mail.plugins.module_utils import _account
from ansible_collections.postmaster.mail.plugins.module_utils._account import SERVICES, AccountError, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import (
    AccountBackendError,
    Changes,
    Records,
    Upkeep,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import NO_NETWORK
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_compose import passdbs
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import (
    Database,
    DatabaseError,
    Row,
    Target,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_schema import (
    ACCOUNTS,
    APP_PASSWORDS,
    NAME_LENGTH,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_store import SqlStore
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import AppPassword, Entry, field_name

_COLUMNS = ("address", "password", "name", "home", "active", "quota_bytes", "allow_nets", "expires")
_APP_COLUMNS = ("address", "name", "password", *SERVICES, "allow_nets")
_DISABLED = "nologin"


def to_row(entry: Entry) -> Row:
    """Return the columns of an account. Raises AccountBackendError for a field that has no column."""
    active, quota, networks, expires = 1, None, None, None
    for token in entry.extra:
        name, _separator, value = token.partition("=")
        limit = _account.read_quota(token) if name in _account.QUOTA_FIELDS else None
        if name == _DISABLED:
            active = 0
        elif limit is not None:
            quota = limit
        elif name == "allow_nets":
            networks = networks if token == NO_NETWORK else value
        elif name == "expires":
            expires = value
        else:
            raise AccountBackendError(f"{entry.user}: {field_name(token)} has no column in the database")
    return (entry.user, entry.password, entry.gecos, entry.home, active, quota, networks, expires)


def to_entry(row: Row, *, grammar_2_4: bool) -> Entry:
    """Return the account of a row, with the storage limit as the installed Dovecot spells it."""
    address, password, name, home, active, quota, networks, expires = row
    extra: list[str] = []
    if quota is not None:
        extra.append(_account.quota_token(int(quota), grammar_2_4=grammar_2_4))
    if networks:
        extra.append(f"allow_nets={networks}")
    if expires is not None:
        extra.append(f"expires={expires}")
    if not active:
        extra += [_DISABLED, NO_NETWORK]
    return Entry(user=address, password=password, gecos=name, home=home, extra=tuple(extra))


def to_app_passwords(rows: t.Iterable[Row]) -> dict[str, tuple[AppPassword, ...]]:
    """Return the app passwords of each account, by name."""
    found: dict[str, list[AppPassword]] = {}
    for address, name, password, *allowed, networks in sorted(rows, key=lambda row: row[:2]):
        services = tuple(service for service, opens in zip(SERVICES, allowed) if opens)
        one = AppPassword(name, password, services, tuple(networks.split(",")) if networks else ())
        found.setdefault(address, []).append(one)
    return {address: tuple(several) for address, several in found.items()}


class SqlBackend:
    """An AccountBackend over two tables."""

    def __init__(self, target: Target, group: str, *, grammar_2_4: bool) -> None:
        """group is the one that Dovecot's auth process reads a file of SQLite as."""
        self.place = str(target)
        self._driver = target.driver
        self._store = SqlStore(target, "accounts", group=group, mode=0o640)
        self._grammar_2_4 = grammar_2_4
        self._records: dict[str, Entry] = {}
        self._left: set[str] = set()

    def check(self, wishes: t.Iterable[Wish]) -> None:
        """Raise AccountError for what no column of the database holds."""
        for wish in wishes:
            if wish.extra_fields:
                names = ", ".join(name for name, _token in wish.extra_fields)
                raise AccountError(
                    f"{wish.address}: extra_fields ({names}) have no column in the database; "
                    "they need backend: passwd_file, or a column and a query of your own"
                )
            for one in wish.app_passwords or ():
                if len(one.name) > NAME_LENGTH:
                    raise AccountError(
                        f"{wish.address}: app_passwords: {one.name[:20]}... has a name of more than {NAME_LENGTH} "
                        "characters, which the database has no room for"
                    )

    def lacks(self) -> tuple[str, ...]:
        return self._store.lacks()

    @contextlib.contextmanager
    def lock(self) -> t.Iterator[None]:
        with _as_backend_errors(), self._store.locked():
            yield

    def read(self) -> Records:
        with _as_backend_errors():
            found = self._store.read(_ask)
        rows, app_password_rows = found or ([], [])
        entries = [to_entry(row, grammar_2_4=self._grammar_2_4) for row in rows]
        app_passwords = to_app_passwords(app_password_rows)
        self._left = set(app_passwords) - {entry.user for entry in entries}
        self._records = {
            entry.user: replace(entry, app_passwords=app_passwords[entry.user])
            if entry.user in app_passwords
            else entry
            for entry in entries
        }
        return self._records

    def passdbs(self, entries: t.Iterable[Entry], /) -> list[dict[str, t.Any]]:
        """One for all accounts, and one for each app password of the account that has the most."""
        return passdbs(self._driver, max((len(entry.app_passwords) for entry in entries), default=0))

    def upkeep(self) -> Upkeep | None:
        texts = self._store.upkeep()
        return None if texts is None else Upkeep(before=texts[0], after=texts[1])

    def write(self, changes: Changes) -> None:
        before = [self._records[user] for user in changes if user in self._records]
        after = [entry for entry in changes.values() if entry is not None]
        # Somebody else may have removed an account and left its app passwords: they are not those of a new one.
        new = [(entry.user,) for entry in after if entry.user in self._left]
        with _as_backend_errors(), self._store.writing() as database:
            database.execute_many(f"DELETE FROM {APP_PASSWORDS} WHERE address = ?", new)
            _bring(database, APP_PASSWORDS, _APP_COLUMNS, _app_rows(before), _app_rows(after))
            _bring(database, ACCOUNTS, _COLUMNS, _account_rows(before), _account_rows(after))

    def settle(self) -> None:
        """Dovecot asks the database anew each time."""


def _ask(database: Database) -> tuple[list[Row], list[Row]]:
    accounts = database.rows(f"SELECT {', '.join(_COLUMNS)} FROM {ACCOUNTS}")
    if not database.has_table(APP_PASSWORDS):
        return accounts, []
    return accounts, database.rows(f"SELECT {', '.join(_APP_COLUMNS)} FROM {APP_PASSWORDS}")


def _account_rows(entries: t.Iterable[Entry]) -> dict[Row, Row]:
    """Return the columns of accounts, by those that name one."""
    rows = [to_row(entry) for entry in entries]
    return {row[:1]: row[1:] for row in rows}


def _app_rows(entries: t.Iterable[Entry]) -> dict[Row, Row]:
    """Return the columns of the app passwords of accounts, by those that name one."""
    return {
        (entry.user, one.name): (
            one.password,
            *(int(service in one.services) for service in SERVICES),
            ",".join(one.allow_nets) or None,
        )
        for entry in entries
        for one in entry.app_passwords
    }


def _bring(
    database: Database,
    table: str,
    columns: t.Sequence[str],
    before: t.Mapping[Row, Row],
    after: t.Mapping[Row, Row],
) -> None:
    """Make the rows of a table those of after; both are by the first columns, which name a row."""
    length = len(next(iter((*before, *after)), ()))
    naming = " AND ".join(f"{column} = ?" for column in columns[:length])
    assignments = ", ".join(f"{column} = ?" for column in columns[length:])
    database.execute_many(f"DELETE FROM {table} WHERE {naming}", [key for key in before if key not in after])
    database.execute_many(
        f"UPDATE {table} SET {assignments} WHERE {naming}",
        [(*row, *key) for key, row in after.items() if key in before and before[key] != row],
    )
    database.insert(table, columns, [(*key, *row) for key, row in after.items() if key not in before])


@contextlib.contextmanager
def _as_backend_errors() -> t.Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise AccountBackendError(str(error)) from error
