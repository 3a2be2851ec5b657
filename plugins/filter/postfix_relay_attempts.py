# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: postfix_relay_attempts
short_description: What a stranger would try at each listener of a mail server to have mail relayed
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Returns the C(envelopes) of M(postmaster.mail.smtp_policy) for attempts to relay through each listener of a Postfix,
    over each address of the host that is neither a loopback nor a link-local one.
  - The recipients are written in the ways by which mail servers have been talked into relaying.
positional: _input
options:
  _input:
    description: Names of the C(inet) services of C(master.cf), such as V(smtp), V(587) or V(192.0.2.1:2525).
    type: list
    elements: str
    required: true
  addresses:
    description: The addresses of the host.
    type: list
    elements: str
    required: true
  domains:
    description: The domains the host receives mail for. Recipients of the attempts are in none of them.
    type: list
    elements: str
    required: true
  tls:
    description: How a client starts TLS, V(starttls), V(implicit) or V(none), by name of the service.
    type: dict
    default: {}
  trusted:
    description:
      - Networks that may relay. Where the host is in one of them, only the configuration can tell what a stranger may
        do. Tables and names count as networks that hold the host.
    type: list
    elements: str
    default: []
  unasked:
    description: Those of the services that cannot answer yet, so that only their configuration is asked.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Nobody relays without a login
  postmaster.mail.smtp_policy:
    validate_certs: false
    envelopes: "{{ ['smtp'] | postmaster.mail.postfix_relay_attempts(addresses=addresses, domains=['example.org']) }}"
  vars:
    addresses: [192.0.2.1]
  register: relay

- name: None of them was accepted
  ansible.builtin.assert:
    that: relay.envelopes | map(attribute='results') | flatten | selectattr('verdict', 'eq', 'accepted') | length == 0
"""

RETURN = r"""
_value:
  description: The attempts, with C(host), C(port), C(tls), C(helo), C(sender), C(recipients), C(dialogue)
    (V(false) if only the configuration can be asked) and C(config_client) (the address to ask it about).
  type: list
  elements: dict
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_relay_attempts import relay_attempts


def postfix_relay_attempts(
    services: list[str],
    addresses: list[str],
    domains: list[str],
    tls: dict[str, str] | None = None,
    trusted: list[str] | None = None,
    unasked: list[str] | None = None,
) -> list[dict[str, t.Any]]:
    """Return the attempts as dictionaries; see DOCUMENTATION."""
    if not domains:
        raise AnsibleFilterError("postfix_relay_attempts: domains is empty, name at least the host itself")
    try:
        attempts = relay_attempts(
            services=services,
            addresses=addresses,
            domains=domains,
            tls=tls or {},
            trusted=trusted or [],
            unasked=unasked or [],
        )
    except ValueError as error:
        raise AnsibleFilterError(f"postfix_relay_attempts: {error}") from error
    return [dataclasses.asdict(attempt) for attempt in attempts]


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"postfix_relay_attempts": postfix_relay_attempts}
