# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Contributing to a Postfix configuration from start to end: read, compose, check on a copy, swap in, prove."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils._files import read_bytes
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import MasterEntry, parse_entry
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_plan import (
    Resolver,
    planned_afresh,
    taken_ports,
)
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_task import refuse_cycles
from ansible_collections.postmaster.mail.plugins.module_utils._postconf import Reading
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import (
    RESTART_PARAMETERS,
    Change,
    after_changes,
    cycle_fault,
    obsolete,
    restart_needed,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_task import (
    Instance,
    PostfixAbsentError,
    TaskError,
    check_stage,
    current_parameters,
    read_lines,
    refuse_unknown,
    require_configuration,
    without_secrets,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_activation import (
    Action,
    Activated,
    Activation,
    Control,
    Force,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_config import (
    MAIN,
    MASTER,
    ConfigError,
    Stage,
    staged,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_contribution_plan import (
    Plan,
    make_plan,
    with_earlier,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_control import Running
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_ledger import (
    LEDGER,
    Ledger,
    LedgerError,
    one_at_a_time,
    parse_ledger,
    render_ledger,
    write_ledger,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_lint import is_secret
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_listeners import (
    LISTEN_PARAMETERS,
    Answer,
    Network,
    find_listeners,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_shares import (
    Contribution,
    joined_services,
    open_parameters,
    parameter_targets,
)

_IN_FORCE = tuple(dict.fromkeys((*RESTART_PARAMETERS, *LISTEN_PARAMETERS, "syslog_name")))


@dataclass(frozen=True)
class Request:
    """What owner says from now on, and how Postfix is told of it."""

    owner: str
    shares: tuple[Contribution, ...]
    reload: bool = True
    listen_timeout: int = 10


@dataclass(frozen=True)
class Host:
    """What the task needs of the host beside commands and files."""

    control: Control
    network: Network
    resolver: Resolver


@dataclass(frozen=True)
class Result:
    """What changed (or would), what was done about it, and what to tell the user."""

    plan: Plan = field(default_factory=Plan)
    changed: bool = False
    restart_required: bool = False
    reload_required: bool = False
    action: Action = "none"
    answers: tuple[Answer, ...] = ()
    deprecated: tuple[t.Mapping[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Situation:
    """What the task found."""

    directory: str
    path: str
    content: bytes | None
    ledger: Ledger
    before: Reading
    entries: t.Mapping[str, MasterEntry]
    plan: Plan


def contribute(instance: Instance, request: Request, host: Host) -> Result:
    """Let owner say what request holds.

    Raises TaskError, EntryError, PostconfError, ConfigError, ActivationError or OSError.
    """
    directory = instance.postconf.config_directory()
    if not os.path.isdir(directory):
        require_configuration(instance.postconf.explicit())
        raise PostfixAbsentError(f"{directory} does not exist. Install the package postfix first.")
    with one_at_a_time(directory):
        found = _look(instance, request, host, directory)
        return _carry_out(instance, request, host, found)


def foresee(request: Request) -> Result:
    """Return what would change on a host that has no Postfix yet."""
    targets, notes = parameter_targets(request.shares, {}, {})
    changes = tuple(Change(name, None, value) for name, value in targets.items() if value is not None)
    services = planned_afresh(joined_services(request.shares).values())
    new = Ledger().said_by(request.owner, request.shares)
    plan = Plan(params=changes, services=services, new=new)
    return Result(plan=plan, changed=bool(request.shares), notes=tuple(notes))


def _look(instance: Instance, request: Request, host: Host, directory: str) -> _Situation:
    postconf = instance.postconf
    path = os.path.join(directory, LEDGER)
    content = read_bytes(path)
    try:
        ledger = parse_ledger(path, content)
    except LedgerError as error:
        raise TaskError(str(error)) from error
    before = postconf.explicit()
    require_configuration(before)
    lines = read_lines(postconf)
    said = ledger.said_by(request.owner, request.shares)
    names = {*ledger.parameters, *(name for share in said.shares() for name in share.parameter_names())}
    current = current_parameters(postconf, before, names)
    new = with_earlier(said, current, lines)
    unset = open_parameters(new.shares(), new.parameters)
    defaults = postconf.defaults(unset) if unset else {}
    plan = make_plan(ledger, new, request.owner, current, lines, defaults, host.resolver)
    set_names = [change.name for change in plan.params if change.after is not None]
    parameters = after_changes(current, plan.params)
    if fault := cycle_fault(set_names, parameters):
        raise TaskError(fault)
    refuse_cycles(plan.services, parameters)
    entries = {entry.service: entry for entry in reversed([parse_entry(line) for line in lines])}
    return _Situation(directory, path, content, ledger, before, entries, plan)


def _carry_out(instance: Instance, request: Request, host: Host, found: _Situation) -> Result:
    plan, postconf = found.plan, instance.postconf
    wished = _wished(request.shares)
    if not plan.edits and render_ledger(plan.new) == found.content:
        unused = found.before.complaints.unused_in("main")
        refuse_unknown(instance, postconf, [name for name in wished["main"] if name in unused])
        deprecated = obsolete([*wished["main"], *wished["master"]], found.before.complaints)
        return Result(plan=plan, deprecated=tuple(deprecated), notes=plan.notes)
    with staged(instance.runner, instance.executable, found.directory) as stage:
        reading, notes = found.before, plan.notes
        if plan.edits:
            _edit(stage, plan)
            options = [option for change in plan.services for option in change.options]
            reading, told = check_stage(instance, stage, wished, [*plan.params, *options], found.before)
            notes = (*notes, *told, *taken_ports(plan.services, found.entries, host.resolver))
        result = Result(
            plan=plan,
            changed=True,
            deprecated=tuple(obsolete([*wished["main"], *wished["master"]], reading.complaints)),
            notes=notes,
        )
        return _put_into_force(instance, request, host, found, stage, result)


def _put_into_force(
    instance: Instance, request: Request, host: Host, found: _Situation, stage: Stage, result: Result
) -> Result:
    plan, pending = found.plan, found.ledger.pending
    old = instance.postconf.effective(_IN_FORCE)
    new = stage.postconf.effective(_IN_FORCE) if plan.edits else old
    after_entries = {**found.entries, **{change.service: change.after for change in plan.services}}
    before = _force(old, found.entries.values(), host)
    after = _force(new, [entry for entry in after_entries.values() if entry is not None], host)
    restart = pending == "restart" or restart_needed([change.name for change in plan.params], old, new)
    running = host.control.running(before.queue_directory) or host.control.running(after.queue_directory)
    due: Action = "none"
    if plan.edits or pending:
        due = "restart" if restart else "reload"
    if running is None:
        # Who was cut off had found it running.
        due = "restart" if pending else "none"
        running = Running(0, found.ledger.unit)
    action: Action = due if request.reload else "none"
    result = replace(
        result,
        restart_required=restart,
        reload_required=not request.reload and bool(plan.edits or pending),
        action=action,
    )
    if instance.check_mode:
        answers = tuple(Answer(listener) for listener in after.listeners) if action != "none" else ()
        return replace(result, answers=answers)
    interim = replace(plan.interim, pending="" if due == "none" else due, unit=running.unit)
    swap = _Swap(stage, found, interim)
    done = Activated()
    if action == "none":
        swap.swap_in()
    else:
        activation = Activation(
            host.control,
            host.network,
            found.directory,
            before,
            after,
            request.listen_timeout,
            running,
            resumed=bool(pending),
        )
        done = activation.carry_out(action, swap.swap_in, swap.put_back)
    write_ledger(found.path, render_ledger(plan.new))
    return replace(result, action=done.action, answers=done.answers, notes=(*result.notes, *done.notes))


class _Swap:
    """The files of the instance, from what they are to what they shall be and back."""

    def __init__(self, stage: Stage, found: _Situation, interim: Ledger) -> None:
        self._stage = stage
        self._found = found
        self._interim = interim
        self._swapped: list[str] = []

    def swap_in(self) -> None:
        """Keep the earlier values, then replace both files, or neither. Raises ConfigError or OSError."""
        if not self._found.plan.edits:
            return
        write_ledger(self._found.path, render_ledger(self._interim))
        try:
            for name in (MAIN, MASTER):
                self._stage.swap_in(name)
                self._swapped.append(name)
        except (ConfigError, OSError):
            self.put_back()
            raise

    def put_back(self) -> None:
        """Give the files the content they had, the ledger last. Raises OSError."""
        for name in self._swapped:
            self._stage.put_back(name)
        self._swapped.clear()
        write_ledger(self._found.path, self._found.content)


def _wished(shares: t.Sequence[Contribution]) -> dict[str, list[str]]:
    main = [item.name for share in shares for item in share.params if item.text is not None]
    main += [name for share in shares for name, _list in share.lists]
    options = [option.name for share in shares for item in share.services for option in item.options or ()]
    return {"main": list(dict.fromkeys(main)), "master": list(dict.fromkeys(options))}


def _edit(stage: Stage, plan: Plan) -> None:
    stage.set_parameters(plan.params)
    entries: dict[str, str] = {}
    for change in plan.services:
        if change.after is not None:
            secret = any(is_secret(name, value) for name, value in change.after.options)
            line = plan.lines.get(change.service)
            entries[change.service] = without_secrets(stage, change.after).render() if secret or not line else line
    stage.set_services(entries, [change.service for change in plan.services if change.after is None])
    returning = [change.service for change in plan.services if change.before is None and change.service in plan.places]
    placed: set[str] = set()
    for service in returning:
        _place(stage, service, plan.places, set(returning), placed)


def _place(
    stage: Stage, service: str, places: t.Mapping[str, str], returning: t.Container[str], placed: set[str]
) -> None:
    """Move a service that returns to where it stood, after the one above it has returned there."""
    if service not in placed:
        placed.add(service)
        if places[service] in returning:
            _place(stage, places[service], places, returning, placed)
        stage.place_service(service, places[service])


def _force(reading: Reading, entries: t.Iterable[MasterEntry], host: Host) -> Force:
    values = reading.parameters
    return Force(
        queue_directory=values.get("queue_directory", ""),
        syslog_name=values.get("syslog_name", "postfix"),
        log_file=values.get("maillog_file", ""),
        listeners=find_listeners(entries, values, host.network, host.resolver),
    )
