# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What has to happen to mail accounts and to their homes, computed before anything is touched."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils import _account
from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError, OnRemove, State, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import Records
from ansible_collections.postmaster.mail.plugins.module_utils._maildir import DirectoryStep
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry, field_name, with_field

# "nologin" alone is only honoured by Dovecot's own login services. To other clients of the authentication socket,
# Postfix among them, Dovecot answers that the password is right. A network that no client is in refuses them all.
_DISABLED = "nologin"
NO_NETWORK = "allow_nets=255.255.255.255/32"


class Verifier(t.Protocol):
    """Knows whether a hash is one of a password and whether it is as strong as asked for."""

    def matches(self, password_hash: str, password: str, address: str) -> bool: ...

    def is_current(self, password_hash: str) -> bool: ...


class Store(t.Protocol):
    """Knows the homes."""

    def check(self, home: str) -> None: ...

    def exists(self, home: str) -> bool: ...

    def steps(self, home: str) -> tuple[DirectoryStep, ...]: ...

    def archive_name(self, address: str, stamp: str) -> str: ...


@dataclass(frozen=True)
class Policy:
    """What holds for all accounts of a task."""

    mail_root: str
    grammar_2_4: bool
    purge: bool
    on_remove: OnRemove
    stamp: str


@dataclass(frozen=True)
class AccountChange:
    """One account before and after; old and new are equal where its line stays."""

    address: str
    old: Entry | None
    new: Entry | None
    home: str
    new_password: str | None = field(default=None, repr=False)
    password_changed: bool = False
    scheme_upgraded: bool = False
    steps: tuple[DirectoryStep, ...] = ()
    archived_to: str | None = None
    deleted: bool = False

    @property
    def before(self) -> State:
        return state_of(self.old)

    @property
    def after(self) -> State:
        return state_of(self.new)

    @property
    def line_changed(self) -> bool:
        return self.old != self.new or self.new_password is not None

    @property
    def changed(self) -> bool:
        return self.line_changed or bool(self.steps) or self.archived_to is not None or self.deleted

    @property
    def loses_sessions(self) -> bool:
        """Whether sessions that are open now must not go on."""
        return self.old is not None and (
            self.new is None or self.password_changed or (self.before == "present" and self.after == "disabled")
        )


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

    def records(self, hashes: t.Mapping[str, str]) -> dict[str, Entry | None]:
        """Return the accounts to write; hashes holds one for every account that gets a new password."""
        records: dict[str, Entry | None] = {}
        for change in self.changes:
            if not change.line_changed:
                continue
            entry = change.new
            if entry is not None and change.new_password is not None:
                entry = replace(entry, password=hashes[change.address])
            records[change.address] = entry
        return records


def compute_plan(current: Records, wishes: t.Sequence[Wish], policy: Policy, verifier: Verifier, store: Store) -> Plan:
    """Compare wishes with the accounts there are. Raises AccountError and whatever verifier and store raise."""
    planner = _Planner(policy, verifier, store)
    changes = [planner.account(wish, current.get(wish.address)) for wish in wishes]
    if policy.purge:
        named = {wish.address for wish in wishes}
        changes += [
            planner.removal(user, entry, entry.home, policy.on_remove)
            for user, entry in current.items()
            if user not in named
        ]
    _check_shared_homes(current, changes, policy)
    return Plan(tuple(changes))


def state_of(entry: Entry | None) -> State:
    """Return the state that an entry is in."""
    if entry is None:
        return "absent"
    return "disabled" if any(field_name(token) == _DISABLED for token in entry.extra) else "present"


def default_home(mail_root: str, address: str) -> str:
    """Return where the mail of an account lies if nobody says otherwise."""
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
        home = wish.home or (old.home if old is not None else "") or default_home(self._policy.mail_root, wish.address)
        if old is None and wish.password is None and wish.password_hash is None:
            raise AccountError(f"{wish.address} does not exist yet; give it a password or password_hash")
        base = old if old is not None else Entry(user=wish.address, password=wish.password_hash or "")
        password, new_password, upgraded = self._password(wish, old)
        new = replace(
            base,
            password=password,
            gecos=base.gecos if wish.name is None else wish.name,
            home=home,
            extra=self._extra(wish, base.extra),
        )
        # An entry with ids of its own has mail of another owner than the rest.
        own_ids = bool(new.uid or new.gid)
        return AccountChange(
            address=wish.address,
            old=old,
            new=new,
            home=home,
            new_password=new_password,
            password_changed=old is not None
            and not upgraded
            and (new_password is not None or password != old.password),
            scheme_upgraded=upgraded,
            steps=() if own_ids else self._store.steps(home),
        )

    def removal(self, address: str, old: Entry | None, given_home: str, on_remove: OnRemove) -> AccountChange:
        home = given_home or default_home(self._policy.mail_root, address)
        change = AccountChange(address=address, old=old, new=None, home=home)
        if on_remove == "keep" or not self._store.exists(home):
            return change
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

    def _extra(self, wish: Wish, extra: tuple[str, ...]) -> tuple[str, ...]:
        locks = [token for token in extra if token == NO_NETWORK]
        extra = tuple(token for token in extra if token != NO_NETWORK)
        if wish.allow_nets is not None:
            extra = with_field(
                extra, {"allow_nets"}, f"allow_nets={','.join(wish.allow_nets)}" if wish.allow_nets else None
            )
        for name, token in wish.extra_fields:
            extra = with_field(extra, {name}, token)
        extra = self._with_quota(wish.quota, extra)
        if wish.state == "disabled":
            if not any(field_name(token) == _DISABLED for token in extra):
                extra = (*extra, _DISABLED)
            return (*extra, *(locks[:1] or [NO_NETWORK]))
        return with_field(extra, {_DISABLED}, None)

    def _with_quota(self, wished: int | None, extra: tuple[str, ...]) -> tuple[str, ...]:
        name = _account.QUOTA_SIZE_2_4 if self._policy.grammar_2_4 else _account.QUOTA_RULE_2_3
        limits = {
            field_name(token): _account.read_quota(token)
            for token in extra
            if field_name(token) in _account.QUOTA_FIELDS
        }
        if name in limits and (wished is None or limits[name] == wished):
            return extra
        limit = wished
        if limit is None:
            # Left by the daemon that was here before an upgrade in place.
            limit = next((value for value in limits.values() if value is not None), None)
        if limit is None:
            return extra
        token = _account.quota_token(limit, grammar_2_4=self._policy.grammar_2_4)
        return with_field(extra, _account.QUOTA_FIELDS, token)


def _check_shared_homes(current: Records, changes: t.Sequence[AccountChange], policy: Policy) -> None:
    removals = [change for change in changes if change.deleted or change.archived_to is not None]
    if not removals:
        return
    after: dict[str, Entry | None] = {**current, **{change.address: change.new for change in changes}}
    used: dict[str, str] = {}
    above: dict[str, str] = {}
    for user, entry in after.items():
        if entry is None:
            continue
        home = os.path.normpath(entry.home or default_home(policy.mail_root, user))
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
