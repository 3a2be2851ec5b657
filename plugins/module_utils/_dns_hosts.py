# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Mail hosts as the record planner sees them, read from plain data or from the variables of an inventory."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import (
    DnsDataError,
    IPAddress,
    to_address,
    to_host_fqdn,
)
from ansible_collections.postmaster.mail.plugins.module_utils._mail_services import (
    SERVICE_PORTS,
    services_from_variables,
)

DEFAULT_SERVICES = ("submissions", "submission", "imaps", "imap", "pop3s", "pop3")
_MAX_PORT = 65535
_HOST_KEYS = ("hostname", "addresses", "domains", "services", "mx")
_SUBMISSION_SERVICES = ("submissions", "submission")
# A host in none of these groups but in a sibling (data base, name server) has nothing that the world connects to.
_PUBLIC_GROUPS = ("mail_mx", "mail_submission", "mail_store", "mail_webmail")
_BACKEND_GROUPS = ("mail_db", "mail_dns")


@dataclass(frozen=True)
class MailHost:
    """A host of the deployment. services holds (name, port) of the listeners that are really open.

    preference is that of its MX records; without one it follows from the order of the hosts.
    """

    hostname: str
    addresses: tuple[IPAddress, ...]
    domains: tuple[str, ...]
    services: tuple[tuple[str, int], ...]
    mx: bool
    preference: int | None = None


def parse_host(data: t.Mapping[str, t.Any], what: str) -> MailHost:
    """Check one host entry. what names the entry in errors, for example hosts[0]."""
    unknown = sorted(set(data) - set(_HOST_KEYS))
    if unknown:
        raise DnsDataError(f"{what} has an unknown key {unknown[0]!r}. Known are: {', '.join(_HOST_KEYS)}.")
    if not data.get("hostname"):
        raise DnsDataError(f"{what} has no hostname. Set it to the name that the host shows to the world.")
    hostname = to_host_fqdn(data["hostname"], f"{what}.hostname")
    mx = data.get("mx", True)
    preference = None if isinstance(mx, bool) or mx is None else mx
    if preference is not None and not (isinstance(preference, int) and 0 <= preference <= _MAX_PORT):
        raise DnsDataError(
            f"{what}.mx of {hostname} is {mx!r}; give true, false or a preference from 0 to {_MAX_PORT}."
        )
    return MailHost(
        hostname=hostname,
        addresses=_unique(
            to_address(item, f"{what}.addresses of {hostname}")
            for item in _as_list(data.get("addresses"), f"{what}.addresses")
        ),
        domains=_unique(
            to_host_fqdn(item, f"{what}.domains of {hostname}")
            for item in _as_list(data.get("domains"), f"{what}.domains")
        ),
        services=_parse_services(data.get("services", DEFAULT_SERVICES), f"{what}.services of {hostname}"),
        mx=mx is not None and mx is not False,
        preference=preference,
    )


def hosts_from_variables(variables: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return host entries for parse_host from the inventory variables of the hosts of a deployment.

    Hosts that share a host name become one entry. Where the inventory spreads the mail system over groups, a host
    gets only what its groups serve.
    """
    spread = any(
        group in _PUBLIC_GROUPS + _BACKEND_GROUPS for host in variables for group in host.get("group_names", ())
    )
    entries: dict[str, dict[str, t.Any]] = {}
    for host in variables:
        groups = tuple(host.get("group_names", ()))
        if not _has_domain(host) or (spread and not _serves_the_world(groups)):
            continue
        entry = _host_entry(host, groups if spread else None)
        known = entries.setdefault(entry["hostname"], entry)
        if known is not entry:
            _merge_into(known, entry)
    return list(entries.values())


def _has_domain(host: t.Mapping[str, t.Any]) -> bool:
    return bool(host.get("mail_domain") or (host.get("mail_domains") and host.get("mail_hostname")))


def _serves_the_world(groups: t.Sequence[str]) -> bool:
    return any(group in _PUBLIC_GROUPS for group in groups) or not any(group in _BACKEND_GROUPS for group in groups)


def _host_entry(host: t.Mapping[str, t.Any], groups: t.Sequence[str] | None) -> dict[str, t.Any]:
    given = host.get("mail_services")
    services = services_from_variables(host) if given is None else _service_map(given)
    # A host of the whole group alone, in no child of it, serves everything.
    role_groups = [group for group in groups or () if group in _PUBLIC_GROUPS]
    if role_groups:
        services = {
            name: port
            for name, port in services.items()
            if ("mail_submission" if name in _SUBMISSION_SERVICES else "mail_store") in role_groups
        }
    return {
        "hostname": host.get("mail_hostname") or f"mail.{host['mail_domain']}",
        "addresses": list(host.get("mail_addresses") or _connection_address(host)),
        "domains": list(host.get("mail_domains") or [host["mail_domain"]]),
        "services": services,
        "mx": _exchanger(host) if not role_groups or "mail_mx" in role_groups else False,
    }


def _exchanger(host: t.Mapping[str, t.Any]) -> bool | int:
    """Return the preference that the inventory gives, or true."""
    preference = host.get("mail_mx_preference")
    return True if preference is None else int(preference)


def _connection_address(host: t.Mapping[str, t.Any]) -> list[str]:
    """Return the address that Ansible connects to, if it is one and can be reached from elsewhere."""
    text = str(host.get("ansible_host") or host.get("inventory_hostname") or "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return []
    return [] if address.is_loopback else [str(address)]


def _merge_into(known: dict[str, t.Any], entry: t.Mapping[str, t.Any]) -> None:
    for key in ("addresses", "domains"):
        known[key] = list(_unique([*known[key], *entry[key]]))
    known["services"] = {**entry["services"], **known["services"]}
    known["mx"] = entry["mx"] if known["mx"] is False else known["mx"]


def _parse_services(services: object, what: str) -> tuple[tuple[str, int], ...]:
    return tuple(_service_map(services, what).items())


def _service_map(services: object, what: str = "mail_services") -> dict[str, int]:
    """Return name and port of the open services; a list has the usual ports, a mapping true, false or a port."""
    given = dict(services) if isinstance(services, t.Mapping) else dict.fromkeys(_as_list(services, what), True)
    unknown = [name for name in given if name not in SERVICE_PORTS]
    if unknown:
        raise DnsDataError(
            f"{what}: {unknown[0]!r} is no service with a DNS record. Known are: {', '.join(SERVICE_PORTS)}."
        )
    opened = {}
    for name, default in SERVICE_PORTS.items():
        port = given.get(name, False)
        if port is True:
            port = default
        if port is False or port is None:
            continue
        if not isinstance(port, int) or not 0 < port <= _MAX_PORT:
            raise DnsDataError(f"{what}.{name} is {port!r}; give true, false or a port number.")
        opened[name] = port
    return opened


def _as_list(value: object, what: str) -> list[t.Any]:
    if value is None:
        return []
    if isinstance(value, (str, bytes)) or not isinstance(value, t.Iterable):
        raise DnsDataError(f"{what} must be a list, not {value!r}.")
    return list(value)


_T = t.TypeVar("_T")


def _unique(items: t.Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(items))
