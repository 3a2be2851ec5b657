# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The plan for one Dovecot configuration file: what stands there, what shall stand there, what differs."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_file import (
    BANNER,
    DEFAULT_VERSION,
    Frame,
    Grammar,
    Rendered,
    is_own,
    mask,
    read_tree,
    read_versions,
    render_file,
    secrets_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23 import (
    Conversion,
    external_paths,
    to_24,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import successors
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Body,
    Entry,
    Fault,
    Origin,
    TreeError,
    build,
    drop,
    find,
    normalise_head,
    put,
    show,
)
from ansible_collections.postmaster.mail.plugins.module_utils._files import (
    FileAccess,
    read_access,
    read_bytes,
    replace_file,
    sync_directory,
)

# A running Dovecot does not follow these on reload.
RESTART_SETTINGS = ("base_dir", "import_environment", "instance_name", "log_path", "state_dir")
KEPT_SUFFIX = ".orig"
_SECRET_MODE = 0o600
_PLAIN_MODE = 0o644


_UNCHANGED = Conversion(())


class PlanError(ValueError):
    """The request cannot be met; the text says why and what to do."""


@dataclass(frozen=True)
class Edit:
    """One change to the tree of the file: an entry to put below blocks, or a path to drop."""

    above: Origin
    entry: Entry | None
    name: str


@dataclass(frozen=True)
class Request:
    """What the caller wants: a whole tree, an edit of the tree that is there, or (neither) no file."""

    path: str
    tree: Body | None
    edit: Edit | None
    include_local: bool
    config_version: str | None
    storage_version: str | None
    uid: int
    gid: int
    mode: int | None


@dataclass(frozen=True)
class FileChange:
    """One file before and after; None is no file."""

    path: str
    before: bytes | None
    after: bytes | None
    access_before: FileAccess | None
    access: FileAccess

    @property
    def differs(self) -> bool:
        return self.before != self.after or (self.after is not None and self.access_before != self.access)


@dataclass(frozen=True)
class Plan:
    """All that will be done, and what has to happen afterwards."""

    tree: Body
    rendered: Rendered
    changes: tuple[FileChange, ...]
    main: bool
    root: str | None
    restart_required: bool
    reload_required: bool
    secrets: frozenset[str]
    conversion: Conversion = _UNCHANGED

    @property
    def changed(self) -> bool:
        return bool(self.changes)


def make_edit(name: str, value: object, blocks: t.Sequence[str]) -> Edit:
    """Describe the setting of one name inside blocks; value None drops it. Raises TreeError."""
    above = tuple(normalise_head(head) for head in blocks)
    key = normalise_head(name)
    nested: dict[str, object] = {key: value}
    for head in reversed(above):
        nested = {head: nested}
    return Edit(above, find(build(nested), (*above, key)), key)


def find_root(path: str) -> str | None:
    """The directory of the dovecot.conf that a file belongs to, or None."""
    directory = os.path.dirname(path)
    for _level in range(3):
        if os.path.exists(os.path.join(directory, "dovecot.conf")):
            return directory
        directory = os.path.dirname(directory)
    return None


def compute(request: Request, grammar: Grammar) -> Plan:
    """Compare the request with the files. Raises PlanError, TreeError or OSError."""
    before = read_bytes(request.path)
    text = before.decode("utf-8", "surrogateescape") if before is not None else ""
    main = os.path.basename(request.path) == "dovecot.conf"
    if not main and (request.config_version or request.storage_version):
        raise PlanError(
            f"{request.path} is a drop-in, and Dovecot takes its versions from dovecot.conf only. "
            "Leave out config_version and storage_version."
        )
    old_tree = _old_tree(text, needed=request.tree is None)
    wanted = _tree(request, text, old_tree)
    conversion = _UNCHANGED if wanted is None else to_24(wanted, _external_texts(wanted))
    tree = None if wanted is None else conversion.tree
    prefix = request.path[: -len(".conf")] if request.path.endswith(".conf") else request.path
    frame = _frame(request, text, main)
    removing = tree is None
    rendered = Rendered((), {}) if tree is None else render_file(tree, grammar, frame, prefix)
    secrets = frozenset(secrets_of(tree or ()) | secrets_of(wanted or ()))
    if secrets and request.mode is not None and request.mode & 0o004:
        raise PlanError(
            f"mode {request.mode:04o} lets every user of the host read {request.path}, and the tree holds a secret. "
            "Leave out mode, which is 0600 then, or give 0640 and a group."
        )
    mode = request.mode if request.mode is not None else (_SECRET_MODE if secrets else _PLAIN_MODE)
    after = None if removing else rendered.text.encode("utf-8", "surrogateescape")
    access = FileAccess(mode=mode, uid=request.uid, gid=request.gid)
    changes = [
        *_keepsake(request.path, before, own=is_own(text)),
        *_external(rendered, prefix, request),
        FileChange(request.path, before, after, read_access(request.path), access),
    ]
    differing = tuple(change for change in changes if change.differs)
    content = any(change.before != change.after for change in differing)
    return Plan(
        tree=tree or (),
        rendered=rendered,
        changes=differing,
        main=main,
        root=os.path.dirname(request.path) if main else find_root(request.path),
        restart_required=content and _needs_restart(old_tree, tree or ()),
        reload_required=content,
        secrets=secrets,
        conversion=conversion,
    )


