# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What has to happen to mail accounts and to their homes, computed before anything is touched."""

from __future__ import annotations

import functools
import os
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils import _account_fields as fields
from ansible_collections.postmaster.mail.plugins.module_utils._account import (
    NEVER,
    AccountError,
    AppPasswordWish,
    OnRemove,
    State,
    Wish,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import Records
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import state_of
from ansible_collections.postmaster.mail.plugins.module_utils._maildir import DirectoryStep, Owner
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import AppPassword, Entry, with_field


class Verifier(t.Protocol):
    """Knows whether a hash is one of a password and whether it is as strong as asked for."""

    def matches(self, password_hash: str, password: str, address: str) -> bool: ...

    def is_current(self, password_hash: str) -> bool: ...


class Store(t.Protocol):
    """Knows the homes."""

    def check(self, home: str) -> None: ...

    def exists(self, home: str) -> bool: ...

    def steps(self, home: str) -> tuple[DirectoryStep, ...]: ...

    def personal_steps(self, home: str, owner: Owner | None) -> tuple[DirectoryStep, ...]: ...

    def check_personal(self, home: str, owner: Owner | None) -> None: ...

    def archive_name(self, address: str, stamp: str) -> str: ...


class Users(t.Protocol):
    """Knows the users of the system who own the mail of one account each."""

    def owner(self, entry: Entry, /) -> Owner | None: ...

    def has_password(self, address: str, /) -> bool: ...

    def check_removal(self, address: str, on_remove: OnRemove, /) -> None: ...


@dataclass(frozen=True)
class Policy:
    """What holds for all accounts of a task; without users, all mail has one owner."""

    mail_root: str
    grammar_2_4: bool
    purge: bool
    on_remove: OnRemove
    stamp: str
    users: Users | None = None

    def default_home(self, address: str) -> str:
        """Return where the mail of an account lies if nobody says otherwise."""
        if self.users is not None:
            return os.path.join(self.mail_root, address.partition("@")[0])
        return default_home(self.mail_root, address)

    @property
    def today(self) -> str:
        """The day in UTC, as accounts name the day on which they expire."""
        return f"{self.stamp[:4]}-{self.stamp[4:6]}-{self.stamp[6:8]}"


@dataclass(frozen=True)
class AccountChange:
    """One account before and after; old and new are equal where its line stays.

    new_password and new_app_passwords, by name, are yet to be hashed. moved_from is the home that becomes home.
    """

    address: str
    old: Entry | None
    new: Entry | None
    home: str
    new_password: str | None = field(default=None, repr=False)
    new_app_passwords: t.Mapping[str, str] = field(default_factory=dict, repr=False)
    password_changed: bool = False
    scheme_upgraded: bool = False
    steps: tuple[DirectoryStep, ...] = ()
    archived_to: str | None = None
    deleted: bool = False
    moved_from: str | None = None

    @property
    def former(self) -> str:
        """The address that the account had before."""
        return self.old.user if self.old is not None else self.address

    @property
    def before(self) -> State:
        return state_of(self.old)

    @property
    def after(self) -> State:
        return state_of(self.new)

    @functools.cached_property
    def line_changed(self) -> bool:
        return self.old != self.new or self.new_password is not None or bool(self.new_app_passwords)

    @functools.cached_property
    def changed(self) -> bool:
        return self.line_changed or bool(self.steps or self.moved_from or self.archived_to) or self.deleted

    @property
    def loses_sessions(self) -> bool:
        """Whether sessions that are open now must not go on."""
        if self.old is None:
            return False
        if self.new is None or self.former != self.address or self.password_changed:
            return True
        # Nobody can tell which session was opened by which password.
        gone = set(self.old.app_passwords) - set(self.new.app_passwords)
        return bool(gone) or (self.before == "present" and self.after == "disabled")


@dataclass(frozen=True)
class Plan:
    """All accounts that were named, and those that purging removes."""

    changes: tuple[AccountChange, ...]

    @property
    def changed(self) -> bool:
        return any(change.changed for change in self.changes)

    @property
    def lines_changed(self) -> bool:
        return any(change.line_changed for change in self.changes)

    def passwords(self) -> t.Iterator[tuple[str, str, str]]:
        """Yield address, name of the app password (empty for that of the account) and the password to hash."""
        for change in self.changes:
            if change.new_password is not None:
                yield change.address, "", change.new_password
            for name, password in change.new_app_passwords.items():
                yield change.address, name, password

    def records(self, hashes: t.Mapping[tuple[str, str], str]) -> dict[str, Entry | None]:
        """Return the accounts to write; hashes holds one for every address and name that passwords yields."""
        records: dict[str, Entry | None] = {}
        for change in self.changes:
            if not change.line_changed:
                continue
            if change.former != change.address:
                records[change.former] = None
            entry = change.new
            if entry is not None and (change.new_password is not None or change.new_app_passwords):
                entry = replace(
                    entry,
                    password=hashes.get((change.address, ""), entry.password),
                    app_passwords=tuple(
                        replace(one, password=hashes.get((change.address, one.name), one.password))
                        for one in entry.app_passwords
                    ),
                )
            records[change.address] = entry
        return records


def compute_plan(current: Records, wishes: t.Sequence[Wish], policy: Policy, verifier: Verifier, store: Store) -> Plan:
    """Compare wishes with the accounts there are. Raises AccountError and whatever verifier and store raise."""
    planner = _Planner(policy, verifier, store)
    changes = [planner.account(wish, _former(wish, current)) for wish in wishes]
    if policy.purge:
        changes += [
            planner.removal(user, current[user], current[user].home, policy.on_remove)
            for user in unmanaged(current, wishes)
        ]
    _check_shared_homes(current, changes, policy)
    return Plan(tuple(changes))


def unmanaged(current: Records, wishes: t.Sequence[Wish]) -> list[str]:
    """Return the accounts that wishes do not name."""
    named = {address for wish in wishes for address in (wish.address, wish.rename_from)}
    return [user for user in current if user not in named]


def _former(wish: Wish, current: Records) -> Entry | None:
    """Return the account that a wish is about, which may have another address yet."""
    entry = current.get(wish.address)
    if wish.rename_from is None or wish.state == "absent":
        return entry
    former = current.get(wish.rename_from)
    if entry is not None and former is not None:
        raise AccountError(
            f"{wish.address}: both it and {wish.rename_from}, its rename_from, exist; "
            "remove one of them, or leave rename_from out and keep both"
        )
    return entry if entry is not None else former


def default_home(mail_root: str, address: str) -> str:
    """Return where the mail of an account lies, if one user owns all mail and nobody says otherwise."""
    local_part, _at, domain = address.rpartition("@")
    return os.path.join(mail_root, domain, local_part) if domain else os.path.join(mail_root, local_part)


class _Planner:
    def __init__(self, policy: Policy, verifier: Verifier, store: Store) -> None:
        self._policy = policy
        self._verifier = verifier
        self._store = store

    def account(self, wish: Wish, old: Entry | None) -> AccountChange:
        if wish.home is not None:
            self._store.check(wish.home)
        if wish.state == "absent":
            home = wish.home or (old.home if old is not None else "")
            return self.removal(wish.address, old, home, wish.on_remove)
        users = self._policy.users
        has_password = old is not None or (users is not None and users.has_password(wish.address))
        if not has_password and wish.password is None and wish.password_hash is None:
            raise AccountError(f"{wish.address} does not exist yet; give it a password or password_hash")
        home, moved_from = self._home(wish, old)
        base = old if old is not None else Entry(user=wish.address, password=wish.password_hash or "")
        password, new_password, upgraded = self._password(wish, old)
        app_passwords, new_app_passwords = self._app_passwords(wish, base.app_passwords)
        new = Entry(
            user=wish.address,
            password=password,
            uid=base.uid,
            gid=base.gid,
            gecos=base.gecos if wish.name is None else wish.name,
            home=home,
            shell=base.shell,
            extra=self._extra(wish, base.extra),
            app_passwords=app_passwords,
            former=old.user if old is not None else wish.address,
        )
        return AccountChange(
            address=wish.address,
            old=old,
            new=new,
            home=home,
            new_password=new_password,
            new_app_passwords=new_app_passwords,
            password_changed=old is not None
            and not upgraded
            and (new_password is not None or password != old.password),
            scheme_upgraded=upgraded,
            steps=() if moved_from is not None else self._steps(new),
            moved_from=moved_from,
        )

    def _steps(self, new: Entry) -> tuple[DirectoryStep, ...]:
        if self._policy.users is not None:
            return self._store.personal_steps(new.home, self._policy.users.owner(new))
        # An entry with ids of its own has mail of another owner than the rest.
        return () if new.uid or new.gid else self._store.steps(new.home)

    def _home(self, wish: Wish, old: Entry | None) -> tuple[str, str | None]:
        """Return the home, and the one that has to become it, if any."""
        default = self._policy.default_home
        if old is None or old.user == wish.address:
            return wish.home or (old.home if old is not None else "") or default(wish.address), None
        before = old.home or default(old.user)
        after = wish.home or (before if before != default(old.user) else default(wish.address))
        # A run that was interrupted may have moved it already.
        if before == after or not self._store.exists(before):
            return after, None
        if self._store.exists(after):
            raise AccountError(
                f"{wish.address}: home {before} of {old.user} cannot become {after}, which exists already; "
                "move one of them away"
            )
        return after, before

    def removal(self, address: str, old: Entry | None, given_home: str, on_remove: OnRemove) -> AccountChange:
        home = given_home or self._policy.default_home(address)
        change = AccountChange(address=address, old=old, new=None, home=home)
        if on_remove == "keep" or not self._store.exists(home):
            return change
        if self._policy.users is not None:
            self._policy.users.check_removal(address, on_remove)
            self._store.check_personal(home, None if old is None else self._policy.users.owner(old))
        if on_remove == "archive":
            return replace(change, archived_to=self._store.archive_name(address, self._policy.stamp))
        return replace(change, deleted=True)

    def _password(self, wish: Wish, old: Entry | None) -> tuple[str, str | None, bool]:
        """Return the hash to write, the password to hash instead (or None), and whether only its scheme changes."""
        stored = old.password if old is not None else ""
        if old is not None and wish.update_password == "on_create":
            return stored, None, False
        if wish.password_hash is not None:
            return wish.password_hash, None, False
        if wish.password is None:
            return stored, None, False
        if not stored or not self._verifier.matches(stored, wish.password, wish.address):
            return stored, wish.password, False
        if self._verifier.is_current(stored):
            return stored, None, False
        return stored, wish.password, True

    def _app_passwords(
        self, wish: Wish, old: tuple[AppPassword, ...]
    ) -> tuple[tuple[AppPassword, ...], dict[str, str]]:
        """Return the app passwords, and by name the passwords to hash for them."""
        if wish.app_passwords is None:
            return old, {}
        stored = {one.name: one for one in old}
        # Those that are there keep their places, so that as few lines as possible change.
        places = {name: place for place, name in enumerate(stored)}
        wishes = sorted(wish.app_passwords, key=lambda one: places.get(one.name, len(places)))
        result: list[AppPassword] = []
        pending: dict[str, str] = {}
        for one in wishes:
            password, new_password = self._app_password(wish, one, stored.get(one.name))
            result.append(AppPassword(one.name, password, one.services, one.allow_nets))
            if new_password is not None:
                pending[one.name] = new_password
        return tuple(result), pending

    def _app_password(self, wish: Wish, one: AppPasswordWish, old: AppPassword | None) -> tuple[str, str | None]:
        """Return the stored form, and the password to hash in its place or None."""
        stored = old.password if old is not None else ""
        if one.password_hash is not None:
            return one.password_hash, None
        if one.password is None:
            if not stored:
                raise AccountError(
                    f"{wish.address}: app password {one.name} does not exist yet; give it a password or password_hash"
                )
            return stored, None
        if stored and self._verifier.matches(stored, one.password, wish.address) and self._verifier.is_current(stored):
            return stored, None
        return "", one.password

    def _extra(self, wish: Wish, extra: tuple[str, ...]) -> tuple[str, ...]:
        extra = tuple(token for token in extra if token != fields.NO_NETWORK)
        if wish.allow_nets is not None:
            extra = fields.with_networks(extra, wish.allow_nets)
        for name, token in wish.extra_fields:
            extra = with_field(extra, {name}, token)
        extra = fields.with_quota(extra, wish.quota, grammar_2_4=self._policy.grammar_2_4)
        if wish.expires is not None:
            token = None if wish.expires == NEVER else f"{fields.EXPIRES}={wish.expires}"
            extra = with_field(extra, {fields.EXPIRES}, token)
        expires = fields.expires_of(extra)
        if wish.state == "disabled" or (expires is not None and expires <= self._policy.today):
            return fields.with_lock(extra)
        return fields.without_lock(extra)


def _check_shared_homes(current: Records, changes: t.Sequence[AccountChange], policy: Policy) -> None:
    removals = [change for change in changes if change.deleted or change.archived_to is not None]
    if not removals:
        return
    gone: dict[str, Entry | None] = {change.former: None for change in changes}
    after = {**current, **gone, **{change.address: change.new for change in changes}}
    used: dict[str, str] = {}
    above: dict[str, str] = {}
    for user, entry in after.items():
        if entry is None:
            continue
        home = os.path.normpath(entry.home or policy.default_home(user))
        used[home] = user
        for ancestor in _ancestors(home):
            above.setdefault(ancestor, user)
    for change in removals:
        home = os.path.normpath(change.home)
        other = next((used[path] for path in (home, *_ancestors(home)) if path in used), above.get(home))
        if other is not None:
            raise AccountError(
                f"{change.address}: home {home} also holds the mail of {other}; "
                "remove the account with on_remove=keep, or give the other one a home of its own first"
            )


def _ancestors(path: str) -> t.Iterator[str]:
    while path not in ("/", ""):
        path = os.path.dirname(path)
        yield path
