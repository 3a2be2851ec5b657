# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What has to change for a name server to be as described, computed before anything is written."""

from __future__ import annotations

import grp
import os
import pwd
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._bind_config import (
    BANNER,
    Locate,
    Paths,
    keys_text,
    move_to_views,
    options_text,
    ours_text,
    relocate_includes,
    with_include,
    without_include,
)
from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import BindDataError
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import Server, Zone
from ansible_collections.postmaster.mail.plugins.module_utils._bind_zone import read_serial, zone_text
from ansible_collections.postmaster.mail.plugins.module_utils._files import FileAccess, read_access, read_bytes

# What named.conf is before the package brings one; only a check without named sees it.
_NO_OPTIONS = "options {\n};\n"
_DEFAULT_MAIN = 'include "{options}";\ninclude "{local}";\n'
_KEPT = ".before-postmaster-mail"
_COMPANIONS = (".jnl", ".jbk", ".signed", ".signed.jnl")
_HIDDEN = "(hidden)"


# The serial that the daemon serves of a zone in a view, or None.
Served = t.Callable[[str, str], t.Optional[int]]


@dataclass(frozen=True)
class Owners:
    """Numeric owners of files: of ours, and of what named writes itself."""

    root: int
    named: int
    group: int


@dataclass(frozen=True)
class FileChange:
    """A file before and after, None where there is none. shown replaces both texts where they are secret."""

    path: str
    before: bytes | None
    after: bytes | None
    access: FileAccess
    access_before: FileAccess | None
    shown: tuple[str, str] | None = None


@dataclass(frozen=True)
class ZonePlan:
    """A zone, its file, the serial in it (None if it is not ours to know), and whether the file changes or is new."""

    zone: Zone
    path: str
    serial: int | None
    changed: bool
    new: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything that changes, and every zone."""

    server: Server
    paths: Paths
    changes: tuple[FileChange, ...]
    zones: tuple[ZonePlan, ...]
    moved: tuple[str, ...]
    pending: bool

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.changes) or self.pending

    @property
    def config_changed(self) -> bool:
        """Whether named has to read more than zone files."""
        folder = f"{self.paths.data}/"
        return self.pending or any(not change.path.startswith(folder) for change in self.changes)


def find_owners(user: str, group: str, *, required: bool) -> Owners:
    """Return the numbers of the daemon's user and group, zeros if they need not exist yet. Raises BindDataError."""
    try:
        return Owners(0, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)
    except KeyError as error:
        if required:
            raise BindDataError(f"{error.args[0]}. Set user and group to those that named runs as.") from error
        return Owners(0, 0, 0)


def pending_path(paths: Paths) -> str:
    """Return the file that exists while a change is being made, so that an interrupted one is finished later."""
    return os.path.join(paths.data, "pending")


def make_plan(server: Server, paths: Paths, owners: Owners, today: int, served: Served) -> Plan:
    """Return the plan. served is asked for zones whose file is new. Raises BindDataError, OSError."""
    plain = FileAccess(0o644, owners.root, owners.group)
    secret = FileAccess(0o640, owners.root, owners.group)
    main = _text(paths.main)
    if main is None:
        main = _DEFAULT_MAIN.format(options=paths.options, local=paths.local)
    main, moved = move_to_views(main, paths, bool(server.views))
    changes: list[FileChange] = []
    zones = [_plan_zone(zone, paths, owners, today, served, changes) for zone in server.zones]
    changes += _removed(paths, [plan.path for plan in zones], secret)
    options = _text(paths.options)
    if options is not None and BANNER not in options and _text(paths.options + _KEPT) is None:
        _compare(changes, paths.options + _KEPT, options, plain)
    _compare(changes, paths.keys, keys_text(server.keys), secret, hidden=keys_text(server.keys, _HIDDEN))
    _compare(changes, paths.options, options_text(server), plain)
    _compare(changes, paths.ours, ours_text(server, paths, moved, str), plain)
    _compare(changes, paths.local, with_include(_text(paths.local) or "", paths.ours), plain, keep_access=True)
    _compare(changes, paths.main, main, plain, keep_access=True)
    return Plan(
        server=server,
        paths=paths,
        changes=tuple(changes),
        zones=tuple(zones),
        moved=tuple(moved),
        pending=os.path.exists(pending_path(paths)),
    )


def make_removal(paths: Paths, owners: Owners) -> Plan:
    """Return the plan that removes what is ours, but for keys and dynamic zones, which are nowhere else."""
    plain = FileAccess(0o644, owners.root, owners.group)
    changes = list(_removed(paths, [], plain))
    options = _text(paths.options)
    if options is not None and BANNER in options:
        _compare(changes, paths.options, _text(paths.options + _KEPT) or _NO_OPTIONS, plain)
    for path, change in (
        (paths.local, without_include),
        (paths.main, lambda text: move_to_views(text, paths, False)[0]),
    ):
        present = _text(path)
        if present is not None:
            _compare(changes, path, change(present), plain, keep_access=True)
    for path in (paths.ours, paths.keys, paths.options + _KEPT):
        if os.path.exists(path):
            shown = ("(keys)\n", "") if path == paths.keys else None
            changes.append(FileChange(path, read_bytes(path), None, plain, read_access(path), shown))
    pending = os.path.exists(pending_path(paths))
    nothing = Server(options={}, statements={}, keys=(), acls={}, policies=(), views=(), zones=())
    return Plan(server=nothing, paths=paths, changes=tuple(changes), zones=(), moved=(), pending=pending)