def _external_texts(tree: Body) -> dict[str, str]:
    """The files that a tree of 2.3 names for SQL, LDAP and so on, as far as they are there."""
    found = {path: read_bytes(path) for path in external_paths(tree)}
    return {path: content.decode("utf-8", "replace") for path, content in found.items() if content is not None}


def _old_tree(text: str, *, needed: bool) -> Body:
    """The tree of the file that is there; a damaged one is no obstacle to a whole new tree."""
    try:
        return read_tree(text) if is_own(text) else ()
    except TreeError:
        if needed:
            raise
        return ()


def _tree(request: Request, text: str, old_tree: Body) -> Body | None:
    """The wanted tree, or None where there shall be no file."""
    if request.tree is not None:
        return request.tree
    if text and not is_own(text):
        raise PlanError(
            f"{request.path} was not written by this module, so nothing of it is changed. "
            "Give the whole tree in settings, or use a path of its own such as /etc/dovecot/conf.d/99-ansible.conf."
        )
    if request.edit is None:
        if os.path.basename(request.path) == "dovecot.conf":
            raise PlanError(f"{request.path} is the main file, without which Dovecot does not start; it stays.")
        return None
    edit = request.edit
    if edit.entry is None:
        _check_name(edit)
        return drop(old_tree, (*edit.above, edit.name))
    return put(old_tree, edit.above, edit.entry)


def _check_name(edit: Edit) -> None:
    """The tree is kept in names of 2.4, so that nothing could be dropped by a name of 2.3. Raises TreeError."""
    path = (*edit.above, edit.name)
    new = successors().get(edit.name)
    if "plugin" in edit.above or (new and (not edit.above or edit.above[0].startswith("protocol "))):
        remedy = f"Drop {new} instead." if new else "Drop the setting itself, outside of any block."
        raise TreeError([Fault(show(path), "is a name of Dovecot 2.3, which the file does not hold", remedy)])


def _frame(request: Request, text: str, main: bool) -> Frame:
    """Versions stay as they are in the file, because they freeze the defaults that the host runs with."""
    config, storage = read_versions(text)
    return Frame(
        main=main,
        config_version=request.config_version or config or DEFAULT_VERSION,
        storage_version=request.storage_version or storage or DEFAULT_VERSION,
        include_local=request.include_local,
    )


def _keepsake(path: str, before: bytes | None, *, own: bool) -> t.Iterator[FileChange]:
    """A copy of a file that somebody else wrote, made once, before it is replaced."""
    copy = f"{path}{KEPT_SUFFIX}"
    access = read_access(path)
    if before is not None and access is not None and not own and not os.path.lexists(copy):
        yield FileChange(copy, None, before, None, access)


def _external(rendered: Rendered, prefix: str, request: Request) -> t.Iterator[FileChange]:
    access = FileAccess(mode=_SECRET_MODE, uid=request.uid, gid=request.gid)
    directory = os.path.dirname(prefix)
    start = f"{os.path.basename(prefix)}."
    names = os.listdir(directory) if os.path.isdir(directory) else []
    stale = {os.path.join(directory, name) for name in names if name.startswith(start) and name.endswith(".conf.ext")}
    for path in sorted(stale | set(rendered.files)):
        before = read_bytes(path)
        wanted = rendered.files.get(path)
        if wanted is None and not (before or b"").startswith(BANNER.encode()):
            continue
        yield FileChange(path, before, None if wanted is None else wanted.encode(), read_access(path), access)


def _needs_restart(old: Body, new: Body) -> bool:
    return any(find(old, (key,)) != find(new, (key,)) for key in RESTART_SETTINGS)


def apply(changes: t.Sequence[FileChange]) -> None:
    """Make the changes; if one fails, put the files before it back. Raises OSError."""
    done: list[FileChange] = []
    try:
        for change in changes:
            _write(change.path, change.after, change.access)
            done.append(change)
    except OSError:
        restore(done)
        raise


def restore(changes: t.Sequence[FileChange]) -> None:
    """Put back what was there before apply(). Raises OSError."""
    for change in reversed(changes):
        _write(change.path, change.before, change.access_before or change.access)


def _write(path: str, content: bytes | None, access: FileAccess) -> None:
    if content is None:
        os.unlink(path)
        sync_directory(os.path.dirname(path))
    else:
        replace_file(path, content, access)


def diff(changes: t.Sequence[FileChange]) -> list[dict[str, str]]:
    """Texts before and after, with secrets masked."""
    return [
        {
            "before_header": _header(change.path, change.access_before if change.before is not None else None),
            "after_header": _header(change.path, change.access if change.after is not None else None),
            "before": mask((change.before or b"").decode("utf-8", "replace")),
            "after": mask((change.after or b"").decode("utf-8", "replace")),
        }
        for change in changes
    ]


def _header(path: str, access: FileAccess | None) -> str:
    return path if access is None else f"{path} (mode {access.mode:04o}, owner {access.uid}:{access.gid})"
