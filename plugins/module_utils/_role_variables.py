# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The variables of a role, read as what they mean; what cannot be read is noted as a fault."""

from __future__ import annotations

import re
import typing as t

_YES = frozenset({"yes", "true", "on", "1", "y"})


class RoleVariables:
    """The variables of a role without their prefix. Values that came as text are read as what they mean."""

    prefix: t.ClassVar[str]
    whole_number: t.ClassVar[re.Pattern[str]] = re.compile(r"-?[0-9]+")

    def __init__(self, variables: t.Mapping[str, t.Any], faults: list[str]) -> None:
        self._variables = variables
        self._faults = faults

    def raw(self, name: str) -> t.Any:
        """Return the variable as it is."""
        return self._variables.get(name)

    def text(self, name: str) -> str:
        """Return text; nothing is the empty one."""
        value = self.raw(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Return a truth value."""
        value = self.raw(name)
        return value if isinstance(value, bool) else str(value).lower() in _YES

    def number(self, name: str) -> int:
        """Return a whole number."""
        text = self.text(name)
        if self.whole_number.fullmatch(text):
            return int(text)
        self.refuse(name, text, "a whole number")
        return 0

    def texts(self, name: str) -> list[str]:
        """Return a list of text."""
        value = self.raw(name) or []
        if isinstance(value, str) or not isinstance(value, t.Sequence):
            self.refuse(name, value, "a list")
            return []
        return [str(item) for item in value]

    def entries(self, name: str) -> list[t.Mapping[str, t.Any]]:
        """Return a list of dictionaries."""
        value = self.raw(name) or []
        if isinstance(value, (t.Mapping, str)) or not all(isinstance(item, t.Mapping) for item in value):
            self.refuse(name, value, "a list of dictionaries")
            return []
        return list(value)

    def mapping(self, name: str) -> t.Mapping[str, t.Any]:
        """Return a dictionary."""
        value = self.raw(name) or {}
        if not isinstance(value, t.Mapping):
            self.refuse(name, value, "a dictionary")
            return {}
        return value

    def fault(self, text: str) -> None:
        """Note a contradiction; all of them are reported together."""
        if text not in self._faults:
            self._faults.append(text)

    def refuse(self, name: str, value: object, wanted: str) -> None:
        """Note a variable that has a value of another kind than the wanted one."""
        self.fault(f"{self.prefix}{name} is {value!r}: write {wanted}")

    def check_unique(self, name: str, keys: t.Iterable[str]) -> None:
        """Note every key that occurs twice."""
        seen: set[str] = set()
        for key in keys:
            if key in seen:
                self.fault(f"{self.prefix}{name} names {key} twice: keep one entry")
            seen.add(key)
