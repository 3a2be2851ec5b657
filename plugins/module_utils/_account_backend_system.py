# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Mail accounts that are Unix users without a shell, whose logins PAM checks.

Unix has no field for the address, the quota, networks, app passwords and whether an account is disabled: a passwd-file
without passwords has those, and names the user by its number. Where the two differ, the file counts, except for the
password. Users come first and go last but one, so that a run that was interrupted can be repeated.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.postmaster.mail.plugins.module_utils import _files
from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError, OnRemove, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import (
    AccountBackendError,
    Changes,
    Records,
    Upkeep,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_passwd_file import PasswdFileBackend
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import expires_of, is_locked
from ansible_collections.postmaster.mail.plugins.module_utils._maildir import Owner
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner
from ansible_collections.postmaster.mail.plugins.module_utils._unix_users import (
    UnixUser,
    UnixUsers,
    check_scheme,
    locked_secret,
    parse_unix,
    to_dovecot,
    to_unix,
    unix_name,
)

# A password field that no password fits. An empty one would fit any.
_NO_PASSWORD = "*"
_SHELL = "/usr/sbin/nologin"
_PROGRAMS = ("useradd", "usermod", "userdel", "gpasswd", "chpasswd")
_SYSTEM_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
_ORIGINAL = "%{original_user | lower}"


@dataclass(frozen=True)
class SystemFiles:
    """Where the users of the system are."""

    passwd: str = "/etc/passwd"
    shadow: str = "/etc/shadow"
    group: str = "/etc/group"


class SystemBackend:
    """An AccountBackend over the members of a group."""

    def __init__(
        self,
        file: PasswdFileBackend,
        *,
        group: str,
        pam_service: str,
        runner: CommandRunner,
        files: SystemFiles = SystemFiles(),
    ) -> None:
        """file holds what Unix has no field for."""
        self.place = f"Unix group {group} and {file.place}"
        self._file = file
        self._group = group
        self._pam_service = pam_service
        self._runner = runner
        self._files = files
        self._records: dict[str, Entry] = {}
        self._unix = self._read_unix()

    def adapted(self, wishes: t.Sequence[Wish]) -> tuple[Wish, ...]:
        """Return wishes with their password hashes as read returns them. Raises AccountError."""
        return tuple(
            wish
            if wish.password_hash is None
            else replace(wish, password_hash=_normal(wish.address, wish.password_hash))
            for wish in wishes
        )

    def scheme(self, asked: str | None) -> str:
        return check_scheme(asked)

    def check(self, wishes: t.Iterable[Wish]) -> None:
        for wish in wishes:
            if wish.state == "absent":
                continue
            name = unix_name(wish.address)
            if self._unix.account(name) is not None:
                continue
            if name in self._unix.users:
                raise AccountError(
                    f"{wish.address}: the Unix user {name} exists and is not in the group {self._group}; it is left "
                    f"alone. If it shall get this mail, run 'usermod -a -G {self._group} {name}'; otherwise use "
                    "another address"
                )
            if name in self._unix.groups:
                raise AccountError(
                    f"{wish.address}: there is a Unix group {name}, whose rights a user of that name would seem to "
                    "have; use another address, and this one as one of the addresses of it"
                )

    def check_together(self, entries: t.Iterable[Entry]) -> None:
        """Raise AccountError where two accounts would be one Unix user, or one would lose its home."""
        seen: dict[str, str] = {}
        for entry in entries:
            name = unix_name(entry.user)
            if name in seen:
                raise AccountError(
                    f"{seen[name]} and {entry.user} would both be the Unix user {name}; make one of them one of the "
                    "addresses of the other, or use another backend"
                )
            seen[name] = entry.user
            user = self._unix.account(name)
            if user is not None and entry.user not in self._records and user.home != entry.home:
                raise AccountError(
                    f"{entry.user}: the home of the Unix user {name} is {user.home}; say home: {user.home}, or change "
                    f"it to {entry.home} first (usermod -d)"
                )

    def has_password(self, address: str) -> bool:
        user = self._unix.account(unix_name(address))
        return user is not None and bool(user.password_hash)

    def check_removal(self, address: str, on_remove: OnRemove) -> None:
        """Raise AccountError where the home of a removed account is not just one of mail."""
        user = self._unix.users.get(address.partition("@")[0])
        if on_remove != "keep" and user is not None and not self._unix.owns(user):
            raise AccountError(
                f"{address}: the Unix user {user.name} is more than a mail account, its home is left alone; "
                "use on_remove: keep"
            )

    def owner(self, entry: Entry) -> Owner | None:
        """Return who owns the mail of an account, or None if the user is yet to be created."""
        user = self._unix.account(unix_name(entry.user))
        if user is not None:
            return Owner(uid=user.uid, gid=user.gid)
        if entry.uid.isdecimal() and entry.gid.isdecimal() and self._free(entry):
            return Owner(uid=int(entry.uid), gid=int(entry.gid))
        return None

    def lacks(self) -> tuple[str, ...]:
        lacks = list(self._file.lacks())
        missing = [name for name in _PROGRAMS if shutil.which(name, path=_SYSTEM_PATH) is None]
        if missing:
            lacks.append(f"{', '.join(missing)} not found; install the package passwd (EL: shadow-utils)")
        if self._unix.gid is None:
            lacks.append(f"system_group {self._group} does not exist; create it first")
        return tuple(lacks)

    def lock(self) -> contextlib.AbstractContextManager[None]:
        return self._file.lock()

    def read(self) -> Records:
        self._unix = self._read_unix()
        self._records = {}
        for address, entry in self._file.read().items():
            if entry.password != _NO_PASSWORD:
                raise AccountBackendError(
                    f"{self._file.place}: {address} has a password in this file, as backend passwd_file keeps "
                    "accounts; name another file for the accounts of Unix users"
                )
            user = self._unix.account(unix_name(address))
            self._records[address] = replace(entry, password="" if user is None else user.password_hash)
        return self._records

    def passdbs(self, entries: t.Iterable[Entry], /) -> list[dict[str, t.Any]]:
        """App passwords, then PAM, which knows local parts only, then what the file says of networks and locks."""
        file, *apps = self._file.passdbs(entries)
        failing = {"result_failure": "return-fail"}
        return [
            *apps,
            {
                "name": "local-part",
                "driver": "static",
                "fields": {"user": "%{user | username}", "noauthenticate": "yes"},
            },
            {"driver": "pam", "service": self._pam_service, "settings": {"result_success": "continue", **failing}},
            {
                **file,
                "fields": {"user": _ORIGINAL},
                "settings": {"auth_username_format": _ORIGINAL, "skip": "unauthenticated", **failing},
            },
        ]

    def upkeep(self) -> Upkeep | None:
        first = self._file.upkeep()
        odd = [address for address, entry in self._records.items() if self._differs(entry)]
        if not odd:
            return first
        names = ", ".join(odd)
        return Upkeep(
            before="; ".join([*([first.before] if first else []), f"Unix users other than accounts say: {names}"]),
            after="; ".join([*([first.after] if first else []), f"Unix users as accounts say: {names}"]),
        )

    def prepare(self, changes: Changes) -> dict[str, Owner]:
        """Create the users of these accounts and of those that lost theirs, without a password yet."""
        after = {**self._records, **changes}
        leaving = {unix_name(address) for address, entry in after.items() if entry is None}
        for entry in after.values():
            if entry is not None and self._unix.account(unix_name(entry.user)) is None:
                self._create(entry, leaving)
        self._unix = self._read_unix()
        owners = {address: self.owner(entry) for address, entry in after.items() if entry is not None}
        return {address: owner for address, owner in owners.items() if owner is not None}

    def write(self, changes: Changes) -> None:
        after = {**self._records, **changes}
        kept = [entry for entry in after.values() if entry is not None]
        secrets: list[str] = []
        for address, entry in ((one.user, one) for one in kept):
            user = self._user(entry)
            if self._unix.owns(user):
                self._adjust(user, entry)
            digest = to_unix(entry.password) if entry.password else user.secret.lstrip("!")
            secret = locked_secret(digest, locked=is_locked(entry.extra) if self._unix.owns(user) else user.locked)
            if to_dovecot(digest) and (address in changes or self._differs(entry)) and secret != user.secret:
                secrets.append(f"{user.name}:{secret}\n")
        if secrets:
            self._run(["chpasswd", "-e"], data="".join(secrets))
        names = {unix_name(entry.user) for entry in kept}
        removed = [address for address, entry in changes.items() if entry is None]
        for address in removed:
            if unix_name(address) not in names:
                self._remove(unix_name(address))
        lines = {entry.user: entry for entry in kept if entry.user in changes or self._numbers(entry) is not None}
        self._file.write(
            {
                **dict.fromkeys(removed),
                **{address: self._line(entry) for address, entry in lines.items()},
            }
        )

    def settle(self) -> None:
        self._file.settle()

    def _read_unix(self) -> UnixUsers:
        contents = [_files.read_bytes(path) or b"" for path in (self._files.passwd, self._files.shadow)]
        return parse_unix(contents[0], contents[1], _files.read_bytes(self._files.group) or b"", self._group)

    def _free(self, entry: Entry, leaving: t.Container[str] = ()) -> bool:
        """Tell whether the number of an account belongs to nobody who stays."""
        holders = [user for user in self._unix.users.values() if str(user.uid) == entry.uid]
        return all(user.name in leaving for user in holders)

    def _numbers(self, entry: Entry) -> tuple[str, str] | None:
        """Return user and group id of an account where its line says others."""
        user = self._unix.account(unix_name(entry.user))
        if user is None or (entry.uid, entry.gid) == (str(user.uid), str(user.gid)):
            return None
        return str(user.uid), str(user.gid)

    def _differs(self, entry: Entry) -> bool:
        user = self._unix.account(unix_name(entry.user))
        if user is None or self._numbers(entry) is not None:
            return True
        if not self._unix.owns(user):
            return False
        expires = expires_of(entry.extra)
        # The timer that locks accounts whose day has come knows the file alone; PAM knows the day.
        due = expires is not None and expires <= time.strftime("%Y-%m-%d", time.gmtime())
        lock = bool(user.password_hash) and not due and user.locked != is_locked(entry.extra)
        return lock or bool(_adjustments(user, entry))

    def _user(self, entry: Entry) -> UnixUser:
        user = self._unix.account(unix_name(entry.user))
        if user is None:
            raise AccountBackendError(f"{entry.user}: its Unix user is gone again, somebody else removed it")
        return user

    def _line(self, entry: Entry) -> Entry:
        user = self._user(entry)
        return replace(entry, password=_NO_PASSWORD, uid=str(user.uid), gid=str(user.gid))

    def _create(self, entry: Entry, leaving: t.Container[str]) -> None:
        argv = ["useradd", "-M", "-N", "-g", self._group, "-s", _SHELL, "-d", entry.home, "-c", entry.gecos]
        # Nobody runs containers as a user without a shell.
        argv += ["-K", "SUB_UID_COUNT=0", "-K", "SUB_GID_COUNT=0", "-e", expires_of(entry.extra) or ""]
        if entry.uid.isdecimal() and int(entry.uid) > 0 and self._free(entry, leaving):
            argv += ["-o", "-u", entry.uid]
        self._run([*argv, unix_name(entry.user)])

    def _adjust(self, user: UnixUser, entry: Entry) -> None:
        adjustments = _adjustments(user, entry)
        if adjustments:
            self._run(["usermod", *adjustments, user.name])

    def _remove(self, name: str) -> None:
        user = self._unix.account(name)
        if user is None:
            return
        if self._unix.owns(user):
            # Sessions that are open do not keep it. Without -r, the home stays whatever else is said.
            self._run(["userdel", "-f", name])
        else:
            self._run(["gpasswd", "-d", name, self._group])

    def _run(self, argv: t.Sequence[str], data: str | None = None) -> None:
        program = shutil.which(argv[0], path=_SYSTEM_PATH) or argv[0]
        result = self._runner.run([program, *argv[1:]], data=data)
        if result.rc != 0:
            said = result.stderr.strip() or f"exit status {result.rc} without a message"
            raise AccountBackendError(f"{argv[0]} failed for {argv[-1]}: {said}; put that right and run again")


def _adjustments(user: UnixUser, entry: Entry) -> list[str]:
    """Return the options of usermod that make a user what the account says."""
    options: list[str] = []
    if entry.gecos and entry.gecos != user.gecos:
        options += ["-c", entry.gecos]
    if entry.home and os.path.normpath(entry.home) != os.path.normpath(user.home):
        options += ["-d", entry.home]
    expires = expires_of(entry.extra)
    if expires != user.expires:
        options += ["-e", expires or ""]
    return options


def _normal(address: str, password_hash: str) -> str:
    try:
        return to_dovecot(to_unix(password_hash))
    except AccountError as error:
        raise AccountError(f"{address}: {error}") from error
