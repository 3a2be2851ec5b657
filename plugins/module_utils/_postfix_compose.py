# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the variables of role postfix are turned into: contributions, lookup tables, and faults found on the way."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

Earlier = t.Literal["drop", "first", "last"]
TableType = t.Literal["indexed", "cidr", "pcre"]

# Ranks of list elements, which other contributors know from the role's documentation.
TRUSTED = 100
ACCESS = 200
DESTINATION = 300
POLICY = 400
DNS_LIST = 500
CONTRIBUTED = 600
USER = 900

_BANNER = "Written by the role postmaster.mail.postfix. What is changed here by hand gets lost."
_YES = frozenset({"yes", "true", "on", "1", "y"})


class Wishes:
    """The variables of the role without their prefix. Values that came as text are read as what they mean."""

    def __init__(self, variables: t.Mapping[str, t.Any], faults: list[str]) -> None:
        self._variables = variables
        self._faults = faults

    def raw(self, name: str) -> t.Any:
        """Return the variable as it is."""
        return self._variables.get(name)

    def text(self, name: str) -> str:
        """Return text; nothing is the empty one."""
        value = self._variables.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Return a truth value."""
        value = self._variables.get(name)
        return value if isinstance(value, bool) else str(value).lower() in _YES

    def number(self, name: str) -> int:
        """Return a whole number."""
        text = self.text(name)
        if text.lstrip("-").isdigit():
            return int(text)
        self.fault(f"postfix_{name} is {text!r}: write a whole number")
        return 0

    def texts(self, name: str) -> list[str]:
        """Return a list of text."""
        value = self._variables.get(name) or []
        if isinstance(value, str) or not isinstance(value, t.Sequence):
            self.fault(f"postfix_{name} is {value!r}: write a list")
            return []
        return [str(item) for item in value]

    def entries(self, name: str) -> list[t.Mapping[str, t.Any]]:
        """Return a list of dictionaries."""
        value = self._variables.get(name) or []
        if isinstance(value, (t.Mapping, str)) or not all(isinstance(i, t.Mapping) for i in value):
            self.fault(f"postfix_{name} is {value!r}: write a list of dictionaries")
            return []
        return list(value)

    def mapping(self, name: str) -> t.Mapping[str, t.Any]:
        """Return a dictionary."""
        value = self._variables.get(name) or {}
        if not isinstance(value, t.Mapping):
            self.fault(f"postfix_{name} is {value!r}: write a dictionary")
            return {}
        return value

    def fault(self, text: str) -> None:
        """Note a contradiction; all of them are reported together."""
        if text not in self._faults:
            self._faults.append(text)

    def check_unique(self, name: str, keys: t.Iterable[str]) -> None:
        """Note every key that occurs twice."""
        seen: set[str] = set()
        for key in keys:
            if key in seen:
                self.fault(f"postfix_{name} names {key} twice: keep one entry")
            seen.add(key)


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
