# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a stranger would try at each listener of a mail server to have mail relayed.

An address of the host stands for a stranger, unless the host trusts itself; then only the configuration can tell.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

_PORTS = {"smtp": 25, "submission": 587, "submissions": 465, "smtps": 465}
_IMPLICIT_TLS = frozenset({465})
_ELSEWHERE = ("example.com", "example.net", "example.org")

# From the ranges for documentation, which nobody has.
_STRANGERS = {4: "192.0.2.25", 6: "2001:db8::25"}


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One dialogue with one listener. If there is none, the configuration is to be asked about config_client."""

    host: str
    port: int
    tls: str
    helo: str
    sender: str
    recipients: tuple[str, ...]
    dialogue: bool
    config_client: str


def relay_attempts(
    *,
    services: t.Sequence[str],
    addresses: t.Sequence[str],
    domains: t.Sequence[str],
    tls: t.Mapping[str, str],
    trusted: t.Sequence[str],
    unasked: t.Collection[str] = (),
) -> list[Attempt]:
    """Return the attempts at services (names of inet entries of master.cf) over those addresses of the host that are
    no loopback. domains are the host's own, the first one a domain it receives mail for; trusted are the networks
    that may relay; unasked are services that cannot answer yet. Raises ValueError for an address that is none."""
    own = domains[0]
    elsewhere = next((domain for domain in _ELSEWHERE if domain not in domains), "elsewhere.invalid")
    recipients = (
        f"stranger@{elsewhere}",
        f"stranger%{elsewhere}@{own}",
        f'"stranger@{elsewhere}"@{own}',
        f"@{own}:stranger@{elsewhere}",
        f"{elsewhere}!stranger",
        f"{elsewhere}!stranger@{own}",
    )
    attempts = []
    for service in services:
        host, _colon, name = service.rpartition(":")
        port = _PORTS.get(name) or (int(name) if name.isdigit() else None)
        if port is None:
            continue
        way = tls.get(service, "implicit" if port in _IMPLICIT_TLS else "none")
        attempts += [
            Attempt(
                host=address,
                port=port,
                tls=way,
                helo=f"relay-test.{elsewhere}",
                sender=sender,
                recipients=recipients,
                dialogue=service not in unasked and not _may_be_trusted(address, trusted),
                config_client=_STRANGERS[ipaddress.ip_address(address).version],
            )
            for position, address in enumerate(_reachable(addresses, host.strip("[]")))
            # The null sender passes every check of senders; the other one claims to be at home here, once per service.
            for sender in ("", f"postmaster@{own}")[: 1 if position else 2]
        ]
    return attempts


def _reachable(addresses: t.Sequence[str], host: str) -> list[str]:
    """Return the addresses that the listener has and that a stranger could reach."""
    found = []
    for text in addresses:
        address = ipaddress.ip_address(text)
        if not (address.is_loopback or address.is_link_local) and host in ("", text):
            found.append(text)
    return found


def _may_be_trusted(address: str, trusted: t.Sequence[str]) -> bool:
    """Tell whether address is in one of the networks, or in something that only Postfix can look up."""
    for item in trusted:
        try:
            network = ipaddress.ip_network(item.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            return True
        if ipaddress.ip_address(address) in network:
            return True
    return False
