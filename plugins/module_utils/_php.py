# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Values and settings as PHP reads them."""

from __future__ import annotations

import typing as t


def literal(value: t.Any, indent: str = "") -> str:
    """Return a value as a literal of PHP; of dictionaries and lists each entry is on a line of its own."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        # Between single quotes PHP knows these two escapes alone.
        return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, t.Mapping):
        entries = [f"{literal(str(key))} => {literal(item, indent + '  ')}" for key, item in value.items()]
    elif isinstance(value, t.Sequence):
        entries = [literal(item, indent + "  ") for item in value]
    else:
        raise TypeError(f"{value!r} is nothing that PHP has a literal for")
    if not entries:
        return "[]"
    return "[\n" + "".join(f"{indent}  {entry},\n" for entry in entries) + f"{indent}]"


def settings_file(banner: t.Sequence[str], settings: t.Mapping[str, t.Any]) -> str:
    """Return a file that fills $config."""
    lines = ["<?php", *(f"// {line}" for line in banner), ""]
    lines += [f"$config[{literal(name)}] = {literal(value)};" for name, value in settings.items()]
    return "\n".join(lines) + "\n"
