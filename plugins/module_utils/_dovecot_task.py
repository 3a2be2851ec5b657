# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""One task of dovecot_setting: what its options ask for, and carrying it out up to the running daemon."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_daemon import Daemon, Running
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_host import group_id, user_id
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_plan import (
    FileChange,
    PlanError,
    Request,
    apply,
    make_edit,
    restore,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import build


class ReloadError(Exception):
    """Dovecot did not take the new files; those from before are back, and trouble says if even they failed."""

    def __init__(self, cause: str, trouble: str, log: t.Sequence[str]) -> None:
        super().__init__(cause)
        self.cause = cause
        self.trouble = trouble
        self.log = tuple(log)


def request_of(params: t.Mapping[str, t.Any]) -> Request:
    """Understand the options. Raises PlanError or TreeError."""
    mode = params["mode"]
    if mode is not None and not re.match(r"^0?[0-7]{3}$", mode):
        raise PlanError(f'mode is {mode}, not octal permissions. Write it quoted, such as "0640".')
    single, absent = params["name"] is not None, params["state"] == "absent"
    if not absent and not single and params["settings"] is None:
        raise PlanError("There is nothing to set. Give settings, or name and value.")
    if single and not absent and params["value"] is None:
        raise PlanError(f"value of {params['name']} is missing. Give it, or use state=absent to remove the setting.")
    if params["block"] and not single:
        raise PlanError("block goes with name only. Give name, or put the blocks into settings.")
    if params["settings"] is not None and absent:
        raise PlanError("state=absent goes with name, or with path alone. Leave out settings.")
    return Request(
        path=params["path"],
        tree=None if params["settings"] is None else build(params["settings"]),
        edit=make_edit(params["name"], None if absent else params["value"], params["block"]) if single else None,
        include_local=params["include_local"],
        config_version=params["config_version"],
        storage_version=params["storage_version"],
        uid=_number("owner", params["owner"], user_id),
        gid=_number("group", params["group"], group_id),
        mode=None if mode is None else int(mode, 8),
    )


def _number(option: str, name: str, find: t.Callable[[str], int | None]) -> int:
    number = find(name)
    if number is None:
        raise PlanError(f"{option} {name} does not exist on this host. Create it first.")
    return number


def carry_out(changes: t.Sequence[FileChange], daemon: Daemon, running: Running | None, dovecot: str) -> None:
    """Write the files, and let a running Dovecot read them; if it does not, put the earlier ones back.

    Raises OSError when a file cannot be written, and ReloadError when Dovecot does not take them.
    """
    if running is None:
        apply(changes)
        return
    mark = daemon.mark()
    apply(changes)
    cause = daemon.reload(running)
    if cause:
        restore(changes)
        trouble = daemon.revive(running, dovecot)
        raise ReloadError(cause, trouble, daemon.log_since(mark))
