# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From the options of a task to the tables it wishes for, and from plans to what the task returns."""

from __future__ import annotations

import grp
import os
import pwd
import re
import typing as t

from ._files import read_bytes
from ._map_types import MapTypeError, MapTypes
from ._postfix_map import MapError, MapPlan, MapWish
from ._postfix_table import INDEX_SUFFIX, TABLE_TYPES, TableError, read_entries, render
from ._postfix_table_lint import lint_entries, lint_lines

_MASKED_LENGTH = 8
_RETURNED_ENTRIES = 1000


def table_options(params: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the options of each table, those of the task standing in for what a table leaves out."""
    if params["maps"] is None:
        return [dict(params)]
    inherited = ("type", "format", "owner", "group", "mode", "secret", "state", "header")
    defaults = {name: params[name] for name in inherited}
    return [
        {**defaults, **{name: value for name, value in item.items() if value is not None}} for item in params["maps"]
    ]


def secret_values(raw: object) -> set[str]:
    """Return the values of a secret table, to be masked wherever one might turn up.

    A short one would also be found, and masked, inside names of files and the like; hide_arguments sees to those.
    """
    try:
        return {entry.value for entry in read_entries(raw) if len(entry.value) >= _MASKED_LENGTH}
    except TableError:
        return set()


def hide_arguments(params: dict[str, t.Any]) -> None:
    """Leave the content of secret tables, and of large ones, out of the arguments that Ansible adds to every result."""
    for options in [params, *(params["maps"] or [])]:
        secret = options["secret"] or (options["secret"] is None and params["secret"])
        if secret or (isinstance(options["entries"], (dict, list)) and len(options["entries"]) > _RETURNED_ENTRIES):
            options["entries"] = None


def build_wish(options: dict[str, t.Any], types: MapTypes | None, *, check_mode: bool) -> MapWish:
    """Turn the options of one table into a wish. Raises MapError naming what is wrong with them."""
    path = options["path"]
    if not os.path.isabs(path):
        raise MapError(f"{path}: the path of a table must be absolute.")
    map_type = options["type"] or ("hash" if types is None else types.default)
    if options["state"] == "absent":
        return MapWish(path=path, present=False, map_type=map_type, secret=options["secret"])
    _check_type(path, map_type, options["format"], types)
    content, from_entries = _content(options, map_type)
    try:
        lines = lint_lines(
            content.decode("utf-8"),
            map_type,
            options["format"],
            from_entries=from_entries,
            secret=options["secret"],
        )
    except UnicodeDecodeError as error:
        raise MapError(f"{path}: the text is not UTF-8 (byte {error.start}). Nothing was changed.") from error
    except TableError as error:
        raise MapError(f"{path}: {error}. Nothing was changed.") from error
    return MapWish(
        path=path,
        present=True,
        map_type=map_type,
        table_format=options["format"],
        content=content,
        lines=tuple(lines),
        mode=_mode(path, options["mode"], secret=options["secret"]),
        uid=_number(path, options["owner"], lambda name: pwd.getpwnam(name).pw_uid, "user", lenient=check_mode),
        gid=_number(path, options["group"], lambda name: grp.getgrnam(name).gr_gid, "group", lenient=check_mode),
        secret=options["secret"],
    )


def _check_type(path: str, map_type: str, table_format: str, types: MapTypes | None) -> None:
    if map_type not in TABLE_TYPES:
        raise MapError(f"{path}: the default table type '{map_type}' of this Postfix cannot be written; set the type.")
    if types is not None:
        try:
            types.check(map_type)
        except MapTypeError as error:
            raise MapError(f"{path}: {error}") from error
    if table_format == "aliases" and map_type not in INDEX_SUFFIX:
        raise MapError(f"{path}: format=aliases needs a table type with an index, not {map_type}.")


def _content(options: dict[str, t.Any], map_type: str) -> tuple[bytes, bool]:
    path, src = options["path"], options.get("src")
    if (src is None) == (options.get("entries") is None):
        raise MapError(f"{path}: exactly one of entries and src is required for a table that shall be present.")
    if src is None:
        try:
            entries = read_entries(options["entries"])
            lint_entries(entries, map_type, options["format"])
        except TableError as error:
            raise MapError(f"{path}: {error}. Nothing was changed.") from error
        return render(entries, options["format"], options["header"]).encode(), True
    content = read_bytes(src)
    if content is None:
        raise MapError(f"{path}: the source file {src} does not exist on the target.")
    return content, False


def _mode(path: str, mode: str | None, *, secret: bool) -> int:
    if mode is None:
        return 0o600 if secret else 0o644
    if not re.fullmatch(r"0[0-7]{3}", mode):
        raise MapError(f"{path}: mode '{mode}' is not a quoted octal number of four digits such as \"0640\".")
    return int(mode, 8)


def _number(path: str, name: str | None, find: t.Callable[[str], int], kind: str, *, lenient: bool) -> int | None:
    if name is None or name.isdigit():
        return None if name is None else int(name)
    try:
        return find(name)
    except KeyError as error:
        # In check mode an earlier task may be the one that would create it.
        if lenient:
            return None
        raise MapError(f"{path}: there is no {kind} '{name}' on this host.") from error


def describe_result(plan: MapPlan) -> dict[str, t.Any]:
    """Return what the task tells about one table."""
    wish = plan.wish
    return {
        "path": wish.path,
        "type": wish.map_type,
        "table": wish.table,
        "changed": plan.changed,
        "count": sum(1 for line in wish.lines if line.value),
        "reload_needed": plan.reload_needed,
        "removed": list(plan.remove),
        "kept": list(plan.kept),
    }
