# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is expected to be published, and which servers should publish it."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_ask import Asker, Question, by_resolver
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_report import Expected
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import records_from_dicts
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset_server import canonical

_MAX_PORT: t.Final = 65535


def read_expected(records: t.Sequence[t.Mapping[str, t.Any]]) -> list[Expected]:
    """Return one entry for each name and type of the records. Raises DnsDataError."""
    sets: dict[tuple[str, str, str], set[str]] = {}
    for position, record in enumerate(records_from_dicts(records)):
        try:
            text = canonical(record.type, record.value)
        except ValueError as error:
            raise DnsDataError(f"records[{position}] ({record}) is no record: {error}.") from error
        sets.setdefault((record.zone, record.name, record.type), set()).add(text)
    return [Expected(*key, value=tuple(sorted(texts))) for key, texts in sets.items()]


def find_servers(
    expected: t.Sequence[Expected], given: t.Sequence[str], resolver: str, ask: Asker
) -> dict[str, tuple[str, ...]]:
    """Return the servers of each zone, those given or those that the resolver knows. Raises DnsDataError."""
    for text in (*given, resolver):
        _check_server(text)
    zones = list(dict.fromkeys(item.zone for item in expected if item.type != "PTR"))
    if given:
        return dict.fromkeys(zones, tuple(given))
    ask.prefetch([by_resolver(resolver, zone, "NS", zone) for zone in zones])
    names = {zone: ask(by_resolver(resolver, zone, "NS", zone)).value for zone in zones}
    hosts = dict.fromkeys(host for found in names.values() for host in found)
    ask.prefetch([by_resolver(resolver, host, rtype) for host in hosts for rtype in ("A", "AAAA")])
    addresses = {host: _addresses(host, resolver, ask) for host in hosts}
    return {zone: tuple(text for host in found for text in addresses[host]) for zone, found in names.items()}


def first_questions(servers: t.Mapping[str, t.Sequence[str]]) -> list[Question]:
    """Return a question for each server, by which silent ones show themselves."""
    firsts = {address: zone for zone, addresses in servers.items() for address in addresses}
    return [Question(address, zone, "SOA") for address, zone in firsts.items()]


def _addresses(host: str, resolver: str, ask: Asker) -> tuple[str, ...]:
    # A host without IPv6 cannot ask a server there, which would say nothing about the server.
    for rtype in ("A", "AAAA"):
        found = ask(by_resolver(resolver, host, rtype)).value
        if found:
            return found
    return ()


def _check_server(text: str) -> None:
    address, at, port = text.partition("@")
    try:
        ipaddress.ip_address(address)
        if at and not (port.isdigit() and 0 < int(port) <= _MAX_PORT):
            raise ValueError(port)
    except ValueError as error:
        raise DnsDataError(f"{text!r} is no server. Give an address, or address@port.") from error
