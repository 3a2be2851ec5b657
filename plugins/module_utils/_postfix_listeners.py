# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Where the services of a Postfix instance listen, and whether they answer there."""

from __future__ import annotations

import concurrent.futures
import contextlib
import ipaddress
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import EntryError, MasterEntry
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_plan import Resolver, endpoint

# The values in force that decide where and how services listen.
LISTEN_PARAMETERS = (
    "inet_interfaces",
    "inet_protocols",
    "postscreen_upstream_proxy_protocol",
    "smtpd_tls_wrappermode",
    "smtpd_upstream_proxy_protocol",
)
Greeting = t.Literal["smtp", "smtp-tls", "postscreen", "any"]
Reply = t.Literal["answered", "silent", "refused"]
_LOOPBACK = ("127.0.0.1", "::1")
_PAUSE = 0.2
_CROWD = 32


@dataclass(frozen=True)
class Listener:
    """One address and port that a service listens on, and what it says to whoever connects."""

    service: str
    address: str
    port: int
    greeting: Greeting


@dataclass(frozen=True)
class Answer:
    """What came of connecting to a listener; None if nobody tried."""

    listener: Listener
    reply: Reply | None = None

    def public(self) -> dict[str, t.Any]:
        return {
            "service": self.listener.service,
            "address": self.listener.address,
            "port": self.listener.port,
            "answered": None if self.reply is None else self.reply == "answered",
        }


class Network(t.Protocol):
    """The host's own addresses, and connections to them."""

    def addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses a host name leads to, none if it leads nowhere."""

    def has(self, address: str) -> bool:
        """Tell whether the host has address."""

    def greet(self, listener: Listener, timeout: float) -> Reply:
        """Connect and wait for the greeting, timeout seconds at most."""


def find_listeners(
    entries: t.Iterable[MasterEntry], parameters: t.Mapping[str, str], network: Network, resolver: Resolver
) -> tuple[Listener, ...]:
    """Return where the inet services among entries listen, given the LISTEN_PARAMETERS in force."""
    found: dict[tuple[str, int], Listener] = {}
    for entry in entries:
        if entry.kind != "inet":
            continue
        # What cannot be resolved stops the master daemon, which is noticed without any listener.
        with contextlib.suppress(EntryError):
            host, port = endpoint(entry.name, resolver)
            greeting = _greeting(entry, parameters)
            for address in _addresses(host, parameters, network):
                found.setdefault((address, port), Listener(entry.service, address, port, greeting))
    return tuple(found.values())


def prove(
    network: Network, listeners: t.Sequence[Listener], timeout: float, alive: t.Callable[[], bool]
) -> tuple[Answer, ...]:
    """Connect to all listeners at once, each again and again until it answers, time is up or Postfix is dead."""
    if not listeners:
        return ()
    deadline = time.monotonic() + timeout

    def attempt(listener: Listener) -> Answer:
        while True:
            reply = network.greet(listener, max(0.2, deadline - time.monotonic()))
            if reply == "answered" or time.monotonic() + _PAUSE >= deadline or not alive():
                return Answer(listener, reply)
            time.sleep(_PAUSE)

    with concurrent.futures.ThreadPoolExecutor(max_workers=min(len(listeners), _CROWD)) as crowd:
        return tuple(crowd.map(attempt, listeners))


def _greeting(entry: MasterEntry, parameters: t.Mapping[str, str]) -> Greeting:
    values = {**parameters, **entry.option_map()}
    daemon = entry.program[0]
    # A daemon behind a proxy is silent until the proxy has told it who is calling.
    if daemon not in ("smtpd", "postscreen") or values.get(f"{daemon}_upstream_proxy_protocol"):
        return "any"
    if daemon == "postscreen":
        return "postscreen"
    return "smtp-tls" if values.get("smtpd_tls_wrappermode", "").lower() == "yes" else "smtp"


def _addresses(host: str, parameters: t.Mapping[str, str], network: Network) -> list[str]:
    protocols = parameters.get("inet_protocols", "all").replace(",", " ").lower().split()
    versions = {number for number, name in ((4, "ipv4"), (6, "ipv6")) if name in protocols or "all" in protocols}
    names = [host] if host else parameters.get("inet_interfaces", "all").replace(",", " ").split()
    found: dict[str, None] = {}
    for name in names:
        bare = name.strip("[]")
        if bare.lower() in ("all", "loopback-only"):
            candidates = [address for address in _LOOPBACK if network.has(address)]
        elif _version(bare) is not None:
            candidates = [bare]
        else:
            candidates = [address for address in network.addresses(bare) if network.has(address)]
        found.update(dict.fromkeys(address for address in candidates if _version(address) in versions))
    return list(found)


def _version(address: str) -> int | None:
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return None
