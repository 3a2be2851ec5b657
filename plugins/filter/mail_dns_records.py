# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter postmaster.mail.mail_dns_records."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.postmaster.mail.plugins.module_utils._dns_hosts import parse_host
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_records import (
    DEFAULT_DMARC,
    DEFAULT_SPF,
    DEFAULT_TTL,
    RecordOptions,
    plan_records,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import record_as_dict
from ansible_collections.postmaster.mail.plugins.module_utils._dns_service_records import parse_dkim

DOCUMENTATION = r"""
name: mail_dns_records
short_description: List the DNS records that a mail deployment implies
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Returns every record that the hosts need to send and receive mail and to be found by mail programs - A and AAAA
    of each host, MX, SPF, DMARC and SRV records of each mail domain, SPF of each host name, PTR records of each
    address, and where asked for DKIM, TLSRPT, MTA-STS, TLSA, SSHFP and CAA records, the names at which mail programs
    look for their settings, and the records given in O(extra).
  - "SRV records follow RFC 6186 and RFC 8314. An open service has one for each host; implicit TLS has priority 0
    and STARTTLS 10, each further host 20 more. A domain whose hosts offer any service says V(0 0 0 .) of C(imap)
    and C(pop3) when these are closed; other closed services have no record."
  - Several hosts of one domain get MX preferences 10, 20 and so on, in the order given, where they name none.
  - Equal records are merged; records of one name and type get the shortest TTL of them.
  - Fails, naming both records, when a CNAME has company, when a name has two SPF, DMARC, MTA-STS or TLSRPT records,
    and when an MX, SRV or NS record points at a CNAME. Fails for names and values that the DNS cannot hold.
  - Names may be given in letters of any script. They become A-labels by IDNA 2003; a label of which IDNA 2008 makes
    another one is refused and has to be given as A-label.
  - Warns about addresses that are private or reserved, hosts without an address and domains without a mail exchanger.
    Loopback and link-local addresses get no record.
positional: _input
options:
  _input:
    description:
      - The hosts, each with C(hostname), C(addresses) (IPv4 and IPv6), C(domains), and optionally C(services) and
        C(mx).
      - C(services) lists the listeners that are open, out of V(submissions), V(submission), V(imaps), V(imap),
        V(pop3s), V(pop3) and V(sieve), or maps each to true, false or a port. The default is all
        but V(sieve).
      - C(mx) says whether the host takes the mail of its domains, or with which preference. Default is V(true).
    type: list
    elements: dict
    required: true
  ttl:
    description: Time to live of records that name none, in seconds.
    type: int
    default: 3600
  spf:
    description:
      - Policy for senders at the mail domains. V(-all), V(~all) or V(?all) makes a record that allows the hosts of
        the domain and ends thus; a text beginning with V(v=spf1) is the whole record; an empty one means no record.
    type: str
    default: "-all"
  dmarc:
    description: The DMARC record of each domain, with C({domain}) standing for the domain. An empty text means no
      record.
    type: str
    default: "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
  dkim:
    description:
      - Public keys of DKIM, each with C(selector), C(value) (the text of the record) and optionally C(domain), without
        which each mail domain has it.
    type: list
    elements: dict
    default: []
  tlsrpt:
    description: The TLSRPT record of each domain, with C({domain}) standing for the domain, such as
      V(v=TLSRPTv1; rua=mailto:postmaster@{domain}). An empty text means no record.
    type: str
    default: ""
  mta_sts_id:
    description:
      - The id of the MTA-STS policy, up to 32 letters and digits, another one with each new policy. Makes the record
        that says so, and the name C(mta-sts) of each domain, which leads to O(web_host). An empty text means none.
    type: str
    default: ""
  autoconfig:
    description: Whether the names C(autoconfig) and C(autodiscover) of each domain, and an SRV record for the latter,
      lead to O(web_host).
    type: bool
    default: false
  web_host:
    description: The host that serves O(mta_sts_id) and O(autoconfig) by https. Without one it is the first host of each
      domain.
    type: str
    default: ""
  tlsa:
    description: Maps a host name to TLSA values. They are published for port 25 of a host with MX records and for each
      of its open services.
    type: dict
    default: {}
  sshfp:
    description: Maps a host name to SSHFP values, as C(ssh-keygen -r) prints them.
    type: dict
    default: {}
  overrides:
    description: Maps a mail domain to C(spf), C(dmarc), C(tlsrpt) and C(mta_sts_id) of its own.
    type: dict
    default: {}
  caa:
    description: CAA values for each mail domain, and for host names outside of these, such as V(0 issue
      "ca.example.net").
    type: list
    elements: str
    default: []
  extra:
    description:
      - Further records, each with C(name), C(type) and C(value), and optionally C(ttl), C(zone) and C(why).
      - Names are absolute, their final dot is optional. TXT values are the text itself, which is quoted and split
        as needed.
    type: list
    elements: dict
    default: []
  zones:
    description: Zones that hold the records where it is not the mail domain itself, or not the parent of the host
      name.
    type: list
    elements: str
    default: []
  warn:
    description: Whether to show warnings.
    type: bool
    default: true
seealso:
  - plugin: postmaster.mail.mail_dns_hosts
    plugin_type: filter
  - plugin: postmaster.mail.dns_records_text
    plugin_type: filter
"""

EXAMPLES = r"""
- name: List the records of one host
  ansible.builtin.debug:
    msg: "{{ hosts | postmaster.mail.mail_dns_records(dkim=dkim_keys, tlsa=digests, autoconfig=true) }}"
  vars:
    hosts:
      - hostname: mail.example.org
        addresses: [192.0.2.25, "2001:db8::25"]
        domains: [example.org]
        services: [submissions, imaps]
    dkim_keys:
      - selector: mail
        value: v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    digests:
      mail.example.org: [3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971]
"""

RETURN = r"""
_value:
  description:
    - The records in a stable order, each with C(zone), C(name), C(type), C(ttl), C(value) and C(why).
    - Names end with a dot, values are in the presentation form of zone files, C(why) is a sentence for people.
  type: list
  elements: dict
"""


def mail_dns_records(
    hosts: t.Iterable[t.Mapping[str, t.Any]],
    *,
    ttl: int = DEFAULT_TTL,
    spf: str = DEFAULT_SPF,
    dmarc: str = DEFAULT_DMARC,
    dkim: t.Sequence[t.Mapping[str, t.Any]] = (),
    tlsrpt: str = "",
    mta_sts_id: str = "",
    autoconfig: bool = False,
    web_host: str = "",
    tlsa: t.Mapping[str, t.Sequence[str]] | None = None,
    sshfp: t.Mapping[str, t.Sequence[str]] | None = None,
    overrides: t.Mapping[str, t.Mapping[str, str]] | None = None,
    caa: t.Sequence[str] = (),
    extra: t.Sequence[t.Mapping[str, t.Any]] = (),
    zones: t.Sequence[str] = (),
    warn: bool = True,
) -> list[dict[str, t.Any]]:
    """Return the records of a deployment as plain data."""
    try:
        options = RecordOptions(
            ttl=ttl,
            spf=spf,
            dmarc=dmarc,
            overrides=overrides or {},
            tlsrpt=tlsrpt,
            mta_sts_id=mta_sts_id,
            autoconfig=autoconfig,
            web_host=web_host,
            dkim=tuple(parse_dkim(item, f"dkim[{position}]") for position, item in enumerate(dkim)),
            tlsa=tlsa or {},
            sshfp=sshfp or {},
            caa=tuple(caa),
            extra=tuple(extra),
            zones=tuple(zones),
        )
        parsed = [parse_host(host, f"hosts[{position}]") for position, host in enumerate(hosts)]
        plan = plan_records(parsed, options)
    except DnsDataError as error:
        raise AnsibleFilterError(f"mail_dns_records: {error}") from error
    if warn:
        for warning in plan.warnings:
            Display().warning(warning)
    return [record_as_dict(record) for record in plan.records]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return name and function of each filter."""
        return {"mail_dns_records": mail_dns_records}
