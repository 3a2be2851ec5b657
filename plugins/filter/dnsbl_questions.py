# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dnsbl_questions
short_description: What to ask about the DNS lists of an inventory
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns the lists that P(postmaster.mail.dnsbl_restrictions#filter) takes into the option
    O(postmaster.mail.dnsbl_info#module:lists), each list once.
  - Fails on an entry that cannot be understood.
positional: _input
options:
  _input:
    description: The lists, as for P(postmaster.mail.dnsbl_restrictions#filter).
    type: list
    elements: dict
    required: true
seealso:
  - plugin: postmaster.mail.dnsbl_restrictions
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask whether the lists can be used
  postmaster.mail.dnsbl_info:
    lists: "{{ my_lists | postmaster.mail.dnsbl_questions }}"
  register: dnsbl
  vars:
    my_lists:
      - zone: zen.example.org
        weight: 3
      - zone: dbl.example.org
        kind: sender
        mode: warn
"""

RETURN = r"""
_value:
  description: Entries with the keys C(zone), C(kind) and C(replies).
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl import DnsblError
from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl_restrictions import questions, read_uses


def dnsbl_questions(lists: list[dict[str, t.Any]]) -> list[dict[str, str]]:
    """Return the option lists of dnsbl_info; see DOCUMENTATION."""
    try:
        return questions(read_uses(lists))
    except DnsblError as error:
        raise AnsibleFilterError(f"dnsbl_questions: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"dnsbl_questions": dnsbl_questions}
