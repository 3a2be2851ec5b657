# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the variables of role dovecot are turned into: settings, files, packages, and faults found on the way."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ._role_variables import RoleVariables

Tree = dict[str, t.Any]

_SIZE = re.compile(r"^\d+\s*([kmgt]i?b?|b)?$", re.IGNORECASE)
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")


class Wishes(RoleVariables):
    """The variables of role dovecot."""

    prefix = "dovecot_"
    whole_number = re.compile(r"[0-9]+")

    def size(self, name: str) -> str:
        """Return a size such as 100M, or the empty text."""
        text = self.text(name).strip()
        if text and not _SIZE.match(text):
            self.refuse(name, text, "a size such as 100M or 2G")
            return ""
        return text

    def entries(self, name: str) -> list[t.Mapping[str, t.Any]]:
        """Return a list of dictionaries, without the values that were left out."""
        return [given(item) for item in super().entries(name)]

    def mapping(self, name: str) -> t.Mapping[str, t.Any]:
        """Return a dictionary, without the values that were left out."""
        return given(super().mapping(name))

    def check_name(self, name: str, text: str) -> None:
        """Note a name that cannot be that of a file or block."""
        if not _NAME.match(text):
            self.fault(
                f"{self.prefix}{name} has the name {text!r}: write letters, digits, dots, dashes and underscores"
            )


@dataclass(frozen=True)
class File:
    """A file in the role's folder, by its path below it."""

    path: str
    content: str
    mode: str = "0644"
    group: str = "root"


@dataclass
class Work:
    """What the parts of the composition collect."""

    wishes: Wishes
    host: t.Mapping[str, t.Any]
    settings: Tree = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    scripts: list[File] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    ports: list[dict[str, t.Any]] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """The role's own folder on the host."""
        return str(self.host["folder"])

    def add(self, tree: Tree) -> None:
        """Lay a tree over what is there."""
        self.settings = merge(self.settings, tree)

    def need(self, feature: str) -> None:
        """Ask for the packages of a feature."""
        if feature not in self.features:
            self.features.append(feature)

    def serves(self, protocol: str) -> bool:
        """Whether a protocol is served."""
        return protocol in self.wishes.texts("protocols")


def merge(base: t.Mapping[str, t.Any], over: t.Mapping[str, t.Any]) -> Tree:
    """Return base with over on top; blocks of the same head become one."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, t.Mapping) and isinstance(value, t.Mapping):
            merged[key] = merge(below, value)
        else:
            merged[key] = value
    return merged


def plain(value: t.Any) -> t.Any:
    """Return a value of an inventory as dictionaries, lists and scalars of Python itself."""
    if isinstance(value, t.Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def given(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return an entry without the keys whose values an argument specification filled with nothing."""
    return {str(key): value for key, value in entry.items() if value is not None}
