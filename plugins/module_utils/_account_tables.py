# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From accounts, aliases and domains to the lookup tables that Postfix reads (virtual(5), transport(5))."""

from __future__ import annotations

import collections
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._account_inventory import Account, Alias
from ansible_collections.postmaster.mail.plugins.module_utils._mail_address import domain_of

# RFC 2142 wants these answered in every domain that receives mail.
REQUIRED_LOCAL_PARTS = ("postmaster", "abuse")
# retry(8) refuses at the SMTP dialogue and in the queue alike, and for a time only.
SUSPENDED = "retry:4.2.1 The mailbox takes no mail at this time"
_Targets = dict[str, tuple[str, ...]]


class AccountTableError(Exception):
    """The inventory's accounts, aliases and domains contradict each other; the text lists every fault."""

    def __init__(self, faults: t.Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class AccountTables:
    """virtual_mailbox_domains as a list; the tables as key to value in Postfix's own notation."""

    domains: tuple[str, ...]
    mailboxes: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    sender_logins: dict[str, str] = field(default_factory=dict)
    transports: dict[str, str] = field(default_factory=dict)


def build_account_tables(
    *,
    accounts: t.Sequence[Account],
    aliases: t.Sequence[Alias],
    domains: t.Sequence[str],
    postmaster: str | None,
    complete: bool = True,
) -> AccountTables:
    """Return the tables for virtual_mailbox_maps, virtual_alias_maps, smtpd_sender_login_maps and transport_maps.

    postmaster receives what is sent to root, and to postmaster and abuse of each domain where nobody else does;
    None means the first account. Without complete, aliases may also lead to accounts of the domains that are not among
    these. Raises AccountTableError, which lists all faults at once.
    """
    mailboxes = {account.address: account.address for account in accounts}
    whole_domains = {
        alias.address[1:]: alias.to[0][1:] for alias in aliases if alias.address[0] == "@" and alias.to[0][0] == "@"
    }
    named = {alias.address: alias.to for alias in aliases if alias.to[0][0] != "@"}
    faults = [
        *_duplicates(accounts, aliases),
        *_foreign_domains([*mailboxes, *_further(accounts), *(alias.address for alias in aliases)], domains),
        *_hidden_mailboxes(accounts, named),
        *_unknown_domains(whole_domains, domains),
    ]
    circles = _domain_loops(whole_domains)
    if circles:
        faults += circles
        whole_domains = {}
    targets = _own_targets(accounts, named)
    _add_required(targets, mailboxes, [name for name in domains if name not in whole_domains], postmaster)
    pairs = _expand(targets, mailboxes, whole_domains)
    _add_required(targets, mailboxes, domains, postmaster)
    _keep_from_catch_all(targets, mailboxes)
    if complete:
        faults += _unknown_targets(mailboxes, targets, domains)
    faults += _loops(mailboxes, targets, complete=complete)
    if faults:
        raise AccountTableError(faults)
    return AccountTables(
        domains=tuple(domains),
        mailboxes=mailboxes,
        aliases={address: ", ".join(to) for address, to in sorted(targets.items())},
        sender_logins=_sender_logins(accounts, pairs),
        transports={account.address: SUSPENDED for account in accounts if account.suspended},
    )


def _further(accounts: t.Sequence[Account]) -> list[str]:
    return [address for account in accounts for address in account.addresses]


def _duplicates(accounts: t.Sequence[Account], aliases: t.Sequence[Alias]) -> list[str]:
    faults = []
    for kind, addresses in (
        ("account", [account.address for account in accounts]),
        ("alias", [alias.address for alias in aliases]),
    ):
        for address, count in sorted(collections.Counter(addresses).items()):
            if count > 1:
                faults.append(f"{kind} {address} is listed more than once: keep one entry")
    taken = {**{alias.address: "an alias" for alias in aliases}, **{one.address: "an account" for one in accounts}}
    for account in accounts:
        for address in account.addresses:
            if address in taken:
                faults.append(
                    f"{address}, one of the addresses of {account.address}, is {taken[address]} as well: "
                    "keep one of them"
                )
            taken.setdefault(address, f"one of the addresses of {account.address}")
    return faults


def _foreign_domains(addresses: t.Sequence[str], domains: t.Sequence[str]) -> list[str]:
    known = set(domains)
    return [
        f"{address} is in no domain of this server: add {domain_of(address)} to mail_domains"
        for address in addresses
        if domain_of(address) not in known
    ]


def _hidden_mailboxes(accounts: t.Sequence[Account], named: t.Mapping[str, tuple[str, ...]]) -> list[str]:
    faults = []
    for account in accounts:
        to = named.get(account.address)
        if to is None:
            continue
        if account.forward_to:
            faults.append(
                f"mail for {account.address} is forwarded by both an alias and forward_to: keep one of the two"
            )
        elif account.address not in to:
            faults.append(
                f"alias {account.address} would take all mail from the mailbox of the same address: "
                f"list {account.address} among its targets to keep a copy there, or remove one of the two"
            )
    return faults


def _unknown_domains(whole_domains: t.Mapping[str, str], domains: t.Sequence[str]) -> list[str]:
    return [
        f"alias @{source} leads to all of {target}, which is no domain of this server, so that unknown recipients "
        f"could not be refused: add {target} to mail_domains, or list the addresses one by one"
        for source, target in whole_domains.items()
        if target not in domains
    ]


def _domain_loops(whole_domains: t.Mapping[str, str]) -> list[str]:
    faults = []
    done: set[str] = set()
    for start in whole_domains:
        path = [start]
        while path[-1] in whole_domains and path[-1] not in done:
            path.append(whole_domains[path[-1]])
            if path[-1] in path[:-1]:
                loop = path[path.index(path[-1]) :]
                faults.append(f"domains form a loop: @{' -> @'.join(loop)}; remove one of these steps")
                break
        done.update(path)
    return faults


def _own_targets(accounts: t.Sequence[Account], named: t.Mapping[str, tuple[str, ...]]) -> _Targets:
    targets = dict(named)
    for account in accounts:
        if account.forward_to:
            kept = (account.address,) if account.keep_copy else ()
            targets[account.address] = tuple(dict.fromkeys((*kept, *account.forward_to)))
        for address in account.addresses:
            targets.setdefault(address, (account.address,))
    return targets


def _add_required(
    targets: _Targets, mailboxes: t.Mapping[str, str], domains: t.Sequence[str], postmaster: str | None
) -> None:
    receiver = postmaster or next(iter(mailboxes), None)
    if receiver is None:
        return
    for domain in domains:
        for local_part in REQUIRED_LOCAL_PARTS:
            address = f"{local_part}@{domain}"
            if address not in mailboxes:
                targets.setdefault(address, (receiver,))
    for local_part in ("root", *REQUIRED_LOCAL_PARTS):
        targets[local_part] = (receiver,)


def _expand(targets: _Targets, mailboxes: t.Mapping[str, str], whole_domains: t.Mapping[str, str]) -> dict[str, str]:
    """Add a row for each address of a domain to the domains that lead to it; return the pairs that were added.

    A row `@source @target` of virtual(5) would make every local part of source a known recipient.
    """
    pairs: dict[str, str] = {}
    pending = dict(whole_domains)
    while pending:
        # No loops: there is a domain that leads to one that is complete.
        source, target = next(item for item in pending.items() if item[1] not in pending)
        del pending[source]
        for address in sorted({*mailboxes, *targets}):
            local_part, _at, domain = address.rpartition("@")
            added = f"{local_part}@{source}"
            if domain != target or added in mailboxes or added in targets:
                continue
            if local_part:
                pairs[added] = address
                targets[added] = (address,)
            else:
                targets[added] = targets[address]
    return pairs


def _keep_from_catch_all(targets: _Targets, mailboxes: t.Mapping[str, str]) -> None:
    # virtual(5) tries @domain before virtual_mailbox_maps is asked: without an entry
    # of its own, every mailbox of the domain would lose its mail to the catch-all.
    for address in mailboxes:
        if f"@{domain_of(address)}" in targets:
            targets.setdefault(address, (address,))


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


def _loops(mailboxes: t.Mapping[str, str], targets: t.Mapping[str, tuple[str, ...]], *, complete: bool) -> list[str]:
    """One fault for each loop that a walk through the aliases runs into; every alias is entered once."""
    faults = []
    done: set[str] = set()
    for start in targets:
        path: dict[str, None] = {}
        pending = [(start, False)]
        while pending:
            address, left = pending.pop()
            if left:
                done.add(path.popitem()[0])
            elif address in path:
                steps = list(path)
                loop = [*steps[steps.index(address) :], address]
                faults.append(f"aliases form a loop: {' -> '.join(loop)}; remove one of these steps")
            elif address in targets and address not in done:
                path[address] = None
                pending.append((address, True))
                pending += [
                    # What is not known may be an account of its own, which no catch-all gets.
                    (_row(target, mailboxes, targets) if complete else target, False)
                    for target in targets[address]
                    if not (target == address and target in mailboxes)
                ]
    return faults


def _row(address: str, mailboxes: t.Mapping[str, str], targets: t.Mapping[str, tuple[str, ...]]) -> str:
    """Return the key that virtual(5) finds for an address, or the address itself."""
    catch_all = f"@{domain_of(address)}"
    if address in targets or address in mailboxes or catch_all not in targets:
        return address
    return catch_all


def _sender_logins(accounts: t.Sequence[Account], pairs: t.Mapping[str, str]) -> dict[str, str]:
    logins: dict[str, list[str]] = {}
    for account in accounts:
        for sender in dict.fromkeys((account.address, *account.addresses, *account.senders)):
            logins.setdefault(sender, []).append(account.address)
    # In the order of their making: a domain may lead to one that leads on.
    for sender, address in pairs.items():
        if address in logins:
            logins.setdefault(sender, [*logins[address]])
    return {sender: ", ".join(owners) for sender, owners in sorted(logins.items())}
