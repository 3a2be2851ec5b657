# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From wished parameters to the changes they mean, and what Postfix says about the result."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._postconf import Complaints, Reading, normalise
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_lint import (
    cycle,
    is_secret,
    name_fault,
    value_fault,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_list import (
    ListMode,
    split_at_commas,
    with_elements,
    without_elements,
)

HIDDEN = "(hidden)"
# Postfix reads these only when it starts, or has bound sockets and handed over files by them.
RESTART_PARAMETERS = (
    "command_directory",
    "daemon_directory",
    "data_directory",
    "inet_interfaces",
    "inet_protocols",
    "mail_owner",
    "maillog_file",
    "multi_instance_directories",
    "multi_instance_enable",
    "multi_instance_group",
    "multi_instance_name",
    "multi_instance_wrapper",
    "queue_directory",
    "setgid_group",
)
_WISH_KEYS = frozenset({"value", "state", "elements"})
_MODES: tuple[ListMode, ...] = ("exact", "present", "absent")


class WishError(Exception):
    """A wish that cannot be meant: the text names the parameter, the cause and the remedy."""


@dataclass(frozen=True)
class Wish:
    """What a parameter shall be. items are the list elements of text; an absent parameter has text None."""

    name: str
    text: str | None
    items: tuple[str, ...] = ()
    mode: ListMode = "exact"


@dataclass(frozen=True)
class Change:
    """One parameter that changes; None stands for not set."""

    name: str
    before: str | None
    after: str | None

    @property
    def secret(self) -> bool:
        return any(text is not None and is_secret(self.name, text) for text in (self.before, self.after))

    def public(self) -> dict[str, str | None]:
        """Return before and after for people to see."""
        if not self.secret:
            return {"before": self.before, "after": self.after}
        return {
            "before": None if self.before is None else HIDDEN,
            "after": None if self.after is None else HIDDEN,
        }


@dataclass(frozen=True)
class Verdict:
    """What the read of the changed configuration brought up. Only what was not so before counts."""

    refusal: str = ""
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def wish(name: str, raw: object) -> Wish:
    """Read what somebody wrote for a parameter. Raises WishError."""
    if fault := name_fault(name):
        raise WishError(f"Parameter name {name!r} is not possible: {fault}.")
    if not isinstance(raw, dict):
        return _present(name, raw, "exact")
    extra = sorted(str(key) for key in set(raw) - _WISH_KEYS)
    if extra:
        raise WishError(f"Parameter '{name}' has the unknown key '{extra[0]}'. Known are value, state and elements.")
    state = raw.get("state", "present")
    mode = raw.get("elements", "exact")
    if state not in ("present", "absent"):
        raise WishError(f"Parameter '{name}' has state {state!r}. Write present or absent.")
    if mode not in _MODES:
        raise WishError(f"Parameter '{name}' has elements {mode!r}. Write exact, present or absent.")
    if state == "absent":
        if mode != "exact":
            raise WishError(
                f"Parameter '{name}' has both state absent and elements {mode}. Drop state to edit its list."
            )
        return Wish(name, None)
    if "value" not in raw:
        raise WishError(f"Parameter '{name}' has no value. Give it one, or write state absent.")
    return _present(name, raw["value"], mode)


def _present(name: str, raw: object, mode: ListMode) -> Wish:
    if isinstance(raw, (list, tuple)):
        items = tuple(scalar(name, item) for item in raw)
        text = ", ".join(items)
    else:
        text = scalar(name, raw)
        items = tuple(split_at_commas(text))
    if fault := value_fault(text):
        raise WishError(
            f"The value of parameter '{name}' would make Postfix unable to read its configuration: {fault}."
        )
    return Wish(name, text, tuple(item for item in items if item), mode)


def scalar(name: str, raw: object) -> str:
    """Return one value of a parameter as Postfix writes it. Raises WishError."""
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    if isinstance(raw, int):
        return str(raw)
    if isinstance(raw, str):
        return normalise(raw)
    if isinstance(raw, float):
        raise WishError(f"The value of parameter '{name}' is a decimal number, which loses digits. Quote it.")
    if raw is None:
        raise WishError(f"Parameter '{name}' has no value. Write '' for an empty one, or state absent to drop it.")
    raise WishError(f"The value of parameter '{name}' is no text, whole number, boolean or flat list of these.")


def secret_texts(wishes: t.Iterable[Wish]) -> frozenset[str]:
    """Return the values among wishes that give away a password, for the output to be cleaned of them."""
    return frozenset(item.text for item in wishes if item.text and is_secret(item.name, item.text))


def needs_default(wishes: t.Iterable[Wish], current: t.Mapping[str, str]) -> list[str]:
    """Return the parameters whose list is to be edited although it is not set, so that the default is the start."""
    return [item.name for item in wishes if item.mode != "exact" and item.name not in current]


def plan_changes(
    wishes: t.Iterable[Wish], current: t.Mapping[str, str], defaults: t.Mapping[str, str]
) -> tuple[Change, ...]:
    """Compare wishes with what is set (current) and return what has to change, in the order of the wishes."""
    changes: list[Change] = []
    for item in wishes:
        before = current.get(item.name)
        start = normalise(before if before is not None else defaults.get(item.name, ""))
        after = item.text
        if item.mode == "present":
            after = with_elements(start, item.items)
        elif item.mode == "absent":
            after = without_elements(start, item.items)
        if item.mode != "exact" and after == start:
            continue
        if after != (None if before is None else normalise(before)):
            changes.append(Change(item.name, before, after))
    return tuple(changes)


def after_changes(current: t.Mapping[str, str], changes: t.Iterable[Change]) -> dict[str, str]:
    """Return current as it will be after changes; the order of what stays is kept."""
    merged = dict(current)
    for change in changes:
        if change.after is None:
            merged.pop(change.name, None)
        else:
            merged[change.name] = change.after
    return merged


def cycle_fault(names: t.Iterable[str], parameters: t.Mapping[str, str]) -> str:
    """Say which of names refers to itself, or return an empty string."""
    for name in names:
        path = cycle(name, parameters)
        if len(path) == 1:
            return (
                f"The value of parameter '{name}' refers to ${name} itself, so that Postfix could not read its"
                f" configuration. To add to a list, use elements present."
            )
        if path:
            return (
                f"The value of parameter '{name}' leads back to ${name} by way of"
                f" {', '.join(f'${step}' for step in path[1:])}, so that Postfix could not read its configuration."
            )
    return ""


def judge(
    wished: t.Mapping[str, t.Sequence[str]], changed: t.Sequence[str], before: Reading, after: Reading
) -> Verdict:
    """Compare the complaints about the live and the changed configuration.

    wished are the parameters that shall be set, by the file (main or master); changed are those that differ.
    """
    if not after.ok:
        reason = _unreadable(after.complaints)
        if not before.ok and _unreadable(before.complaints) == reason:
            return Verdict(
                f"Postfix cannot read its configuration, and could not before this change either: {reason}."
                " Repair that entry first, or name it in the same task."
            )
        return Verdict(
            f"Postfix could not read its configuration after this change of {_listed(changed)}: {reason}."
            " Nothing was written."
        )
    unknown = {
        name: None for file, names in wished.items() for name in names if name in after.complaints.unused_in(file)
    }
    fresh_unused = sorted(set(after.complaints.unused) - set(before.complaints.unused))
    undefined = sorted(after.complaints.undefined - before.complaints.undefined)
    other = [text for text in after.complaints.other if text not in before.complaints.other]
    notes = [
        f"{where}.cf: nothing uses parameter '{name}' any more"
        for where, name in fresh_unused
        if name not in wished.get(where, ())
    ]
    notes += [f"{where}.cf: parameter '{name}' is referred to but not defined" for where, name in undefined]
    return Verdict("", tuple(unknown), (*notes, *other))


def may_need_restart(names: t.Iterable[str], *parameters: t.Mapping[str, str]) -> bool:
    """Tell whether a change of names can reach what Postfix reads only when it starts, given what main.cf sets."""
    named = not set(RESTART_PARAMETERS).isdisjoint(names)
    return named or any("$" in side.get(name, "") for side in parameters for name in RESTART_PARAMETERS)


def restart_needed(names: t.Iterable[str], before: Reading, after: Reading) -> bool:
    """Tell whether a reload is not enough, by the values in force or, if those could not be read, by the names."""
    if not (before.ok and after.ok):
        return not set(RESTART_PARAMETERS).isdisjoint(names)
    return any(before.parameters.get(name) != after.parameters.get(name) for name in RESTART_PARAMETERS)


def obsolete(names: t.Iterable[str], complaints: Complaints) -> list[dict[str, str]]:
    """Return those of names that Postfix is about to drop or has dropped, with what to do instead."""
    found = [complaints.obsolete[name] for name in names if name in complaints.obsolete]
    return [{"name": item.name, "remedy": item.remedy} for item in found]


def diff_text(changes: t.Iterable[Change], *, prefix: str = "") -> dict[str, str]:
    """Return the changed parameters as "name = value" lines before and after, passwords not shown."""
    before, after = [], []
    for change in changes:
        name = f"{prefix}{change.name}"
        if change.before is not None:
            before.append(f"{name} = {HIDDEN if change.secret else change.before}".rstrip())
        if change.after is not None:
            new = f"{HIDDEN[:-1]}, new)" if change.before is not None else HIDDEN
            after.append(f"{name} = {new if change.secret else change.after}".rstrip())
    return {"before": "".join(f"{line}\n" for line in before), "after": "".join(f"{line}\n" for line in after)}


def _unreadable(complaints: Complaints) -> str:
    return "; ".join(part for part in (*complaints.other, complaints.fatal) if part) or "postconf gave no reason"


def _listed(names: t.Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
