# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A zone as a file whose serial moves only when something else in it does."""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import BindDataError
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import Zone
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import to_fqdn
from ansible_collections.postmaster.mail.plugins.module_utils._dns_records import Record
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import render

_SERIAL = re.compile(r"^\s+(\d{1,10}) ; serial$", re.MULTILINE)
_LAST_SERIAL = 2**32 - 1


@dataclass(frozen=True)
class ZoneText:
    """The content of a zone file, and the serial in it."""

    text: str
    serial: int


def zone_text(zone: Zone, banner: str, present: str | None, today: int, served: int | None = None) -> ZoneText:
    """Return the file of a zone. The serial of the present file stays where nothing else differs.

    A file without a predecessor gets a serial above the one that was served until now, where there is one.
    """
    before = read_serial(present or "")
    if before is not None:
        unchanged = _render(zone, banner, before)
        if unchanged == present:
            return ZoneText(unchanged, before)
    serial = next_serial(served if before is None else before, today)
    return ZoneText(_render(zone, banner, serial), serial)


def read_serial(text: str) -> int | None:
    """Return the serial of a file that zone_text made."""
    found = _SERIAL.search(text)
    return int(found.group(1)) if found else None


def with_serial(text: str, serial: int) -> str:
    """Return a file that zone_text made with another serial."""
    return _SERIAL.sub(f"    {serial} ; serial", text, count=1)


def next_serial(before: int | None, today: int) -> int:
    """Return a serial above the former one: the date with two digits more, as long as that is higher."""
    first = today * 100 + 1
    if before is None:
        return first
    # RFC 1982 counts on from zero, which some servers take for no serial at all.
    return max(before + 1, first) if before < _LAST_SERIAL else 1


def date_number(now: float) -> int:
    """Return the date in UTC as a number such as 20260131."""
    return int(time.strftime("%Y%m%d", time.gmtime(now)))


def mailbox_name(contact: str, what: str) -> str:
    """Return an address as the name that an SOA record holds, with the dots of its local part escaped."""
    local, at, domain = contact.rpartition("@")
    if not at:
        return to_fqdn(contact, what)
    if not re.match(r"[A-Za-z0-9._+-]+\Z", local):
        raise BindDataError(f"{what}: {contact!r} is no address of a person that an SOA record can hold.")
    escaped = local.replace(".", "\\.")
    return f"{escaped}.{to_fqdn(domain, what)}"


def _render(zone: Zone, banner: str, serial: int) -> str:
    contact = mailbox_name(zone.contact, f"Zone {zone.title}: contact")
    timers = "".join(
        f"\n    {value} ; {name}" for name, value in zip(("refresh", "retry", "expire", "minimum"), zone.timers)
    )
    records = render(sorted(_with_name_servers(zone), key=_canonical), "zone", explain=False)
    return (
        f"; {banner}\n"
        f"$TTL {zone.ttl}\n"
        f"{zone.name} {zone.ttl} IN SOA {zone.nameservers[0]} {contact} (\n"
        f"    {serial} ; serial{timers}\n"
        f")\n"
        f"{records}"
    )


def _with_name_servers(zone: Zone) -> t.Iterator[Record]:
    present = {(record.name, record.type, record.value) for record in zone.records}
    ttls = [record.ttl for record in zone.records if (record.name, record.type) == (zone.name, "NS")]
    for host in zone.nameservers:
        if (zone.name, "NS", host) not in present:
            ttl = min(ttls, default=zone.ttl)
            yield Record(zone=zone.name, name=zone.name, type="NS", ttl=ttl, value=host, why="")
    for record in zone.records:
        yield Record(
            zone=zone.name, name=record.name, type=record.type, ttl=record.ttl, value=record.value, why=record.why
        )


def _canonical(record: Record) -> tuple[list[str], bool, str, str]:
    return list(reversed(record.name.split("."))), record.type != "NS", record.type, record.value
