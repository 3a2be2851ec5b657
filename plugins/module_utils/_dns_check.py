# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Compare the records that a deployment implies with what name servers and the resolver answer."""

from __future__ import annotations

import ipaddress
import time
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_ask import Answer, Ask, Question, ds_matches
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_findings import (
    MOST_SPF_LOOKUPS,
    Finding,
    is_address,
    is_badly_split,
    spf_lookups,
    text_kind,
)

Key = tuple[str, str]

_HALF_OF_SERIALS: t.Final = 2**31
_BY_SERVER: t.Final = ("missing", "different", "second_spf", "txt_wrongly_split", "server_fails")
_MAKE_RESOLVERS_FAIL: t.Final = (
    "server_silent",
    "lame_server",
    "no_servers",
    "rrsig_missing",
    "rrsig_expired",
    "ds_unlike_dnskey",
)


@dataclass(frozen=True)
class Expected:
    """The records of one name and type that should be there."""

    zone: str
    name: str
    type: str
    value: tuple[str, ...]


@dataclass
class _Report:
    """Collects findings; what several servers say alike is one finding. No more is said of settled records."""

    found: dict[Finding, list[str]] = field(default_factory=dict)
    records: set[Key] = field(default_factory=set)
    settled: set[Key] = field(default_factory=set)

    def add(
        self,
        identity: str,
        cause: str,
        remedy: str,
        *,
        zone: str = "",
        record: Key = ("", ""),
        expected: t.Sequence[str] = (),
        found: t.Sequence[str] = (),
        server: str = "",
        severity: str = "error",
    ) -> None:
        finding = Finding(identity, severity, zone, *record, tuple(expected), tuple(found), (), cause, remedy)
        servers = self.found.setdefault(finding, [])
        if server and server not in servers:
            servers.append(server)
        self.records.add(record)
        if identity not in _BY_SERVER:
            self.settled.add(record)

    def withdraw(self, zone: str, server: str) -> list[str]:
        """Take back what one server gave of single records of a zone, and return these."""
        wrong = [
            item
            for item, names in self.found.items()
            if item.zone == zone and item.id in _BY_SERVER and server in names
        ]
        for finding in wrong:
            self.found[finding].remove(server)
            if not self.found[finding]:
                del self.found[finding]
        return [f"{finding.name} {finding.type}" for finding in wrong]

    def settle(self, records: set[Key]) -> None:
        self.records |= records
        self.settled |= records

    def findings(self) -> list[Finding]:
        return [replace(finding, servers=tuple(servers)) for finding, servers in self.found.items()]


def resolver_probes(expected: t.Sequence[Expected], resolver: str) -> list[Question]:
    """Return questions of which a working resolver answers some, whatever is wrong with single zones."""
    return [Question(resolver, zone, "SOA", recursive=True) for zone in dict.fromkeys(item.zone for item in expected)]


def questions(
    expected: t.Sequence[Expected], servers: t.Mapping[str, t.Sequence[str]], resolver: str
) -> list[Question]:
    """Return what is worth asking at once, before judging asks the rest."""
    asked = [Question(resolver, item.name, item.type, recursive=True) for item in expected]
    asked += [Question(resolver, zone, "DS", recursive=True) for zone in servers]
    for zone, addresses in servers.items():
        asked += [Question(server, zone, rtype) for server in addresses for rtype in ("SOA", "DNSKEY")]
    for item in expected:
        asked += [Question(server, item.name, item.type) for server in servers.get(item.zone, ())]
        asked += [Question(server, item.name, "CNAME") for server in servers.get(item.zone, ()) if item.type == "A"]
    return asked


