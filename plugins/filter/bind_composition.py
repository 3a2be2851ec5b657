# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter postmaster.mail.bind_composition."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._bind_composition import compose
from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import BindDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError

DOCUMENTATION = r"""
name: bind_composition
short_description: Say what a name server shall be in the options of module bind_config
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Turns what role P(postmaster.mail.dns#role) says about a name server into the options
    O(postmaster.mail.bind_config#module:options), O(postmaster.mail.bind_config#module:statements),
    O(postmaster.mail.bind_config#module:views) and O(postmaster.mail.bind_config#module:zones) of module
    P(postmaster.mail.bind_config#module).
  - Each record of the mail system goes to the smallest of the zones that holds its name. Where none does, its own zone
    is added if C(mail_zones) says so.
  - A zone is a secondary if there are C(primaries) for it, unless it has a C(type) of its own.
positional: _input
options:
  _input:
    description:
      - A dictionary. C(directory) is the working directory of the daemon; C(listen), C(access_control), C(forwarders),
        C(dnssec), C(insecure_domains) and C(trust_anchors) are the variables of the role with the prefix C(dns_).
      - C(rate_limit), C(options), C(statements), C(views), C(zones), C(mail_zones), C(nameservers), C(contact), C(soa),
        C(primaries), C(secondaries) and C(dnssec_policy) are those with the prefix C(dns_bind_).
      - C(records) are the records of the mail system as P(postmaster.mail.mail_dns_records#filter) returns them, C(ttl)
        is the time to live of records that name none.
    type: dict
    required: true
seealso:
  - plugin: postmaster.mail.bind_config
    plugin_type: module
  - plugin: postmaster.mail.mail_dns_records
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show how many zones a name server for these records has
  ansible.builtin.debug:
    msg: "{{ (settings | postmaster.mail.bind_composition).zones | length }}"
  vars:
    settings:
      directory: /var/cache/bind
      listen: [192.0.2.53]
      mail_zones: true
      records: "{{ records }}"
      nameservers: [ns1.example.org, ns2.example.org]
"""

RETURN = r"""
_value:
  description: A dictionary of C(options), C(statements), C(views) and C(zones).
  type: dict
"""


def bind_composition(settings: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return options of the module."""
    try:
        return compose(settings)
    except (BindDataError, DnsDataError) as error:
        raise AnsibleFilterError(f"bind_composition: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return name and function of each filter."""
        return {"bind_composition": bind_composition}
