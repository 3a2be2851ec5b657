# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Before and after of a lookup table, with the values of a secret one left out."""

from __future__ import annotations

import typing as t

from ._postfix_table import Line, TableError, parse

if t.TYPE_CHECKING:
    from ._postfix_map import MapPlan, MapWish


def describe(plan: MapPlan) -> list[dict[str, str]]:
    """Return the differences of one table as Ansible prints them; an empty list if there are none."""
    wish = plan.wish
    parts = []
    if plan.write_source or (plan.before is not None and not wish.present):
        after = wish.content if wish.present else b""
        before_text, after_text = _masked(wish, plan.before or b"", after) if wish.secret else _clear(plan, after)
        parts.append(_part(wish.path, before_text, after_text))
    if plan.write_index and wish.index_path is not None:
        parts.append(_part(wish.index_path, f"index: {plan.index_reason}\n", f"index: {len(wish.lines)} entries\n"))
    parts += [
        _part(path, "other owner, group or mode\n", f"{plan.access.uid}:{plan.access.gid} {plan.access.mode:04o}\n")
        for path in plan.fix_access
    ]
    parts += [_part(path, "index: left over\n", "") for path in plan.remove if path != wish.path]
    return parts


def _part(path: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def _clear(plan: MapPlan, after: bytes) -> tuple[str, str]:
    return (plan.before or b"").decode("utf-8", "replace"), after.decode("utf-8", "replace")


def _masked(wish: MapWish, before: bytes, after: bytes) -> tuple[str, str]:
    old, new = _readable(wish, before), _readable(wish, after)
    if old is None or new is None:
        return "(text hidden, not readable as a table)\n", _listing(new or [], set(), set())
    old_pairs = {(line.key, line.value) for line in old}
    return _listing(old, set(), set()), _listing(new, {line.key for line in old}, old_pairs)


def _readable(wish: MapWish, content: bytes) -> list[Line] | None:
    try:
        return parse(content.decode("utf-8", "replace"), wish.map_type, wish.table_format)
    except TableError:
        return None


def _listing(lines: t.Iterable[Line], old_keys: set[str], old_pairs: set[tuple[str, str]]) -> str:
    text = ""
    for line in lines:
        changed = line.key in old_keys and (line.key, line.value) not in old_pairs
        text += f"{line.key} {'(hidden, changed)' if changed else '(hidden)'}\n"
    return text
