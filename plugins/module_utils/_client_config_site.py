# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a web server serves to mail programs, and to mail servers that ask for a policy: names, files, redirects."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils._client_config import ClientConfigError, ClientDomain
from ansible_collections.postmaster.mail.plugins.module_utils._client_config_apple import profile
from ansible_collections.postmaster.mail.plugins.module_utils._client_config_outlook import autodiscover_data
from ansible_collections.postmaster.mail.plugins.module_utils._client_config_pages import STYLE, pages
from ansible_collections.postmaster.mail.plugins.module_utils._client_config_texts import Texts
from ansible_collections.postmaster.mail.plugins.module_utils._client_config_thunderbird import autoconfig_xml
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError, to_host_fqdn, unquote_txt

Kind = t.Literal["autoconfig", "autodiscover", "mta-sts", "domain"]

_MTA_STS_MODES = ("enforce", "testing", "none")
# RFC 8461, 3.2: the highest max_age, about a year.
_MAX_AGE = 31557600


@dataclass(frozen=True)
class Certificate:
    """A certificate by its name, which is that of its folder, and all names that it is for."""

    name: str
    names: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Tell whether a client that asks for name accepts the certificate."""
        return name in self.names or f"*.{name.partition('.')[2]}" in self.names


@dataclass(frozen=True)
class SiteOptions:
    """How the settings are served.

    hosts are (name, domain) of the hosts that serve the settings of a domain beside what else they serve; without a
    domain it is the first. bare_domains are served under their own names, too.
    """

    certificates: tuple[Certificate, ...]
    hosts: tuple[tuple[str, str], ...]
    path: str
    languages: t.Mapping[str, Texts]
    bare_domains: tuple[str, ...] = ()
    records: t.Sequence[t.Mapping[str, t.Any]] = ()
    mta_sts_mode: str = "testing"
    mta_sts_max_age: int = 604800


@dataclass(frozen=True)
class Site:
    """A name that the web server answers to; without a certificate it has no https."""

    name: str
    domain: str
    kind: Kind
    certificate: str
    redirect: str = ""

    def public(self) -> dict[str, str]:
        """Return the site as data."""
        return {
            "hostname": self.name,
            "domain": self.domain,
            "kind": self.kind,
            "certificate": self.certificate,
            "redirect": self.redirect,
        }


@dataclass
class SitePlan:
    """What is served."""

    sites: list[Site] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    autodiscover: dict[str, t.Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def parse_certificate(data: t.Mapping[str, t.Any]) -> Certificate:
    """Return a certificate of role tls; names may be in any script, and one may begin with an asterisk."""
    name = str(data.get("name") or "")
    if not name:
        raise ClientConfigError("certificates has an entry without a name. Give the name of its folder.")
    return Certificate(name, tuple(_host_name(str(one)) for one in (name, *(data.get("names") or ()))))


def plan_site(domains: t.Sequence[ClientDomain], options: SiteOptions) -> SitePlan:
    """Return what to serve for domains. Raises if a promise of the DNS could not be kept."""
    known = [domain.domain for domain in domains]
    plan = SitePlan(hosts=_hosts(options, known))
    bare = [_host_name(name) for name in options.bare_domains]
    unknown = [name for name in bare if name not in known]
    if unknown:
        raise ClientConfigError(f"bare_domains has {unknown[0]}, which is none of the domains: {', '.join(known)}.")
    first = next(iter(options.languages))
    served: list[tuple[ClientDomain, str]] = []
    for domain in domains:
        host = next((name for name, of in plan.hosts.items() if of == domain.domain), next(iter(plan.hosts)))
        pages_url = f"https://{host}{options.path}{domain.domain}/"
        autoconfig = _site(options, f"autoconfig.{domain.domain}", domain.domain, "autoconfig")
        autodiscover = _site(options, f"autodiscover.{domain.domain}", domain.domain, "autodiscover")
        plan.warnings += [_missing(site.name) for site in (autoconfig, autodiscover) if not site.certificate]
        url = f"https://{autodiscover.name if autodiscover.certificate else host}/autodiscover/autodiscover.xml"
        plan.sites += [
            replace(autoconfig, redirect=f"{pages_url}{first}/index.html"),
            replace(autodiscover, redirect=url),
        ]
        plan.sites += _mta_sts(domain.domain, options, plan)
        if domain.domain in bare and domain.domain not in plan.hosts:
            plan.sites.append(_certified(_site(options, domain.domain, domain.domain, "domain"), "the variables"))
        served.append((domain, url))
        _add_files(plan, domain, pages_url, options.languages)
    plan.autodiscover = autodiscover_data(served)
    return plan


def _hosts(options: SiteOptions, known: t.Sequence[str]) -> dict[str, str]:
    hosts = {_host_name(name): _host_name(domain) if domain else known[0] for name, domain in options.hosts}
    serving = {name: domain for name, domain in hosts.items() if domain in known}
    if not serving:
        raise ClientConfigError(
            f"No web host is for one of the domains {', '.join(known)}, so mail programs could not be served. "
            "Set webmail_domain to one of them."
        )
    return serving


def _add_files(plan: SitePlan, domain: ClientDomain, url: str, languages: t.Mapping[str, Texts]) -> None:
    page_urls = {language: f"{url}{language}/index.html" for language in languages}
    folder = f"setup/{domain.domain}"
    plan.files[f"autoconfig/{domain.domain}.xml"] = autoconfig_xml(domain, page_urls)
    plan.files[f"{folder}/style.css"] = STYLE
    for path, text in pages(domain, languages, ("Thunderbird", "Outlook")).items():
        plan.files[f"{folder}/{path}"] = text
    for account_type in domain.account_types:
        plan.profiles[f"{folder}/{account_type}.mobileconfig"] = profile(domain, account_type)


def _mta_sts(domain: str, options: SiteOptions, plan: SitePlan) -> list[Site]:
    """Add the policy of a domain whose DNS records say that it has one (RFC 8461)."""
    announced = any(
        record["name"] == f"_mta-sts.{domain}."
        and record["type"] == "TXT"
        and unquote_txt(record["value"]).lower().startswith("v=stsv1")
        for record in options.records
    )
    if not announced:
        return []
    if options.mta_sts_mode not in _MTA_STS_MODES:
        raise ClientConfigError(f"mta_sts_mode is {options.mta_sts_mode!r}; give {', '.join(_MTA_STS_MODES)}.")
    if not 0 <= options.mta_sts_max_age <= _MAX_AGE:
        raise ClientConfigError(f"mta_sts_max_age is {options.mta_sts_max_age}; give seconds from 0 to {_MAX_AGE}.")
    exchangers = [
        record["value"].split()[1].rstrip(".")
        for record in options.records
        if record["name"] == f"{domain}." and record["type"] == "MX"
    ]
    if not exchangers:
        raise ClientConfigError(
            f"The DNS records say that {domain} has a policy for MTA-STS, but it has no MX record to be in it. "
            "Give the domain a host that takes its mail, or no mta_sts_id."
        )
    lines = [
        "version: STSv1",
        f"mode: {options.mta_sts_mode}",
        *(f"mx: {name}" for name in dict.fromkeys(exchangers)),
        f"max_age: {options.mta_sts_max_age}",
    ]
    plan.files[f"mta-sts/{domain}.txt"] = "\n".join(lines) + "\n"
    return [_certified(_site(options, f"mta-sts.{domain}", domain, "mta-sts"), "the DNS records")]


def _site(options: SiteOptions, name: str, domain: str, kind: Kind) -> Site:
    certificate = next((one.name for one in options.certificates if one.covers(name)), "")
    return Site(name, domain, kind, certificate)


def _certified(site: Site, source: str) -> Site:
    if site.certificate:
        return site
    label = f"{site.name.partition('.')[0]} to tls_domain_labels, or " if site.kind == "mta-sts" else ""
    raise ClientConfigError(
        f"No certificate of this host is for {site.name}, which {source} promise. Add {label}{site.name} to tls_names."
    )


def _missing(name: str) -> str:
    label = name.partition(".")[0]
    return (
        f"No certificate of this host is for {name}, so nothing is served there by https. "
        f"Add {label} to tls_domain_labels."
    )


def _host_name(name: str) -> str:
    star, bare = ("*.", name[2:]) if name.startswith("*.") else ("", name)
    try:
        return star + to_host_fqdn(bare, "name")[:-1]
    except DnsDataError as error:
        raise ClientConfigError(str(error)) from error
