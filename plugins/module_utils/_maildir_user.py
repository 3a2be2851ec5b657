# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From the options of the module maildir_user to a changed host: read, plan, and carry out what was planned."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import time
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils import _doveadm
from ansible_collections.postmaster.mail.plugins.module_utils._account import (
    AccountError,
    Wish,
    check_duplicates,
    parse_wish,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import (
    AccountBackend,
    AccountBackendError,
    PersonalBackend,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_backends import default_scheme, open_backend
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import expires_of
from ansible_collections.postmaster.mail.plugins.module_utils._doveadm import Doveadm, DoveadmError
from ansible_collections.postmaster.mail.plugins.module_utils._maildir import MaildirError, MailStore, Owner
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_plan import (
    Plan,
    Policy,
    compute_plan,
    unmanaged,
)
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_report import diff_of, result_of
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

Options = t.Mapping[str, t.Any]


class MaildirUserError(Exception):
    """The task cannot be carried out; nothing was changed unless the text says so."""


@dataclass(frozen=True)
class Outcome:
    """What the module reports; failure is a fault that came up after the accounts had been written."""

    changed: bool
    users: list[dict[str, t.Any]]
    diff: dict[str, str]
    unmanaged: list[str]
    passdbs: list[dict[str, t.Any]]
    expiring: int
    most_app_passwords: int
    warnings: tuple[str, ...] = ()
    failure: str | None = None


@dataclass(frozen=True)
class _Host:
    """What the host offers, and what it lacks."""

    doveadm: Doveadm | None
    owner: Owner | None
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class _Verifier:
    doveadm: Doveadm | None
    scheme: str
    rounds: int | None
    upgrade: bool

    def matches(self, password_hash: str, password: str, address: str) -> bool:
        return self.doveadm is not None and self.doveadm.verify(password_hash, password, address)

    def is_current(self, password_hash: str) -> bool:
        return not self.upgrade or _doveadm.meets(password_hash, self.scheme, self.rounds)


@dataclass
class _Faults:
    """Collects what goes wrong once there is no way back."""

    texts: list[str] = field(default_factory=list)

    def add(self, text: str | None) -> None:
        if text is not None:
            self.texts.append(text)


def run(
    options: Options, *, runner: CommandRunner, doveadm: str | None, dovecot: str | None, check_mode: bool
) -> Outcome:
    """Bring accounts into the state that options ask for. Raises MaildirUserError and OSError."""
    try:
        wishes = _wishes(options)
        host = _look(options, runner, doveadm, dovecot)
        grammar_2_4 = host.doveadm is None or host.doveadm.version() >= (2, 4)
        backend = open_backend(options, grammar_2_4=grammar_2_4, runner=runner)
        personal = backend if isinstance(backend, PersonalBackend) else None
        scheme = options["scheme"] or default_scheme(options)
        if personal is not None:
            wishes, scheme = personal.adapted(wishes), personal.scheme(scheme)
        verifier = _verifier(options, wishes, host.doveadm, scheme)
        store = MailStore(
            options["mail_root"],
            archive_dir=options["archive_dir"] or os.path.join(options["mail_root"], ".archive"),
            mail_directory=_mail_directory(options) if options["maildir"] else None,
            owner=None if personal is not None else host.owner,
        )
        backend.check(wishes)
        lacks = (*host.lacks, *backend.lacks())
        with contextlib.nullcontext() if check_mode else backend.lock():
            return _run_locked(options, backend, wishes, host, lacks, verifier, store, check_mode)
    except (AccountBackendError, AccountError, DoveadmError, MaildirError) as error:
        raise MaildirUserError(f"{error}.") from error


def _run_locked(
    options: Options,
    backend: AccountBackend,
    wishes: t.Sequence[Wish],
    host: _Host,
    lacks: t.Sequence[str],
    verifier: _Verifier,
    store: MailStore,
    check_mode: bool,
) -> Outcome:
    personal = backend if isinstance(backend, PersonalBackend) else None
    current = backend.read()
    policy = Policy(
        mail_root=os.path.normpath(options["mail_root"]),
        grammar_2_4=host.doveadm is None or host.doveadm.version() >= (2, 4),
        purge=options["purge"],
        on_remove=options["on_remove"],
        stamp=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        users=personal,
    )
    plan = compute_plan(current, wishes, policy, verifier, store)
    records = plan.records({})
    after = [entry for entry in {**current, **records}.values() if entry is not None]
    if personal is not None:
        personal.check_together(after)
    upkeep = backend.upkeep()
    changed = plan.changed or upkeep is not None
    outcome = Outcome(
        changed=changed,
        users=[result_of(change) for change in plan.changes if change.changed],
        diff=diff_of(plan, backend.place, upkeep),
        expiring=sum(1 for entry in after if expires_of(entry.extra) is not None),
        most_app_passwords=max((len(entry.app_passwords) for entry in after), default=0),
        unmanaged=[] if options["purge"] or options["users"] is None else unmanaged(current, wishes),
        passdbs=backend.passdbs(after),
        warnings=tuple(f"{text}; a run without check mode would fail." for text in lacks) if changed else (),
    )
    if not changed or check_mode:
        return outcome
    if lacks or host.doveadm is None:
        raise MaildirUserError("; ".join(lacks) + ".")
    hashes = {
        (address, name): host.doveadm.hash(password, verifier.scheme, address, rounds=verifier.rounds)
        for address, name, password in plan.passwords()
    }
    if hashes:
        records = plan.records(hashes)
    owners = personal.prepare(records) if personal is not None else {}
    for change in plan.changes:
        store.apply(change.steps, owners.get(change.address))
        if change.moved_from is not None:
            store.move(change.moved_from, change.home)
    if plan.lines_changed or upkeep is not None:
        backend.write(records)
    faults = _follow_up(plan, backend, host.doveadm, store)
    if not faults:
        return outcome
    return replace(outcome, failure=f"The accounts in {backend.place} are written, but: {'; '.join(faults)}.")


def _follow_up(plan: Plan, backend: AccountBackend, doveadm: Doveadm, store: MailStore) -> list[str]:
    """Make the running daemon follow, then deal with homes; no login can create them anew by then."""
    faults = _Faults()
    if plan.lines_changed:
        backend.settle()
    written = [change for change in plan.changes if change.line_changed]
    faults.add(doveadm.flush(list(dict.fromkeys(name for one in written for name in (one.former, one.address)))))
    for change in plan.changes:
        if change.loses_sessions:
            faults.add(doveadm.kick(change.former))
        if change.moved_from is not None and store.exists(change.moved_from):
            faults.add(
                f"home {change.moved_from} of {change.former} came up again while it was moved to {change.home}; "
                "move what it holds there by hand"
            )
    for change in plan.changes:
        try:
            if change.archived_to is not None:
                store.archive(change.home, change.archived_to)
            elif change.deleted:
                store.delete(change.home)
        except (MaildirError, OSError) as error:
            faults.add(
                f"home {change.home} of {change.address} is not {'deleted' if change.deleted else 'archived'}: {error}"
            )
    return faults.texts


def _wishes(options: Options) -> tuple[Wish, ...]:
    accounts = options["users"]
    if accounts is None:
        accounts = [options]
    wishes = tuple(
        parse_wish(account, update_password=options["update_password"], on_remove=options["on_remove"])
        for account in accounts
    )
    check_duplicates(wishes)
    return wishes


def _mail_directory(options: Options) -> str:
    name = os.path.normpath(str(options["mail_directory"]))
    if os.path.isabs(name) or name.split("/")[0] in ("..", "."):
        raise AccountError(f"mail_directory {options['mail_directory']!r} is not a path below the home")
    return name


def _look(options: Options, runner: CommandRunner, doveadm: str | None, dovecot: str | None) -> _Host:
    lacks: list[str] = []
    tool = None
    if doveadm is None or dovecot is None:
        lacks.append("dovecot and doveadm are not installed; install Dovecot first (Debian: dovecot-core)")
    else:
        tool = Doveadm(runner, doveadm=doveadm, dovecot=dovecot)
    owner = None
    try:
        owner = (
            None
            if options["backend"] == "system"
            else Owner(uid=pwd.getpwnam(options["owner"]).pw_uid, gid=grp.getgrnam(options["group"]).gr_gid)
        )
    except KeyError:
        lacks.append(f"owner {options['owner']} or group {options['group']} does not exist; create them first")
    if not os.path.isdir(options["mail_root"]):
        lacks.append(f"mail_root {options['mail_root']} is no directory; create it first")
    return _Host(doveadm=tool, owner=owner, lacks=tuple(lacks))


def _verifier(options: Options, wishes: t.Sequence[Wish], doveadm: Doveadm | None, asked: str | None) -> _Verifier:
    known: frozenset[str] = frozenset({_doveadm.PREFERRED_SCHEME})
    hashes = [(wish.address, wish.password_hash) for wish in wishes]
    hashes += [(wish.address, one.password_hash) for wish in wishes for one in wish.app_passwords or ()]
    clear = [wish.password for wish in wishes]
    clear += [one.password for wish in wishes for one in wish.app_passwords or ()]
    if doveadm is not None and any(secret is not None for secret in (*clear, *(stored for _address, stored in hashes))):
        known = doveadm.schemes()
        for address, password_hash in hashes:
            if password_hash is not None and _doveadm.scheme_of(password_hash) not in known:
                raise AccountError(
                    f"{address}: this Dovecot does not know the scheme of password_hash; 'doveadm pw -l' lists them"
                )
        scheme = _doveadm.choose_scheme(asked, known)
    else:
        scheme = str(asked or _doveadm.PREFERRED_SCHEME).upper()
    _doveadm.check_rounds(scheme, options["rounds"])
    return _Verifier(doveadm=doveadm, scheme=scheme, rounds=options["rounds"], upgrade=options["upgrade_scheme"])
