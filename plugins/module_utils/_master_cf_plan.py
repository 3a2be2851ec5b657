# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From wished services to the changes in master.cf, and what would stop the master daemon from running them."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import (
    FIELDS,
    EntryError,
    MasterEntry,
    option_fault,
    parse_command,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import (
    HIDDEN,
    Change,
    Wish,
    after_changes,
    plan_changes,
    wish,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_lint import is_secret

_SYNTAX = {
    "private": (re.compile(r"[-yn]\Z"), "y, n or -"),
    "unpriv": (re.compile(r"[-yn]\Z"), "y, n or -"),
    "chroot": (re.compile(r"[-yn]\Z"), "y, n or -"),
    "wakeup": (re.compile(r"(?:-|\d+\??)\Z"), "seconds, seconds followed by a question mark, or -"),
    "maxproc": (re.compile(r"(?:-|\d+)\Z"), "a number of processes (0 for no limit) or -"),
}
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?\Z")


class Resolver(t.Protocol):
    """What the host knows about names of ports and hosts."""

    def port(self, service: str) -> int | None:
        """Return the TCP port of a service by its name, or None if it has none."""

    def has_address(self, host: str) -> bool:
        """Tell whether a host name leads to an address."""

    def in_use(self, host: str, port: int) -> bool:
        """Tell whether something listens on a TCP port of host, or of all interfaces if host is empty."""


@dataclass(frozen=True)
class ServiceWish:
    """What an entry shall be; fields, command and options that are not given keep what the entry has."""

    name: str
    kind: str
    fields: t.Mapping[str, str]
    command: str | None = None
    options: tuple[Wish, ...] | None = None
    present: bool = True

    @property
    def service(self) -> str:
        return f"{self.name}/{self.kind}"


@dataclass(frozen=True)
class ServiceChange:
    """One entry that changes; None stands for no entry."""

    service: str
    before: MasterEntry | None
    after: MasterEntry | None
    options: tuple[Change, ...] = ()

    def public(self) -> dict[str, str | None]:
        """Return the entry before and after as one line each, passwords not shown."""
        return {
            "before": None if self.before is None else shown_entry(self.before),
            "after": None if self.after is None else shown_entry(self.after),
        }


def service_wish(raw: t.Mapping[str, t.Any]) -> ServiceWish:
    """Read what somebody wrote for a service. Raises EntryError or WishError."""
    name, kind = raw["name"], raw["type"]
    if not name or any(character.isspace() or character in "/=#" for character in name) or name.startswith("{"):
        raise EntryError(f"The service name '{name}' is not possible: it is empty or holds a blank, '/', '=' or '#'.")
    if raw["state"] == "absent":
        return ServiceWish(name, kind, {}, present=False)
    fields = {field: raw[field] for field in FIELDS if raw[field] is not None}
    for field, value in fields.items():
        syntax, meaning = _SYNTAX[field]
        if not syntax.match(value):
            raise EntryError(f"Service '{name}/{kind}' has {field} '{value}'. Write {meaning}.")
    if kind == "inet" and fields.get("private", "n") != "n":
        raise EntryError(
            f"Service '{name}/{kind}' has private '{fields['private']}', which stops Postfix: what listens on a"
            " network port cannot be private. Write n."
        )
    options = None
    if raw["options"] is not None:
        options = tuple(_option_wish(f"{name}/{kind}", str(key), value) for key, value in raw["options"].items())
    if raw["command"] is not None:
        parse_command(raw["command"])
    return ServiceWish(name, kind, fields, raw["command"], options)


def plan_services(
    wishes: t.Sequence[ServiceWish], current: t.Mapping[str, MasterEntry], resolver: Resolver
) -> tuple[ServiceChange, ...]:
    """Compare wishes with the entries there are and return what has to change. Raises EntryError."""
    targets: dict[str, MasterEntry | None] = {}
    for item in wishes:
        if item.service in targets:
            raise EntryError(f"Service '{item.service}' is named twice in this task. Merge the two.")
        targets[item.service] = merged_entry(item, current.get(item.service)) if item.present else None
    return plan_entries(targets, current, resolver)


def plan_entries(
    targets: t.Mapping[str, MasterEntry | None], current: t.Mapping[str, MasterEntry], resolver: Resolver
) -> tuple[ServiceChange, ...]:
    """Compare the entries that shall be (None for none) with those there are. Raises EntryError."""
    changes: list[ServiceChange] = []
    for service, after in targets.items():
        before = current.get(service)
        if after is None:
            if before is not None:
                changes.append(ServiceChange(service, before, None))
        elif before is None or after.render() != before.render():
            changes.append(ServiceChange(service, before, after, _option_changes(before, after)))
    merged = {**current, **targets}
    result = {service: entry for service, entry in merged.items() if entry is not None}
    for change in changes:
        if change.after is not None and change.after.kind == "inet":
            _check_endpoint(change, result, resolver)
    return tuple(changes)


def planned_afresh(wishes: t.Iterable[ServiceWish]) -> tuple[ServiceChange, ...]:
    """Return what would change on a host that has no Postfix yet; its package brings entries that we cannot foresee."""
    return tuple(
        ServiceChange(item.service, None, merged_entry(item, None) if item.command is not None else None)
        for item in wishes
        if item.present
    )


def endpoint(name: str, resolver: Resolver) -> tuple[str, int]:
    """Return host (empty for all interfaces) and port of an inet service's name. Raises EntryError."""
    host, colon, port_name = name.rpartition(":")
    if colon and not host:
        raise EntryError(f"Service '{name}/inet' has no host before the colon. Write the port alone, or host:port.")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if port_name.isdigit():
        port: int | None = int(port_name) if 0 < int(port_name) < 65536 else None
    else:
        port = resolver.port(port_name) if port_name else None
    if port is None:
        raise EntryError(
            f"Service '{name}/inet' has the port '{port_name}', which is no number from 1 to 65535 and no name in"
            " /etc/services; Postfix would stop at it. Write the number."
        )
    return _host(name, host, resolver), port


def taken_ports(
    changes: t.Iterable[ServiceChange], current: t.Mapping[str, MasterEntry], resolver: Resolver
) -> tuple[str, ...]:
    """Return a warning for each new listener on a port that something other than a service of current holds."""
    ours: set[int] = set()
    for entry in current.values():
        if entry.kind == "inet":
            # An entry that cannot be resolved holds no port.
            with contextlib.suppress(EntryError):
                ours.add(endpoint(entry.name, resolver)[1])
    notes: list[str] = []
    for change in changes:
        if change.before is None and change.after is not None and change.after.kind == "inet":
            host, port = endpoint(change.after.name, resolver)
            if port not in ours and resolver.in_use(host, port):
                notes.append(
                    f"Something listens on port {port} already. Unless that is Postfix itself, Postfix will stop at"
                    f" service '{change.service}' when it is reloaded."
                )
    return tuple(notes)


def public_diff(changes: t.Iterable[ServiceChange]) -> dict[str, str]:
    """Return the changed entries before and after, passwords not shown."""
    before, after = [], []
    for change in changes:
        shown = change.public()
        old, new = shown["before"], shown["after"]
        if old is not None:
            before.append(f"{old}\n")
        if new is not None:
            after.append(f"{new}\n")
    return {"before": "".join(before), "after": "".join(after)}


def _option_wish(service: str, name: str, raw: object) -> Wish:
    if isinstance(raw, dict):
        raise EntryError(f"The option '{name}' of service '{service}' is a dictionary. Write its value.")
    item = wish(name, raw)
    if fault := option_fault(item.text or ""):
        raise EntryError(f"The option '{name}' of service '{service}' is not possible: {fault}.")
    return item


def _option_changes(before: MasterEntry | None, after: MasterEntry) -> tuple[Change, ...]:
    old, new = before.option_map() if before else {}, after.option_map()
    dropped = (Wish(name, None) for name in old if name not in new)
    return plan_changes([*(Wish(name, value) for name, value in new.items()), *dropped], old, {})


def _exact(item: ServiceWish, before: MasterEntry | None) -> tuple[Wish, ...]:
    if item.options is None:
        return ()
    named = {option.name for option in item.options}
    old = before.option_map() if before else {}
    return (*item.options, *(Wish(name, None) for name in old if name not in named))


def merged_entry(item: ServiceWish, before: MasterEntry | None) -> MasterEntry:
    """Return the entry that a wish for a present service makes of the one before. Raises EntryError."""
    entry = before
    if item.command is not None:
        program, arguments = parse_command(item.command)
        if entry is None:
            defaults = {field: "n" if field == "private" and item.kind == "inet" else "-" for field in FIELDS}
            entry = MasterEntry(item.name, item.kind, defaults, program, (), arguments)
        entry = replace(entry, program=program, arguments=arguments)
    if entry is None:
        raise EntryError(f"Service '{item.service}' does not exist yet and has no command. Name its daemon.")
    options = entry.options
    if item.options is not None:
        wanted = plan_changes(_exact(item, before), entry.option_map(), {})
        options = tuple(after_changes(entry.option_map(), wanted).items())
    return replace(entry, fields={**entry.fields, **item.fields}, options=options)


def _check_endpoint(change: ServiceChange, entries: t.Mapping[str, MasterEntry], resolver: Resolver) -> None:
    entry = t.cast(MasterEntry, change.after)
    here = endpoint(entry.name, resolver)
    if change.before is not None:
        return
    for service, other in entries.items():
        if service == change.service or other.kind != "inet":
            continue
        try:
            there = endpoint(other.name, resolver)
        except EntryError:
            # An entry that cannot be resolved holds no port.
            continue
        if here == there:
            raise EntryError(
                f"Service '{change.service}' would listen on port {here[1]} of {here[0] or 'all interfaces'}, as"
                f" '{service}' does already. Change that one, or drop it with state absent in the same task."
            )


def _host(name: str, host: str, resolver: Resolver) -> str:
    if not host:
        return ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not _HOST.match(host) or re.match(r"[\d.]+\Z", host) or not resolver.has_address(host):
        raise EntryError(
            f"Service '{name}/inet' has the host '{host}', which is no address and no name that leads to one;"
            " Postfix would stop at it. Correct it, or write the address."
        )
    return host.lower()


def shown_entry(entry: MasterEntry) -> str:
    """Return the entry as one line, passwords not shown."""
    options = tuple((name, HIDDEN if is_secret(name, value) else value) for name, value in entry.options)
    return replace(entry, options=options).render()
