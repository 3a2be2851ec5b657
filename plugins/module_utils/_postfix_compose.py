# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the variables of role postfix are turned into: contributions, lookup tables, and faults found on the way."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ._role_variables import RoleVariables

Earlier = t.Literal["drop", "first", "last"]
TableType = t.Literal["indexed", "cidr", "pcre", "texthash"]

# Ranks of list elements, which other contributors know from the role's documentation.
TRUSTED = 100
ACCESS = 200
DESTINATION = 300
POLICY = 400
DNS_LIST = 500
CONTRIBUTED = 600
USER = 900

_BANNER = "Written by the role postmaster.mail.postfix. What is changed here by hand gets lost."


class Wishes(RoleVariables):
    """The variables of role postfix."""

    prefix = "postfix_"


@dataclass
class Share:
    """One contribution: parameters, list elements with their ranks, services."""

    name: str
    order: int = TRUSTED
    params: dict[str, t.Any] = field(default_factory=dict)
    lists: dict[str, dict[str, t.Any]] = field(default_factory=dict)
    services: dict[tuple[str, str], dict[str, t.Any]] = field(default_factory=dict)

    def extend(
        self, parameter: str, elements: t.Iterable[str], *, order: int | None = None, earlier: Earlier = "drop"
    ) -> None:
        """Put elements into the list of a parameter; earlier says where those go that the host had before."""
        entry = self.lists.setdefault(parameter, {"elements": [], "earlier": earlier})
        entry["elements"] += [{"value": value, **({} if order is None else {"order": order})} for value in elements]

    def serve(self, name: str, kind: str, **fields: t.Any) -> None:
        """Add or change a service."""
        self.services.setdefault((name, kind), {"name": name, "type": kind}).update(fields)

    def as_dict(self) -> dict[str, t.Any]:
        """Return the form that postfix_contribution takes."""
        return {
            "name": self.name,
            "order": self.order,
            "params": self.params,
            "lists": self.lists,
            "services": list(self.services.values()),
        }


class Tables:
    """The lookup tables in the role's own folder."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.maps: list[dict[str, t.Any]] = []

    def add(
        self,
        name: str,
        entries: t.Mapping[str, t.Any] | list[dict[str, t.Any]],
        *,
        kind: TableType = "indexed",
        **options: t.Any,
    ) -> str:
        """Note a table to write and return the name under which a parameter refers to it."""
        path = f"{self.directory}/{name}"
        wish: dict[str, t.Any] = {"path": path, "entries": entries, "header": _BANNER, **options}
        if kind != "indexed":
            wish["type"] = kind
        self.maps.append(wish)
        return f"{'$default_database_type' if kind == 'indexed' else kind}:{path}"
