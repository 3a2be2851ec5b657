# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Setting Postfix parameters from start to end: read, plan, check on a copy, swap in."""

from __future__ import annotations

import difflib
import os
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.postmaster.mail.plugins.module_utils._files import read_bytes
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import (
    EntryError,
    MasterEntry,
    option_fault,
    parse_entries,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postconf import Postconf, PostconfError, Reading
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import (
    RESTART_PARAMETERS,
    Change,
    Wish,
    after_changes,
    cycle_fault,
    judge,
    may_need_restart,
    needs_default,
    obsolete,
    plan_changes,
    restart_needed,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_config import (
    MAIN,
    MASTER,
    Stage,
    parse_main_cf,
    staged,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_lint import is_secret, table_types
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner


class TaskError(Exception):
    """The task cannot be done, or must not be; nothing was written."""


class PostfixAbsentError(TaskError):
    """There is no Postfix configuration to change."""


@dataclass(frozen=True)
class Instance:
    """How to reach one Postfix instance, and what the task permits."""

    runner: CommandRunner
    executable: str
    config_dir: str | None = None
    allow_unknown: bool = False
    validate: bool = True
    check_mode: bool = False

    @property
    def postconf(self) -> Postconf:
        return Postconf(self.runner, self.executable, self.config_dir)


@dataclass(frozen=True)
class Outcome:
    """What changed (or would), what to do next, and what to tell the user."""

    changes: tuple[Change, ...] = ()
    restart_required: bool = False
    deprecated: tuple[t.Mapping[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def set_parameters(instance: Instance, wishes: t.Sequence[Wish]) -> Outcome:
    """Make main.cf hold wishes. Raises TaskError, PostconfError, ConfigError or OSError."""
    postconf = instance.postconf
    before = postconf.explicit()
    require_configuration(before)
    current = current_parameters(postconf, before, [wish.name for wish in wishes])
    open_lists = needs_default(wishes, current)
    defaults = postconf.defaults(open_lists) if open_lists else {}
    changes = plan_changes(wishes, current, defaults)
    names = [wish.name for wish in wishes if wish.text is not None]
    if not changes:
        refuse_unknown(instance, postconf, [name for name in names if name in before.complaints.unused_in("main")])
        return Outcome(deprecated=tuple(obsolete(names, before.complaints)))
    set_names = [change.name for change in changes if change.after is not None]
    if fault := cycle_fault(set_names, after_changes(current, changes)):
        raise TaskError(fault)
    with staged(instance.runner, instance.executable, postconf.config_directory()) as stage:
        stage.set_parameters(changes)
        after, notes = check_stage(instance, stage, {"main": names}, changes, before)
        restart = may_need_restart([change.name for change in changes], before.parameters, after.parameters) and (
            restart_needed(
                [change.name for change in changes],
                *(side.effective(RESTART_PARAMETERS) for side in (postconf, stage.postconf)),
            )
        )
        if not instance.check_mode:
            stage.swap_in(MAIN)
    return Outcome(
        changes=changes,
        restart_required=restart,
        deprecated=tuple(obsolete(names, after.complaints)),
        notes=notes,
    )


def set_overrides(instance: Instance, service: str, wishes: t.Sequence[Wish]) -> Outcome:
    """Make the options of a master.cf service hold wishes. Raises as set_parameters does."""
    postconf = instance.postconf
    entry = read_entries(postconf).get(service)
    if entry is None:
        raise TaskError(f"master.cf has no service '{service}'. Add it with postmaster.mail.postfix_service first.")
    changes = plan_changes(wishes, entry.option_map(), {})
    if not changes:
        return Outcome()
    before = postconf.explicit()
    for change in changes:
        if change.after is not None and (fault := option_fault(change.after)):
            raise TaskError(f"Parameter '{change.name}' cannot be set for service '{service}': {fault}.")
    options = after_changes(entry.option_map(), changes)
    entry = replace(entry, options=tuple(options.items()))
    set_names = [change.name for change in changes if change.after is not None]
    if fault := cycle_fault(set_names, {**before.parameters, **options}):
        raise TaskError(fault)
    names = [wish.name for wish in wishes if wish.text is not None]
    with staged(instance.runner, instance.executable, postconf.config_directory()) as stage:
        stage.set_services({service: without_secrets(stage, entry).render()}, ())
        after, notes = check_stage(instance, stage, {"master": names}, changes, before)
        if not instance.check_mode:
            stage.swap_in(MASTER)
    return Outcome(changes=changes, deprecated=tuple(obsolete(names, after.complaints)), notes=notes)


def without_secrets(stage: Stage, entry: MasterEntry) -> MasterEntry:
    """Return entry with stand-ins for the passwords among its options."""
    return replace(
        entry,
        options=tuple(
            (name, stage.hide(value) if value and is_secret(name, value) else value) for name, value in entry.options
        ),
    )


def read_lines(postconf: Postconf) -> list[str]:
    """Return the entries of master.cf, one line each. Raises TaskError."""
    lines, reading = postconf.services()
    require_configuration(reading)
    if not reading.ok:
        raise TaskError(f"Postfix cannot read its configuration: {_reason(reading)}. Repair that first.")
    return lines


def read_entries(postconf: Postconf) -> dict[str, MasterEntry]:
    """Read master.cf. Raises TaskError."""
    try:
        return parse_entries(read_lines(postconf))
    except EntryError as error:
        raise TaskError(str(error)) from error


def require_configuration(reading: Reading) -> None:
    """Raise PostfixAbsentError if what postconf wanted to read is not there."""
    if reading.missing_file:
        raise PostfixAbsentError(
            f"{reading.missing_file} does not exist. Install the package postfix, or create the instance with"
            " postmulti, first."
        )


def check_stage(
    instance: Instance,
    stage: Stage,
    wished: t.Mapping[str, t.Sequence[str]],
    changes: t.Sequence[Change],
    before: Reading,
) -> tuple[Reading, tuple[str, ...]]:
    """Let Postfix read the changed copy. Returns that reading and what to tell the user; raises TaskError."""
    after = stage.postconf.explicit()
    verdict = judge(wished, [change.name for change in changes], before, after)
    notes = verdict.notes
    if verdict.refusal:
        if instance.validate:
            raise TaskError(verdict.refusal)
        notes = (*notes, verdict.refusal)
    refuse_unknown(instance, stage.postconf, verdict.unknown)
    if instance.validate and after.ok:
        notes = (*notes, *_refuse_what_stops_programs(instance.postconf, stage.postconf))
        _refuse_table_types(stage.postconf, changes)
    return after, notes


def refuse_unknown(instance: Instance, postconf: Postconf, unknown: t.Sequence[str]) -> None:
    """Raise TaskError for the names that this Postfix does not use, with those that look alike."""
    if instance.allow_unknown or not unknown:
        return
    known = sorted(postconf.known_names() - set(unknown))
    parts = []
    for name in unknown:
        alike = difflib.get_close_matches(name, known, n=3, cutoff=0.8)
        meant = f" (did you mean {' or '.join(alike)}?)" if alike else ""
        parts.append(f"'{name}'{meant}")
    raise TaskError(
        f"This Postfix has no use for the parameter {', '.join(parts)}."
        " Correct the name, or set allow_unknown if a table or service that is still to come reads it."
    )


def _refuse_what_stops_programs(live: Postconf, changed: Postconf) -> tuple[str, ...]:
    """Let a program read values as all of Postfix does, which postconf -n does not; return what was so before."""
    fault = changed.start_fault()
    if not fault:
        return ()
    if live.start_fault() == fault:
        return (f"No program of Postfix can start, and none could before: {fault}. Repair that parameter.",)
    raise TaskError(f"No program of Postfix could start after this change: {fault}. Nothing was written.")


def _refuse_table_types(postconf: Postconf, changes: t.Sequence[Change]) -> None:
    used = {
        change.name: types
        for change in changes
        if change.after is not None and (types := table_types(change.name, change.after))
    }
    if not used:
        return
    supported = postconf.map_types()
    for name, types in used.items():
        for kind in sorted(types - supported):
            raise TaskError(
                f"Parameter '{name}' uses the table type '{kind}', which this Postfix cannot open (it can open"
                f" {', '.join(sorted(supported))}). Install the package postfix-{kind} if there is one, or use"
                " another type, such as $default_database_type."
            )


def current_parameters(postconf: Postconf, before: Reading, names: t.Iterable[str]) -> t.Mapping[str, str]:
    """Return what main.cf sets, names among it. Raises PostconfError or OSError."""
    # postconf lists no value of a parameter that nothing uses, and none at all if main.cf cannot be read.
    removed = {name for name, item in before.complaints.obsolete.items() if item.removed}
    unlisted = before.complaints.unused_in("main") | removed
    if before.ok and unlisted.isdisjoint(names):
        return before.parameters
    content = read_bytes(os.path.join(postconf.config_directory(), MAIN))
    if content is None:
        raise PostconfError(f"{os.path.join(postconf.config_directory(), MAIN)} vanished while it was read.")
    return parse_main_cf(content.decode("utf-8", "surrogateescape"))


def _reason(reading: Reading) -> str:
    return "; ".join(part for part in (*reading.complaints.other, reading.complaints.fatal) if part)
