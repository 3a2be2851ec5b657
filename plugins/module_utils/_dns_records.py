# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The DNS records that a mail deployment implies: the one source for zones, for registrars and for checks."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils._dns_hosts import MailHost
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import (
    DnsDataError,
    IPAddress,
    is_within,
    reverse_name,
    reverse_zone,
    to_fqdn,
    to_host_fqdn,
    unquote_txt,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_service_records import (
    Add,
    DkimKey,
    add_autoconfig,
    add_dkim,
    add_host_data,
    add_mta_sts,
    add_services,
    add_tlsrpt,
    tls_ports,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_values import record_type, record_value, target_name

DEFAULT_TTL = 3600
DEFAULT_SPF = "-all"
DEFAULT_DMARC = "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"

_MAX_TTL = 2**31 - 1
_PREFERENCE_STEP = 10
_ALL_MECHANISM = re.compile(r"[-~?]all\Z")
_MAILTO_DOMAIN = re.compile(r"mailto:[^@,;!\s]+@([^,;!\s]+)", re.IGNORECASE)
_EXTRA_KEYS = ("name", "type", "value", "ttl", "zone", "why")
_OVERRIDE_KEYS = ("spf", "dmarc", "tlsrpt", "mta_sts_id")
_SINGLE_TEXTS = ("v=spf1", "v=dmarc1", "v=stsv1", "v=tlsrptv1")


@dataclass(frozen=True)
class Record:
    """One record: absolute names, value in presentation form, and one sentence for people."""

    zone: str
    name: str
    type: str
    ttl: int
    value: str
    why: str

    def __str__(self) -> str:
        return f"{self.name} {self.type} {self.value}"


@dataclass(frozen=True)
class RecordPlan:
    """All records in a stable order, and what a person should know before publishing them."""

    records: tuple[Record, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class RecordOptions:
    """Policies of a deployment, and records of other features as data.

    overrides maps a mail domain to policies of its own; an empty policy is none. tlsa and sshfp map a host name to
    values. web_host serves what mail programs and servers fetch by https; by default it is the first of a domain.
    """

    ttl: int = DEFAULT_TTL
    spf: str = DEFAULT_SPF
    dmarc: str = DEFAULT_DMARC
    overrides: t.Mapping[str, t.Mapping[str, str]] = field(default_factory=dict)
    tlsrpt: str = ""
    mta_sts_id: str = ""
    autoconfig: bool = False
    web_host: str = ""
    dkim: tuple[DkimKey, ...] = ()
    tlsa: t.Mapping[str, t.Sequence[str]] = field(default_factory=dict)
    sshfp: t.Mapping[str, t.Sequence[str]] = field(default_factory=dict)
    caa: tuple[str, ...] = ()
    extra: tuple[t.Mapping[str, t.Any], ...] = ()
    zones: tuple[str, ...] = ()


def plan_records(hosts: t.Sequence[MailHost], options: RecordOptions) -> RecordPlan:
    """Return every record that hosts and options imply. Raises DnsDataError for input that contradicts itself."""
    _refuse_repeated(hosts)
    domains = tuple(dict.fromkeys(domain for host in hosts for domain in host.domains))
    declared = frozenset(to_fqdn(zone, "zones") for zone in options.zones)
    zones = _Zones(declared=declared, domains=frozenset(domains))
    ttl = _ttl(options.ttl, "ttl")
    overrides = _overrides(options.overrides, domains)
    records: list[Record] = []
    warnings: list[str] = []

    def add(name: str, rtype: str, value: str, why: str) -> None:
        checked = record_value(rtype, value, f"{rtype} record of {name}")
        records.append(Record(zone=zones.of(name), name=name, type=rtype, ttl=ttl, value=checked, why=why))

    for host in hosts:
        _add_addresses(host, add, warnings)
    for domain in domains:
        serving = [host for host in hosts if domain in host.domains]
        policy = overrides.get(domain, {})
        _add_mx(domain, serving, add, warnings)
        _add_spf(domain, serving, policy.get("spf", options.spf), add)
        _add_dmarc(domain, domains, policy.get("dmarc", options.dmarc), add, warnings)
        add_dkim(domain, domains, options.dkim, add)
        add_tlsrpt(domain, policy.get("tlsrpt", options.tlsrpt), add)
        web_host = to_host_fqdn(options.web_host, "web_host") if options.web_host else serving[0].hostname
        add_mta_sts(domain, policy.get("mta_sts_id", options.mta_sts_id), web_host, add)
        add_services(domain, serving, add)
        if options.autoconfig:
            add_autoconfig(domain, web_host, add)
    for host in hosts:
        if host.hostname not in domains:
            add(
                host.hostname,
                "TXT",
                "v=spf1 a -all",
                "Only the host itself may use its name as envelope sender or in HELO.",
            )
    add_host_data("TLSA", hosts, options.tlsa, tls_ports, add)
    add_host_data("SSHFP", hosts, options.sshfp, lambda _host: (0,), add)
    for name in _caa_names(hosts, domains):
        for value in options.caa:
            add(name, "CAA", value, "Certificates for this name and those below it may come from this authority only.")
    for position, item in enumerate(options.extra):
        records.append(_extra_record(item, f"extra[{position}]", zones, ttl))
    records.extend(_pointers(hosts, ttl, warnings))

    merged = _one_ttl_per_set(_merge(records))
    _refuse_conflicts(merged)
    return RecordPlan(records=tuple(merged), warnings=tuple(dict.fromkeys(warnings)))


@dataclass(frozen=True)
class _Zones:
    declared: frozenset[str]
    domains: frozenset[str]

    def of(self, name: str) -> str:
        """Return the zone that holds name: a declared one, else a mail domain, else the parent of the host."""
        labels = name[:-1].split(".")
        above = [".".join(labels[position:]) + "." for position in range(len(labels))]
        for candidates in (self.declared, self.domains):
            for zone in above:
                if zone in candidates:
                    return zone
        while len(labels) > 2 and (labels[0].startswith("_") or labels[0] == "*"):
            labels = labels[1:]
        return ".".join(labels[1:] if len(labels) > 2 else labels) + "."


def _refuse_repeated(hosts: t.Sequence[MailHost]) -> None:
    names = [host.hostname for host in hosts]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DnsDataError(f"hosts names {repeated[0]} more than once. Give each host once, with all of its addresses.")


def _add_addresses(host: MailHost, add: Add, warnings: list[str]) -> None:
    published = [address for address in host.addresses if not _is_unusable(address)]
    for address in published:
        rtype = "A" if address.version == 4 else "AAAA"
        add(host.hostname, rtype, str(address), f"Where {host.hostname[:-1]} is reached over IPv{address.version}.")
    if not published:
        warnings.append(f"{host.hostname} has no address that others can reach. Set mail_addresses of that host.")
    for address in host.addresses:
        if _is_unusable(address):
            warnings.append(f"{address} of {host.hostname} means nothing on another host; no record was made of it.")
        elif not address.is_global:
            warnings.append(
                f"{address} of {host.hostname} is private or reserved: do not publish it in the public DNS."
            )


def _is_unusable(address: IPAddress) -> bool:
    return address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast


def _add_mx(domain: str, serving: t.Sequence[MailHost], add: Add, warnings: list[str]) -> None:
    exchangers = [host for host in serving if host.mx]
    if not exchangers:
        warnings.append(f"{domain} has no host that takes its mail: no MX record was made.")
    for rank, host in enumerate(exchangers, start=1):
        add(
            domain,
            "MX",
            f"{rank * _PREFERENCE_STEP if host.preference is None else host.preference} {host.hostname}",
            f"Mail for {domain[:-1]} goes to {host.hostname[:-1]}.",
        )


def _add_spf(domain: str, serving: t.Sequence[MailHost], policy: str, add: Add) -> None:
    if not policy:
        return
    text = policy.strip()
    if _ALL_MECHANISM.match(text):
        mechanisms = ["mx"] if any(host.mx for host in serving) else []
        mechanisms += [f"a:{host.hostname[:-1]}" for host in serving if not host.mx]
        text = " ".join(["v=spf1", *mechanisms, text])
    elif text.split()[0].lower() != "v=spf1":
        raise DnsDataError(
            f"The SPF policy {policy!r} is neither -all, ~all or ?all nor a whole record beginning with v=spf1."
        )
    add(domain, "TXT", text, f"Which hosts may send mail with envelope senders at {domain[:-1]} (SPF).")


def _add_dmarc(domain: str, domains: t.Sequence[str], policy: str, add: Add, warnings: list[str]) -> None:
    if not policy:
        return
    text = policy.replace("{domain}", domain[:-1]).strip()
    if not re.match(r"v=DMARC1\s*;\s*p=", text):
        raise DnsDataError(f"The DMARC policy {policy!r} must begin with 'v=DMARC1; p='.")
    add(
        f"_dmarc.{domain}",
        "TXT",
        text,
        f"What receivers do with mail from {domain[:-1]} that fails SPF and DKIM (DMARC).",
    )
    for found in _MAILTO_DOMAIN.findall(text):
        reporting = to_host_fqdn(found, f"DMARC policy of {domain}: report address")
        if is_within(reporting, domain) or is_within(domain, reporting):
            continue
        if reporting in domains:
            add(
                f"{domain}_report._dmarc.{reporting}",
                "TXT",
                "v=DMARC1",
                f"{reporting[:-1]} agrees to receive the DMARC reports about {domain[:-1]}.",
            )
        else:
            warnings.append(
                f"DMARC reports about {domain} go to {reporting}, which receives them only after publishing "
                f'{domain}_report._dmarc.{reporting} TXT "v=DMARC1".'
            )


def _caa_names(hosts: t.Sequence[MailHost], domains: t.Sequence[str]) -> list[str]:
    outside = [host.hostname for host in hosts if not any(is_within(host.hostname, domain) for domain in domains)]
    return [*domains, *dict.fromkeys(outside)]


def _extra_record(item: t.Mapping[str, t.Any], what: str, zones: _Zones, default_ttl: int) -> Record:
    unknown = sorted(set(item) - set(_EXTRA_KEYS))
    missing = [key for key in ("name", "type", "value") if item.get(key) in (None, "")]
    if unknown or missing:
        problem = f"unknown key {unknown[0]!r}" if unknown else f"no {missing[0]}"
        raise DnsDataError(f"{what} has {problem}. A record has name, type and value, and may have ttl, zone and why.")
    name = to_fqdn(item["name"], f"{what}.name")
    rtype = record_type(item["type"], what)
    zone = to_fqdn(item["zone"], f"{what}.zone") if item.get("zone") else zones.of(name)
    if not is_within(name, zone):
        raise DnsDataError(f"{what}: {name} is not within the zone {zone} that it names.")
    return Record(
        zone=zone,
        name=name,
        type=rtype,
        ttl=_ttl(item["ttl"], f"{what}.ttl") if item.get("ttl") is not None else default_ttl,
        value=record_value(rtype, item["value"], f"{what} ({name} {rtype})"),
        why=str(item.get("why") or "Asked for by the inventory."),
    )


def _pointers(hosts: t.Sequence[MailHost], ttl: int, warnings: list[str]) -> t.Iterator[Record]:
    owner: dict[IPAddress, str] = {}
    for host in hosts:
        for address in host.addresses:
            if _is_unusable(address):
                continue
            if owner.setdefault(address, host.hostname) != host.hostname:
                warnings.append(
                    f"{address} belongs to {owner[address]} and {host.hostname}: its PTR record names the first only."
                )
                continue
            yield Record(
                zone=reverse_zone(address),
                name=reverse_name(address),
                type="PTR",
                ttl=ttl,
                value=host.hostname,
                why=f"Receivers refuse mail from {address} without it. It is set where the address comes from.",
            )


def _overrides(given: t.Mapping[str, t.Mapping[str, str]], domains: t.Sequence[str]) -> dict[str, t.Mapping[str, str]]:
    overrides = {to_host_fqdn(name, "overrides"): policy for name, policy in given.items()}
    for name, policy in overrides.items():
        unknown = sorted(set(policy) - set(_OVERRIDE_KEYS))
        if unknown:
            raise DnsDataError(
                f"overrides of {name} has an unknown key {unknown[0]!r}. Known are: {', '.join(_OVERRIDE_KEYS)}."
            )
        if name not in domains:
            raise DnsDataError(
                f"overrides names {name}, which no host has among its domains: {', '.join(domains) or 'none'}."
            )
    return overrides


def _ttl(value: object, what: str) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or int(text) > _MAX_TTL:
        raise DnsDataError(f"{what} is {value!r}; give a number of seconds from 0 to {_MAX_TTL}.")
    return int(text)


def _merge(records: t.Iterable[Record]) -> list[Record]:
    merged: dict[tuple[str, str, str], Record] = {}
    for record in records:
        merged.setdefault((record.name, record.type, record.value), record)
    return list(merged.values())


def _one_ttl_per_set(records: t.Sequence[Record]) -> list[Record]:
    # RFC 2181, 5.2: the records of one name and type share their TTL. The shortest is the one somebody asked for.
    lowest: dict[tuple[str, str], int] = {}
    for record in records:
        key = (record.name, record.type)
        lowest[key] = min(record.ttl, lowest.get(key, record.ttl))
    return [replace(record, ttl=lowest[record.name, record.type]) for record in records]


def _refuse_conflicts(records: t.Sequence[Record]) -> None:
    by_name: dict[str, list[Record]] = {}
    for record in records:
        by_name.setdefault(record.name, []).append(record)
    for record in records:
        others = [other for other in by_name[record.name] if other is not record]
        if record.type == "CNAME" and others:
            raise DnsDataError(
                f"A CNAME allows no other record of its name: '{record}' and '{others[0]}'. Remove one of them."
            )
        version = _single_text_version(record)
        for other in others:
            if version and _single_text_version(other) == version:
                raise DnsDataError(
                    f"Only one {version} record may exist for a name: '{record}' and '{other}'. "
                    "Remove one, or change the policy of the domain instead of adding a record."
                )
        target = target_name(record.type, record.value)
        for other in by_name.get(target or "", ()):
            if other.type == "CNAME":
                raise DnsDataError(
                    f"The target of a record must not be a CNAME: '{record}' and '{other}'. Point at the host itself."
                )


def _single_text_version(record: Record) -> str:
    if record.type != "TXT":
        return ""
    version = re.split(r"[;\s]", unquote_txt(record.value), maxsplit=1)[0].lower()
    return version if version in _SINGLE_TEXTS else ""
