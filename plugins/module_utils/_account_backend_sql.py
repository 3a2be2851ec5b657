# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Mail accounts in a database that Dovecot asks: SQLite, PostgreSQL or MariaDB."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils import _account
from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import (
    AccountBackendError,
    Changes,
    Records,
    Upkeep,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import NO_NETWORK
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import (
    DatabaseError,
    Row,
    Target,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_schema import ACCOUNTS
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_store import SqlStore
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry, field_name

_COLUMNS = ("address", "password", "name", "home", "active", "quota_bytes", "allow_nets", "expires")
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


class SqlBackend:
    """An AccountBackend over one table."""

    def __init__(self, target: Target, group: str, *, grammar_2_4: bool) -> None:
        """group is the one that Dovecot's auth process reads a file of SQLite as."""
        self.place = str(target)
        self._store = SqlStore(target, "accounts", group=group, mode=0o640)
        self._grammar_2_4 = grammar_2_4
        self._records: dict[str, Entry] = {}

    def check(self, wishes: t.Iterable[Wish]) -> None:
        """Raise AccountError for what no column of the database holds."""
        for wish in wishes:
            if wish.extra_fields:
                names = ", ".join(name for name, _token in wish.extra_fields)
                raise AccountError(
                    f"{wish.address}: extra_fields ({names}) have no column in the database; "
                    "they need backend: passwd_file, or a column and a query of your own"
                )
            if wish.app_passwords:
                raise AccountError(
                    f"{wish.address}: app_passwords have no table in the database; they need backend: passwd_file"
                )

    def lacks(self) -> tuple[str, ...]:
        return self._store.lacks()

    @contextlib.contextmanager
    def lock(self) -> t.Iterator[None]:
        with _as_backend_errors(), self._store.locked():
            yield

    def read(self) -> Records:
        with _as_backend_errors():
            rows = self._store.read(lambda database: database.rows(f"SELECT {', '.join(_COLUMNS)} FROM {ACCOUNTS}"))
        entries = [to_entry(row, grammar_2_4=self._grammar_2_4) for row in rows or []]
        self._records = {entry.user: entry for entry in entries}
        return self._records

    def passdbs(self, _entries: t.Iterable[Entry], /) -> list[dict[str, str]]:
        """One query serves any account."""
        return []

    def upkeep(self) -> Upkeep | None:
        texts = self._store.upkeep()
        return None if texts is None else Upkeep(before=texts[0], after=texts[1])

    def write(self, changes: Changes) -> None:
        removed = [(user,) for user, entry in changes.items() if entry is None]
        rows = [to_row(entry) for entry in changes.values() if entry is not None]
        new = [row for row in rows if row[0] not in self._records]
        # The address is the last parameter of the statement.
        kept = [(*row[1:], row[0]) for row in rows if row[0] in self._records]
        assignments = ", ".join(f"{column} = ?" for column in _COLUMNS[1:])
        with _as_backend_errors(), self._store.writing() as database:
            database.execute_many(f"DELETE FROM {ACCOUNTS} WHERE address = ?", removed)
            database.execute_many(f"UPDATE {ACCOUNTS} SET {assignments} WHERE address = ?", kept)
            database.insert(ACCOUNTS, _COLUMNS, new)

    def settle(self) -> None:
        """Dovecot asks the database anew each time."""


@contextlib.contextmanager
def _as_backend_errors() -> t.Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise AccountBackendError(str(error)) from error
