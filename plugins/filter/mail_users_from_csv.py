# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mail_users_from_csv
short_description: Accounts from a table
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns a table of comma-separated values into a list such as C(mail_users). The first line names the columns, which
    are the keys of an account, C(address), C(password), C(password_hash), C(name), C(quota), C(state), C(home),
    C(expires), C(rename_from), C(delivery), C(addresses), C(senders), C(forward_to), C(forward_keep_copy) and
    C(allow_nets).
  - An empty cell says nothing. Several addresses or networks in a cell are separated by blanks.
  - Fails on a column of another name and on a line that does not fit. All faults are named at once.
positional: _input
options:
  _input:
    description: The text.
    type: str
    required: true
  delimiter:
    description: The character between two cells.
    type: str
    default: ","
"""

EXAMPLES = r"""
- name: Create the accounts of a spreadsheet
  postmaster.mail.maildir_user:
    users: "{{ lookup('ansible.builtin.file', 'accounts.csv') | postmaster.mail.mail_users_from_csv }}"
"""

RETURN = r"""
_value:
  description: The accounts.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._account_exchange import ExchangeError, users_from_csv


def mail_users_from_csv(text: str, delimiter: str = ",") -> list[dict[str, t.Any]]:
    """Return the accounts; see DOCUMENTATION."""
    try:
        return users_from_csv(text, delimiter)
    except ExchangeError as error:
        raise AnsibleFilterError(f"mail_users_from_csv: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mail_users_from_csv": mail_users_from_csv}
