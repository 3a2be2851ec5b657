#!/usr/bin/python
# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_rrset
short_description: Records of a zone by dynamic updates
version_added: "1.0.0"
description:
  - Adds, changes and removes records on a primary name server by dynamic updates (RFC 2136), any number of record sets
    in one task, signed with a key (TSIG) if one is given.
  - What is there is read from that server, past wildcards. Nothing is sent when nothing changes.
  - An update holds only if the sets are still as they were read (prerequisites), so that what somebody else changes in
    the same moment is not lost. The module then reads again, three times at most. Records of other names and types are
    left alone.
  - The sets of one zone change together in one message, unless they are too many for one. After an update the sets are
    read again. The module fails if they are not as they should be, for example because a CNAME keeps other records out.
  - Fails before anything changed for names and values that the DNS cannot hold, and for a server that does not answer,
    is not authoritative, does not know the key or does not allow the change.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
options:
  server:
    description:
      - Address or name of the primary server. A secondary that passes updates on will not do, because its answers lag.
    type: str
    required: true
  port:
    description: Port of the server, for UDP and TCP.
    type: int
    default: 53
  timeout:
    description: Time in seconds that the server has for one answer.
    type: float
    default: 10
  zone:
    description: The zone that holds all names. Without it the server is asked for the zone of each name.
    type: str
  key:
    description: The key that signs questions and updates.
    type: dict
    suboptions:
      name:
        description: Name of the key, as the server knows it.
        type: str
        required: true
      algorithm:
        description: Algorithm of the key.
        type: str
        choices: [hmac-sha256, hmac-sha512, hmac-sha384, hmac-sha224, hmac-sha1, hmac-md5]
        default: hmac-sha256
      secret:
        description: The secret in base64, as C(tsig-keygen) prints it.
        type: str
        required: true
  state:
    description: The state of sets that name none of their own.
    type: str
    choices: [present, absent, exact]
    default: exact
  rrsets:
    description:
      - The record sets. Entries of the same name and type are put together, so that the list that
        P(postmaster.mail.mail_dns_records#filter) returns can be given as it is.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Absolute name; the final dot is optional. Letters of any script become A-labels.
        type: str
        required: true
      type:
        description: Record type. Those that the server makes by itself, such as V(SOA) and V(RRSIG), are refused.
        type: str
        required: true
      value:
        description:
          - Values as in a zone file, a text or a list of texts. Names in them are absolute.
          - The value of a TXT record is the text itself, which is quoted and split after 255 bytes as needed.
          - Required unless O(rrsets[].state=absent), which without values removes all records of the name and type.
        type: raw
      ttl:
        description:
          - Time to live in seconds. Without it the set keeps the one it has, and a new set gets 3600.
        type: int
      state:
        description:
          - With V(exact) the name has these records of this type and no others.
          - With V(present) it has these, and may have others. A CNAME or DNAME always takes the place of another.
          - With V(absent) it does not have these. The default is O(state).
        type: str
        choices: [present, absent, exact]
      zone:
        description: Not used, because the server knows better. It may be there for the sake of the filter's records.
        type: str
      why:
        description: Not used. It may be there for the sake of the filter's records.
        type: str
requirements:
  - dnspython 2.1 or newer where the module runs (Debian package C(python3-dnspython)). With C(delegate_to=localhost)
    that is the controller.
notes:
  - Of several zones, or of more records than one message holds, earlier messages stay in force where a later one fails.
    The error says so.
seealso:
  - plugin: postmaster.mail.mail_dns_records
    plugin_type: filter
  - module: community.general.nsupdate
  - name: RFC 2136
    description: Dynamic Updates in the Domain Name System.
    link: https://www.rfc-editor.org/rfc/rfc2136
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: Publish a DKIM key, and take an old one away
  postmaster.mail.dns_rrset:
    server: ns1.example.org
    key:
      name: mail-updates
      secret: "{{ vault_dns_key }}"
    rrsets:
      - name: mail2026._domainkey.example.org
        type: TXT
        value: "{{ dkim_text }}"
        ttl: 3600
      - name: mail2025._domainkey.example.org
        type: TXT
        state: absent
  delegate_to: localhost

- name: Add a mail exchanger and leave the others
  postmaster.mail.dns_rrset:
    server: 192.0.2.53
    zone: example.org
    state: present
    rrsets:
      - name: example.org
        type: MX
        value: 20 mx2.example.org.

- name: Publish everything that the mail system needs
  postmaster.mail.dns_rrset:
    server: 192.0.2.53
    rrsets: "{{ hosts | postmaster.mail.mail_dns_records | selectattr('type', 'ne', 'PTR') }}"
    key: "{{ dns_key }}"
  vars:
    hosts: "{{ groups['mail'] | map('extract', hostvars) | postmaster.mail.mail_dns_hosts }}"
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
rrsets:
  description: The record sets in the order given.
  returned: success
  type: list
  elements: dict
  contains:
    zone:
      description: The zone that holds the name.
      type: str
      sample: example.org.
    name:
      description: The absolute name.
      type: str
      sample: example.org.
    type:
      description: The record type.
      type: str
      sample: MX
    changed:
      description: Whether the set was changed, or would be in check mode.
      type: bool
    before:
      description: The set as it was.
      type: dict
      contains:
        ttl:
          description: Time to live in seconds, null where there was no record.
          type: int
          sample: 3600
        value:
          description: The values as in a zone file, sorted.
          type: list
          elements: str
          sample: [10 mx1.example.org.]
    after:
      description: The set as it is now, or would be.
      type: dict
      contains:
        ttl:
          description: Time to live in seconds, null where there is no record.
          type: int
          sample: 3600
        value:
          description: The values as in a zone file, sorted.
          type: list
          elements: str
          sample: [10 mx1.example.org., 20 mx2.example.org.]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError, to_fqdn
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset import (
    STATES,
    describe,
    read_wishes,
    zone_lines,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset_run import fulfil
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset_server import (
    ALGORITHMS,
    DNSPYTHON_MISSING,
    DnsServerError,
    NetworkTransport,
    Server,
    TsigKey,
    canonical,
    make_key,
    server_address,
)


def argument_spec() -> dict[str, t.Any]:
    """Return the argument spec."""
    states = list(STATES)
    return {
        "server": {"type": "str", "required": True},
        "port": {"type": "int", "default": 53},
        "timeout": {"type": "float", "default": 10},
        "zone": {"type": "str"},
        "key": {
            "type": "dict",
            "no_log": False,
            "options": {
                "name": {"type": "str", "required": True},
                "algorithm": {"type": "str", "choices": list(ALGORITHMS), "default": "hmac-sha256"},
                "secret": {"type": "str", "required": True, "no_log": True},
            },
        },
        "state": {"type": "str", "choices": states, "default": "exact"},
        "rrsets": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "type": {"type": "str", "required": True},
                "value": {"type": "raw"},
                "ttl": {"type": "int"},
                "state": {"type": "str", "choices": states},
                "zone": {"type": "str"},
                "why": {"type": "str"},
            },
        },
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    if DNSPYTHON_MISSING is not None:
        module.fail_json(msg=missing_required_lib("dnspython"), exception=str(DNSPYTHON_MISSING))
    options = module.params
    if options["timeout"] <= 0:
        module.fail_json(msg="The timeout must be more than 0 seconds.")
    try:
        wishes = read_wishes(options["rrsets"], options["state"], canonical)
        zone = to_fqdn(options["zone"], "zone") if options["zone"] else None
        key = make_key(TsigKey(**options["key"]) if options["key"] else None)
        address = server_address(options["server"], options["port"])
        transport = NetworkTransport(address, options["port"], options["timeout"])
        server = Server(f"The server {options['server']} port {options['port']}", transport, key)
        changes = fulfil(server, wishes, zone, check_mode=module.check_mode)
    except (DnsDataError, DnsServerError) as error:
        module.fail_json(msg=str(error))
    result: dict[str, t.Any] = {
        "changed": any(change.changed for change in changes),
        "rrsets": [describe(change) for change in changes],
    }
    if module._diff:
        result["diff"] = {
            "before_header": "records before",
            "after_header": "records after",
            "before": zone_lines(changes, "before"),
            "after": zone_lines(changes, "after"),
        }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
