# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter postmaster.mail.mail_dns_hosts."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.module_utils._dns_hosts import hosts_from_variables
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError

DOCUMENTATION = r"""
name: mail_dns_hosts
short_description: Describe the mail hosts of an inventory for DNS records
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Takes the inventory variables of hosts and returns the list of hosts that
    P(postmaster.mail.mail_dns_records#filter) expects.
  - The variables C(mail_domain), C(mail_domains), C(mail_hostname), C(mail_addresses), C(mail_services) and
    C(mail_mx_preference) are read, with the same defaults everywhere in this collection. Hosts without a mail domain
    are left out.
  - Without C(mail_addresses) the address that Ansible connects to (C(ansible_host)) is taken if it is an address
    and not that of the loopback interface.
  - Where the inventory spreads the mail system over the groups C(mail_mx), C(mail_submission), C(mail_store),
    C(mail_webmail), C(mail_db) and C(mail_dns), a host gets only what its groups serve, and data base and name
    servers are left out.
  - The open services follow from the variables of roles P(postmaster.mail.dovecot#role) and
    P(postmaster.mail.postfix#role) in the inventory, that is from C(dovecot_protocols), C(dovecot_listen),
    C(dovecot_listeners), C(dovecot_settings), C(postfix_submission), C(postfix_submissions), C(postfix_listeners),
    C(postfix_services) and C(postfix_inet_interfaces). A service with several ports is listed with its usual one.
    Listeners on the loopback alone, behind a proxy, or without TLS are left out.
  - C(mail_services) says it instead where it is given, such as for hosts that others set up. It is a list of names, or
    maps a name to true, false or a port. Fails when it holds a name that has no DNS record.
positional: _input
options:
  _input:
    description: The variables of each host, as C(groups['mail'] | map('extract', hostvars)) gives them.
    type: list
    elements: dict
    required: true
seealso:
  - plugin: postmaster.mail.mail_dns_records
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the hosts that the DNS records are made of
  ansible.builtin.debug:
    msg: "{{ groups['mail'] | map('extract', hostvars) | postmaster.mail.mail_dns_hosts }}"
# => [{"hostname": "mail.example.org", "addresses": ["192.0.2.25"], "domains": ["example.org"],
#      "services": {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995, "submission": 587, "submissions": 465},
#      "mx": true}]
"""

RETURN = r"""
_value:
  description: One entry for each host name, with the keys C(hostname), C(addresses), C(domains), C(services) and
    C(mx).
  type: list
  elements: dict
"""


def mail_dns_hosts(variables: t.Iterable[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return host entries from host variables."""
    try:
        return hosts_from_variables(list(variables))
    except DnsDataError as error:
        raise AnsibleFilterError(f"mail_dns_hosts: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return name and function of each filter."""
        return {"mail_dns_hosts": mail_dns_hosts}
