# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What role dns says of a name server, as the options of the module that configures BIND."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import BindDataError, check_port, quote
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import parse_peer
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import is_within, to_address, to_fqdn
from ansible_collections.postmaster.mail.plugins.module_utils._dns_records import RecordOptions, plan_records
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import record_as_dict

_Data = t.Mapping[str, t.Any]

SETTINGS = (
    "directory",
    "listen",
    "access_control",
    "forwarders",
    "dnssec",
    "insecure_domains",
    "trust_anchors",
    "rate_limit",
    "options",
    "statements",
    "views",
    "zones",
    "mail_zones",
    "records",
    "nameservers",
    "contact",
    "ttl",
    "soa",
    "primaries",
    "secondaries",
    "dnssec_policy",
)
_ZONE_KEYS = (
    "name",
    "type",
    "views",
    "records",
    "mail_records",
    "nameservers",
    "contact",
    "ttl",
    "soa",
    "primaries",
    "secondaries",
    "forwarders",
    "update_policy",
    "allow_update",
    "dnssec_policy",
    "settings",
)
_VIEW_KEYS = ("name", "clients", "recursion", "settings")
_DS = re.compile(
    r"(\S+)\s+(?:\d+\s+)?(?:IN\s+)?DS\s+(\d+)\s+(\d+)\s+(\d+)\s+([0-9A-Fa-f][0-9A-Fa-f\s]*)\Z", re.IGNORECASE
)


def compose(settings: _Data) -> dict[str, t.Any]:
    """Return options, statements, views and zones. Raises BindDataError, DnsDataError."""
    _only("settings", settings, SETTINGS)
    views = [_view(view) for view in settings.get("views") or ()]
    return {
        "options": _options(settings),
        "statements": _statements(settings),
        "views": views,
        "zones": _zones(settings, [view["name"] for view in views]),
    }


def _only(what: str, data: _Data, known: t.Sequence[str]) -> None:
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise BindDataError(f"{what} has an unknown key {unknown[0]!r}. Known are: {', '.join(known)}.")


def _options(settings: _Data) -> dict[str, t.Any]:
    allowed, networks = _recursion(settings.get("access_control") or ())
    options: dict[str, t.Any] = {
        "directory": quote(str(settings["directory"]), "directory"),
        **_listeners(settings.get("listen") or ()),
        "version": "none",
        "hostname": "none",
        "server-id": "none",
        "allow-query": ["any"],
        "allow-transfer": ["none"],
        "recursion": bool(allowed),
        "allow-recursion": networks if allowed else None,
        "dnssec-validation": "auto" if settings.get("dnssec", True) else False,
    }
    domains = [to_fqdn(str(name), "insecure_domains")[:-1] for name in settings.get("insecure_domains") or ()]
    if domains:
        options["validate-except"] = [quote(name, "insecure_domains") for name in domains]
    forwarders = [_forwarder(item) for item in settings.get("forwarders") or ()]
    if forwarders:
        options.update({"forwarders": forwarders, "forward": "only"})
    if settings.get("rate_limit"):
        exempt = {"exempt-clients": networks} if allowed else {}
        options["rate-limit"] = {**exempt, **settings["rate_limit"]}
    return {**options, **(settings.get("options") or {})}


def _listeners(listen: t.Iterable[str]) -> dict[str, list[str]]:
    statements: dict[str, list[str]] = {}
    for item in listen:
        text, _at, port = str(item).partition("@")
        address = to_address(text, "listen")
        family = "listen-on" if address.version == 4 else "listen-on-v6"
        name = f"{family} port {check_port(port or 53, 'listen')}"
        statements.setdefault(name, []).append("any" if address.is_unspecified else str(address))
    for family in ("listen-on", "listen-on-v6"):
        # Without a statement named listens on all addresses of the family.
        if not any(name.startswith(f"{family} ") for name in statements):
            statements[family] = ["none"]
    return statements


def _recursion(access_control: t.Iterable[_Data]) -> tuple[list[str], list[str]]:
    """Return the networks that may recurse, and the match list, in which the smallest network comes first."""
    rules = []
    for item in access_control:
        try:
            network = ipaddress.ip_network(str(item["network"]))
        except ValueError as error:
            raise BindDataError(f"access_control: {item['network']!r} is no network ({error}).") from error
        rules.append((network, str(item["action"]).startswith("allow")))
    rules.sort(key=lambda rule: (rule[0].version, -rule[0].prefixlen))
    allowed = [str(network) for network, allow in rules if allow]
    return allowed, [f"{'' if allow else '!'}{network}" for network, allow in rules]


