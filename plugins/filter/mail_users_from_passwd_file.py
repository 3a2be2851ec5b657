# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mail_users_from_passwd_file
short_description: Accounts from a Dovecot passwd-file
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns a Dovecot passwd-file, of 2.3 or 2.4, into a list such as C(mail_users), with C(password_hash), C(name),
    C(home), C(quota), C(allow_nets), C(expires), C(state) and C(extra_fields). Numeric ids and the shell are left out.
  - Fails on users whose names are no addresses. All are named at once.
positional: _input
options:
  _input:
    description: The text of the file.
    type: str
    required: true
  domain:
    description: The domain of users without one.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Take over the accounts of another server
  postmaster.mail.maildir_user:
    users: "{{ text | postmaster.mail.mail_users_from_passwd_file(domain='example.org') }}"
  vars:
    text: "{{ lookup('ansible.builtin.file', 'users') }}"
"""

RETURN = r"""
_value:
  description: The accounts.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._account_exchange import (
    ExchangeError,
    users_from_passwd_file,
)


def mail_users_from_passwd_file(text: str, domain: str = "") -> list[dict[str, t.Any]]:
    """Return the accounts; see DOCUMENTATION."""
    try:
        return users_from_passwd_file(text, domain)
    except ExchangeError as error:
        raise AnsibleFilterError(f"mail_users_from_passwd_file: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mail_users_from_passwd_file": mail_users_from_passwd_file}
