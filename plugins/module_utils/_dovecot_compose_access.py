# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Protocols, listeners, limits and metrics of role dovecot."""

from __future__ import annotations

import ipaddress
import typing as t

from ._dovecot_compose import Tree, Work


class Standard(t.NamedTuple):
    """A listener that every Dovecot has or that this role opens."""

    protocol: str
    port: int
    tls: bool


STANDARD = {
    "imap": Standard("imap", 143, tls=False),
    "imaps": Standard("imap", 993, tls=True),
    "pop3": Standard("pop3", 110, tls=False),
    "pop3s": Standard("pop3", 995, tls=True),
    "sieve": Standard("sieve", 4190, tls=False),
    "submission": Standard("submission", 587, tls=False),
    "submissions": Standard("submission", 465, tls=True),
}
SERVICES = {
    "imap": "imap-login",
    "pop3": "pop3-login",
    "sieve": "managesieve-login",
    "submission": "submission-login",
    "lmtp": "lmtp",
}
_PACKAGES = {"sieve": "managesieve", "submission": "submission"}
_LOCAL = {"*": "127.0.0.1", "::": "::1"}
# The listeners of these are the same in Dovecot 2.3 and 2.4 without a word.
_BUILT_IN = frozenset({"imap", "pop3"})
_INTERNAL = "$SET:default_internal_user"


def compose_access(work: Work) -> None:
    """Say who may connect where, and how."""
    wishes = work.wishes
    for protocol in wishes.texts("protocols"):
        if protocol in _PACKAGES:
            work.need(_PACKAGES[protocol])
    work.add(
        {
            "protocols": wishes.texts("protocols"),
            "listen": ", ".join(wishes.texts("listen")),
            "recipient_delimiter": wishes.text("recipient_delimiter"),
            # Sessions outlive a reload, as that after the renewal of a certificate; systemd ends them at a stop.
            "shutdown_clients": False,
        }
    )
    for name, setting in (
        ("trusted_networks", "login_trusted_networks"),
        ("haproxy_networks", "haproxy_trusted_networks"),
    ):
        networks = wishes.texts(name)
        _check_networks(work, name, networks)
        if networks:
            work.add({setting: " ".join(networks)})
    _listeners(work)
    _limits(work)
    _clients(work)
    _submission(work)
    _metrics(work)
    _check_ports(work)


def _check_networks(work: Work, name: str, networks: t.Iterable[str]) -> None:
    for network in networks:
        try:
            prefix = ipaddress.ip_network(network).prefixlen
        except ValueError as error:
            work.wishes.fault(f"dovecot_{name}: {network} is no network: {error}")
            continue
        if prefix < 2:
            work.wishes.fault(f"dovecot_{name} names every host there is ({network}): name the networks you trust")


def _listeners(work: Work) -> None:
    wishes = work.wishes
    entries = wishes.entries("listeners")
    wishes.check_unique("listeners", (str(entry.get("name")) for entry in entries))
    changed = {str(entry.get("name")): entry for entry in entries}
    for name, standard in STANDARD.items():
        if not work.serves(standard.protocol):
            if name in changed:
                wishes.fault(f"dovecot_listeners has {name}, but {standard.protocol} is not among dovecot_protocols")
            continue
        _listener(work, name, standard, changed.get(name, {}))
    for name, entry in changed.items():
        if name not in STANDARD:
            _further_listener(work, name, entry)


def _further_listener(work: Work, name: str, entry: t.Mapping[str, t.Any]) -> None:
    wishes = work.wishes
    wishes.check_name("listeners", name)
    protocol = str(entry.get("protocol", ""))
    if protocol not in SERVICES:
        wishes.fault(f"dovecot_listeners: {name} needs protocol, one of {', '.join(SERVICES)}")
    elif not work.serves(protocol):
        wishes.fault(f"dovecot_listeners has {name}, but {protocol} is not among dovecot_protocols")
    elif "port" not in entry:
        wishes.fault(f"dovecot_listeners: {name} needs a port")
    else:
        _listener(work, name, Standard(protocol, 0, tls=False), entry)


