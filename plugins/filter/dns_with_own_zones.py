# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter postmaster.mail.dns_with_own_zones."""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import BindDataError
from ansible_collections.postmaster.mail.plugins.module_utils._bind_zone import date_number
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_own_zones import with_own_zones
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import record_as_dict

DOCUMENTATION = r"""
name: dns_with_own_zones
short_description: Add SOA, NS and further records of the deployment's own zones to the records of the mail system
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
extends_documentation_fragment:
  - postmaster.mail._dns_records
description:
  - Returns the records of the mail system together with everything else in the zones that a name server of the
    deployment is the primary of, each zone beginning with its SOA and NS records.
  - A zone in several views counts as the last view has it.
options:
  zones:
    description: The C(zones) that P(postmaster.mail.bind_composition#filter) returns.
    type: list
    elements: dict
    required: true
  style:
    description: The style of O(present), which the records will be written in as well.
    type: str
    choices: [table, zone, json]
    default: table
  present:
    description:
      - What was written before. A zone that has not changed since then keeps its serial; another one gets the date with
        two digits more, or the next number.
    type: str
    default: ""
seealso:
  - plugin: postmaster.mail.dns_records_text
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write whole zones
  ansible.builtin.debug:
    msg: "{{ records | postmaster.mail.dns_with_own_zones(composition.zones, style='zone')
             | postmaster.mail.dns_records_text(style='zone') }}"
"""

RETURN = r"""
_value:
  description: Records in the form of the input.
  type: list
  elements: dict
"""


def dns_with_own_zones(
    records: t.Iterable[t.Mapping[str, t.Any]],
    zones: t.Iterable[t.Mapping[str, t.Any]],
    style: str = "table",
    present: str = "",
) -> list[dict[str, t.Any]]:
    """Return all records."""
    try:
        found = with_own_zones(records, zones, style, present, date_number(time.time()))
    except (BindDataError, DnsDataError) as error:
        raise AnsibleFilterError(f"dns_with_own_zones: {error}") from error
    return [record_as_dict(record) for record in found]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return name and function of each filter."""
        return {"dns_with_own_zones": dns_with_own_zones}
