# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Users of a sasldb: what has to change, and how the file is replaced by one that has been tried."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._files import (
    FileAccess,
    sync_directory,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

_SECRET = "userPassword"
# saslpasswd2 reads no more from standard input.
_PASSWORD_LIMIT = 1000

PasswordCheck = t.Callable[[str, str, str], bool]
"""Whether libsasl takes a login name and a password for the database at a path."""


class SasldbError(Exception):
    """The database cannot be read or written as wished; the text says why and what to do."""


@dataclass(frozen=True)
class Login:
    """A user of a realm. In a login name the realm follows the last @."""

    user: str
    realm: str

    def __str__(self) -> str:
        return f"{self.user}@{self.realm}"


@dataclass(frozen=True)
class Wish:
    """A user as the task asks for it. Without a password an existing one keeps its own."""

    login: Login
    password: str | None = field(default=None, repr=False)
    present: bool = True
    update_password: bool = True


@dataclass(frozen=True)
class Plan:
    """What changes. Passwords are set for those who are created or updated."""

    created: tuple[Wish, ...]
    updated: tuple[Wish, ...]
    removed: tuple[Login, ...]
    access_before: FileAccess | None
    access: FileAccess

    @property
    def rewrites(self) -> bool:
        """Whether the content of the database changes."""
        return bool(self.created or self.updated or self.removed)

    @property
    def changed(self) -> bool:
        """Whether anything changes."""
        return self.rewrites or (self.access_before is not None and self.access_before != self.access)


