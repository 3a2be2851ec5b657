# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter postmaster.mail.unbound_local_data."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import records_from_dicts, unbound_lines

DOCUMENTATION = r"""
name: unbound_local_data
short_description: Write DNS records as local zones and local data of unbound
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
extends_documentation_fragment:
  - postmaster.mail._dns_records
description:
  - Returns lines for the C(server:) clause of C(unbound.conf) that make unbound answer with the given records.
  - Reverse zones get their records but no C(local-zone) line, so that unbound keeps asking others about their other
    addresses.
options:
  zone_type:
    description:
      - What unbound does with names and types of the zones that no record is given for. V(static) denies them,
        V(transparent) asks others about other names, V(typetransparent) asks others about other names and types.
      - V(none) writes no C(local-zone) lines at all.
      - V(redirect) answers for names below the zone with the records of the zone itself.
    type: str
    choices: [none, static, transparent, typetransparent, redirect]
    default: typetransparent
"""

EXAMPLES = r"""
- name: Let a resolver on a closed network answer for the deployment
  ansible.builtin.copy:
    content: |
      server:
      {{ records | postmaster.mail.unbound_local_data('static') | join('\n') | indent(4, true) }}
    dest: /etc/unbound/unbound.conf.d/lab.conf
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The lines, without line feeds.
  type: list
  elements: str
"""


def unbound_local_data(records: t.Iterable[t.Mapping[str, t.Any]], zone_type: str = "typetransparent") -> list[str]:
    """Return configuration lines of unbound."""
    try:
        return unbound_lines(records_from_dicts(records), zone_type)
    except DnsDataError as error:
        raise AnsibleFilterError(f"unbound_local_data: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return name and function of each filter."""
        return {"unbound_local_data": unbound_local_data}
