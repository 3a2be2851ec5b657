# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How a change of mail accounts is shown to people: results and diffs, without any secret."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils import _account
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import Upkeep
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import (
    DISABLED,
    EXPIRES,
    NO_NETWORK,
    expires_of,
    state_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_plan import AccountChange, Plan
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry, field_name


def result_of(change: AccountChange) -> dict[str, t.Any]:
    """Return one element of the module's result."""
    return {
        "address": change.address,
        "state_before": change.before,
        "state_after": change.after,
        "renamed_from": change.former if change.former != change.address else None,
        "created": change.old is None and change.new is not None,
        "removed": change.old is not None and change.new is None,
        "password_changed": change.password_changed,
        "scheme_upgraded": change.scheme_upgraded,
        "app_passwords": [] if change.new is None else [one.name for one in change.new.app_passwords],
        "expires": None if change.new is None else expires_of(change.new.extra),
        "home": change.home,
        "archived_to": change.archived_to,
        "deleted": change.deleted,
    }


def diff_of(plan: Plan, place: str, upkeep: Upkeep | None) -> dict[str, str]:
    """Return the accounts that change, as text before and after, with what is put right besides them."""
    before: list[str] = []
    after: list[str] = []
    if upkeep is not None:
        before.append(f"{place}: {upkeep.before}")
        after.append(f"{place}: {upkeep.after}")
    for change in sorted(plan.changes, key=lambda change: change.address):
        if not change.changed:
            continue
        if change.old is not None:
            before.append(_describe(change.old, "(set)"))
        if change.new is not None:
            replaced = change.password_changed or change.scheme_upgraded
            after.append(_describe(change.new, "(changed)" if replaced else "(set)", change.new_app_passwords))
        after.extend(f"{step.path}: {step.action} directory" for step in change.steps)
        if change.moved_from is not None:
            before.append(f"{change.moved_from}: directory")
            after.append(f"{change.home}: directory")
        if change.archived_to is not None or change.deleted:
            before.append(f"{change.home}: directory")
        if change.archived_to is not None:
            after.append(f"{change.archived_to}: directory")
    return {
        "before_header": place,
        "after_header": place,
        "before": "".join(f"{line}\n" for line in before),
        "after": "".join(f"{line}\n" for line in after),
    }


def _describe(entry: Entry, password: str, new_app_passwords: t.Container[str] = ()) -> str:
    words = [f"state={state_of(entry)}", f"password={password}", f"home={entry.home}"]
    if entry.gecos:
        words.append(f"name={entry.gecos!r}")
    unnamed: list[str] = []
    for token in entry.extra:
        name = field_name(token)
        if name in _account.QUOTA_FIELDS or name == EXPIRES or (name == "allow_nets" and token != NO_NETWORK):
            words.append(token)
        elif name != DISABLED and token != NO_NETWORK:
            # Anybody may have put a secret into such a field.
            unnamed.append(name)
    if unnamed:
        words.append(f"extra_fields={','.join(unnamed)}")
    for one in entry.app_passwords:
        networks = f" from {','.join(one.allow_nets)}" if one.allow_nets else ""
        mark = " (changed)" if one.name in new_app_passwords else ""
        words.append(f"app_password={one.name!r} for {','.join(one.services)}{networks}{mark}")
    return f"{entry.user}: {' '.join(words)}"