@dataclass(frozen=True)
class Sasldb:
    """The database at path, handled with the programs of Cyrus SASL."""

    path: str
    runner: CommandRunner
    saslpasswd: str
    listusers: str
    check: PasswordCheck

    def read(self) -> frozenset[Login]:
        """Return the users. Raises SasldbError."""
        if not os.path.exists(self.path):
            return frozenset()
        result = self.runner.run([self.listusers, "-f", self.path])
        if result.rc != 0 or "failed" in result.stderr:
            raise SasldbError(
                f"{self.path} cannot be read: {_said(result.stderr, result.stdout)}. "
                "If it is no database of Cyrus SASL, move it away. Nothing was changed."
            )
        return parse_listing(result.stdout)

    def apply(self, plan: Plan) -> None:
        """Change a copy, try the passwords on it, then put it in place. Raises SasldbError, OSError."""
        if not plan.rewrites:
            os.chown(self.path, plan.access.uid, plan.access.gid)
            os.chmod(self.path, plan.access.mode)
            return
        target = os.path.realpath(self.path)
        directory = os.path.dirname(target)
        workplace = tempfile.mkdtemp(prefix=f".{os.path.basename(target)}.", dir=directory)
        try:
            copy = os.path.join(workplace, "sasldb2")
            if os.path.exists(self.path):
                shutil.copyfile(self.path, copy)
            for wish in (*plan.created, *plan.updated):
                self._set(copy, wish)
            for login in plan.removed:
                self._run(["-d", "-f", copy, "-u", login.realm, login.user], login)
            os.chown(copy, plan.access.uid, plan.access.gid)
            os.chmod(copy, plan.access.mode)
            os.rename(copy, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(workplace)
        sync_directory(directory)

    def _set(self, copy: str, wish: Wish) -> None:
        password = wish.password or ""
        self._run(["-p", "-c", "-f", copy, "-u", wish.login.realm, wish.login.user], wish.login, password)
        if not self.check(copy, str(wish.login), password):
            raise SasldbError(
                f"{wish.login}: libsasl does not take the password that saslpasswd2 has just stored. "
                "See the system log. Nothing was changed."
            )

    def _run(self, arguments: t.Sequence[str], login: Login, data: str | None = None) -> None:
        result = self.runner.run([self.saslpasswd, *arguments], data=data)
        if result.rc != 0:
            raise SasldbError(
                f"{login}: saslpasswd2 failed: {_said(result.stderr, result.stdout)}. Nothing was changed."
            )


def parse_login(name: str, realm: str) -> Login:
    """Return the login of a name; one without a realm is of the given one. Raises SasldbError."""
    user, at, own_realm = name.rpartition("@")
    login = Login(user, own_realm) if at else Login(name, realm)
    if not login.realm:
        raise SasldbError(f"{name}: write the name with its realm, as user@realm, or set realm. Nothing was changed.")
    if not login.user or any(character.isspace() or not character.isprintable() for character in str(login)):
        raise SasldbError(f"{name!r} is no login name: write user@realm without blanks. Nothing was changed.")
    if login.user.startswith("-"):
        raise SasldbError(f"{name}: saslpasswd2 would take this name for an option. Nothing was changed.")
    return login


def parse_listing(text: str) -> frozenset[Login]:
    """Return the users in the output of sasldblistusers2 who have a password."""
    logins = set()
    for line in text.splitlines():
        name, colon, kind = line.rpartition(": ")
        user, at, realm = name.rpartition("@")
        if colon and at and kind.strip() == _SECRET:
            logins.add(Login(user, realm))
    return frozenset(logins)


def check_wishes(wishes: t.Sequence[Wish]) -> None:
    """Refuse what cannot be stored. Raises SasldbError."""
    seen: set[Login] = set()
    for wish in wishes:
        if wish.login in seen:
            raise SasldbError(f"{wish.login} is named twice: keep one entry. Nothing was changed.")
        seen.add(wish.login)
        if wish.password is None:
            continue
        if not wish.password or any(character in wish.password for character in "\0\r\n"):
            raise SasldbError(f"{wish.login}: the password is empty or more than one line. Nothing was changed.")
        if len(wish.password.encode()) > _PASSWORD_LIMIT:
            raise SasldbError(f"{wish.login}: the password has more than {_PASSWORD_LIMIT} bytes. Nothing was changed.")


def make_plan(
    wishes: t.Sequence[Wish],
    stored: t.AbstractSet[Login],
    *,
    purge: bool,
    has_password: t.Callable[[Login, str], bool],
    access_before: FileAccess | None,
    access: FileAccess,
) -> Plan:
    """Compare the wishes with what is stored. Raises SasldbError."""
    check_wishes(wishes)
    created: list[Wish] = []
    updated: list[Wish] = []
    removed: list[Login] = []
    for wish in wishes:
        if not wish.present:
            if wish.login in stored:
                removed.append(wish.login)
        elif wish.login not in stored:
            if wish.password is None:
                raise SasldbError(f"{wish.login} is not in the database yet and needs a password. Nothing was changed.")
            created.append(wish)
        elif wish.password is not None and wish.update_password and not has_password(wish.login, wish.password):
            updated.append(wish)
    if purge:
        named = {wish.login for wish in wishes}
        removed += sorted(stored - named, key=str)
    return Plan(tuple(created), tuple(updated), tuple(removed), access_before, access)


def describe(plan: Plan, path: str) -> dict[str, str]:
    """Return a diff that names users and no passwords."""
    before = [f"{login}" for login in plan.removed] + [f"{wish.login} (password set)" for wish in plan.updated]
    after = [f"{wish.login} (password set)" for wish in plan.created]
    after += [f"{wish.login} (password changed)" for wish in plan.updated]
    if plan.access_before is not None and plan.access_before != plan.access:
        before.append(_describe_access(plan.access_before))
        after.append(_describe_access(plan.access))
    return {
        "before_header": path,
        "after_header": path,
        "before": "".join(f"{line}\n" for line in sorted(before)),
        "after": "".join(f"{line}\n" for line in sorted(after)),
    }


def _describe_access(access: FileAccess) -> str:
    return f"mode {access.mode:04o}, owner {access.uid}:{access.gid}"


def _said(*texts: str) -> str:
    return next((text.strip().splitlines()[-1] for text in texts if text.strip()), "it said nothing")