def judge(
    expected: t.Sequence[Expected],
    servers: t.Mapping[str, t.Sequence[str]],
    resolver: str,
    ask: Ask,
    now: float,
) -> list[Finding]:
    """Return what is wrong. servers maps each zone to the addresses of its servers."""
    report = _Report()
    usable = {zone: _usable_servers(zone, addresses, ask, report) for zone, addresses in servers.items()}
    by_key = {(item.name, item.type): item for item in expected}
    for item in expected:
        if item.type == "MX":
            _judge_exchangers(item, by_key, usable.get(item.zone, ()), resolver, ask, report)
    for item in expected:
        for server in usable.get(item.zone, ()):
            _judge_set(item, ask(Question(server, item.name, item.type)), server, report)
    for zone, addresses in usable.items():
        _judge_serials(zone, addresses, ask, report)
        _judge_signatures(zone, [item for item in expected if item.zone == zone], addresses, resolver, ask, report, now)
    probes = [ask(question) for question in resolver_probes(expected, resolver)]
    if probes and all(answer.status == "silent" for answer in probes):
        report.add(
            "resolver_silent",
            f"The resolver does not answer: {probes[0].detail}. What only it can tell was not checked.",
            "Check that it runs, and that it lets this host ask.",
            server=resolver,
        )
    else:
        _judge_by_resolver(expected, resolver, ask, report)
    return report.findings()


def _usable_servers(zone: str, addresses: t.Sequence[str], ask: Ask, report: _Report) -> tuple[str, ...]:
    usable = []
    if not addresses:
        report.add(
            "no_servers",
            f"No name server of {zone} is known: the resolver has no NS records with addresses for it.",
            "Register the zone with its name servers, or say which servers to ask.",
            zone=zone,
        )
    for server in addresses:
        answer = ask(Question(server, zone, "SOA"))
        if answer.status == "silent":
            report.add(
                "server_silent",
                f"A name server of {zone} does not answer: {answer.detail}.",
                "Check that it runs, and that firewalls let UDP and TCP port 53 through.",
                zone=zone,
                server=server,
            )
        elif answer.status != "found" or not answer.authoritative:
            report.add(
                "lame_server",
                f"A server that should have {zone} is not authoritative for it ({answer.detail or answer.status}).",
                "Set the zone up there, or take the server out of the NS records.",
                zone=zone,
                server=server,
            )
        else:
            usable.append(server)
    return tuple(usable)


def _judge_set(item: Expected, answer: Answer, server: str, report: _Report) -> None:
    record = (item.name, item.type)
    if record in report.settled:
        return
    common: dict[str, t.Any] = {"zone": item.zone, "record": record, "expected": item.value, "server": server}
    if answer.status == "silent":
        return
    if not answer.known:
        cause = f"The server answers {answer.detail} when asked for the record."
        report.add("server_fails", cause, "Its log says why.", **common)
    elif answer.cname and item.type != "CNAME":
        cause = f"The name is a CNAME to {answer.cname}, and has no record of its own."
        remedy = "Remove the CNAME, and publish the expected record."
        report.add("different", cause, remedy, found=[f"CNAME {answer.cname}"], **common)
    elif not answer.value:
        exists = "The name does not exist." if answer.status == "no_name" else "The name has no record of this type."
        report.add("missing", exists, "Publish the expected record.", **common)
    elif item.type == "TXT":
        _judge_texts(item, answer.value, common, report)
    elif answer.value != item.value:
        cause = "The server has other records than expected."
        report.add("different", cause, "Publish exactly the expected records.", found=answer.value, **common)


def _judge_texts(item: Expected, found: tuple[str, ...], common: t.Mapping[str, t.Any], report: _Report) -> None:
    kinds = {text_kind(value) for value in item.value} - {""}
    second = [value for value in found if text_kind(value) == "spf1"]
    if "spf1" in kinds and len(second) > 1:
        cause = "The name has more than one SPF record, which receivers take for an error."
        report.add("second_spf", cause, "Leave the expected one only.", found=second, **common)
    elif is_badly_split(item.value, found):
        cause = "The text is split or quoted wrongly: it is not the expected one when its strings are joined."
        remedy = "Enter it as one text without inner quotation marks, or as strings of at most 255 bytes in one record."
        report.add("txt_wrongly_split", cause, remedy, found=found, **common)
    elif not set(item.value) <= set(found):
        same = [value for value in found if text_kind(value) in kinds] if kinds else found
        if same:
            remedy = "Publish exactly the expected text."
            report.add("different", "The server has another text than expected.", remedy, found=same, **common)
        else:
            cause = "The name has other texts, but not this one."
            report.add("missing", cause, "Publish the expected record.", **common)


