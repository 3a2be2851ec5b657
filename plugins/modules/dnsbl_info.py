#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dnsbl_info
short_description: Tell whether DNS block and allow lists can be used from a host
version_added: "1.0.0"
description:
  - Asks each list for the test entries that RFC 5782 prescribes, through the name servers of the host, as Postfix
    will ask it about clients and senders. The entry for 127.0.0.2 (TEST for lists of domains) must be listed, the
    one for 127.0.0.1 (INVALID) must not.
  - Lists answer hosts behind public resolvers and hosts that ask too much with an address such as 127.255.255.254. A
    Postfix that takes every answer for a listing then refuses all mail. This module tells before that happens.
  - A list that cannot be used is no failure of the task. The module fails if a zone or a reply filter is not one
    that Postfix would accept.
options:
  lists:
    description: The lists.
    type: list
    elements: dict
    required: true
    suboptions:
      zone:
        description: Name of the zone of the list, such as V(zen.example.org).
        type: str
        required: true
      kind:
        description:
          - What the list is about. V(ip) stands for addresses of clients, as C(reject_rbl_client) looks them up, and
            V(domain) for domains, as C(reject_rhsbl_sender) does.
          - An V(ip) list that has no test entry for IPv4 is asked for the one for IPv6, C(::FFFF:7F00:2).
        type: str
        choices: [ip, domain]
        default: ip
      replies:
        description:
          - The answers that mean that something is listed, as a pattern in the syntax of Postfix. Each of the four
            numbers may be a group in brackets of numbers and ranges, for example V(127.0.0.[2..11]) or
            V(127.0.[0;1].[2;4..8]).
          - The default leaves out 127.255.255.0/24 and all answers that end in C(.0), C(.1) or C(.255), by which
            lists tell that something is wrong.
        type: str
        default: 127.[0..254].[0..255].[2..254]
  timeout:
    description:
      - Time in seconds that each name server of the host has for one query.
      - All lists are asked at the same time.
    type: float
    default: 5
  resolv_conf:
    description:
      - The file that names the name servers.
      - Where Postfix runs in a chroot jail, it uses the copy of the file below its queue directory.
    type: path
    default: /etc/resolv.conf
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.info
  - postmaster.mail._attributes.actiongroup_mail
notes:
  - Where the name of a zone holds an access key, it shows in the results. Set C(no_log) for the task, and
    C(rbl_reply_maps) and C(postscreen_dnsbl_reply_map) in Postfix, whose answers to clients show it as well.
seealso:
  - plugin: postmaster.mail.dnsbl_restrictions
    plugin_type: filter
  - plugin: postmaster.mail.dnsbl_questions
    plugin_type: filter
  - name: RFC 5782
    description: DNS Blacklists and Whitelists; section 5 is about the test entries.
    link: https://www.rfc-editor.org/rfc/rfc5782
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: Ask whether two lists can be used
  postmaster.mail.dnsbl_info:
    lists:
      - zone: zen.example.org
        replies: 127.0.0.[2..11]
      - zone: dbl.example.org
        kind: domain
        replies: 127.0.1.[2..99]
  register: dnsbl

- name: Stop if one cannot
  ansible.builtin.assert:
    that: dnsbl.lists | rejectattr('usable') | length == 0
    fail_msg: "{{ dnsbl.lists | rejectattr('usable') | map(attribute='remedy') | join(' ') }}"

- name: Ask about the lists of an inventory, and let Postfix use those that can be used
  postmaster.mail.dnsbl_info:
    lists: "{{ my_lists | postmaster.mail.dnsbl_questions }}"
  register: dnsbl

- name: Set the restrictions
  postmaster.mail.postconf_param:
    name: smtpd_client_restrictions
    value: "{{ (my_lists | postmaster.mail.dnsbl_restrictions(dnsbl)).client | join(', ') }}"
"""

RETURN = r"""
lists:
  description: The lists in the order given.
  returned: success
  type: list
  elements: dict
  contains:
    zone:
      description: The zone in lower case.
      type: str
    kind:
      description: V(ip) or V(domain).
      type: str
    replies:
      description: The reply filter.
      type: str
    usable:
      description: Whether Postfix can use the list from this host.
      type: bool
    reason:
      description:
        - V(ok) if the list can be used.
        - V(refused) if it refuses to answer this host's resolver, which it tells by an answer in 127.255.255.0/24,
          or by 127.0.0.1 alone if the filter does not accept that.
        - V(lists_everything) if it lists what must never be listed.
        - V(not_answering) if it does not have its test entry.
        - V(unexpected_answer) if the reply filter accepts none of its answers.
        - V(timeout) if no name server answered in time.
        - V(dns_error) if the name servers could not be asked or answered with an error.
      type: str
      sample: refused
    test_entry:
      description: The name that must be listed.
      type: str
      sample: 2.0.0.127.zen.example.org
    answers:
      description: Its addresses.
      type: list
      elements: str
      sample: [127.255.255.254]
    remedy:
      description: What to do, as a sentence.
      type: str
name_servers:
  description: The name servers that were asked.
  returned: success
  type: list
  elements: str
  sample: [127.0.0.1]
"""

import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._dns_stub import StubResolver, name_servers
from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl import (
    DEFAULT_REPLIES,
    DnsblError,
    DnsList,
    Reply,
    Verdict,
    describe,
    examine,
    make_list,
)
from ansible_collections.postmaster.mail.plugins.module_utils._files import read_bytes

_MOST_AT_ONCE: t.Final = 16


def examine_all(lists: t.Sequence[DnsList], lookup: t.Callable[[str], Reply]) -> list[Verdict]:
    """Examine all lists at the same time; the verdicts are in the order of the lists."""
    with ThreadPoolExecutor(max_workers=_MOST_AT_ONCE) as pool:
        return list(pool.map(lambda wanted: examine(wanted, lookup), lists))


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "lists": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "zone": {"type": "str", "required": True},
                    "kind": {"type": "str", "choices": ["ip", "domain"], "default": "ip"},
                    "replies": {"type": "str", "default": DEFAULT_REPLIES},
                },
            },
            "timeout": {"type": "float", "default": 5},
            "resolv_conf": {"type": "path", "default": "/etc/resolv.conf"},
        },
        supports_check_mode=True,
    )
    timeout, path = module.params["timeout"], module.params["resolv_conf"]
    if timeout <= 0:
        module.fail_json(msg="The timeout must be more than 0 seconds.")
    try:
        lists = [make_list(item["zone"], item["kind"], item["replies"]) for item in module.params["lists"]]
        content = read_bytes(path)
    except DnsblError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"Cannot read {path}: {error.strerror}.")
    resolver = StubResolver(name_servers((content or b"").decode("utf-8", "replace")), timeout)
    module.exit_json(
        changed=False,
        lists=[describe(verdict) for verdict in examine_all(lists, resolver.addresses)],
        name_servers=list(resolver.servers),
    )


if __name__ == "__main__":
    main()
