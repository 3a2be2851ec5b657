# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mail_account_tables
short_description: Lookup tables for Postfix from accounts and aliases
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns the inventory's accounts, aliases and domains into the tables that Postfix looks recipients and senders up in.
  - Mail for V(postmaster) and V(abuse) of every domain is always answered, a catch-all never takes mail from a mailbox.
  - Fails on an alias that hides a mailbox, leads nowhere or into a loop, on an address outside the domains, and on
    an address that is listed twice. All faults are named at once.
positional: _input
options:
  _input:
    description:
      - The accounts. Of each entry C(address), C(state) and C(senders) are used; C(state=absent) leaves an entry out.
      - C(senders) lists further addresses that the account's login may send as.
    type: list
    elements: dict
    required: true
  aliases:
    description:
      - The aliases, each with C(address), C(to) (a list of addresses) and C(state) (V(present) or V(absent)).
      - An C(address) of the form V(@example.org) catches what has no other receiver in that domain.
    type: list
    elements: dict
    default: []
  domains:
    description: The domains this server receives mail for.
    type: list
    elements: str
    required: true
  postmaster:
    description:
      - The address that gets what is sent to root, and to postmaster and abuse of each domain where nobody else does.
      - The first account if omitted.
    type: str
"""

EXAMPLES = r"""
- name: Show where mail for a domain goes
  ansible.builtin.debug:
    msg: "{{ [{'address': 'alice@example.org'}] | postmaster.mail.mail_account_tables(domains=['example.org']) }}"
"""

RETURN = r"""
_value:
  description: The tables.
  type: dict
  contains:
    domains:
      description: The domains, lower case, for C(virtual_mailbox_domains).
      type: list
      elements: str
    mailboxes:
      description: Address to address, for C(virtual_mailbox_maps).
      type: dict
    aliases:
      description: Address to the addresses it leads to, for C(virtual_alias_maps).
      type: dict
    sender_logins:
      description: Sender address to the logins that own it, for C(smtpd_sender_login_maps).
      type: dict
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._account_tables import (
    Account,
    AccountTableError,
    Alias,
    build_account_tables,
)


def mail_account_tables(
    users: list[dict[str, t.Any]],
    aliases: list[dict[str, t.Any]] | None = None,
    domains: list[str] | None = None,
    postmaster: str | None = None,
) -> dict[str, t.Any]:
    """Return the tables as a dictionary; see DOCUMENTATION."""
    try:
        tables = build_account_tables(
            accounts=[
                Account(
                    address=_address(user, "mail_users"),
                    senders=_addresses(user, "senders", "mail_users"),
                )
                for user in users
                if user.get("state") != "absent"
            ],
            aliases=[
                Alias(
                    address=_address(alias, "mail_aliases"),
                    to=_addresses(alias, "to", "mail_aliases"),
                )
                for alias in aliases or []
                if alias.get("state") != "absent"
            ],
            domains=[domain.lower() for domain in domains or []],
            postmaster=postmaster.lower() if postmaster else None,
        )
    except AccountTableError as error:
        raise AnsibleFilterError(f"mail_account_tables: {error}") from error
    return dataclasses.asdict(tables)


def _address(entry: dict[str, t.Any], origin: str) -> str:
    address = entry.get("address")
    if not isinstance(address, str) or "@" not in address:
        raise AnsibleFilterError(
            f"mail_account_tables: an entry of {origin} has the address {address!r}: "
            "write a full address such as alice@example.org"
        )
    return address.lower()


def _addresses(entry: dict[str, t.Any], key: str, origin: str) -> tuple[str, ...]:
    listed = entry.get(key) or []
    if isinstance(listed, str) or not all(_is_address(address) for address in listed):
        raise AnsibleFilterError(
            f"mail_account_tables: {key} of {entry['address']} in {origin} is {listed!r}: "
            "write a list of full addresses such as [alice@example.org]"
        )
    if key == "to" and not listed:
        raise AnsibleFilterError(
            f"mail_account_tables: the alias {entry['address']} leads nowhere: "
            "list addresses in to, or say state: absent"
        )
    return tuple(address.lower() for address in listed)


def _is_address(value: object) -> bool:
    return isinstance(value, str) and "@" in value and not any(mark in value for mark in ", \t\n")


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mail_account_tables": mail_account_tables}
