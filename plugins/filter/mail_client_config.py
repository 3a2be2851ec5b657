# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter postmaster.mail.mail_client_config."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.postmaster.mail.plugins.module_utils._client_config import ClientConfigError, plan_domains
from ansible_collections.postmaster.mail.plugins.module_utils._client_config_site import (
    SiteOptions,
    parse_certificate,
    plan_site,
)
from ansible_collections.postmaster.mail.plugins.module_utils._client_config_texts import texts_of
from ansible_collections.postmaster.mail.plugins.module_utils._dns_hosts import parse_host
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError

DOCUMENTATION = r"""
name: mail_client_config
short_description: Say what mail programs need to configure themselves
version_added: "1.0.0"
author:
  - The postmaster.mail authors (@postmaster-mail)
description:
  - Returns, for each mail domain, what a web server has to serve so that mail programs find their settings - the
    document of Thunderbird (C(config-v1.1.xml)), profiles for the programs of Apple, pages for people, what the program
    that answers Outlook has to know, and the policy of MTA-STS where O(records) announce one.
  - Offered is what the hosts have open, exactly as in the SRV records of P(postmaster.mail.mail_dns_records#filter),
    in the same order - implicit TLS before STARTTLS, the first host before the second. Nothing is offered without TLS.
  - Fails when a domain has no host, no way to read mail or no way to send it, when a policy of MTA-STS is announced for
    which there is no certificate or no MX record, and for names that XML cannot hold.
  - Warns about names for which O(certificates) has no certificate; they are not served by https.
positional: _input
options:
  _input:
    description: The hosts, as P(postmaster.mail.mail_dns_hosts#filter) returns them.
    type: list
    elements: dict
    required: true
  hosts:
    description:
      - The web hosts that serve the settings beside what else they serve, each with its C(name) and the C(domain) whose
        settings these are. Without C(domain) it is the first of the domains; a host of another domain is left out.
      - The addresses of the pages of domains without a host of their own begin with the first host.
    type: list
    elements: dict
    required: true
  domains:
    description: The mail domains. An empty list stands for all domains of the hosts.
    type: list
    elements: str
    default: []
  names:
    description: Maps a mail domain to what its accounts are called. Without a name it is the domain.
    type: dict
    default: {}
  username:
    description: Whether users log in with V(address) or V(local_part). Accounts of an internationalised domain log in
      with an address that has its A-labels.
    type: str
    choices: [address, local_part]
    default: address
  certificates:
    description: The certificates of the web server, each with its C(name) and further C(names) that it is for.
    type: list
    elements: dict
    default: []
  bare_domains:
    description: Mail domains whose own name is served, too. It needs a certificate.
    type: list
    elements: str
    default: []
  path:
    description: Where the pages are, beginning and ending with a slash.
    type: str
    default: /setup/
  languages:
    description: The languages of the pages; the first is shown to whoever has not chosen.
    type: list
    elements: str
    default: [en, de]
  texts:
    description: Maps a language to texts that replace or add to those of the collection.
    type: dict
    default: {}
  records:
    description: The DNS records of the deployment, as P(postmaster.mail.mail_dns_records#filter) returns them.
    type: list
    elements: dict
    default: []
  mta_sts_mode:
    description: The mode of the policies of MTA-STS.
    type: str
    choices: [enforce, testing, none]
    default: testing
  mta_sts_max_age:
    description: How many seconds a policy of MTA-STS is valid.
    type: int
    default: 604800
  warn:
    description: Whether to show warnings.
    type: bool
    default: true
seealso:
  - plugin: postmaster.mail.mail_dns_hosts
    plugin_type: filter
  - plugin: postmaster.mail.mail_dns_records
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the names at which mail programs look for their settings
  ansible.builtin.debug:
    msg: "{{ (mail_hosts | postmaster.mail.mail_client_config(hosts=web_hosts, certificates=web_certificates)).sites }}"
  vars:
    mail_hosts: "{{ groups['mail'] | map('extract', hostvars) | postmaster.mail.mail_dns_hosts }}"
    web_hosts: [{name: mail.example.org, domain: example.org}]
    web_certificates: [{name: mail.example.org, names: [autoconfig.example.org, autodiscover.example.org]}]
"""

RETURN = r"""
_value:
  description:
    - A dictionary. C(domains) is the list of the mail domains in A-labels, C(hosts) maps each web host to its domain.
    - C(sites) lists further names to answer to, each with its C(hostname), its C(domain), its C(kind)
      (V(autoconfig), V(autodiscover), V(mta-sts) or V(domain)), the name of its C(certificate) or an empty text, and
      where people, and Outlook without TLS, are sent (C(redirect)).
    - C(files) maps the paths of files to their contents, C(profiles) those of files that ought to be signed.
    - C(autodiscover) is what the program that answers Outlook reads.
  type: dict
"""


def mail_client_config(
    mail_hosts: t.Iterable[t.Mapping[str, t.Any]],
    *,
    hosts: t.Sequence[t.Mapping[str, t.Any]],
    domains: t.Sequence[str] = (),
    names: t.Mapping[str, str] | None = None,
    username: str = "address",
    certificates: t.Sequence[t.Mapping[str, t.Any]] = (),
    bare_domains: t.Sequence[str] = (),
    path: str = "/setup/",
    languages: t.Sequence[str] = ("en", "de"),
    texts: t.Mapping[str, t.Mapping[str, str]] | None = None,
    records: t.Sequence[t.Mapping[str, t.Any]] = (),
    mta_sts_mode: str = "testing",
    mta_sts_max_age: int = 604800,
    warn: bool = True,
) -> dict[str, t.Any]:
    """Return what is to be served as plain data."""
    try:
        parsed = [parse_host(host, f"hosts[{position}]") for position, host in enumerate(mail_hosts)]
        planned = plan_domains(parsed, domains, names or {}, username)
        plan = plan_site(
            planned,
            SiteOptions(
                certificates=tuple(parse_certificate(one) for one in certificates),
                hosts=tuple((str(host["name"]), str(host.get("domain") or "")) for host in hosts),
                path=path,
                languages=texts_of(languages, texts or {}),
                bare_domains=tuple(bare_domains),
                records=records,
                mta_sts_mode=mta_sts_mode,
                mta_sts_max_age=int(mta_sts_max_age),
            ),
        )
    except (ClientConfigError, DnsDataError) as error:
        raise AnsibleFilterError(f"mail_client_config: {error}") from error
    if warn:
        for warning in plan.warnings:
            Display().warning(warning)
    return {
        "domains": [domain.domain for domain in planned],
        "hosts": plan.hosts,
        "sites": [site.public() for site in plan.sites],
        "files": plan.files,
        "profiles": plan.profiles,
        "autodiscover": plan.autodiscover,
    }


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return name and function of each filter."""
        return {"mail_client_config": mail_client_config}
