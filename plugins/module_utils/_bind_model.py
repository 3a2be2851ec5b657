# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a name server shall be: keys, lists, policies, views and zones, checked and frozen."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import (
    BindDataError,
    braces,
    check_name,
    check_port,
    match_element,
    quote,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import to_address, to_fqdn
from ansible_collections.postmaster.mail.plugins.module_utils._dns_records import Record
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import record_from_dict

ALGORITHMS = ("hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1", "hmac-md5")
ZONE_TYPES = ("primary", "secondary", "forward")
BUILT_IN_POLICIES = ("default", "insecure", "none")
UNSIGNED = ("", "none", "insecure")
SOA_TIMERS = ("refresh", "retry", "expire", "minimum")


@dataclass(frozen=True)
class Key:
    """A TSIG key."""

    name: str
    algorithm: str
    secret: str


@dataclass(frozen=True)
class Peer:
    """Another server that zones come from or go to."""

    address: str
    port: int | None
    key: str

    def __str__(self) -> str:
        port = f" port {self.port}" if self.port else ""
        return f"{self.address}{port}" + (f' key "{self.key}"' if self.key else "")


@dataclass(frozen=True)
class Policy:
    """A policy of DNSSEC: its keys, and whether denials are made by NSEC3."""

    name: str
    keys: tuple[str, ...]
    nsec3: bool
    settings: t.Mapping[str, t.Any]


@dataclass(frozen=True)
class View:
    """What some clients see."""

    name: str
    clients: tuple[str, ...]
    settings: t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Zone:
    """A zone in one view; view is empty where there are none. The name is absolute."""

    name: str
    type: str
    view: str
    records: tuple[Record, ...]
    nameservers: tuple[str, ...]
    contact: str
    ttl: int
    timers: tuple[int, int, int, int]
    primaries: tuple[Peer, ...]
    transfer_to: tuple[str, ...]
    notify: tuple[Peer, ...]
    forwarders: tuple[Peer, ...]
    update_policy: tuple[str, ...]
    allow_update: tuple[str, ...]
    dnssec_policy: str
    settings: t.Mapping[str, t.Any]

    @property
    def title(self) -> str:
        """The name without its final dot, as named.conf and file names have it."""
        return self.name[:-1]

    @property
    def dynamic(self) -> bool:
        """Whether others than this configuration change the zone."""
        return bool(self.update_policy or self.allow_update)

    @property
    def signed(self) -> bool:
        """Whether named signs the zone."""
        return self.type == "primary" and self.dnssec_policy not in UNSIGNED


@dataclass(frozen=True)
class Server:
    """Everything that is configured."""

    options: t.Mapping[str, t.Any]
    statements: t.Mapping[str, t.Any]
    keys: tuple[Key, ...]
    acls: t.Mapping[str, tuple[str, ...]]
    policies: tuple[Policy, ...]
    views: tuple[View, ...]
    zones: tuple[Zone, ...]


_Data = t.Mapping[str, t.Any]


def parse_server(data: _Data) -> Server:
    """Return the server that the options of the module describe. Raises BindDataError, DnsDataError."""
    server = Server(
        options=data.get("options") or {},
        statements=data.get("statements") or {},
        keys=tuple(_key(item) for item in data.get("keys") or ()),
        acls={
            check_name(name, "acls"): tuple(match_element(element, f"acls: {name}") for element in elements)
            for name, elements in (data.get("acls") or {}).items()
        },
        policies=tuple(_policy(item) for item in data.get("dnssec_policies") or ()),
        views=tuple(_view(item) for item in data.get("views") or ()),
        zones=tuple(_zone(item) for item in data.get("zones") or ()),
    )
    _refuse_repeated("keys", [key.name for key in server.keys])
    _refuse_repeated("dnssec_policies", [policy.name for policy in server.policies])
    _refuse_repeated("views", [view.name for view in server.views])
    _refuse_repeated("zones", [f"{zone.title} {zone.view}".strip() for zone in server.zones])
    for zone in server.zones:
        _check_references(zone, server)
    return server


def parse_peer(item: object, what: str) -> Peer:
    """Return the server that an address, address@port, or a mapping with address, port and key names."""
    if isinstance(item, t.Mapping):
        unknown = sorted(set(item) - {"address", "port", "key"})
        if unknown or not item.get("address"):
            raise BindDataError(f"{what}: {dict(item)!r} needs an address, and may have a port and a key, no more.")
        address, port, key = item["address"], item.get("port"), item.get("key")
    else:
        address, _at, port = str(item).partition("@")
        key = None
    return Peer(
        address=str(to_address(address, what)),
        port=check_port(port, what) if port else None,
        key=check_name(key, f"{what}: key") if key else "",
    )


