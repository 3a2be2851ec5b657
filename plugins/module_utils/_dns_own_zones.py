# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The records of a deployment with the zones of its own name server: SOA, NS and what else they hold."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import replace

from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import Zone, parse_server
from ansible_collections.postmaster.mail.plugins.module_utils._bind_zone import mailbox_name, next_serial
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import is_within
from ansible_collections.postmaster.mail.plugins.module_utils._dns_records import Record
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import (
    record_as_dict,
    records_from_dicts,
    render,
)

_Data = t.Mapping[str, t.Any]

_WHY_SOA = "Begins the zone; secondaries compare its serial with theirs."
_WHY_NS = "Names a server that has the zone."


def with_own_zones(
    records: t.Iterable[_Data], zones: t.Iterable[_Data], style: str, present: str, today: int
) -> list[Record]:
    """Return all records of the primary zones, and those that are in none of them. Raises BindDataError, DnsDataError.

    present is what was written in this style before: where a zone in it has not changed its serial stays.
    """
    # Of a zone in several views the last one counts, which is the one for the world.
    primaries = {zone["name"]: {**zone, "view": ""} for zone in zones if zone["type"] == "primary"}
    parsed = parse_server({"zones": [_without_others(zone) for zone in primaries.values()]}).zones
    found: list[Record] = []
    for zone in parsed:
        found += _zone_records(zone, style, present, today)
    return found + [
        record
        for record in records_from_dicts(records)
        if not any(is_within(record.name, zone.name) for zone in parsed)
    ]


def _without_others(zone: _Data) -> dict[str, t.Any]:
    return {
        key: zone[key] for key in ("name", "type", "records", "nameservers", "contact", "ttl", "soa") if key in zone
    }


def _zone_records(zone: Zone, style: str, present: str, today: int) -> list[Record]:
    former = _former_serial(zone).search(present)
    if former:
        same = _with_serial(zone, int(former.group(1)))
        if _is_in(same, style, present):
            return same
    return _with_serial(zone, next_serial(int(former.group(1)) if former else None, today))


def _is_in(records: t.Sequence[Record], style: str, present: str) -> bool:
    """Tell whether present has these records of a zone and no others of it."""
    if style == "json":
        try:
            entries = [entry for entry in json.loads(present) if entry["zone"] == records[0].zone]
        except ValueError:
            return False
        return entries == [record_as_dict(record) for record in records]
    # Sections end with an empty line.
    return f"{render(records, style)}\n" in f"{present}\n"


def _former_serial(zone: Zone) -> re.Pattern[str]:
    """Return what finds the serial of a zone in each style."""
    name, names = re.escape(zone.name), _soa_names(zone)
    line = rf"^{name} +\d+ +(?:IN +)?SOA +{re.escape(names)} "
    entry = rf'"name": "{name}",\s+"type": "SOA",\s+"ttl": \d+,\s+"value": {re.escape(json.dumps(names)[:-1])} '
    return re.compile(rf"(?:{line}|{entry})(\d{{1,10}}) ", re.MULTILINE)


def _soa_names(zone: Zone) -> str:
    return f"{zone.nameservers[0]} {mailbox_name(zone.contact, f'Zone {zone.title}: contact')}"


def _with_serial(zone: Zone, serial: int) -> list[Record]:
    timers = " ".join(str(timer) for timer in zone.timers)
    blank = Record(zone=zone.name, name=zone.name, type="SOA", ttl=zone.ttl, value="", why=_WHY_SOA)
    records = [replace(blank, value=f"{_soa_names(zone)} {serial} {timers}")]
    given = {(record.name, record.type, record.value) for record in zone.records}
    records += [
        replace(blank, type="NS", value=host, why=_WHY_NS)
        for host in zone.nameservers
        if (zone.name, "NS", host) not in given
    ]
    return [*records, *(replace(record, zone=zone.name) for record in zone.records)]
