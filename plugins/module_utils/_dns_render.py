# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Records as text: a table for people, zone files, JSON and the local data of unbound."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_records import Record

FORMATS = ("table", "zone", "json")
NO_ZONES = "none"
UNBOUND_ZONE_TYPES = (NO_ZONES, "static", "transparent", "typetransparent", "redirect")

_REVERSE = (".in-addr.arpa.", ".ip6.arpa.")
_ESCAPED_APOSTROPHE = "\\039"
_RECORD_KEYS = ("zone", "name", "type", "ttl", "value", "why")


def record_as_dict(record: Record) -> dict[str, t.Any]:
    """Return a record as plain data."""
    return {key: getattr(record, key) for key in _RECORD_KEYS}


def record_from_dict(data: t.Mapping[str, t.Any], what: str) -> Record:
    """Return the record that record_as_dict made data of."""
    missing = [key for key in _RECORD_KEYS if key not in data]
    if missing:
        raise DnsDataError(
            f"{what} has no {missing[0]}. Give records as postmaster.mail.mail_dns_records returns them."
        )
    texts = {key: str(data[key]) for key in _RECORD_KEYS}
    return Record(
        zone=texts["zone"],
        name=texts["name"],
        type=texts["type"],
        ttl=int(texts["ttl"]),
        value=texts["value"],
        why=texts["why"],
    )


def records_from_dicts(records: t.Iterable[t.Mapping[str, t.Any]]) -> list[Record]:
    """Return the records of a list of such data. Raises DnsDataError, which says where."""
    return [record_from_dict(data, f"records[{position}]") for position, data in enumerate(records)]


def render(records: t.Sequence[Record], style: str, *, explain: bool = True) -> str:
    """Return records as text in one of FORMATS; explain adds the sentence why each record exists."""
    if style == "json":
        return json.dumps([record_as_dict(record) for record in records], indent=2, ensure_ascii=False) + "\n"
    if style == "zone":
        return _join(_zone_section(zone, group, explain) for zone, group in _by_zone(records))
    if style == "table":
        return _join(_table_section(zone, group, explain) for zone, group in _by_zone(records))
    raise DnsDataError(f"Unknown format {style!r}. Known are: {', '.join(FORMATS)}.")


def unbound_lines(records: t.Sequence[Record], zone_type: str) -> list[str]:
    """Return lines for unbound's server clause. Reverse zones get no local-zone: they are seldom held whole.

    unbound does not look for what a CNAME of its own data names (unbound.conf(5), local-data), so a name whose CNAME
    leads to one with addresses here gets these addresses instead.
    """
    if zone_type not in UNBOUND_ZONE_TYPES:
        raise DnsDataError(
            f"{zone_type!r} is no type of a local zone with data. Known are: {', '.join(UNBOUND_ZONE_TYPES)}."
        )
    zones = [zone for zone, _group in _by_zone(records) if zone_type != NO_ZONES and not zone.endswith(_REVERSE)]
    lines = [f'local-zone: "{zone}" {zone_type}' for zone in zones]
    for record in _with_addresses_for_aliases(records):
        # unbound's quotes know no escape, the record's own text does.
        text = f"{record.name} {record.ttl} IN {record.type} {record.value}".replace("'", _ESCAPED_APOSTROPHE)
        lines.append(f"local-data: '{text}'")
    return lines


def _with_addresses_for_aliases(records: t.Sequence[Record]) -> t.Iterator[Record]:
    addresses: dict[str, list[Record]] = {}
    for record in records:
        if record.type in ("A", "AAAA"):
            addresses.setdefault(record.name, []).append(record)
    for record in records:
        if record.type == "CNAME" and record.value in addresses:
            for address in addresses[record.value]:
                yield dataclasses.replace(record, type=address.type, value=address.value)
        else:
            yield record


def _by_zone(records: t.Iterable[Record]) -> list[tuple[str, list[Record]]]:
    zones: dict[str, list[Record]] = {}
    for record in records:
        zones.setdefault(record.zone, []).append(record)
    return sorted(zones.items(), key=lambda item: item[0].endswith(_REVERSE))


def _zone_section(zone: str, records: t.Sequence[Record], explain: bool) -> list[str]:
    lines = [f"; zone {zone}"]
    for record in records:
        if explain:
            lines.append(f"; {_one_line(record.why)}")
        lines.append(f"{record.name} {record.ttl} IN {record.type} {record.value}")
    return lines


def _table_section(zone: str, records: t.Sequence[Record], explain: bool) -> list[str]:
    name, ttl, rtype = (max(len(str(getattr(record, key))) for record in records) for key in ("name", "ttl", "type"))
    heading = f"Zone {zone}"
    if zone.endswith(_REVERSE):
        heading += "  (kept by whoever gave out the addresses)"
    lines = [heading, "-" * len(heading)]
    for record in records:
        lines.append(f"{record.name:<{name}}  {record.ttl:>{ttl}}  {record.type:<{rtype}}  {record.value}")
        if explain:
            lines.append(f"    {_one_line(record.why)}")
    return lines


def _join(sections: t.Iterable[t.Sequence[str]]) -> str:
    return "\n".join("\n".join(section) + "\n" for section in sections)


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
