# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What mail programs can connect to: the one place that says so, for DNS records and for settings of clients."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ._dovecot_compose_access import SERVICES, STANDARD

Protocol = t.Literal["imap", "pop3", "submission", "sieve"]

SERVICE_PORTS: t.Mapping[str, int] = {
    "submissions": 465,
    "submission": 587,
    "imaps": 993,
    "imap": 143,
    "pop3s": 995,
    "pop3": 110,
    "sieve": 4190,
}
_PROTOCOLS: t.Mapping[str, Protocol] = {
    "submissions": "submission",
    "submission": "submission",
    "imaps": "imap",
    "imap": "imap",
    "pop3s": "pop3",
    "pop3": "pop3",
    "sieve": "sieve",
}
_IMPLICIT_TLS = frozenset({"submissions", "imaps", "pop3s"})
# RFC 8314 prefers implicit TLS: a host's STARTTLS ports come after its TLS ports, the next host after both.
_HOST_STEP = 20
_STARTTLS_STEP = 10

# The defaults of roles dovecot and postfix, for an inventory that does not mention them.
_DOVECOT_PROTOCOLS = ("imap", "pop3", "lmtp")
_EVERYWHERE = ("*", "::")
_POSTFIX_PORTS = {"submission": 587, "submissions": 465, "smtps": 465}
_MAX_PORT = 65535
_NO = ("no", "false", "off", "0")


class Serving(t.Protocol):
    """A host and the services it has, as (name, port); the host name is absolute."""

    @property
    def hostname(self) -> str: ...

    @property
    def services(self) -> tuple[tuple[str, int], ...]: ...


@dataclass(frozen=True)
class Endpoint:
    """Where a mail program connects, and how: by a service name of RFC 6186 or RFC 8314. Always with TLS.

    priority is that of its SRV record: lower ones are tried first.
    """

    service: str
    protocol: Protocol
    hostname: str
    port: int
    implicit_tls: bool
    priority: int


def endpoints_of(hosts: t.Sequence[Serving]) -> tuple[Endpoint, ...]:
    """Return what the hosts of a mail domain offer, in the order in which a client should try it."""
    found: list[Endpoint] = []
    for service in SERVICE_PORTS:
        offering = [(host.hostname, dict(host.services)[service]) for host in hosts if service in dict(host.services)]
        implicit = service in _IMPLICIT_TLS
        step = 0 if implicit or service == "sieve" else _STARTTLS_STEP
        found += [
            Endpoint(service, _PROTOCOLS[service], hostname, port, implicit, rank * _HOST_STEP + step)
            for rank, (hostname, port) in enumerate(offering)
        ]
    return tuple(sorted(found, key=lambda endpoint: endpoint.priority))


def services_from_variables(variables: t.Mapping[str, t.Any]) -> dict[str, int]:
    """Return name and port of the services that the inventory variables of a host open to other hosts.

    A service that is open at several ports is offered at its usual one. What needs plain text is no service.
    """
    found = _dovecot_services(variables)
    # Role dovecot refuses a port that Postfix has.
    found.update(_postfix_services(variables))
    return {name: found[name] for name in SERVICE_PORTS if name in found}


def _dovecot_services(variables: t.Mapping[str, t.Any]) -> dict[str, int]:
    settings = _mapping(variables.get("dovecot_settings"))
    if _is_off(settings.get("ssl", "required")):
        return {}
    protocols = _words(settings.get("protocols") or variables.get("dovecot_protocols") or _DOVECOT_PROTOCOLS)
    listen = _words(settings.get("listen") or variables.get("dovecot_listen") or _EVERYWHERE)
    changed = {str(entry.get("name")): entry for entry in _entries(variables.get("dovecot_listeners"))}
    found: dict[str, int] = {}
    for name in [*STANDARD, *(name for name in changed if name not in STANDARD)]:
        entry = {key: value for key, value in changed.get(name, {}).items() if value is not None}
        standard = STANDARD.get(name)
        protocol = standard.protocol if standard else str(entry.get("protocol", ""))
        if protocol not in protocols:
            continue
        block = _mapping(
            _mapping(settings.get(f"service {SERVICES.get(protocol, '')}")).get(f"inet_listener {name}"),
        )
        port = _port(block.get("port", entry.get("port", standard.port if standard else 0)))
        tls = not _is_off(block.get("ssl", entry.get("tls", standard.tls if standard else False)))
        proxied = not _is_off(block.get("haproxy", entry.get("haproxy", False)))
        addresses = _words(block.get("listen") or entry.get("addresses") or listen)
        service = _service(protocol, tls)
        # Who comes by a proxy connects to the proxy, of which the inventory of this host says nothing.
        if service and port and not proxied and not _only_loopback(addresses):
            found.setdefault(service, port)
    return found


def _postfix_services(variables: t.Mapping[str, t.Any]) -> dict[str, int]:
    interfaces = _words(variables.get("postfix_inet_interfaces") or "all")
    closed = {
        str(entry.get("name"))
        for entry in [
            *_entries(variables.get("postfix_services")),
            *_entries(variables.get("postfix_listeners")),
        ]
        if entry.get("state") == "absent"
    }
    found: dict[str, int] = {}
    if not _only_loopback(interfaces):
        for service in ("submissions", "submission"):
            given = variables.get(f"postfix_{service}")
            if service not in closed and (given is None or not _is_off(given)):
                found[service] = SERVICE_PORTS[service]
    for entry in _entries(variables.get("postfix_listeners")):
        name = str(entry.get("name") or "")
        host, _colon, port = name.rpartition(":")
        number = _POSTFIX_PORTS.get(port) or _port(port)
        addresses = [host] if host else interfaces
        if entry.get("role") == "submission" and name not in closed and number and not _only_loopback(addresses):
            found.setdefault("submissions" if not _is_off(entry.get("wrappermode", False)) else "submission", number)
    return found


def _service(protocol: str, implicit_tls: bool) -> str:
    """Return the name of a service in the DNS; there is none for ManageSieve with implicit TLS."""
    return next(
        (name for name, own in _PROTOCOLS.items() if own == protocol and (name in _IMPLICIT_TLS) == implicit_tls), ""
    )


def _port(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and int(text) <= _MAX_PORT else 0


def _only_loopback(addresses: t.Sequence[str]) -> bool:
    return all(_is_loopback(address.strip("[]").lower()) for address in addresses)


def _is_loopback(text: str) -> bool:
    if text in ("localhost", "loopback-only"):
        return True
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _is_off(value: object) -> bool:
    return value is None or str(value).strip().lower() in _NO


def _words(value: object) -> list[str]:
    """Return a list, or the words of a text as the two daemons write them."""
    if isinstance(value, str):
        return value.replace(",", " ").split()
    return [str(item) for item in value] if isinstance(value, t.Iterable) else []


def _mapping(value: object) -> t.Mapping[str, t.Any]:
    return value if isinstance(value, t.Mapping) else {}


def _entries(value: object) -> list[t.Mapping[str, t.Any]]:
    if isinstance(value, (str, t.Mapping)) or not isinstance(value, t.Iterable):
        return []
    return [item for item in value if isinstance(item, t.Mapping)]
