# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter postmaster.mail.dns_records_text."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import records_from_dicts, render

DOCUMENTATION = r"""
name: dns_records_text
short_description: Write DNS records as a table, as zone file text or as JSON
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
extends_documentation_fragment:
  - postmaster.mail._dns_records
description:
  - Writes the records of P(postmaster.mail.mail_dns_records#filter) for people, for name servers or for programs.
options:
  style:
    description:
      - V(table) is made for reading and for typing into the form of a registrar.
      - V(zone) is text for a zone file of BIND, NSD or Knot. Names are absolute; SOA and NS records are up to the zone.
      - V(json) is a list of objects.
    type: str
    choices: [table, zone, json]
    default: table
  explain:
    description: Whether V(table) and V(zone) say why each record exists.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Write the records for the name server
  ansible.builtin.copy:
    content: "{{ records | postmaster.mail.dns_records_text(style='zone') }}"
    dest: /etc/bind/mail.example.org.inc
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text, ending with a line feed.
  type: str
"""


def dns_records_text(
    records: t.Iterable[t.Mapping[str, t.Any]],
    style: str = "table",
    *,
    explain: bool = True,
) -> str:
    """Return records as text."""
    try:
        return render(records_from_dicts(records), style, explain=explain)
    except DnsDataError as error:
        raise AnsibleFilterError(f"dns_records_text: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return name and function of each filter."""
        return {"dns_records_text": dns_records_text}
