# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Compare the records that a deployment implies with what the resolver answers, and addresses with their names."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_ask import Ask, by_resolver
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_findings import (
    MOST_SPF_LOOKUPS,
    spf_lookups,
    text_kind,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_report import Expected, Report

_MAKE_RESOLVERS_FAIL: t.Final = (
    "server_silent",
    "lame_server",
    "no_servers",
    "rrsig_missing",
    "rrsig_expired",
    "ds_unlike_dnskey",
)


def judge_by_resolver(expected: t.Sequence[Expected], resolver: str, ask: Ask, report: Report) -> None:
    """Report what the resolver, which is not silent itself, makes of records that the name servers have."""
    ill = {finding.zone for finding in report.found if finding.id in _MAKE_RESOLVERS_FAIL}
    unheard = _judge_zones(dict.fromkeys(item.zone for item in expected if item.zone not in ill), resolver, ask, report)
    unknown = {item.name for item in expected if item.zone in ill | unheard}
    for item in expected:
        record = (item.name, item.type)
        if item.zone in unheard:
            continue
        if item.type == "PTR":
            _judge_pointer(item, item.value[0] in unknown, resolver, ask, report)
            continue
        if item.type == "TXT" and any(text_kind(value) == "spf1" for value in item.value):
            _judge_spf(item, resolver, ask, report)
        answer = ask(by_resolver(resolver, item.name, item.type, item.zone))
        if record in report.records or item.zone in ill:
            continue
        common: dict[str, t.Any] = {"zone": item.zone, "record": record, "expected": item.value, "server": resolver}
        if not answer.known:
            cause = f"The name servers have the record, but the resolver answers {answer.detail or answer.status}."
            remedy = "If it validates, check DS and signatures of the zone. Its log says why."
            report.add("resolver_fails", cause, remedy, **common)
        elif not _is_expected(item, answer.value, resolver, ask):
            cause = "The name servers have the expected records, but the resolver answers otherwise."
            remedy = "Wait until its cache has forgotten the earlier ones. If it stays, the delegation leads elsewhere."
            report.add("resolver_differs", cause, remedy, found=answer.value, severity="warning", **common)


def _is_expected(item: Expected, found: t.Sequence[str], resolver: str, ask: Ask) -> bool:
    if item.type == "TXT":
        return set(item.value) <= set(found)
    if item.type == "CNAME" and not found:
        return _has_addresses_of(item.value[0], item, resolver, ask)
    return list(found) == list(item.value)


def _has_addresses_of(target: str, item: Expected, resolver: str, ask: Ask) -> bool:
    """Return whether the resolver, which has no CNAME, gives the addresses that it leads to, as unbound's data does."""
    pairs = [
        (ask(by_resolver(resolver, item.name, rtype)).value, ask(by_resolver(resolver, target, rtype)).value)
        for rtype in ("A", "AAAA")
    ]
    return any(own for own, _named in pairs) and all(own == named for own, named in pairs)


def _judge_zones(zones: t.Iterable[str], resolver: str, ask: Ask, report: Report) -> set[str]:
    """Return the zones of which the resolver tells nothing at all."""
    unheard = set()
    for zone in zones:
        answer = ask(by_resolver(resolver, zone, "SOA", zone))
        if answer.status == "silent":
            cause = f"The resolver has no answer about {zone}: {answer.detail}."
            remedy = "See that it can reach the name servers of the zone."
            report.add("resolver_fails", cause, remedy, zone=zone, record=(zone, "SOA"), server=resolver)
            unheard.add(zone)
    return unheard


def _judge_spf(item: Expected, resolver: str, ask: Ask, report: Report) -> None:
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


def _judge_pointer(item: Expected, unknown: bool, resolver: str, ask: Ask, report: Report) -> None:
    answer = ask(by_resolver(resolver, item.name, "PTR", item.zone))
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
        for text in ask(by_resolver(resolver, host, rtype)).value:
            if f"{ipaddress.ip_address(text).reverse_pointer}." == pointer:
                return True
    return False
