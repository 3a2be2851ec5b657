# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Planning and replacing Postfix lookup tables: the source file and the index built from it."""

from __future__ import annotations

import contextlib
import math
import os
import re
import time
import typing as t
from dataclasses import dataclass

from ._files import FileAccess, read_access, read_bytes, replace_file, sync_directory
from ._postfix_index import StagedTable, TableTools, index_matches, stage
from ._postfix_table import INDEX_SUFFIX, Line, TableError, TableFormat

# Magic numbers of Berkeley DB hash and btree files, at offset 12 in the byte order of the host that wrote them.
_BERKELEY_MAGIC: t.Final = frozenset(
    number.to_bytes(4, order) for number in (0x00061561, 0x00053162) for order in ("little", "big")
)


class MapError(Exception):
    """A table that cannot be made as wished; nothing was changed."""


@dataclass(frozen=True)
class MapWish:
    """One table as it shall be. Owner and group None: as they are, or those of this process for a new file."""

    path: str
    present: bool
    map_type: str
    table_format: TableFormat = "postmap"
    content: bytes = b""
    lines: tuple[Line, ...] = ()
    mode: int = 0o644
    uid: int | None = None
    gid: int | None = None
    secret: bool = False

    @property
    def table(self) -> str:
        """The name that goes into main.cf."""
        return f"{self.map_type}:{self.path}"

    @property
    def index_path(self) -> str | None:
        """Where Postfix keeps the index, None for a type that has none."""
        suffix = INDEX_SUFFIX.get(self.map_type)
        return None if suffix is None else self.path + suffix


@dataclass(frozen=True)
class MapPlan:
    """What is to be done for one table."""

    wish: MapWish
    before: bytes | None
    access: FileAccess
    staged: StagedTable | None
    write_source: bool
    write_index: bool
    index_reason: str
    fix_access: tuple[str, ...]
    remove: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.write_source or self.write_index or self.fix_access or self.remove)

    @property
    def reload_needed(self) -> bool:
        """Whether running daemons go on with the old text: they notice a new index, not a new text table."""
        return self.write_source and self.wish.index_path is None and self.before is not None


def plan_map(
    wish: MapWish, tools: TableTools | None, config_text: t.Callable[[], str], *, staging: str | None = None
) -> MapPlan:
    """Compare the wish with the host. tools None: Postfix is not there yet, so only files are compared.

    config_text returns the expanded configuration of Postfix, and is asked only if an index seems left over.
    staging is the directory for the trial build; None means beside the table. Raises MapError, OSError.
    """
    before = read_bytes(wish.path)
    if not wish.present:
        return _plan_absent(wish, before)
    access = _wished_access(wish)
    write_source = before != wish.content
    reason = _index_reason(wish, tools)
    staged = None
    if tools is not None and (write_source or reason):
        staged = _stage(wish, tools, staging)
        if reason == "differs" and not write_source and _same_content(wish, tools, staged):
            reason = ""
    write_index = bool(wish.index_path is not None and (write_source or reason))
    rewritten = {wish.path} if write_source else set()
    if write_index and wish.index_path is not None:
        rewritten.add(wish.index_path)
    own = [path for path in (wish.path, wish.index_path) if path is not None and path not in rewritten]
    stale = [path for path in _index_files(wish.path) if path != wish.index_path]
    used = _still_used(wish.path, stale, config_text) if stale else []
    return MapPlan(
        wish=wish,
        before=before,
        access=access,
        staged=staged,
        write_source=write_source,
        write_index=write_index,
        index_reason=reason or ("source changed" if write_index else ""),
        fix_access=tuple(path for path in own if read_access(path) not in (None, access)),
        remove=tuple(path for path in stale if path not in used),
        kept=tuple(used),
    )


def _plan_absent(wish: MapWish, before: bytes | None) -> MapPlan:
    files = ([] if before is None else [wish.path]) + _index_files(wish.path)
    return MapPlan(
        wish=wish,
        before=before,
        access=FileAccess(0, 0, 0),
        staged=None,
        write_source=False,
        write_index=False,
        index_reason="",
        fix_access=(),
        remove=tuple(files),
        kept=(),
    )


