# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The entries of mail_users and mail_aliases as Postfix is concerned by them, or a list of all that is wrong."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._mail_address import (
    AddressError,
    parse_address,
    parse_domain,
)

_YES = frozenset({"yes", "true", "on", "1", "y"})
_USER_STATES = ("present", "disabled", "absent")
_ALIAS_STATES = ("present", "absent")
_DELIVERIES = ("accept", "suspend")
_Kind = t.Literal["address", "address or @domain"]


@dataclass(frozen=True)
class Account:
    """A mailbox.

    addresses are further ones that lead to it, senders further ones that its login may use as envelope sender.
    forward_to gets all its mail, the mailbox itself only with keep_copy. A suspended one takes no mail for now.
    """

    address: str
    addresses: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    forward_to: tuple[str, ...] = ()
    keep_copy: bool = True
    suspended: bool = False


@dataclass(frozen=True)
class Alias:
    """An address without a mailbox of its own, or `@domain` for the rest of a domain.

    to holds full addresses, or a single `@domain`: the same local part there.
    """

    address: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Inventory:
    """What the variables say; faults holds all that could not be read."""

    accounts: tuple[Account, ...]
    aliases: tuple[Alias, ...]
    domains: tuple[str, ...]
    postmaster: str | None
    faults: tuple[str, ...]


def read_inventory(
    *, users: t.Sequence[t.Any], aliases: t.Sequence[t.Any], domains: t.Sequence[t.Any], postmaster: str | None
) -> Inventory:
    """Read the variables as they come from a person."""
    reader = _Reader()
    return Inventory(
        accounts=tuple(account for user in users for account in reader.account(user)),
        aliases=tuple(alias for entry in aliases for alias in reader.alias(entry)),
        domains=tuple(name for domain in domains for name in reader.domain(domain)),
        postmaster=reader.postmaster(postmaster),
        faults=tuple(reader.faults),
    )


class _Reader:
    def __init__(self) -> None:
        self.faults: list[str] = []

    def account(self, user: t.Any) -> t.Iterator[Account]:
        """Yield one account, none if it is absent or cannot be read."""
        options, address = self._entry(user, "mail_users", _USER_STATES, "address")
        if address is None:
            return
        delivery = options.get("delivery") or "accept"
        if delivery not in _DELIVERIES:
            self.faults.append(f"delivery of {address} in mail_users is {delivery!r}: write accept or suspend")
        yield Account(
            address=address,
            addresses=self._listed(options, "addresses", address, "mail_users", "address"),
            senders=self._listed(options, "senders", address, "mail_users", "address or @domain"),
            forward_to=self._listed(options, "forward_to", address, "mail_users", "address"),
            keep_copy=_flag(options.get("forward_keep_copy"), default=True),
            suspended=delivery == "suspend",
        )

    def alias(self, entry: t.Any) -> t.Iterator[Alias]:
        """Yield one alias, none if it is absent or cannot be read."""
        options, address = self._entry(entry, "mail_aliases", _ALIAS_STATES, "address or @domain")
        if address is None:
            return
        before = len(self.faults)
        to = self._listed(options, "to", address, "mail_aliases", "address or @domain")
        if not to and len(self.faults) == before:
            self.faults.append(f"the alias {address} leads nowhere: list addresses in to, or say state: absent")
        elif any(target.startswith("@") for target in to) and (len(to) > 1 or not address.startswith("@")):
            self.faults.append(
                f"the alias {address} leads to {', '.join(to)}: only a whole domain can lead to a domain, and to one "
                "only, as in address @example.net, to [@example.org]"
            )
        elif to:
            yield Alias(address=address, to=to)

    def domain(self, domain: t.Any) -> t.Iterator[str]:
        """Yield a domain, none if it cannot be read."""
        try:
            yield parse_domain(str(domain))
        except AddressError as error:
            self.faults.append(f"mail_domains: {error}")

    def postmaster(self, address: str | None) -> str | None:
        """Return who gets what nobody else does."""
        if not address:
            return None
        return self._address(address, "mail_postmaster", "address")

    def _entry(
        self, entry: t.Any, origin: str, states: tuple[str, ...], kind: _Kind
    ) -> tuple[t.Mapping[str, t.Any], str | None]:
        """Return the entry and its address, None if it is absent or cannot be read."""
        if not isinstance(entry, t.Mapping):
            self.faults.append(f"an entry of {origin} is {entry!r}: write a dictionary with an address")
            return {}, None
        text = entry.get("address")
        if not isinstance(text, str) or "@" not in text:
            self.faults.append(
                f"an entry of {origin} has the address {text!r}: write a full address such as alice@example.org"
            )
            return entry, None
        address = self._address(text, origin, kind)
        state = entry.get("state") or "present"
        if state not in states:
            self.faults.append(f"state of {text} in {origin} is {state!r}: write one of {', '.join(states)}")
        return entry, None if state == "absent" else address

    def _listed(self, entry: t.Mapping[str, t.Any], key: str, owner: str, origin: str, kind: _Kind) -> tuple[str, ...]:
        listed = entry.get(key) or []
        if isinstance(listed, (str, t.Mapping)) or not all(isinstance(item, str) and "@" in item for item in listed):
            self.faults.append(
                f"{key} of {owner} in {origin} is {listed!r}: write a list of full addresses such as "
                "[alice@example.org]"
            )
            return ()
        addresses = [self._address(item, f"{key} of {owner} in {origin}", kind) for item in listed]
        return tuple(dict.fromkeys(address for address in addresses if address is not None))

    def _address(self, text: str, origin: str, kind: _Kind) -> str | None:
        try:
            if kind == "address or @domain" and text.strip().startswith("@"):
                return f"@{parse_domain(text.strip()[1:])}"
            return parse_address(text)
        except AddressError as error:
            self.faults.append(f"{origin}: {error}")
            return None


def _flag(value: object, *, default: bool) -> bool:
    if value is None:
        return default
    return value if isinstance(value, bool) else str(value).lower() in _YES
