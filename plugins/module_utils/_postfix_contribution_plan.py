# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From what all owners say to the changes it means for main.cf and master.cf."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import MasterEntry, parse_entries, parse_entry
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_plan import (
    Resolver,
    ServiceChange,
    plan_entries,
    public_diff,
    shown_entry,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import (
    HIDDEN,
    Change,
    Wish,
    diff_text,
    plan_changes,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_ledger import LEDGER, EarlierService, Ledger
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_lint import is_secret
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_shares import parameter_targets, service_targets


@dataclass(frozen=True)
class Plan:
    """The changes, and the ledgers old and new. lines and places are those of services that come back."""

    params: tuple[Change, ...] = ()
    services: tuple[ServiceChange, ...] = ()
    old: Ledger = field(default_factory=Ledger)
    new: Ledger = field(default_factory=Ledger)
    lines: t.Mapping[str, str] = field(default_factory=dict)
    places: t.Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def edits(self) -> bool:
        return bool(self.params or self.services)

    @property
    def interim(self) -> Ledger:
        """Return the ledger for while the files are replaced: no earlier value is given up before that is done."""
        return replace(
            self.new,
            parameters={**self.new.parameters, **self.old.parameters},
            services={**self.new.services, **self.old.services},
        )

    @property
    def restored(self) -> list[str]:
        """Return the parameters and services that nobody names any more."""
        params = sorted(set(self.old.parameters) - set(self.new.parameters))
        return [*params, *sorted(set(self.old.services) - set(self.new.services))]

    def taken_over(self) -> dict[str, dict[str, str]]:
        """Return what the host had set otherwise before this task took it over, passwords not shown."""
        params = {
            change.name: HIDDEN if is_secret(change.name, change.before) else change.before
            for change in self.params
            if change.before is not None
            and change.name in self.new.parameters
            and change.name not in self.old.parameters
        }
        services = {
            change.service: shown_entry(change.before)
            for change in self.services
            if change.before is not None
            and change.service in self.new.services
            and change.service not in self.old.services
        }
        return {"params": params, "services": services}

    def diff(self) -> list[dict[str, str]]:
        """Return what changes in each file, passwords not shown."""
        ledger = {
            "before": "".join(f"{line}\n" for line in self.old.lines()),
            "after": "".join(f"{line}\n" for line in self.new.lines()),
        }
        files = {"main.cf": diff_text(self.params), "master.cf": public_diff(self.services), LEDGER: ledger}
        return [
            {**texts, "before_header": name, "after_header": name}
            for name, texts in files.items()
            if texts["before"] != texts["after"]
        ]


def with_earlier(said: Ledger, current: t.Mapping[str, str], lines: t.Sequence[str]) -> Ledger:
    """Return the ledger with the earlier values of exactly what is named in it.

    What nobody had named so far has the values of the files: current of main.cf, lines of master.cf.
    """
    shares = said.shares()
    names = sorted({name for share in shares for name in share.parameter_names()})
    named_services = sorted({item.service for share in shares for item in share.services})
    parameters = {name: said.parameters[name] if name in said.parameters else current.get(name) for name in names}
    present = _present_services(lines)
    services = {name: said.services.get(name) or present.get(name) or EarlierService(None) for name in named_services}
    return replace(said, parameters=parameters, services=services, pending="", unit="")


def make_plan(
    old: Ledger,
    new: Ledger,
    owner: str,
    current: t.Mapping[str, str],
    lines: t.Sequence[str],
    defaults: t.Mapping[str, str],
    resolver: Resolver,
) -> Plan:
    """Compare what all owners say, and what was there before of what nobody names any more, with what there is.

    Raises EntryError.
    """
    shares = new.shares()
    values, notes = parameter_targets(shares, new.parameters, defaults)
    back = {name: value for name, value in old.parameters.items() if name not in new.parameters}
    wishes = [Wish(name, value) for name, value in {**back, **values}.items()]
    earlier_lines = {name: item.line for name, item in new.services.items()}
    entries, more_notes = service_targets(shares, earlier_lines, owner)
    returning = {name: item for name, item in old.services.items() if name not in new.services}
    targets: dict[str, MasterEntry | None] = {
        **{name: parse_entry(item.line) if item.line is not None else None for name, item in returning.items()},
        **entries,
    }
    present = parse_entries(lines)
    return Plan(
        params=plan_changes(wishes, current, {}),
        services=plan_entries(targets, present, resolver),
        old=old,
        new=new,
        lines={name: item.line for name, item in returning.items() if item.line is not None},
        places={name: item.after for name, item in {**new.services, **returning}.items() if item.line is not None},
        notes=(*notes, *more_notes),
    )


def _present_services(lines: t.Sequence[str]) -> dict[str, EarlierService]:
    found: dict[str, EarlierService] = {}
    above = ""
    for line in lines:
        if line.strip():
            service = parse_entry(line).service
            found.setdefault(service, EarlierService(line, above))
            above = service
    return found
