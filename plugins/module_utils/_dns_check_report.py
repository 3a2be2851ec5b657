# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a check of the DNS expects, and what it found so far."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_findings import Finding

Key = tuple[str, str]

_BY_SERVER: t.Final = ("missing", "different", "second_spf", "txt_wrongly_split", "server_fails")


@dataclass(frozen=True)
class Expected:
    """The records of one name and type that should be there."""

    zone: str
    name: str
    type: str
    value: tuple[str, ...]


@dataclass
class Report:
    """Collects findings; what several servers say alike is one finding. No more is said of settled records."""

    found: dict[Finding, list[str]] = field(default_factory=dict)
    records: set[Key] = field(default_factory=set)
    settled: set[Key] = field(default_factory=set)

    def add(
        self,
        identity: str,
        cause: str,
        remedy: str,
        *,
        zone: str = "",
        record: Key = ("", ""),
        expected: t.Sequence[str] = (),
        found: t.Sequence[str] = (),
        server: str = "",
        severity: str = "error",
    ) -> None:
        finding = Finding(identity, severity, zone, *record, tuple(expected), tuple(found), (), cause, remedy)
        servers = self.found.setdefault(finding, [])
        if server and server not in servers:
            servers.append(server)
        self.records.add(record)
        if identity not in _BY_SERVER:
            self.settled.add(record)

    def withdraw(self, zone: str, server: str) -> list[str]:
        """Take back what one server gave of single records of a zone, and return these."""
        wrong = [
            item
            for item, names in self.found.items()
            if item.zone == zone and item.id in _BY_SERVER and server in names
        ]
        for finding in wrong:
            self.found[finding].remove(server)
            if not self.found[finding]:
                del self.found[finding]
        return [f"{finding.name} {finding.type}" for finding in wrong]

    def settle(self, records: set[Key]) -> None:
        self.records |= records
        self.settled |= records

    def findings(self) -> list[Finding]:
        return [replace(finding, servers=tuple(servers)) for finding, servers in self.found.items()]
