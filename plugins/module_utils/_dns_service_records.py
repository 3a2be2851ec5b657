# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The DNS records by which services are found, and those that carry keys and digests of other features."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dns_hosts import MailHost
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError, to_fqdn, to_host_fqdn
from ansible_collections.postmaster.mail.plugins.module_utils._mail_services import SERVICE_PORTS, endpoints_of

# RFC 6186, 3.4: the target "." says that a service is not offered. Said of these two alone, because they are the
# names that a client falls back to; other closed services simply have no record.
_DENIED_WHEN_CLOSED = ("imap", "pop3")
_SMTP_PORT = 25
_HTTPS_PORT = 443
_STS_ID = re.compile(r"[A-Za-z0-9]{1,32}\Z")
_DKIM_KEY = re.compile(r"(?:\A|;)\s*p=")
_DKIM_KEYS = ("domain", "selector", "value")


class Add(t.Protocol):
    """Takes one record."""

    def __call__(self, name: str, rtype: str, value: str, why: str) -> None: ...


@dataclass(frozen=True)
class DkimKey:
    """The public key of a selector, as the text of its record; an empty domain stands for all of them."""

    domain: str
    selector: str
    value: str


def parse_dkim(data: t.Mapping[str, t.Any], what: str) -> DkimKey:
    """Check one entry of the DKIM keys. what names the entry in errors, for example dkim[0]."""
    unknown = sorted(set(data) - set(_DKIM_KEYS))
    missing = [key for key in ("selector", "value") if not data.get(key)]
    if unknown or missing:
        problem = f"unknown key {unknown[0]!r}" if unknown else f"no {missing[0]}"
        raise DnsDataError(f"{what} has {problem}. A DKIM key has selector and value, and may have domain.")
    domain = to_host_fqdn(data["domain"], f"{what}.domain") if data.get("domain") else ""
    value = str(data["value"]).strip()
    if not _DKIM_KEY.search(value.replace('"', "")):
        raise DnsDataError(
            f"{what}.value has no p=. Give the whole text of the record, such as 'v=DKIM1; k=rsa; p=...'."
        )
    return DkimKey(domain=domain, selector=str(data["selector"]), value=value)


def add_dkim(domain: str, domains: t.Sequence[str], keys: t.Sequence[DkimKey], add: Add) -> None:
    """Add the DKIM keys of a mail domain."""
    for key in keys:
        if key.domain and key.domain not in domains:
            raise DnsDataError(f"dkim names {key.domain}, which no host has among its domains: {', '.join(domains)}.")
        if key.domain in ("", domain):
            name = to_fqdn(f"{key.selector}._domainkey.{domain}", f"dkim: selector {key.selector!r} of")
            add(name, "TXT", key.value, f"The key that proves signatures of selector {key.selector} (DKIM).")


def add_tlsrpt(domain: str, policy: str, add: Add) -> None:
    """Add the record that asks for reports about failed TLS (RFC 8460)."""
    if not policy:
        return
    text = policy.replace("{domain}", domain[:-1]).strip()
    if not re.match(r"v=TLSRPTv1\s*;\s*rua=", text):
        raise DnsDataError(f"The TLSRPT policy {policy!r} must begin with 'v=TLSRPTv1; rua='.")
    why = f"Where others report that mail to {domain[:-1]} could not be sent over TLS (TLSRPT)."
    add(f"_smtp._tls.{domain}", "TXT", text, why)


def add_mta_sts(domain: str, policy_id: str, web_host: str, add: Add) -> None:
    """Add the records that lead to the policy of MTA-STS (RFC 8461)."""
    if not policy_id:
        return
    if not _STS_ID.match(str(policy_id)):
        raise DnsDataError(
            f"mta_sts_id is {policy_id!r}; give up to 32 letters and digits, others with each new policy."
        )
    why = f"Tells senders that {domain[:-1]} has a policy for TLS, and when it changed (MTA-STS)."
    add(f"_mta-sts.{domain}", "TXT", f"v=STSv1; id={policy_id};", why)
    add(f"mta-sts.{domain}", "CNAME", web_host, f"Where senders fetch the policy for TLS of {domain[:-1]} (MTA-STS).")


def add_autoconfig(domain: str, web_host: str, add: Add) -> None:
    """Add the names at which mail programs look for their settings."""
    why = f"Where mail programs fetch the settings for addresses of {domain[:-1]}."
    add(f"autoconfig.{domain}", "CNAME", web_host, f"{why[:-1]} (Thunderbird and others).")
    add(f"autodiscover.{domain}", "CNAME", web_host, f"{why[:-1]} (Outlook and others).")
    add(f"_autodiscover._tcp.{domain}", "SRV", f"0 1 {_HTTPS_PORT} {web_host}", why)


def add_host_data(
    rtype: str,
    hosts: t.Sequence[MailHost],
    given: t.Mapping[str, t.Sequence[str]],
    ports: t.Callable[[MailHost], t.Sequence[int]],
    add: Add,
) -> None:
    """Add the values given for each host name, at the names of its ports, or with port 0 at its own."""
    by_name = {host.hostname: host for host in hosts}
    for key, texts in given.items():
        name = to_host_fqdn(key, rtype.lower())
        if name not in by_name:
            raise DnsDataError(f"{rtype.lower()} names {name}, which is none of the hosts: {', '.join(by_name)}.")
        for port in ports(by_name[name]):
            owner = f"_{port}._tcp.{name}" if port else name
            why = (
                f"Proves the certificate of {name[:-1]} port {port} (DANE)."
                if port
                else f"Proves the host key of {name[:-1]} to ssh."
            )
            for text in [texts] if isinstance(texts, str) else texts:
                add(owner, rtype, text, why)


def tls_ports(host: MailHost) -> tuple[int, ...]:
    """Return the ports at which host speaks TLS, at once or by STARTTLS."""
    return tuple(dict.fromkeys([_SMTP_PORT] * host.mx + [port for _name, port in host.services]))


def add_services(domain: str, serving: t.Sequence[MailHost], add: Add) -> None:
    """Add the records by which mail programs find the services of a domain (RFC 6186, RFC 8314)."""
    endpoints = endpoints_of(serving)
    if not endpoints:
        return
    for name in SERVICE_PORTS:
        owner = f"_{name}._tcp.{domain}"
        offering = [endpoint for endpoint in endpoints if endpoint.service == name]
        for endpoint in offering:
            add(
                owner,
                "SRV",
                f"{endpoint.priority} 1 {endpoint.port} {endpoint.hostname}",
                f"Lets mail programs find {name} of {domain[:-1]} by themselves.",
            )
        if not offering and name in _DENIED_WHEN_CLOSED:
            add(owner, "SRV", "0 0 0 .", f"Tells mail programs that {domain[:-1]} does not offer {name}.")
