# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mail_users_to_csv
short_description: A table from accounts
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns a list such as C(mail_users), or the accounts that M(postmaster.mail.mail_user_info) returns, into a table
    that P(postmaster.mail.mail_users_from_csv#filter) reads. Columns that nobody has a value in are left out.
  - Other keys, such as C(app_passwords), have no column and are left out. Passwords in the list are in the table.
positional: _input
options:
  _input:
    description: The accounts.
    type: list
    elements: dict
    required: true
  delimiter:
    description: The character between two cells.
    type: str
    default: ","
"""

EXAMPLES = r"""
- name: Keep a list of all accounts, without passwords
  ansible.builtin.copy:
    content: "{{ accounts.users | postmaster.mail.mail_users_to_csv }}"
    dest: /root/accounts.csv
    mode: "0600"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._account_exchange import users_to_csv


def mail_users_to_csv(users: list[dict[str, t.Any]], delimiter: str = ",") -> str:
    """Return the table; see DOCUMENTATION."""
    if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
        raise AnsibleFilterError("mail_users_to_csv: write a list of accounts, each a dictionary with an address")
    return users_to_csv(users, delimiter)


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mail_users_to_csv": mail_users_to_csv}
