# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Fulfil wishes for record sets on a server: read, plan, update, read back, and again if somebody else was faster."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError, is_within
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset import Change, RRset, Wish, plan_change
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset_server import (
    DnsConflictError,
    DnsServerError,
    Server,
    divide,
)

_ATTEMPTS: t.Final = 3


def fulfil(server: Server, wishes: t.Sequence[Wish], zone: str | None, *, check_mode: bool) -> list[Change]:
    """Make of each wish what is, or in check mode would be, changed. Raises DnsDataError and DnsServerError."""
    applied: dict[tuple[str, str], Change] = {}
    for attempt in range(1, _ATTEMPTS + 1):
        changes = make_plan(server, wishes, zone)
        if check_mode:
            return changes
        try:
            _apply(server, changes, applied)
            break
        except DnsConflictError as error:
            if attempt == _ATTEMPTS:
                raise DnsServerError(
                    f"{server.label}: the records changed {_ATTEMPTS} times between reading and writing ({error}). "
                    f"Find out who else changes them, and run this again.{_so_far(applied)}"
                ) from error
        except DnsServerError as error:
            raise DnsServerError(f"{error}{_so_far(applied)}") from error
    return [applied.get((change.name, change.type), change) for change in changes]


def make_plan(server: Server, wishes: t.Sequence[Wish], zone: str | None) -> list[Change]:
    """Read what is there and return the changes. Raises DnsDataError and DnsServerError."""
    zones: dict[str, str] = {}
    changes = []
    for wish in wishes:
        if zone is not None and not is_within(wish.name, zone):
            raise DnsDataError(f"{wish.name} is not within the zone {zone}. Give it a task with its own zone.")
        if wish.name not in zones:
            zones[wish.name] = zone or server.find_zone(wish.name)
        held_by = zones[wish.name]
        changes.append(plan_change(wish, held_by, server.read(wish.name, wish.type, held_by)))
    return changes


def _apply(server: Server, changes: t.Sequence[Change], applied: dict[tuple[str, str], Change]) -> None:
    for zone, part in divide([change for change in changes if change.changed]):
        server.update(zone, part)
        applied.update({(change.name, change.type): change for change in part})
        for change in part:
            found = server.read(change.name, change.type, zone)
            if found != change.after:
                raise DnsServerError(
                    f"{server.label} accepted the change of {change}, but has {_text(found)} instead of "
                    f"{_text(change.after)} there. A CNAME and other records of one name keep each other out: "
                    "remove the other first. Or somebody else changed the records at the same time."
                )


def _text(rrset: RRset | None) -> str:
    return f"{', '.join(rrset.value)} with TTL {rrset.ttl}" if rrset else "no record"


def _so_far(applied: t.Mapping[tuple[str, str], Change]) -> str:
    return f" Sent before: {', '.join(str(change) for change in applied.values())}." if applied else ""
