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
  - Mail for V(postmaster) and V(abuse) of every domain is always answered, a catch-all never takes mail from a mailbox
    or an alias, and what is unknown is refused in the SMTP dialogue, in a domain that leads to another one too.
  - Internationalised domains may be written as they are read; they become C(xn--) labels.
  - Fails on an alias that hides a mailbox, leads nowhere or into a loop, on an address outside the domains, on one that
    is listed twice, and on characters that lookup tables or mail stores would mistake. All faults are named at once.
positional: _input
options:
  _input:
    description:
      - The accounts. Keys that are not named here are those of M(postmaster.mail.maildir_user) and left to it.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: The full address.
        type: str
        required: true
      state:
        description: V(absent) leaves the account out. A V(disabled) one still gets its mail.
        type: str
        choices: [present, disabled, absent]
        default: present
      addresses:
        description: Further addresses that lead to the account, and that its login may send as.
        type: list
        elements: str
        default: []
      senders:
        description: Further addresses that its login may send as, or V(@example.org) for all of a domain.
        type: list
        elements: str
        default: []
      forward_to:
        description: Addresses that get all mail for the account.
        type: list
        elements: str
        default: []
      forward_keep_copy:
        description: Whether mail that is forwarded by O(_input[].forward_to) stays in the mailbox too.
        type: bool
        default: true
      delivery:
        description:
          - With V(suspend) mail for the mailbox is put off by a temporary error, in the SMTP dialogue and in the queue,
            until it is V(accept) again. Senders try again for some days, so does the own queue.
          - Logins are not affected; see O(_input[].state) for them.
        type: str
        choices: [accept, suspend]
        default: accept
  aliases:
    description:
      - The aliases.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description:
          - The full address, or V(@example.org) for what has no other receiver in that domain.
        type: str
        required: true
      to:
        description:
          - Addresses, of this server or any other.
          - For an address V(@example.net) also a single V(@example.org) of this server. Each address of the second
            domain then has one of the same local part in the first, unless there is one already.
        type: list
        elements: str
        required: true
      state:
        description: V(absent) leaves the alias out.
        type: str
        choices: [present, absent]
        default: present
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
  complete:
    description:
      - Whether these are all accounts and aliases there are. With V(false) an alias may also lead to an address of the
        server that is not among them.
    type: bool
    default: true
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
    transports:
      description: Suspended address to a transport that puts mail off, for C(transport_maps).
      type: dict
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._account_inventory import read_inventory
from ansible_collections.postmaster.mail.plugins.module_utils._account_tables import (
    AccountTableError,
    build_account_tables,
)


def mail_account_tables(
    users: list[t.Any],
    aliases: list[t.Any] | None = None,
    domains: list[str] | None = None,
    postmaster: str | None = None,
    complete: bool = True,
) -> dict[str, t.Any]:
    """Return the tables as a dictionary; see DOCUMENTATION."""
    inventory = read_inventory(users=users, aliases=aliases or [], domains=domains or [], postmaster=postmaster)
    faults = list(inventory.faults)
    try:
        tables = build_account_tables(
            accounts=inventory.accounts,
            aliases=inventory.aliases,
            domains=inventory.domains,
            postmaster=inventory.postmaster,
            complete=complete,
        )
    except AccountTableError as error:
        raise AnsibleFilterError(f"mail_account_tables: {'; '.join([*faults, *error.faults])}") from error
    if faults:
        raise AnsibleFilterError(f"mail_account_tables: {'; '.join(faults)}")
    return dataclasses.asdict(tables)


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mail_account_tables": mail_account_tables}
