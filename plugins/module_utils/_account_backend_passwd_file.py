# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Mail accounts in a Dovecot passwd-file."""

from __future__ import annotations

import contextlib
import grp
import math
import os
import time

from ansible_collections.postmaster.mail.plugins.module_utils import _files
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import (
    AccountBackendError,
    Changes,
    Records,
    Upkeep,
)
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import PasswdFile, PasswdFileError, parse

_MODE = 0o640
_TICK = 0.02


class PasswdFileBackend:
    """An AccountBackend over one file."""

    def __init__(self, path: str, group: str) -> None:
        """group is the one that Dovecot's auth process reads the file as."""
        self.place = path
        self._path = os.path.realpath(path)
        self._group = group
        self._current: PasswdFile | None = None
        try:
            self._access: _files.FileAccess | None = _files.FileAccess(
                mode=_MODE, uid=os.geteuid(), gid=grp.getgrnam(group).gr_gid
            )
        except KeyError:
            self._access = None

    def lacks(self) -> tuple[str, ...]:
        lacks: list[str] = []
        if self._access is None:
            lacks.append(f"passwd_file_group {self._group} does not exist; it comes with Dovecot")
        directory = os.path.dirname(self._path)
        if not os.path.isdir(directory):
            lacks.append(f"the directory of path {directory} is no directory; create it first")
        return tuple(lacks)

    def lock(self) -> contextlib.AbstractContextManager[None]:
        directory, name = os.path.split(self._path)
        if not os.path.isdir(directory):
            return contextlib.nullcontext()
        return _files.locked(os.path.join(directory, f".{name}.lock"))

    def read(self) -> Records:
        try:
            self._current = parse(_files.read_bytes(self._path) or b"")
        except PasswdFileError as error:
            raise AccountBackendError(f"{self.place}: {error}") from error
        return self._current.accounts

    def upkeep(self) -> Upkeep | None:
        access = _files.read_access(self._path)
        if access is None or self._access is None or access == self._access:
            return None
        return Upkeep(before=_in_words(access), after=_in_words(self._access))

    def write(self, changes: Changes) -> None:
        if self._current is None or self._access is None:
            raise AccountBackendError(f"{self.place} was not read, or {'; '.join(self.lacks())}")
        content = self._current.replaced(changes)
        _files.replace_file(self._path, content, self._access, mtime=_next_mtime(self._path))

    def settle(self) -> None:
        # Dovecot looks at the file once in a second at most. Until the next second begins it may answer from what it
        # read before, and even put that into its cache again.
        now = time.time()
        time.sleep(math.floor(now) + 1.0 - now + _TICK)


def _next_mtime(path: str) -> float:
    """Return a modification time that Dovecot tells from the last one: it compares whole seconds and the size."""
    now = time.time()
    try:
        return max(now, math.floor(os.stat(path).st_mtime) + 1.0)
    except FileNotFoundError:
        return now


def _in_words(access: _files.FileAccess) -> str:
    return f"mode={access.mode:04o} uid={access.uid} gid={access.gid}"