def _judge_exchangers(
    item: Expected,
    by_key: t.Mapping[Key, Expected],
    servers: t.Sequence[str],
    resolver: str,
    ask: Ask,
    report: _Report,
) -> None:
    for server in servers:
        for text in ask(Question(server, item.name, "MX")).value:
            target = text.split()[-1]
            own = by_key.get((target, "A")) or by_key.get((target, "AAAA"))
            asked = servers if own is not None and own.zone == item.zone else ()
            common: dict[str, t.Any] = {
                "zone": item.zone,
                "record": (item.name, "MX"),
                "expected": item.value,
                "found": [text],
                "server": server,
            }
            if target == ".":
                continue
            if is_address(target):
                cause = "An MX record points at an address, where only a host name may stand."
                report.add("mx_address_literal", cause, "Point at the name of the host.", **common)
                continue
            looked = [ask(Question(server, target, rtype)) for rtype in ("A", "AAAA")] if asked else []
            if not looked:
                looked = [ask(Question(resolver, target, rtype, recursive=True)) for rtype in ("A", "AAAA")]
            if any(answer.cname for answer in looked):
                cause = f"An MX record points at {target}, which is a CNAME; many senders do not follow it."
                report.add("cname_at_mx", cause, "Point at the host itself.", **common)
                report.settle({key for key in by_key if key[0] == target})
            elif all(answer.known and not answer.value for answer in looked):
                cause = f"An MX record points at {target}, which has no address."
                report.add("mx_without_address", cause, "Publish its address, or point at another host.", **common)
                report.settle({(target, "A"), (target, "AAAA")})


def _judge_serials(zone: str, servers: t.Sequence[str], ask: Ask, report: _Report) -> None:
    serials = {server: int(ask(Question(server, zone, "SOA")).value[0].split()[2]) for server in servers}
    newest = next(iter(serials.values()), 0)
    for serial in serials.values():
        # RFC 1982: serials count in a circle.
        if 0 < (serial - newest) % 2**32 < _HALF_OF_SERIALS:
            newest = serial
    for server, serial in serials.items():
        if serial != newest:
            stale = report.withdraw(zone, server)
            report.add(
                "stale_secondary" if stale else "serials_differ",
                f"The server has serial {serial} of {zone}, another one has {newest}."
                + (f" Its records differ too: {', '.join(stale)}." if stale else ""),
                "Wait a minute if the zone just changed. Else check NOTIFY, AXFR and its key on both servers.",
                zone=zone,
                record=(zone, "SOA"),
                expected=[str(newest)],
                found=[str(serial)],
                server=server,
                severity="error" if stale else "warning",
            )


def _judge_signatures(
    zone: str,
    expected: t.Sequence[Expected],
    servers: t.Sequence[str],
    resolver: str,
    ask: Ask,
    report: _Report,
    now: float,
) -> None:
    ds = ask(Question(resolver, zone, "DS", recursive=True)).value
    for server in servers:
        keys = ask(Question(server, zone, "DNSKEY")).value
        if not keys and not ds:
            continue
        if ds and not ds_matches(zone, ds, keys):
            cause = "The DS records in the parent zone stand for none of the keys of the zone."
            remedy = "Give the registrar the DS record of the present key, or remove the DS records first."
            report.add("ds_unlike_dnskey", cause, remedy, zone=zone, record=(zone, "DS"), found=ds, server=server)
        sets = [(zone, "SOA"), *((item.name, item.type) for item in expected)]
        answers = [(record, ask(Question(server, *record))) for record in sets]
        unsigned = [record for record, answer in answers if answer.value and not answer.signatures]
        expired = [record for record, answer in answers if answer.signatures and max(answer.signatures) <= now]
        if unsigned:
            cause = "The zone is signed, but this record, and maybe others, has no signature."
            remedy = "Let the name server sign the zone again."
            report.add("rrsig_missing", cause, remedy, zone=zone, record=unsigned[0], server=server)
        if expired:
            latest = max(max(answer.signatures) for record, answer in answers if record in expired)
            when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(latest))
            cause = f"The signatures of this record, and maybe of others, expired at {when}."
            remedy = "Let the name server sign the zone again, and see that it can do so by itself. Check its clock."
            report.add("rrsig_expired", cause, remedy, zone=zone, record=expired[0], server=server)


