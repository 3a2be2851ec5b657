# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""One part of the schema in a database: read as it is, brought up to date and written in one transaction."""

from __future__ import annotations

import contextlib
import grp
import os
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils import _files
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import (
    Database,
    DatabaseAbsentError,
    DatabaseError,
    Target,
    opened,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_schema import (
    MIGRATIONS,
    Migration,
    Part,
    pending,
)

Result = t.TypeVar("Result")


class SqlStore:
    """A database with one part of the schema. mode and group are those of the file, if it is one of SQLite."""

    def __init__(
        self,
        target: Target,
        part: Part,
        *,
        mode: int,
        group: str | None = None,
        migrations: t.Sequence[Migration] | None = None,
    ) -> None:
        self._target = target
        self._part = part
        self._migrations = MIGRATIONS[part] if migrations is None else migrations
        self._group = group
        self._access = _access(mode, group) if target.driver == "sqlite" else None
        self._database: Database | None = None
        self._version = 0

    def lacks(self) -> tuple[str, ...]:
        """Return what is missing before writing can work."""
        if self._target.driver == "sqlite":
            lacks: list[str] = []
            directory = os.path.dirname(os.path.abspath(self._target.path))
            if not os.path.isdir(directory):
                lacks.append(f"the directory {directory} of the database does not exist; create it first")
            if self._access is None:
                lacks.append(f"the group {self._group} does not exist; it comes with Dovecot")
            return tuple(lacks)
        try:
            with opened(self._target, write=False):
                return ()
        except DatabaseError as error:
            return (str(error),)

    @contextlib.contextmanager
    def locked(self) -> t.Iterator[None]:
        """Keep other runs away for the length of the block."""
        if self._target.driver != "sqlite":
            with opened(self._target, write=True) as self._database:
                yield
            return
        directory, name = os.path.split(os.path.abspath(self._target.path))
        if not os.path.isdir(directory):
            yield
            return
        with _files.locked(os.path.join(directory, f".{name}.lock")):
            yield

    def read(self, ask: t.Callable[[Database], Result]) -> Result | None:
        """Return what ask finds, or None where there are no tables yet. Changes nothing."""
        with contextlib.ExitStack() as stack:
            database = self._database
            if database is None:
                try:
                    database = stack.enter_context(opened(self._target, write=False))
                except DatabaseAbsentError:
                    return None
            self._version = database.version(self._part)
            if self._migrations and self._version > self._migrations[-1].version:
                raise DatabaseError(
                    f"{self._target}: its tables for {self._part} are of version {self._version}, made by a later "
                    f"release of this collection, which knows {self._migrations[-1].version}; use that release"
                )
            return ask(database) if self._version else None

    def upkeep(self) -> tuple[str, str] | None:
        """Return what writing puts right besides rows, as texts before and after. Called after read."""
        before: list[str] = []
        after: list[str] = []
        steps = pending(self._migrations, self._version)
        if steps:
            before.append(f"tables for {self._part}: version {self._version}")
            after.append(f"tables for {self._part}: version {steps[-1].version}")
        access = _files.read_access(self._target.path) if self._access is not None else None
        if access is not None and self._access is not None and access != self._access:
            before.append(_in_words(access))
            after.append(_in_words(self._access))
        return ("; ".join(before), "; ".join(after)) if before else None

    @contextlib.contextmanager
    def writing(self) -> t.Iterator[Database]:
        """Open the database with its tables up to date; what the block writes takes effect at its end."""
        with contextlib.ExitStack() as stack:
            database = self._database
            if database is None:
                database = stack.enter_context(opened(self._target, write=True, access=self._access))
            database.migrate(self._part, pending(self._migrations, self._version))
            yield database
            database.commit()
        if self._access is not None and _files.read_access(self._target.path) != self._access:
            os.chown(self._target.path, self._access.uid, self._access.gid)
            os.chmod(self._target.path, self._access.mode)


def _access(mode: int, group: str | None) -> _files.FileAccess | None:
    try:
        gid = os.getegid() if group is None else grp.getgrnam(group).gr_gid
    except KeyError:
        return None
    return _files.FileAccess(mode=mode, uid=os.geteuid(), gid=gid)


def _in_words(access: _files.FileAccess) -> str:
    return f"mode={access.mode:04o} uid={access.uid} gid={access.gid}"
