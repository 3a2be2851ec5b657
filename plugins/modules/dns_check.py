#!/usr/bin/python
# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_check
short_description: Compare expected DNS records with what is published
version_added: "1.0.0"
description:
  - Asks every authoritative server and a resolver for the records that a deployment implies, all at once, and returns
    what is wrong as a list of findings.
  - A server that does not answer is a finding, as is anything else that can be wrong with it. The task fails only for
    records that cannot be read. "Nobody answers" and "does not exist" are different findings.
  - Each question has O(timeout) seconds, twice, and 64 are asked at a time. A server that has not answered any question
    by then is not asked again, nor is the resolver about a zone that it has not answered any question about.
  - So a resolver that never answers costs two time-outs, 64 name servers that never answer cost two together, and so do
    64 zones whose servers do not answer the resolver, however many records there are. If nobody answers at all, the
    task ends after four time-outs, 12 seconds by default, for up to 64 name servers.
  - PTR records are looked up by the resolver alone, because their zones belong to whoever gave out the addresses.
options:
  records:
    description: The expected records, as P(postmaster.mail.mail_dns_records#filter) returns them.
    type: list
    elements: dict
    required: true
  servers:
    description:
      - The authoritative servers of all zones, each an address or C(address@port). Without them the resolver is asked
        for the name servers of each zone.
    type: list
    elements: str
    default: []
  resolver:
    description: The resolver, an address or C(address@port). By default the first of C(/etc/resolv.conf).
    type: str
  timeout:
    description: Time in seconds that a server has for an answer.
    type: float
    default: 3
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.info
  - postmaster.mail._attributes.actiongroup_mail
requirements:
  - dnspython 2.1 or newer where the module runs. With C(delegate_to=localhost) that is the controller.
seealso:
  - plugin: postmaster.mail.mail_dns_records
    plugin_type: filter
  - module: postmaster.mail.dns_rrset
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: Compare what the inventory implies with what is published
  postmaster.mail.dns_check:
    records: "{{ groups['mail'] | map('extract', hostvars) | postmaster.mail.mail_dns_hosts
                 | postmaster.mail.mail_dns_records }}"
  delegate_to: localhost
  run_once: true
  register: dns

- name: Stop if anything is wrong
  ansible.builtin.assert:
    that: dns.errors == 0
    fail_msg: "{{ dns.report }}"
"""

RETURN = r"""
findings:
  description: What is wrong.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description:
        - V(missing), V(different), V(txt_wrongly_split), V(second_spf), V(spf_too_many_lookups), V(mx_address_literal),
          V(mx_without_address), V(cname_at_mx), V(no_ptr), V(ehlo_unlike_ptr) or V(ptr_without_forward) about records.
        - V(server_silent), V(lame_server), V(server_fails), V(no_servers), V(stale_secondary) or V(serials_differ)
          about name servers.
        - V(rrsig_missing), V(rrsig_expired) or V(ds_unlike_dnskey) about signatures.
        - V(resolver_silent), V(resolver_fails) or V(resolver_differs) about the resolver.
      type: str
      sample: missing
    severity:
      description: V(error) or V(warning).
      type: str
      sample: error
    zone:
      description: The zone.
      type: str
      sample: example.org.
    name:
      description: Name of the record; empty if it is about a whole server.
      type: str
      sample: _dmarc.example.org.
    type:
      description: Type of the record; empty if it is about a whole server.
      type: str
      sample: TXT
    expected:
      description: Values that should be there.
      type: list
      elements: str
      sample: ['"v=DMARC1; p=reject"']
    found:
      description: Values that are there.
      type: list
      elements: str
      sample: []
    servers:
      description: The servers that say so.
      type: list
      elements: str
      sample: [192.0.2.53]
    cause:
      description: What is wrong, as a sentence.
      type: str
      sample: The name does not exist.
    remedy:
      description: What to do, as a sentence.
      type: str
      sample: Publish the expected record.
errors:
  description: How many findings are errors.
  returned: success
  type: int
  sample: 1
report:
  description: The findings as a text for people.
  returned: success
  type: str
servers:
  description: The servers that were asked, for each zone.
  returned: success
  type: dict
  sample: {example.org.: [192.0.2.53, 198.51.100.53]}
resolver:
  description: The resolver that was asked.
  returned: success
  type: str
  sample: 127.0.0.1
"""

import time

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.postmaster.mail.plugins.module_utils._dns_check import judge, questions, resolver_probes
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_ask import (
    DNSPYTHON_MISSING,
    Asker,
    exchange,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_expect import (
    find_servers,
    first_questions,
    read_expected,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_findings import describe, table
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_stub import name_servers
from ansible_collections.postmaster.mail.plugins.module_utils._files import read_bytes


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "records": {"type": "list", "elements": "dict", "required": True},
            "servers": {"type": "list", "elements": "str", "default": []},
            "resolver": {"type": "str"},
            "timeout": {"type": "float", "default": 3},
        },
        supports_check_mode=True,
    )
    if DNSPYTHON_MISSING is not None:
        module.fail_json(msg=missing_required_lib("dnspython"), exception=str(DNSPYTHON_MISSING))
    options = module.params
    if options["timeout"] <= 0:
        module.fail_json(msg="The timeout must be more than 0 seconds.")
    resolver = (
        options["resolver"] or name_servers((read_bytes("/etc/resolv.conf") or b"").decode("utf-8", "replace"))[0]
    )
    asker = Asker(options["timeout"], exchange)
    try:
        expected = read_expected(options["records"])
        asker.prefetch(resolver_probes(expected, resolver))
        servers = find_servers(expected, options["servers"], resolver, asker)
        asker.prefetch(first_questions(servers))
        asker.prefetch(questions(expected, servers, resolver))
        findings = judge(expected, servers, resolver, asker, time.time())
    except DnsDataError as error:
        module.fail_json(msg=str(error))
    finally:
        asker.close()
    module.exit_json(
        changed=False,
        findings=[describe(finding) for finding in findings],
        errors=sum(finding.severity == "error" for finding in findings),
        report=table(findings, len(expected)),
        servers={zone: list(addresses) for zone, addresses in servers.items()},
        resolver=resolver,
    )


if __name__ == "__main__":
    main()