def _judge_by_resolver(expected: t.Sequence[Expected], resolver: str, ask: Ask, report: _Report) -> None:
    ill = {finding.zone for finding in report.found if finding.id in _MAKE_RESOLVERS_FAIL}
    unknown = {item.name for item in expected if item.zone in ill}
    for item in expected:
        record = (item.name, item.type)
        if item.type == "PTR":
            _judge_pointer(item, item.value[0] in unknown, resolver, ask, report)
            continue
        if item.type == "TXT" and any(text_kind(value) == "spf1" for value in item.value):
            _judge_spf(item, resolver, ask, report)
        answer = ask(Question(resolver, item.name, item.type, recursive=True))
        if record in report.records or item.zone in ill:
            continue
        common: dict[str, t.Any] = {"zone": item.zone, "record": record, "expected": item.value, "server": resolver}
        if not answer.known:
            cause = f"The name servers have the record, but the resolver answers {answer.detail or answer.status}."
            remedy = "If it validates, check DS and signatures of the zone. Its log says why."
            report.add("resolver_fails", cause, remedy, **common)
        elif not (set(item.value) <= set(answer.value) if item.type == "TXT" else answer.value == item.value):
            cause = "The name servers have the expected records, but the resolver answers otherwise."
            remedy = "Wait until its cache has forgotten the earlier ones. If it stays, the delegation leads elsewhere."
            report.add("resolver_differs", cause, remedy, found=answer.value, severity="warning", **common)


def _judge_spf(item: Expected, resolver: str, ask: Ask, report: _Report) -> None:
    count = spf_lookups(item.name, ask, resolver)
    if count > MOST_SPF_LOOKUPS and (item.name, item.type) not in report.records:
        report.add(
            "spf_too_many_lookups",
            f"The SPF record needs more than {MOST_SPF_LOOKUPS} look-ups; receivers take that for an error.",
            "Replace includes by the networks they stand for, or remove some.",
            zone=item.zone,
            record=(item.name, item.type),
            expected=item.value,
            server=resolver,
        )


def _judge_pointer(item: Expected, unknown: bool, resolver: str, ask: Ask, report: _Report) -> None:
    answer = ask(Question(resolver, item.name, "PTR", recursive=True))
    host = item.value[0]
    common: dict[str, t.Any] = {
        "zone": item.zone,
        "record": (item.name, "PTR"),
        "expected": item.value,
        "found": answer.value,
        "server": resolver,
    }
    if (item.name, "PTR") in report.records:
        return
    if not answer.known:
        report.add(
            "resolver_fails", f"The resolver answers {answer.detail or answer.status}.", "Its log says why.", **common
        )
    elif not answer.value:
        cause = f"The address of {host} has no PTR record; many receivers refuse mail from it."
        report.add("no_ptr", cause, "Let whoever gave out the address set it.", **common)
    elif host not in answer.value:
        cause = f"The PTR record names another host than {host}, which the server greets as (EHLO)."
        report.add("ehlo_unlike_ptr", cause, "Let whoever gave out the address change it.", **common)
    elif (
        not unknown
        and not _leads_back(item.name, host, resolver, ask)
        and not {(host, "A"), (host, "AAAA")} & report.records
    ):
        cause = f"The PTR record names {host}, which does not have this address."
        report.add("ptr_without_forward", cause, "Publish the address of the host.", **common)


def _leads_back(pointer: str, host: str, resolver: str, ask: Ask) -> bool:
    for rtype in ("A", "AAAA"):
        for text in ask(Question(resolver, host, rtype, recursive=True)).value:
            if f"{ipaddress.ip_address(text).reverse_pointer}." == pointer:
                return True
    return False
