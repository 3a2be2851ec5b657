# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Changing services in master.cf from start to end: read, plan, check on a copy, swap in."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_plan import (
    Resolver,
    ServiceChange,
    ServiceWish,
    plan_services,
    taken_ports,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import cycle_fault, obsolete
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_task import (
    Instance,
    TaskError,
    check_stage,
    read_entries,
    without_secrets,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_config import MASTER, staged


@dataclass(frozen=True)
class ServicesOutcome:
    """What changed (or would), and what to tell the user."""

    changes: tuple[ServiceChange, ...] = ()
    deprecated: tuple[t.Mapping[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def set_services(instance: Instance, wishes: t.Sequence[ServiceWish], resolver: Resolver) -> ServicesOutcome:
    """Make master.cf hold wishes. Raises TaskError, EntryError, PostconfError, ConfigError or OSError."""
    postconf = instance.postconf
    current = read_entries(postconf)
    changes = plan_services(wishes, current, resolver)
    if not changes:
        return ServicesOutcome()
    before = postconf.explicit()
    refuse_cycles(changes, before.parameters)
    options = [option for change in changes for option in change.options]
    named = [option.name for item in wishes for option in item.options or ()]
    dropped = [change.service for change in changes if change.after is None]
    with staged(instance.runner, instance.executable, postconf.config_directory()) as stage:
        entries = {
            change.service: without_secrets(stage, change.after).render()
            for change in changes
            if change.after is not None
        }
        stage.set_services(entries, dropped)
        after, notes = check_stage(instance, stage, {"master": named}, options, before)
        if not instance.check_mode:
            stage.swap_in(MASTER)
    return ServicesOutcome(
        changes=changes,
        deprecated=tuple(obsolete(named, after.complaints)),
        notes=(*notes, *taken_ports(changes, current, resolver)),
    )


def refuse_cycles(changes: t.Iterable[ServiceChange], parameters: t.Mapping[str, str]) -> None:
    """Raise TaskError if an option of changes leads back to itself, given the parameters of main.cf."""
    for change in changes:
        if change.after is not None:
            names = [option.name for option in change.options if option.after is not None]
            if fault := cycle_fault(names, {**parameters, **change.after.option_map()}):
                raise TaskError(f"Service '{change.service}': {fault}")
