# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Record sets of a zone: what is asked for, what is there, and the change that leads from one to the other."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError, to_fqdn
from ansible_collections.postmaster.mail.plugins.module_utils._dns_values import record_type, record_value

STATES = ("present", "absent", "exact")
DEFAULT_TTL: t.Final = 3600

# A name has at most one record of these types: another value takes the place of the present one.
_SINGLE: t.Final = ("CNAME", "DNAME")
_MAX_TTL: t.Final = 2**31 - 1


@dataclass(frozen=True)
class RRset:
    """The records of one name and type: canonical texts in a stable order, and their TTL."""

    ttl: int
    value: tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """What a task asks for one name and type. Without a TTL the present one stays."""

    name: str
    type: str
    state: str
    ttl: int | None
    value: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True)
class Change:
    """A record set before and after; None stands for none."""

    zone: str
    name: str
    type: str
    before: RRset | None
    after: RRset | None

    def __str__(self) -> str:
        return f"{self.name} {self.type}"

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after

    @property
    def added(self) -> tuple[str, ...]:
        """What has to be added; all values where the TTL changes, because adding sets it."""
        if self.after is None:
            return ()
        if self.before is None or self.before.ttl != self.after.ttl:
            return self.after.value
        return tuple(text for text in self.after.value if text not in self.before.value)

    @property
    def removed(self) -> tuple[str, ...]:
        """What has to be deleted."""
        kept = self.after.value if self.after else ()
        return tuple(text for text in self.before.value if text not in kept) if self.before else ()


class Canonical(t.Protocol):
    """Writes the value of a record in the form that values from servers are in. Raises ValueError."""

    def __call__(self, rtype: str, text: str) -> str: ...


def read_wishes(sets: t.Sequence[t.Mapping[str, t.Any]], state: str, canonical: Canonical) -> list[Wish]:
    """Return one wish for each name and type. Entries of the same name and type are put together.

    Raises DnsDataError.
    """
    wishes: dict[tuple[str, str], Wish] = {}
    for position, item in enumerate(sets):
        wish = _read_wish(item, state, f"rrsets[{position}]", canonical)
        known = wishes.get((wish.name, wish.type))
        wishes[wish.name, wish.type] = _join(known, wish) if known else wish
    for wish in wishes.values():
        if wish.type in _SINGLE and len(wish.value) > 1 and wish.state != "absent":
            raise DnsDataError(f"{wish} has {len(wish.value)} values, a name has one {wish.type} record at most.")
    return list(wishes.values())


def plan_change(wish: Wish, zone: str, before: RRset | None) -> Change:
    """Return the change that fulfils wish. Raises DnsDataError where no server would make it."""
    present = before.value if before else ()
    if wish.state == "exact" or (wish.state == "present" and wish.type in _SINGLE):
        value = wish.value
    elif wish.state == "present":
        value = tuple(sorted({*present, *wish.value}))
    else:
        value = tuple(text for text in present if wish.value and text not in wish.value)
    ttl = before.ttl if before else DEFAULT_TTL
    if wish.ttl is not None and wish.state != "absent":
        ttl = wish.ttl
    after = RRset(ttl=ttl, value=value) if value else None
    if wish.type == "NS" and wish.name == zone and after is None:
        raise DnsDataError(f"{wish}: a zone keeps at least one NS record of its own. Name those that stay with exact.")
    return Change(zone=zone, name=wish.name, type=wish.type, before=before, after=after)


def zone_lines(changes: t.Sequence[Change], side: str) -> str:
    """Return the changed sets as lines of a zone file, as they are before or after."""
    lines = []
    for change in changes:
        rrset: RRset | None = getattr(change, side)
        if change.changed and rrset is not None:
            lines += [f"{change.name} {rrset.ttl} IN {change.type} {text}\n" for text in rrset.value]
    return "".join(lines)


def describe(change: Change) -> dict[str, t.Any]:
    """Return a change as plain data."""
    return {
        "zone": change.zone,
        "name": change.name,
        "type": change.type,
        "changed": change.changed,
        "before": _plain(change.before),
        "after": _plain(change.after),
    }


def _plain(rrset: RRset | None) -> dict[str, t.Any]:
    return {"ttl": rrset.ttl if rrset else None, "value": list(rrset.value) if rrset else []}


def _read_wish(item: t.Mapping[str, t.Any], state: str, what: str, canonical: Canonical) -> Wish:
    name = to_fqdn(item["name"], f"{what}.name")
    rtype = record_type(item["type"], f"{what}.type")
    state = item.get("state") or state
    value = item.get("value")
    texts = [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
    if not texts and state != "absent":
        raise DnsDataError(f"{what} ({name} {rtype}) has no value. Give one, or state absent to remove all of them.")
    ttl = item.get("ttl")
    if ttl is not None and not 0 <= ttl <= _MAX_TTL:
        raise DnsDataError(f"{what}.ttl is {ttl}; give a number of seconds from 0 to {_MAX_TTL}.")
    written = []
    for text in texts:
        checked = record_value(rtype, text, f"{what} ({name} {rtype})")
        try:
            written.append(canonical(rtype, checked))
        except ValueError as error:
            raise DnsDataError(f"{what}: {checked} is no value of a record of type {rtype}: {error}.") from error
    return Wish(name=name, type=rtype, state=state, ttl=ttl, value=tuple(sorted(set(written))))


def _join(first: Wish, second: Wish) -> Wish:
    if first.state != second.state:
        raise DnsDataError(f"{first} is named with state {first.state} and with {second.state}. Name it with one.")
    if not (first.value and second.value):
        raise DnsDataError(f"{first} is named with values and, to remove all of them, without. Name it once.")
    # RFC 2181, 5.2: the records of one name and type share their TTL.
    ttls = [ttl for ttl in (first.ttl, second.ttl) if ttl is not None]
    return Wish(
        name=first.name,
        type=first.type,
        state=first.state,
        ttl=min(ttls) if ttls else None,
        value=tuple(sorted({*first.value, *second.value})),
    )
