# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which kinds of lookup table the installed Postfix can open, as Postfix itself tells."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from ._runner import CommandRunner

# A build of Postfix older than 2.3 did not have the parameter; every one since then answers.
_DEFAULT_TYPE_PARAMETER = "default_database_type"


class MapTypeError(Exception):
    """Postfix cannot use, or could not be asked about, a table type."""


@dataclass(frozen=True)
class MapTypes:
    """The table types of one Postfix: all it supports and the one it uses where none is named."""

    supported: frozenset[str]
    default: str

    def check(self, map_type: str) -> None:
        """Raise MapTypeError if this Postfix cannot open tables of map_type."""
        if map_type not in self.supported:
            raise MapTypeError(
                f"this Postfix does not support the table type '{map_type}' "
                f"(it supports {', '.join(sorted(self.supported))}). "
                f"Install the package postfix-{map_type} or choose another type."
            )


def read_map_types(runner: CommandRunner, postconf: str, config_dir: str | None = None) -> MapTypes:
    """Ask postconf (a path) for the types it knows. Raises MapTypeError."""
    base = [postconf] if config_dir is None else [postconf, "-c", config_dir]
    types = runner.run([*base, "-m"])
    default = runner.run([*base, "-h", _DEFAULT_TYPE_PARAMETER])
    for result in (types, default):
        if result.rc != 0:
            raise MapTypeError(f"postconf cannot tell its table types: {result.stderr.strip()}")
    return MapTypes(supported=frozenset(types.stdout.split()), default=default.stdout.strip())
