# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Compare the records that a deployment implies with what name servers and the resolver answer."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_ask import (
    Answer,
    Ask,
    Question,
    by_resolver,
    ds_matches,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_findings import (
    Finding,
    is_address,
    is_badly_split,
    text_kind,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_report import Expected, Key, Report
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_resolver import judge_by_resolver

_HALF_OF_SERIALS: t.Final = 2**31


def resolver_probes(expected: t.Sequence[Expected], resolver: str) -> list[Question]:
    """Return questions of which a working resolver answers some, whatever is wrong with single zones."""
    return [by_resolver(resolver, zone, "SOA", zone) for zone in dict.fromkeys(item.zone for item in expected)]


def questions(
    expected: t.Sequence[Expected], servers: t.Mapping[str, t.Sequence[str]], resolver: str
) -> list[Question]:
    """Return what is worth asking at once, before judging asks the rest."""
    asked = [by_resolver(resolver, item.name, item.type, item.zone) for item in expected]
    asked += [by_resolver(resolver, zone, "DS", zone) for zone in servers]
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
    report = Report()
    probes = [ask(question) for question in resolver_probes(expected, resolver)]
    resolver_silent = bool(probes) and all(answer.status == "silent" for answer in probes)
    for zone, addresses in servers.items():
        if not addresses and not resolver_silent:
            _judge_delegation(zone, resolver, ask, report)
    usable = {zone: _usable_servers(zone, addresses, ask, report) for zone, addresses in servers.items()}
    by_key = {(item.name, item.type): item for item in expected}
    by_zone: dict[str, list[Expected]] = {}
    for item in expected:
        by_zone.setdefault(item.zone, []).append(item)
    for item in expected:
        if item.type == "MX":
            _judge_exchangers(item, by_key, usable.get(item.zone, ()), resolver, ask, report)
    for item in expected:
        for server in usable.get(item.zone, ()):
            _judge_set(item, ask(Question(server, item.name, item.type)), server, report)
    for zone, addresses in usable.items():
        _judge_serials(zone, addresses, ask, report)
        _judge_signatures(zone, by_zone.get(zone, []), addresses, resolver, ask, report, now)
    if resolver_silent:
        report.add(
            "resolver_silent",
            f"The resolver does not answer: {probes[0].detail}. What only it can tell was not checked.",
            "Check that it runs, and that it lets this host ask.",
            server=resolver,
        )
    else:
        judge_by_resolver(expected, resolver, ask, report)
    return report.findings()


def _judge_delegation(zone: str, resolver: str, ask: Ask, report: Report) -> None:
    answer = ask(by_resolver(resolver, zone, "NS", zone))
    if answer.known:
        cause = f"No name server of {zone} is known: the resolver has no NS records with addresses for it."
        remedy = "Register the zone with its name servers, or give the servers to ask by address."
    else:
        cause = (
            f"No name server of {zone} is known: {answer.detail or answer.status} when the resolver is asked for them."
        )
        remedy = "See that the name servers of the zone run and can be reached, or give the servers to ask by address."
    report.add("no_servers", cause, remedy, zone=zone)


def _usable_servers(zone: str, addresses: t.Sequence[str], ask: Ask, report: Report) -> tuple[str, ...]:
    usable = []
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


def _judge_set(item: Expected, answer: Answer, server: str, report: Report) -> None:
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


def _judge_texts(item: Expected, found: tuple[str, ...], common: t.Mapping[str, t.Any], report: Report) -> None:
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
    report: Report,
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
                looked = [ask(by_resolver(resolver, target, rtype, item.zone)) for rtype in ("A", "AAAA")]
            if any(answer.cname for answer in looked):
                cause = f"An MX record points at {target}, which is a CNAME; many senders do not follow it."
                report.add("cname_at_mx", cause, "Point at the host itself.", **common)
                report.settle({key for key in by_key if key[0] == target})
            elif all(answer.known and not answer.value for answer in looked):
                cause = f"An MX record points at {target}, which has no address."
                report.add("mx_without_address", cause, "Publish its address, or point at another host.", **common)
                report.settle({(target, "A"), (target, "AAAA")})


def _judge_serials(zone: str, servers: t.Sequence[str], ask: Ask, report: Report) -> None:
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
    report: Report,
    now: float,
) -> None:
    ds = ask(by_resolver(resolver, zone, "DS", zone)).value
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
