# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: mail_ldap_composition
short_description: How Postfix and Dovecot ask the directory of the accounts
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns the variables C(accounts_ldap_*) of role P(postmaster.mail.accounts#role) into what the roles
    P(postmaster.mail.postfix#role) and P(postmaster.mail.dovecot#role) need to ask a directory for accounts and
    aliases.
positional: _input
options:
  _input:
    description:
      - C(uris), C(starttls), C(ca_file), C(bind_dn), C(bind_password), C(base), C(auth_bind), C(user_filter),
        C(login_filter), C(address_filter), C(alias_filter) and C(attributes), as the variables of those names.
      - C(app_passwords), how many an account has at most.
      - C(domains), C(aliases), C(mail_user), C(mail_root), C(quota) (the limit of accounts without one of their own)
        and C(postfix_directory).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what Postfix asks
  ansible.builtin.debug:
    msg: "{{ (directory | postmaster.mail.mail_ldap_composition).postfix_maps }}"
"""

RETURN = r"""
_value:
  description: The composition.
  type: dict
  contains:
    dovecot_ldap:
      description: For C(dovecot_ldap).
      type: dict
    dovecot_passdbs:
      description: For C(dovecot_passdbs).
      type: list
      elements: dict
    dovecot_userdbs:
      description: For C(dovecot_userdbs).
      type: list
      elements: dict
    postfix_maps:
      description: For C(postfix_account_maps).
      type: dict
    postfix_map_files:
      description: For C(postfix_account_map_files).
      type: dict
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._account_inventory import read_inventory
from ansible_collections.postmaster.mail.plugins.module_utils._account_ldap_compose import (
    LdapCompositionError,
    compose,
)


def mail_ldap_composition(wishes: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the composition as a dictionary; see DOCUMENTATION."""
    inventory = read_inventory(
        users=[], aliases=wishes.get("aliases") or [], domains=wishes.get("domains") or [], postmaster=None
    )
    if inventory.faults:
        raise AnsibleFilterError(f"mail_ldap_composition: {'; '.join(inventory.faults)}")
    catch_alls = {alias.address[1:]: alias.to[0] for alias in inventory.aliases if alias.address.startswith("@")}
    whole_domains = {domain: to[1:] for domain, to in catch_alls.items() if to.startswith("@")}
    caught_domains = sorted(set(catch_alls) - set(whole_domains))
    try:
        domains = {"domains": inventory.domains, "whole_domains": whole_domains, "caught_domains": caught_domains}
        return dataclasses.asdict(compose({**wishes, **domains}))
    except LdapCompositionError as error:
        raise AnsibleFilterError(f"mail_ldap_composition: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mail_ldap_composition": mail_ldap_composition}
