# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dnsbl_restrictions
short_description: Restrictions of Postfix from DNS lists that can be used
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns DNS block and allow lists into restrictions for C(smtpd) and sites for C(postscreen).
  - A list is left out if M(postmaster.mail.dnsbl_info) said that it cannot be used, or was not asked about it.
  - Every restriction has a reply filter, so that an answer by which a list refuses to answer never refuses mail.
  - Fails on an entry that cannot be understood.
positional: _input, info
options:
  _input:
    description: The lists. Besides the keys below an entry may have none.
    type: list
    elements: dict
    required: true
    suboptions:
      zone:
        description: Name of the zone of the list.
        type: str
        required: true
      kind:
        description:
          - What is looked up.
          - V(client) is the address of the client (C(reject_rbl_client)), V(client_name) its verified name
            (C(reject_rhsbl_client)), V(reverse_client) its name that was not verified
            (C(reject_rhsbl_reverse_client)).
          - V(helo), V(sender) and V(recipient) are the domains given there (C(reject_rhsbl_helo) and so on).
        type: str
        choices: [client, client_name, reverse_client, helo, sender, recipient]
        default: client
      replies:
        description: The reply filter, as in M(postmaster.mail.dnsbl_info).
        type: str
        default: 127.[0..254].[0..255].[2..254]
      mode:
        description: V(warn) logs what would be rejected. C(postscreen) cannot do so, and gets no such list.
        type: str
        choices: [reject, warn]
        default: reject
      weight:
        description:
          - What a listing counts in C(postscreen); only for O(_input[].kind=client).
          - A negative one makes the list an allow list, which only C(postscreen) gets. V(0) keeps a list from it.
        type: int
        default: 1
  info:
    description: What M(postmaster.mail.dnsbl_info) returned, or its RV(postmaster.mail.dnsbl_info#module:lists).
    type: raw
    required: true
seealso:
  - module: postmaster.mail.dnsbl_info
  - plugin: postmaster.mail.dnsbl_questions
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask whether the lists can be used
  postmaster.mail.dnsbl_info:
    lists: "{{ my_lists | postmaster.mail.dnsbl_questions }}"
  register: dnsbl

- name: Show the restrictions
  ansible.builtin.debug:
    msg: "{{ my_lists | postmaster.mail.dnsbl_restrictions(dnsbl) }}"
# With my_lists: [{zone: zen.example.org, replies: "127.0.0.[2..11]", weight: 3},
#                 {zone: dbl.example.org, kind: sender, mode: warn}, {zone: gone.example.org}]
# => {"client": ["reject_rbl_client zen.example.org=127.0.0.[2..11]"],
#     "helo": [],
#     "sender": ["warn_if_reject reject_rhsbl_sender dbl.example.org=127.[0..254].[0..255].[2..254]"],
#     "recipient": [],
#     "postscreen_sites": ["zen.example.org=127.0.0.[2..11]*3"],
#     "left_out": [{"zone": "gone.example.org", "reason": "not_answering", "remedy": "..."}]}
"""

RETURN = r"""
_value:
  description: The restrictions.
  type: dict
  contains:
    client:
      description: For C(smtpd_client_restrictions).
      type: list
      elements: str
    helo:
      description: For C(smtpd_helo_restrictions).
      type: list
      elements: str
    sender:
      description: For C(smtpd_sender_restrictions).
      type: list
      elements: str
    recipient:
      description: For C(smtpd_recipient_restrictions).
      type: list
      elements: str
    postscreen_sites:
      description: For C(postscreen_dnsbl_sites).
      type: list
      elements: str
    left_out:
      description: >-
        The lists that were left out; C(zone), C(reason) and C(remedy) as M(postmaster.mail.dnsbl_info) gave
        them. The reason is V(not_asked) if it was not asked about the list.
      type: list
      elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl import DnsblError
from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl_restrictions import read_uses, restrictions


def dnsbl_restrictions(
    lists: list[dict[str, t.Any]], info: dict[str, t.Any] | list[dict[str, t.Any]]
) -> dict[str, list[t.Any]]:
    """Return the restrictions; see DOCUMENTATION."""
    known = info.get("lists") if isinstance(info, dict) else info
    if not isinstance(known, list):
        raise AnsibleFilterError(
            "dnsbl_restrictions: info has no lists. Give the result of postmaster.mail.dnsbl_info."
        )
    try:
        return restrictions(read_uses(lists), known)
    except DnsblError as error:
        raise AnsibleFilterError(f"dnsbl_restrictions: {error}") from error


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"dnsbl_restrictions": dnsbl_restrictions}