def staged_files(plan: Plan, locate: Locate) -> dict[str, str]:
    """Return the configuration as it will be, to be read from elsewhere: staged path to text.

    locate returns the staged path of a file that changes and any other path as it is.
    """
    after = {change.path: change.after for change in plan.changes}
    texts: dict[str, str] = {}
    for path in (plan.paths.main, plan.paths.local):
        content = after.get(path)
        text = content.decode() if content is not None else _text(path) or ""
        texts[locate(path)] = relocate_includes(text, locate)
    texts[locate(plan.paths.ours)] = ours_text(plan.server, plan.paths, plan.moved, locate)
    for path, content in after.items():
        if content is not None and locate(path) not in texts:
            texts[locate(path)] = content.decode()
    return texts


def _text(path: str) -> str | None:
    content = read_bytes(path)
    return None if content is None else content.decode("utf-8", errors="surrogateescape")


def _compare(
    changes: list[FileChange],
    path: str,
    text: str,
    access: FileAccess,
    *,
    hidden: str | None = None,
    keep_access: bool = False,
) -> bool:
    before, access_before = read_bytes(path), read_access(path)
    wanted = access_before if keep_access and access_before is not None else access
    after = text.encode("utf-8", errors="surrogateescape")
    if before == after and access_before == wanted:
        return False
    shown = None
    if hidden is not None:
        shown = ("" if before is None else "(other keys)\n", hidden)
    changes.append(FileChange(path, before, after, wanted, access_before, shown))
    return True


def _former_serial(zone: Zone, paths: Paths, served: Served) -> int | None:
    """Return the highest serial that others may have seen of a zone which had no file of this name until now."""
    views = [""]
    for folder in ("static", "dynamic"):
        base = os.path.join(paths.data, folder)
        for name in sorted(os.listdir(base)) if os.path.isdir(base) else []:
            if name.startswith(f"{zone.title}@") and name.endswith(".db"):
                views.append(name[len(zone.title) + 1 : -3])
    found = [serial for view in views for serial in [served(zone.title, view)] if serial is not None]
    return max(found, default=None)


def _plan_zone(
    zone: Zone, paths: Paths, owners: Owners, today: int, served: Served, changes: list[FileChange]
) -> ZonePlan:
    path = paths.zone_file(zone)
    if zone.type != "primary":
        return ZonePlan(zone, path, None, False)
    present, other = _text(path), paths.other_zone_file(zone)
    if zone.dynamic:
        if present is not None:
            # Its records and its serial are in the journal beside it.
            return ZonePlan(zone, path, None, False)
        if os.path.exists(f"{path}.jnl"):
            raise BindDataError(
                f"Zone {zone.title}: there is a journal {path}.jnl, but not the zone file that it belongs to. Put the "
                "file back, or remove the journal as well to begin with the records of the inventory."
            )
        former = _former_serial(zone, paths, served)
        wanted = zone_text(zone, "The beginning of a zone that is changed by updates.", None, today, former)
        changed = _compare(changes, path, wanted.text, FileAccess(0o640, owners.named, owners.group))
        return ZonePlan(zone, path, wanted.serial, changed, new=True)
    if os.path.exists(other):
        raise BindDataError(
            f"Zone {zone.title} was changed by updates until now, and what these made of it is in {other} and its "
            f"journal, not in the inventory. Run 'rndc sync -clean {zone.title}', take its records over into the "
            f"inventory and remove {other} and {other}.jnl; or give the zone update_policy or allow_update again."
        )
    former = _former_serial(zone, paths, served) if present is None else None
    wanted = zone_text(zone, BANNER, present, today, former)
    changed = _compare(changes, path, wanted.text, FileAccess(0o640, owners.root, owners.group))
    return ZonePlan(zone, path, wanted.serial, changed, new=present is None)


def _removed(paths: Paths, wanted: t.Sequence[str], access: FileAccess) -> t.Iterator[FileChange]:
    folder = os.path.join(paths.data, "static")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        if name.endswith(".db") and path not in wanted and read_serial(_text(path) or "") is not None:
            yield FileChange(path, read_bytes(path), None, access, read_access(path))


def companions(plan: Plan) -> list[str]:
    """Return what named once wrote beside zone files that are new, and would take for a part of them."""
    return [f"{zone.path}{ending}" for zone in plan.zones if zone.new for ending in _COMPANIONS]


def leftovers(plan: Plan) -> list[str]:
    """Return the files that named made beside zone files that are gone, and copies of zones it no longer follows."""
    wanted = {zone.path for zone in plan.zones}
    found = []
    for folder in ("static", "secondary"):
        base = os.path.join(plan.paths.data, folder)
        for name in sorted(os.listdir(base)) if os.path.isdir(base) else []:
            stem, mark, rest = name.rpartition(".db")
            if mark and os.path.join(base, stem + mark) not in wanted and (rest or folder == "secondary"):
                found.append(os.path.join(base, name))
    return found