def _forwarder(item: object) -> str:
    if isinstance(item, t.Mapping) and item.get("tls_name"):
        raise BindDataError(
            f"forwarders: {item['address']} is to be asked over TLS, which BIND 9.18 cannot do. Leave tls_name out, or "
            "use unbound."
        )
    return str(parse_peer(item, "forwarders"))


def _statements(settings: _Data) -> dict[str, t.Any]:
    anchors = []
    for text in settings.get("trust_anchors") or ():
        found = _DS.match(str(text).strip())
        if not found:
            raise BindDataError(
                f"trust_anchors: {text!r} is no DS record such as 'example.org. IN DS 12345 13 2 0A1B...'."
            )
        zone, tag, algorithm, kind, digest = found.groups()
        anchors.append(
            f'"{to_fqdn(zone, "trust_anchors")}" static-ds {tag} {algorithm} {kind} "{"".join(digest.split())}"'
        )
    return {**({"trust-anchors": anchors} if anchors else {}), **(settings.get("statements") or {})}


def _view(view: _Data) -> dict[str, t.Any]:
    _only("views", view, _VIEW_KEYS)
    if not view.get("name"):
        raise BindDataError(f"views: {dict(view)!r} has no name. Give it one.")
    recursion = {} if view.get("recursion") is None else {"recursion": bool(view["recursion"])}
    return {
        "name": str(view["name"]),
        "clients": list(view.get("clients") or ["any"]),
        "settings": {**recursion, **(view.get("settings") or {})},
    }


def _zones(settings: _Data, views: list[str]) -> list[dict[str, t.Any]]:
    declared = [(to_fqdn(str(zone.get("name") or ""), "zones: name"), zone) for zone in settings.get("zones") or ()]
    names = {name for name, _zone in declared}
    mail: dict[str, list[_Data]] = {}
    for record in settings.get("records") or ():
        holding = [name for name in names if is_within(record["name"], name)]
        mail.setdefault(max(holding, key=len) if holding else record["zone"], []).append(record)
    composed: list[dict[str, t.Any]] = []
    for name, zone in declared:
        composed += _in_views(name, zone, settings, mail.get(name, []), views)
    if settings.get("mail_zones"):
        for name in mail:
            if name not in names:
                composed += _in_views(name, {}, settings, mail[name], views)
    return composed


def _in_views(
    name: str, zone: _Data, settings: _Data, mail: t.Sequence[_Data], views: list[str]
) -> t.Iterator[dict[str, t.Any]]:
    what = f"Zone {name[:-1]}"
    _only(what, zone, _ZONE_KEYS)
    composed = _compose_zone(name, zone, settings, mail)
    chosen = zone.get("views") or views
    unknown = [view for view in chosen if view not in views]
    if unknown:
        raise BindDataError(f"{what}: there is no view {unknown[0]!r}. Define it, or leave views out.")
    for view in chosen or [""]:
        yield {**composed, "view": view}


def _compose_zone(name: str, zone: _Data, settings: _Data, mail: t.Sequence[_Data]) -> dict[str, t.Any]:
    def chosen(key: str) -> t.Any:
        return zone[key] if zone.get(key) is not None else settings.get(key)

    kind = zone.get("type") or ("secondary" if chosen("primaries") else "primary")
    composed: dict[str, t.Any] = {"name": name[:-1], "type": kind, "settings": zone.get("settings") or {}}
    if kind == "forward":
        return {**composed, "forwarders": zone.get("forwarders") or []}
    if kind == "secondary":
        return {**composed, "primaries": chosen("primaries") or []}
    peers = list(chosen("secondaries") or ())
    parsed = [parse_peer(peer, f"Zone {name[:-1]}: secondaries") for peer in peers]
    given = list(zone.get("records") or ())
    if zone.get("mail_records", True):
        given += [{**record, "zone": name} for record in mail]
    ttl = int(chosen("ttl") or 3600)
    plan = plan_records([], RecordOptions(ttl=ttl, extra=tuple(given), zones=(name,)))
    return {
        **composed,
        "records": [record_as_dict(record) for record in plan.records],
        "nameservers": list(chosen("nameservers") or ()),
        "contact": chosen("contact") or None,
        "ttl": ttl,
        "soa": {**(settings.get("soa") or {}), **(zone.get("soa") or {})},
        "transfer_to": list(dict.fromkeys(f"key {peer.key}" if peer.key else peer.address for peer in parsed)),
        "notify": peers,
        "update_policy": list(zone.get("update_policy") or ()),
        "allow_update": list(zone.get("allow_update") or ()),
        "dnssec_policy": chosen("dnssec_policy") or None,
    }
