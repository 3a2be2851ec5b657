# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Mail accounts in a Dovecot passwd-file, with further passwords in files beside it.

App passwords are in C(<path>.d/<protocol>.<slot>), where protocol is what Dovecot calls the service that a client logs
in to. An account has its first app password in slot 1, its second in slot 2. Dovecot tries one passdb for each slot.
"""

from __future__ import annotations

import contextlib
import grp
import math
import os
import re
import time
import typing as t
from dataclasses import replace

from ansible_collections.postmaster.mail.plugins.module_utils import _files
from ansible_collections.postmaster.mail.plugins.module_utils._account import SERVICES, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import (
    AccountBackendError,
    Changes,
    Records,
    Upkeep,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import (
    EXPIRES,
    PROTOCOLS,
    expires_of,
    is_locked,
    networks_of,
    with_lock,
    with_networks,
)
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import (
    AppPassword,
    Entry,
    PasswdFile,
    PasswdFileError,
    parse,
)

_MODE = 0o640
_TICK = 0.02
_SLOT_FILE = re.compile(rf"(?:{'|'.join(PROTOCOLS)})\.[1-9][0-9]*")
_NOTHING = parse(b"")


class PasswdFileBackend:
    """An AccountBackend over one file, and a folder for app passwords."""

    def __init__(self, path: str, group: str) -> None:
        """group is the one that Dovecot's auth process reads the files as."""
        self.place = path
        self._path = os.path.realpath(path)
        # Beside the name that Dovecot knows, even if that is a link.
        self._folder = f"{path}.d"
        self._group = group
        self._parsed: dict[str, PasswdFile] = {}
        self._records: dict[str, Entry] = {}
        try:
            self._access: _files.FileAccess | None = _files.FileAccess(
                mode=_MODE, uid=os.geteuid(), gid=grp.getgrnam(group).gr_gid
            )
        except KeyError:
            self._access = None

    def check(self, wishes: t.Iterable[Wish]) -> None:
        """A passwd-file holds whatever an account may have."""

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
        self._parsed = {path: self._parse(path) for path in (self._path, *self._slot_files())}
        app_passwords = app_passwords_of(
            {os.path.basename(path): one.accounts for path, one in self._parsed.items() if path != self._path}
        )
        self._records = {
            user: replace(entry, app_passwords=app_passwords[user]) if user in app_passwords else entry
            for user, entry in self._parsed[self._path].accounts.items()
        }
        return self._records

    def passdbs(self, entries: t.Iterable[Entry], /) -> list[dict[str, str]]:
        """One for the file, and one for each app password of the account that has the most."""
        slots = max((len(entry.app_passwords) for entry in entries), default=0)
        paths = {
            "passwd-file": self.place,
            **{f"app-{slot}": f"{self._folder}/%{{protocol}}.{slot}" for slot in range(1, slots + 1)},
        }
        return [{"name": name, "driver": "passwd-file", "path": path} for name, path in paths.items()]

    def upkeep(self) -> Upkeep | None:
        if self._access is None:
            return None
        for path in self._parsed:
            access = _files.read_access(path)
            if access is not None and access != self._access:
                return Upkeep(before=_in_words(access), after=_in_words(self._access))
        return None

    def write(self, changes: Changes) -> None:
        if self._access is None:
            raise AccountBackendError("; ".join(self.lacks()))
        after = {user: entry for user, entry in {**self._records, **changes}.items() if entry is not None}
        slots = max((len(entry.app_passwords) for entry in after.values()), default=0)
        contents = {self._path: self._parsed[self._path].replaced(changes)}
        for name in sorted(f"{protocol}.{slot + 1}" for protocol in PROTOCOLS for slot in range(slots)):
            path = os.path.join(self._folder, name)
            lines = {user: app_line(entry, name) for user, entry in changes.items()}
            contents[path] = self._parsed.get(path, _NOTHING).replaced(lines)
        if slots:
            self._make_folder(self._access)
        for path, content in contents.items():
            if content != _files.read_bytes(path) or _files.read_access(path) != self._access:
                _files.replace_file(path, content, self._access, mtime=_next_mtime(path))
        for path in set(self._parsed) - set(contents):
            os.unlink(path)

    def settle(self) -> None:
        # Dovecot looks at a file once in a second at most. Until the next second begins it may answer from what it
        # read before, and even put that into its cache again.
        now = time.time()
        time.sleep(math.floor(now) + 1.0 - now + _TICK)

    def _parse(self, path: str) -> PasswdFile:
        try:
            return parse(_files.read_bytes(path) or b"")
        except PasswdFileError as error:
            raise AccountBackendError(f"{self.place if path == self._path else path}: {error}") from error

    def _slot_files(self) -> list[str]:
        names = os.listdir(self._folder) if os.path.isdir(self._folder) else []
        return [os.path.join(self._folder, name) for name in sorted(names) if _SLOT_FILE.fullmatch(name)]

    def _make_folder(self, access: _files.FileAccess) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._folder, 0o750)
            os.chown(self._folder, access.uid, access.gid)


def app_passwords_of(files: t.Mapping[str, t.Mapping[str, Entry]]) -> dict[str, tuple[AppPassword, ...]]:
    """Return the app passwords of each account; files are the lines of each file by the name of the file."""
    found: dict[str, dict[int, AppPassword]] = {}
    for name, entries in files.items():
        protocol, _dot, slot = name.partition(".")
        for user, entry in entries.items():
            slots = found.setdefault(user, {})
            one = slots.get(int(slot), AppPassword(entry.gecos, entry.password, (), networks_of(entry.extra)))
            services = {*one.services, PROTOCOLS[protocol]}
            slots[int(slot)] = replace(one, services=tuple(service for service in SERVICES if service in services))
    return {user: tuple(one for _slot, one in sorted(slots.items())) for user, slots in found.items()}


def app_line(entry: Entry | None, file_name: str) -> Entry | None:
    """Return what the file of an app password has to say about an account, or None if it says nothing."""
    protocol, _dot, slot = file_name.partition(".")
    if entry is None or len(entry.app_passwords) < int(slot):
        return None
    one = entry.app_passwords[int(slot) - 1]
    if PROTOCOLS[protocol] not in one.services:
        return None
    extra = with_networks((), one.allow_nets)
    expires = expires_of(entry.extra)
    if expires is not None:
        extra = (*extra, f"{EXPIRES}={expires}")
    # An account that is locked is so for each of its passwords.
    extra = with_lock(extra) if is_locked(entry.extra) else extra
    return Entry(user=entry.user, password=one.password, gecos=one.name, extra=extra)


def _next_mtime(path: str) -> float:
    """Return a modification time that Dovecot tells from the last one: it compares whole seconds and the size."""
    now = time.time()
    try:
        return max(now, math.floor(os.stat(path).st_mtime) + 1.0)
    except FileNotFoundError:
        return now


def _in_words(access: _files.FileAccess) -> str:
    return f"mode={access.mode:04o} uid={access.uid} gid={access.gid}"