def _wished_access(wish: MapWish) -> FileAccess:
    present = read_access(wish.path)
    uid = os.geteuid() if present is None else present.uid
    gid = os.getegid() if present is None else present.gid
    return FileAccess(
        mode=wish.mode, uid=uid if wish.uid is None else wish.uid, gid=gid if wish.gid is None else wish.gid
    )


def _index_reason(wish: MapWish, tools: TableTools | None) -> str:
    """Say why the index cannot stay: missing, stale (older than the source), differs; empty if it can, or has none."""
    if wish.index_path is None:
        return ""
    try:
        index_time = os.stat(wish.index_path).st_mtime_ns
        source_time = os.stat(wish.path).st_mtime_ns
    except FileNotFoundError:
        return "missing"
    if index_time < source_time:
        return "stale"
    if tools is not None and not index_matches(tools, wish.path, wish.lines, wish.map_type, wish.table_format):
        return "differs"
    return ""


def _stage(wish: MapWish, tools: TableTools, staging: str | None) -> StagedTable:
    directory = staging or os.path.dirname(os.path.realpath(wish.path))
    try:
        return stage(tools, wish.path, wish.content, wish.lines, wish.map_type, wish.table_format, directory)
    except TableError as error:
        text = str(error)
        if wish.secret:
            text = re.sub(r"line (\d+)\b[^;]*", r"line \1: (text hidden)", text)
            for line in wish.lines:
                text = text.replace(line.value, "(hidden)")
        raise MapError(f"Postfix does not accept the table {wish.table}: {text}. Nothing was changed.") from error


def _same_content(wish: MapWish, tools: TableTools, staged: StagedTable) -> bool:
    """Whether the live index equals the trial build, where Postfix reads a key or value in its own way."""
    live = tools.list_index(wish.map_type, wish.table_format, wish.path)
    return live is not None and live == staged.content


def _index_files(path: str) -> list[str]:
    """Return the existing index files of path, of any type."""
    names = [path + suffix for suffix in sorted(set(INDEX_SUFFIX.values()))]
    return [name for name in names if os.path.lexists(name) and _is_index(name)]


def _is_index(name: str) -> bool:
    # An SQLite database that a neighbouring table refers to may well be called .db too.
    if not name.endswith(".db"):
        return True
    # What cannot be read, such as a link that leads nowhere, counts as the index that its name says it is.
    with contextlib.suppress(OSError), open(name, "rb") as source:
        return source.read(16)[12:] in _BERKELEY_MAGIC
    return True


def _still_used(path: str, index_files: t.Iterable[str], config_text: t.Callable[[], str]) -> list[str]:
    """Return those index files that the configuration still refers to, as type:path."""
    text = config_text()
    used = []
    for index_file in index_files:
        types = "|".join(name for name, suffix in INDEX_SUFFIX.items() if index_file == path + suffix)
        if re.search(rf"(?<![\w-])(?:{types}):{re.escape(path)}(?![^\s,;)}}])", text):
            used.append(index_file)
    return used


def _index_time(plan: MapPlan) -> float | None:
    """Return the time to give a new index so that it is not older than a source that stays, even one of tomorrow."""
    if plan.write_source:
        return None
    source_time = os.stat(plan.wish.path).st_mtime
    return float(math.ceil(source_time)) if source_time > time.time() else None


def apply_plan(plan: MapPlan) -> None:
    """Carry the plan out. Raises OSError.

    The index goes first: lookups read nothing else, and after a crash between the two steps the source still
    differs from what is wished, so that the next run does both again.
    """
    wish = plan.wish
    if plan.write_index and wish.index_path is not None and plan.staged is not None and plan.staged.index is not None:
        replace_file(wish.index_path, plan.staged.index, plan.access, mtime=_index_time(plan))
    if plan.write_source:
        mtime = float(plan.staged.begun) if plan.staged is not None and wish.index_path is not None else None
        replace_file(wish.path, wish.content, plan.access, mtime=mtime)
    for path in plan.fix_access:
        os.chown(path, plan.access.uid, plan.access.gid)
        os.chmod(path, plan.access.mode)
    for path in plan.remove:
        os.unlink(path)
    if plan.remove:
        sync_directory(os.path.dirname(os.path.abspath(wish.path)))
