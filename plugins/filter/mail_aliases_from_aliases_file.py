# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mail_aliases_from_aliases_file
short_description: Aliases from an aliases file
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns a file in the format of aliases(5), such as C(/etc/aliases), into a list such as C(mail_aliases).
  - Fails on targets that are no addresses, that is on commands, files and C(:include:). All faults are named at once.
positional: _input
options:
  _input:
    description: The text of the file.
    type: str
    required: true
  domain:
    description: The domain of names without one.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the aliases of the old server
  ansible.builtin.debug:
    msg: "{{ text | postmaster.mail.mail_aliases_from_aliases_file(domain='example.org') }}"
  vars:
    text: "{{ lookup('ansible.builtin.file', 'aliases') }}"
"""

RETURN = r"""
_value:
  description: The aliases, each with C(address) and C(to).
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._account_exchange import ExchangeError, aliases_from_file


def mail_aliases_from_aliases_file(text: str, domain: str = "") -> list[dict[str, t.Any]]:
    """Return the aliases; see DOCUMENTATION."""
    try:
        return aliases_from_file(text, domain)
    except ExchangeError as error:
        raise AnsibleFilterError(f"mail_aliases_from_aliases_file: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"mail_aliases_from_aliases_file": mail_aliases_from_aliases_file}