def _listener(work: Work, name: str, standard: Standard, entry: t.Mapping[str, t.Any]) -> None:
    wishes = work.wishes
    port = int(entry.get("port", standard.port))
    if port > 65535:
        wishes.fault(f"dovecot_listeners: {name} has the port {port}, the highest is 65535")
    addresses = [str(address) for address in entry.get("addresses") or []]
    for address in addresses:
        if address not in _LOCAL and not _is_address(address):
            wishes.fault(f"dovecot_listeners: {name} has the address {address!r}: write an IP address, * or ::")
    haproxy = bool(entry.get("haproxy", False))
    if haproxy and not wishes.texts("haproxy_networks"):
        wishes.fault(f"dovecot_listeners: {name} is behind a proxy: name the proxies in dovecot_haproxy_networks")
    if port:
        where = (addresses or wishes.texts("listen") or ["*"])[0]
        work.ports.append({"name": name, "address": _LOCAL.get(where, where), "port": port, "addresses": addresses})
    if not entry and standard.protocol in _BUILT_IN:
        return
    block: Tree = {"port": port}
    if addresses:
        block["listen"] = ", ".join(addresses)
    if entry.get("tls", standard.tls):
        block["ssl"] = True
    if haproxy:
        block["haproxy"] = True
    work.add({f"service {SERVICES[standard.protocol]}": {f"inet_listener {name}": block}})


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _limits(work: Work) -> None:
    limits = work.wishes.mapping("limits")
    if "user_connections" in limits:
        work.add({"mail_max_userip_connections": limits["user_connections"]})
    if "auth_failure_delay" in limits:
        work.add({"auth_failure_delay": limits["auth_failure_delay"]})
    for protocol in ("imap", "pop3", "lmtp"):
        key = f"{protocol}_processes"
        if key in limits:
            if not work.serves(protocol):
                work.wishes.fault(f"dovecot_limits has {key}, but {protocol} is not among dovecot_protocols")
            work.add({f"service {protocol}": {"process_limit": limits[key]}})
    if "login_processes" in limits:
        for protocol, service in SERVICES.items():
            if protocol != "lmtp" and work.serves(protocol):
                work.add({f"service {service}": {"process_limit": limits["login_processes"]}})


def _clients(work: Work) -> None:
    wishes = work.wishes
    for protocol in ("imap", "pop3"):
        workarounds = wishes.texts(f"{protocol}_client_workarounds")
        if workarounds:
            work.add({f"{protocol}_client_workarounds": workarounds})
    if wishes.text("pop3_uidl_format"):
        work.add({"pop3_uidl_format": wishes.text("pop3_uidl_format")})
    timeout = wishes.text("imap_hibernate_timeout")
    if not timeout:
        return
    if not work.serves("imap"):
        wishes.fault("dovecot_imap_hibernate_timeout is set, but imap is not among dovecot_protocols")
    work.add(
        {
            "imap_hibernate_timeout": timeout,
            "service imap": {
                "unix_listener imap-master": {"user": _INTERNAL},
                "extra_groups": "$SET:default_internal_group",
            },
            "service imap-hibernate": {
                "unix_listener imap-hibernate": {"mode": "0660", "group": "$SET:default_internal_group"}
            },
        }
    )


def _submission(work: Work) -> None:
    wishes = work.wishes
    relay = wishes.mapping("submission_relay")
    if not work.serves("submission"):
        if relay:
            wishes.fault("dovecot_submission_relay is set, but submission is not among dovecot_protocols")
        return
    if not relay.get("host"):
        wishes.fault("dovecot_submission_relay needs host, the server that takes the mail, where submission is served")
    work.add({f"submission_relay_{key}": value for key, value in relay.items()})


def _metrics(work: Work) -> None:
    wishes = work.wishes
    if not wishes.flag("metrics"):
        return
    listen = wishes.text("metrics_listen")
    if not _is_address(listen):
        wishes.fault(f"dovecot_metrics_listen is {listen!r}: write an IP address")
    port = wishes.number("metrics_port")
    work.ports.append({"name": "metrics", "address": listen, "port": port, "addresses": [listen]})
    work.add({"service stats": {"inet_listener http": {"port": port, "listen": listen}}})
    events = wishes.entries("metrics_events")
    wishes.check_unique("metrics_events", (str(entry.get("name")) for entry in events))
    for entry in events:
        wishes.check_name("metrics_events", str(entry.get("name")))
        block: Tree = {"filter": entry.get("filter")}
        for group in entry.get("group_by") or []:
            block[f"group_by {group}"] = {"method discrete": {}}
        work.add({f"metric {entry.get('name')}": block})


def _check_ports(work: Work) -> None:
    """Two listeners on one port of one address, also that of another daemon, would keep Dovecot from starting."""
    taken: list[dict[str, t.Any]] = [
        {"name": str(name), "port": int(port), "addresses": []} for name, port in work.host["ports_of_others"].items()
    ]
    for listener in work.ports:
        for other in taken:
            mine, theirs = set(listener["addresses"]), set(other["addresses"])
            if other["port"] == listener["port"] and (not mine or not theirs or mine & theirs):
                work.wishes.fault(
                    f"the listener {listener['name']} wants port {listener['port']}, which {other['name']} has: "
                    "give it another port in dovecot_listeners, or port 0"
                )
        taken.append(listener)
