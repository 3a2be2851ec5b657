# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mail_users_from_rows
short_description: Accounts from a table of a database
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns what a query to a database found into a list such as C(mail_users).
  - What is C(NULL) or empty says nothing. Several addresses or networks in one column are separated by blanks or
    commas. Of a moment in time in C(expires), the day counts.
  - Fails on rows that do not fit. All faults are named at once.
positional: _input
options:
  _input:
    description: The rows, each with its values by the names of their columns.
    type: list
    elements: dict
    required: true
  columns:
    description:
      - The column of each key of an account that is taken over, for example C(password_hash=password). The keys are
        those of P(postmaster.mail.mail_users_from_csv#filter), and C(active), which disables an account where it is
        false or 0.
      - By default, each column that has the name of a key.
    type: dict
    default: {}
  scheme:
    description: The scheme of password hashes that name none.
    type: str
    default: CRYPT
  domain:
    description: The domain of users without one.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Ask another mail server for its accounts
  community.postgresql.postgresql_query:
    login_host: old.example.org
    login_db: postfix
    login_user: reader
    login_password: "{{ vault_reader }}"
    query: SELECT username, password, name, quota, active FROM mailbox
  delegate_to: localhost
  no_log: true
  register: mailboxes

- name: Create them
  postmaster.mail.maildir_user:
    users: "{{ mailboxes.query_result | postmaster.mail.mail_users_from_rows(columns=known) }}"
  vars:
    known: {address: username, password_hash: password, name: name, quota: quota, active: active}
  no_log: true
"""

RETURN = r"""
_value:
  description: The accounts.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._account_exchange import ExchangeError, users_from_rows


def mail_users_from_rows(
    rows: list[dict[str, t.Any]], columns: dict[str, str] | None = None, scheme: str = "CRYPT", domain: str = ""
) -> list[dict[str, t.Any]]:
    """Return the accounts; see DOCUMENTATION."""
    try:
        return users_from_rows(rows, columns or {}, scheme, domain)
    except ExchangeError as error:
        raise AnsibleFilterError(f"mail_users_from_rows: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mail_users_from_rows": mail_users_from_rows}
