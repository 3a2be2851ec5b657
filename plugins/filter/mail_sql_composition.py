# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: mail_sql_composition
short_description: How Postfix and Dovecot ask the database of the accounts
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns the name of a database and of its users into what the roles P(postmaster.mail.postfix#role) and
    P(postmaster.mail.dovecot#role) need to ask it for the accounts of M(postmaster.mail.maildir_user) and the rows of
    M(postmaster.mail.mail_sql_lookups). The passdbs are what M(postmaster.mail.maildir_user) returns.
positional: _input
options:
  _input:
    description:
      - C(driver) (V(sqlite), V(pgsql) or V(mysql)), C(host), C(port), C(name), C(postfix_user), C(postfix_password),
        C(dovecot_user), C(dovecot_password), C(path), C(lookups_path), C(mail_user) and C(postfix_directory).
      - C(ca_file), who may have signed the certificate of the server, if the connections are encrypted.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what Postfix asks
  ansible.builtin.debug:
    msg: "{{ (database | postmaster.mail.mail_sql_composition).postfix_maps }}"
"""

RETURN = r"""
_value:
  description: The composition.
  type: dict
  contains:
    dovecot_sql:
      description: For C(dovecot_sql).
      type: dict
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

from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_compose import (
    SqlCompositionError,
    compose,
)


def mail_sql_composition(wishes: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the composition as a dictionary; see DOCUMENTATION."""
    try:
        return dataclasses.asdict(compose(wishes))
    except SqlCompositionError as error:
        raise AnsibleFilterError(f"mail_sql_composition: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mail_sql_composition": mail_sql_composition}