def _refuse_repeated(what: str, names: t.Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise BindDataError(f"{what} names {repeated[0]!r} more than once. Keep one of them.")


def _key(item: _Data) -> Key:
    name = check_name(item["name"], "keys")
    algorithm = str(item.get("algorithm") or ALGORITHMS[0])
    if algorithm not in ALGORITHMS:
        raise BindDataError(f"Key {name}: {algorithm!r} is no algorithm of TSIG. Use one of {', '.join(ALGORITHMS)}.")
    try:
        usable = bool(base64.b64decode(str(item["secret"]), validate=True))
    except binascii.Error:
        usable = False
    if not usable:
        raise BindDataError(f"Key {name}: the secret is not in base64. Make one with: tsig-keygen {name}")
    return Key(name=name, algorithm=algorithm, secret=str(item["secret"]))


def _policy(item: _Data) -> Policy:
    name = check_name(item["name"], "dnssec_policies")
    if name in BUILT_IN_POLICIES:
        raise BindDataError(f"dnssec_policies: {name} is a policy of named itself and cannot be changed. Rename yours.")
    lines = tuple(_policy_key(key, f"Policy {name}") for key in item.get("keys") or ())
    return Policy(name=name, keys=lines, nsec3=bool(item.get("nsec3")), settings=item.get("settings") or {})


def _policy_key(key: _Data, what: str) -> str:
    for part, pattern in (("role", r"(ksk|zsk|csk)\Z"), ("lifetime", r"[A-Za-z0-9]+\Z"), ("algorithm", r"[a-z0-9]+\Z")):
        if not re.match(pattern, str(key[part])):
            raise BindDataError(f"{what}: {key[part]!r} is no {part} of a key.")
    bits = f" {int(key['bits'])}" if key.get("bits") else ""
    return f"{key['role']} key-directory lifetime {key['lifetime']} algorithm {key['algorithm']}{bits}"


def _view(item: _Data) -> View:
    name = check_name(item["name"], "views")
    clients = tuple(match_element(element, f"View {name}: clients") for element in item.get("clients") or ("any",))
    return View(name=name, clients=clients, settings=item.get("settings") or {})


def _zone(item: _Data) -> Zone:
    name = to_fqdn(str(item["name"]), "zones: name")
    what = f"Zone {name[:-1]}"
    timers = item.get("soa") or {}
    zone = Zone(
        name=name,
        type=str(item.get("type") or ZONE_TYPES[0]),
        view=check_name(item["view"], f"{what}: view") if item.get("view") else "",
        records=tuple(record_from_dict(record, f"{what}: records") for record in item.get("records") or ()),
        nameservers=tuple(to_fqdn(str(host), f"{what}: nameservers") for host in item.get("nameservers") or ()),
        contact=str(item.get("contact") or f"hostmaster@{name[:-1]}"),
        ttl=int(item.get("ttl") or 3600),
        timers=(
            int(timers.get("refresh") or 3600),
            int(timers.get("retry") or 600),
            int(timers.get("expire") or 1209600),
            int(timers.get("minimum") or 300),
        ),
        primaries=tuple(parse_peer(peer, f"{what}: primaries") for peer in item.get("primaries") or ()),
        transfer_to=tuple(match_element(peer, f"{what}: transfer_to") for peer in item.get("transfer_to") or ()),
        notify=tuple(parse_peer(peer, f"{what}: notify") for peer in item.get("notify") or ()),
        forwarders=tuple(parse_peer(peer, f"{what}: forwarders") for peer in item.get("forwarders") or ()),
        update_policy=tuple(str(rule) for rule in item.get("update_policy") or ()),
        allow_update=tuple(match_element(peer, f"{what}: allow_update") for peer in item.get("allow_update") or ()),
        dnssec_policy=str(item.get("dnssec_policy") or ""),
        settings=item.get("settings") or {},
    )
    problem = _contradiction(zone)
    if problem:
        raise BindDataError(f"{what}: {problem}")
    return zone


def _contradiction(zone: Zone) -> str:
    if zone.type not in ZONE_TYPES:
        return f"{zone.type!r} is no type of zone here. Use {', '.join(ZONE_TYPES)}."
    if zone.type == "primary" and not zone.nameservers:
        return "it has no name server. Set nameservers; the first one is the primary."
    if zone.type == "secondary" and not zone.primaries:
        return "a secondary needs to know where the zone comes from. Set primaries."
    if zone.type == "forward" and not zone.forwarders:
        return "a forwarded zone needs servers to ask. Set forwarders."
    if zone.update_policy and zone.allow_update:
        return "update_policy and allow_update exclude each other. Keep one."
    if zone.type != "primary" and (zone.dynamic or zone.dnssec_policy not in UNSIGNED or zone.records):
        return f"records, updates and signing belong to a primary, not to type {zone.type}."
    stray = [record.name for record in zone.records if not f".{record.name}".endswith(f".{zone.name}")]
    return f"the record of {stray[0]} is not within it." if stray else ""


def _check_references(zone: Zone, server: Server) -> None:
    views = [view.name for view in server.views]
    if bool(views) != bool(zone.view) or (zone.view and zone.view not in views):
        known = f"one of {', '.join(views)}" if views else "none, because there are no views"
        raise BindDataError(f"Zone {zone.title}: its view is {zone.view or 'not given'}; it must be {known}.")
    policies = [*BUILT_IN_POLICIES, "", *(policy.name for policy in server.policies)]
    if zone.dnssec_policy not in policies:
        raise BindDataError(
            f"Zone {zone.title}: there is no policy {zone.dnssec_policy!r}. Define it, or use {policies[0]!r}."
        )
    known_keys = {key.name for key in server.keys}
    used = {peer.key for peer in (*zone.primaries, *zone.notify) if peer.key}
    used |= {
        match.group(1)
        for element in (*zone.transfer_to, *zone.allow_update)
        for match in [re.match(r'!?key "(.*)"\Z', element)]
        if match
    }
    if used - known_keys:
        raise BindDataError(f"Zone {zone.title}: the key {sorted(used - known_keys)[0]!r} is not among the keys.")


def peers(servers: t.Iterable[Peer]) -> str:
    """Return a list of servers in braces."""
    return braces(str(server) for server in servers)


def key_text(key: Key, secret: str | None = None) -> str:
    """Return the statement of a key, with another secret for people to see where given."""
    shown = quote(key.secret if secret is None else secret, f"Key {key.name}")
    return f'key "{key.name}" {{\n    algorithm {key.algorithm};\n    secret {shown};\n}};\n'
