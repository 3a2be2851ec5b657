# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From accounts, aliases and domains to the lookup tables that Postfix reads (virtual(5), postconf(5))."""

from __future__ import annotations

import collections
import typing as t
from dataclasses import dataclass, field

# RFC 2142 wants these answered in every domain that receives mail.
REQUIRED_LOCAL_PARTS = ("postmaster", "abuse")


class AccountTableError(Exception):
    """The inventory's accounts, aliases and domains contradict each other; the text lists every fault."""

    def __init__(self, faults: t.Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Account:
    """A mailbox; senders are further addresses that its login may use as envelope sender."""

    address: str
    senders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alias:
    """An address without a mailbox of its own, or `@domain` for the rest of a domain; to holds full addresses."""

    address: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class AccountTables:
    """virtual_mailbox_domains as a list; the tables as key to value in Postfix's own notation."""

    domains: tuple[str, ...]
    mailboxes: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    sender_logins: dict[str, str] = field(default_factory=dict)


def build_account_tables(
    *, accounts: t.Sequence[Account], aliases: t.Sequence[Alias], domains: t.Sequence[str], postmaster: str | None
) -> AccountTables:
    """Return the tables for virtual_mailbox_maps, virtual_alias_maps and smtpd_sender_login_maps.

    postmaster receives what is sent to root, and to postmaster and abuse of each domain where nobody else does;
    None means the first account. Raises AccountTableError, which lists all faults at once.
    """
    mailboxes = {account.address: account.address for account in accounts}
    named = {alias.address: alias.to for alias in aliases}
    faults = [
        *_duplicates("account", [account.address for account in accounts]),
        *_duplicates("alias", [alias.address for alias in aliases]),
        *_foreign_domains(mailboxes, named, domains),
        *_hidden_mailboxes(mailboxes, named),
    ]
    targets = _with_required(mailboxes, named, domains, postmaster)
    faults += [*_unknown_targets(mailboxes, targets, domains), *_loops(mailboxes, targets)]
    if faults:
        raise AccountTableError(faults)
    return AccountTables(
        domains=tuple(domains),
        mailboxes=mailboxes,
        aliases={address: ", ".join(to) for address, to in sorted(targets.items())},
        sender_logins=_sender_logins(accounts),
    )


def domain_of(address: str) -> str:
    """Return the part after the last @."""
    return address.rpartition("@")[2]


def _duplicates(kind: str, addresses: t.Sequence[str]) -> list[str]:
    counts = collections.Counter(addresses)
    return [
        f"{kind} {address} is listed more than once: keep one entry"
        for address, count in sorted(counts.items())
        if count > 1
    ]


def _foreign_domains(
    mailboxes: t.Mapping[str, str], named: t.Mapping[str, tuple[str, ...]], domains: t.Sequence[str]
) -> list[str]:
    known = set(domains)
    return [
        f"{address} is in no domain of this server: add {domain_of(address)} to mail_domains"
        for address in (*mailboxes, *named)
        if domain_of(address) not in known
    ]


def _hidden_mailboxes(mailboxes: t.Mapping[str, str], named: t.Mapping[str, tuple[str, ...]]) -> list[str]:
    return [
        f"alias {address} would take all mail from the mailbox of the same address: "
        f"list {address} among its targets to keep a copy there, or remove one of the two"
        for address, to in named.items()
        if address in mailboxes and address not in to
    ]


def _with_required(
    mailboxes: t.Mapping[str, str],
    named: t.Mapping[str, tuple[str, ...]],
    domains: t.Sequence[str],
    postmaster: str | None,
) -> dict[str, tuple[str, ...]]:
    targets = dict(named)
    receiver = postmaster or next(iter(mailboxes), None)
    if receiver is not None:
        for domain in domains:
            for local_part in REQUIRED_LOCAL_PARTS:
                address = f"{local_part}@{domain}"
                if address not in mailboxes:
                    targets.setdefault(address, (receiver,))
        for local_part in ("root", *REQUIRED_LOCAL_PARTS):
            targets[local_part] = (receiver,)
    # virtual(5) tries @domain before virtual_mailbox_maps is asked: without an entry
    # of its own, every mailbox of the domain would lose its mail to the catch-all.
    for address in mailboxes:
        if f"@{domain_of(address)}" in named:
            targets.setdefault(address, (address,))
    return targets


def _unknown_targets(
    mailboxes: t.Mapping[str, str], targets: t.Mapping[str, tuple[str, ...]], domains: t.Sequence[str]
) -> list[str]:
    known = set(domains)
    return [
        f"alias {address} leads to {target}, which is neither an account nor an alias of this server: "
        f"create {target} or correct the alias"
        for address, to in targets.items()
        for target in to
        if domain_of(target) in known
        and target not in mailboxes
        and target not in targets
        and f"@{domain_of(target)}" not in targets
    ]


def _loops(mailboxes: t.Mapping[str, str], targets: t.Mapping[str, tuple[str, ...]]) -> list[str]:
    """One fault for each loop that a walk through the aliases runs into; every alias is entered once."""
    faults = []
    done: set[str] = set()
    for start in targets:
        path: list[str] = []
        pending = [(start, False)]
        while pending:
            address, left = pending.pop()
            if left:
                done.add(path.pop())
            elif address in path:
                loop = [*path[path.index(address) :], address]
                faults.append(f"aliases form a loop: {' -> '.join(loop)}; remove one of these steps")
            elif address in targets and address not in done:
                path.append(address)
                pending.append((address, True))
                pending += [
                    (target, False) for target in targets[address] if not (target == address and target in mailboxes)
                ]
    return faults


def _sender_logins(accounts: t.Sequence[Account]) -> dict[str, str]:
    logins: dict[str, list[str]] = {}
    for account in accounts:
        for sender in (account.address, *account.senders):
            logins.setdefault(sender, []).append(account.address)
    return {sender: ", ".join(owners) for sender, owners in sorted(logins.items())}
