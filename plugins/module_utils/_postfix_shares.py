# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Shares of several owners in one Postfix configuration, and what they come to together."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import EntryError, MasterEntry, parse_entry
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_plan import (
    ServiceWish,
    merged_entry,
    service_wish,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import (
    Wish,
    WishError,
    scalar,
    secret_texts,
    wish,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_lint import is_secret, name_fault, value_fault
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_list import (
    split_at_commas,
    with_elements,
    without_elements,
)

DEFAULT_ORDER = 500
_EARLIER = ("drop", "first", "last")
_SERVICE_FIELDS = ("command", "options", "private", "unpriv", "chroot", "wakeup", "maxproc")


@dataclass(frozen=True)
class ListShare:
    """Elements for a list, each with its rank if it has one of its own, and where the host's own elements go."""

    items: tuple[tuple[str, int | None], ...]
    earlier: str = "drop"


@dataclass(frozen=True)
class Contribution:
    """What an owner says under one name."""

    owner: str
    name: str
    order: int
    params: tuple[Wish, ...] = ()
    lists: tuple[tuple[str, ListShare], ...] = ()
    services: tuple[ServiceWish, ...] = ()

    @property
    def rank(self) -> tuple[int, str, str]:
        return (self.order, self.owner, self.name)

    def parameter_names(self) -> tuple[str, ...]:
        return (*(item.name for item in self.params), *(name for name, _share in self.lists))


def contribution(owner: str, raw: t.Mapping[str, t.Any]) -> Contribution:
    """Read what somebody wrote, or the ledger keeps. Raises WishError or EntryError."""
    name = raw["name"]
    services = tuple(service_wish(_complete(item)) for item in raw.get("services") or ())
    named = [item.service for item in services]
    for service in named:
        if named.count(service) > 1:
            raise EntryError(f"Contribution '{name}' names service '{service}' twice. Merge the two.")
    params = tuple(wish(str(key), value) for key, value in (raw.get("params") or {}).items())
    lists = tuple((str(key), _list_share(str(key), value)) for key, value in (raw.get("lists") or {}).items())
    order = raw.get("order")
    return Contribution(owner, name, DEFAULT_ORDER if order is None else order, params, lists, services)


def contributions(owner: str, raw: t.Iterable[t.Mapping[str, t.Any]]) -> tuple[Contribution, ...]:
    """Read all that owner says. Raises WishError or EntryError."""
    found: dict[str, Contribution] = {}
    for item in raw:
        share = contribution(owner, item)
        if share.name in found:
            raise WishError(f"Contribution '{share.name}' is named twice. Merge the two, or rename one.")
        found[share.name] = share
    return tuple(found.values())


def document(share: Contribution) -> dict[str, t.Any]:
    """Return share in the form that contribution reads."""
    return {
        "name": share.name,
        "order": share.order,
        "params": {item.name: _param_document(item) for item in share.params},
        "lists": {
            name: {
                "elements": [
                    value if order is None else {"value": value, "order": order} for value, order in item.items
                ],
                "earlier": item.earlier,
            }
            for name, item in share.lists
        },
        "services": [_service_document(item) for item in share.services],
    }


def secret_values(shares: t.Iterable[Contribution]) -> frozenset[str]:
    """Return the values among shares that give away a password, for the output to be cleaned of them."""
    found: set[str] = set()
    for share in shares:
        options = [option for service in share.services for option in service.options or ()]
        found |= secret_texts([*share.params, *options])
        found |= {value for name, item in share.lists for value, _order in item.items if is_secret(name, value)}
    return frozenset(found)


def ranked(shares: t.Iterable[Contribution]) -> list[Contribution]:
    """Return shares with the one that wins last."""
    return sorted(shares, key=lambda share: share.rank)


def open_parameters(shares: t.Iterable[Contribution], earlier: t.Mapping[str, str | None]) -> list[str]:
    """Return the parameters whose list is edited although the host did not set it: the default is the start."""
    names = (item.name for share in shares for item in share.params if item.mode != "exact")
    return list(dict.fromkeys(name for name in names if earlier.get(name) is None))


def parameter_targets(
    shares: t.Sequence[Contribution], earlier: t.Mapping[str, str | None], defaults: t.Mapping[str, str]
) -> tuple[dict[str, str | None], list[str]]:
    """Return the value of each parameter that shares name (None for not set), and what to tell the user.

    earlier are the values from before anybody took the parameters over, defaults the built-in ones.
    """
    order = ranked(shares)
    targets: dict[str, str | None] = {}
    notes: list[str] = []
    for name in dict.fromkeys(name for share in order for name in share.parameter_names()):
        wishes = [item for share in order for item in share.params if item.name == name]
        lists = [(share, item) for share in order for key, item in share.lists if key == name]
        value = _composed(lists, earlier.get(name)) if lists else earlier.get(name)
        for item in wishes:
            value = item.text if item.mode == "exact" else _edited(item, value, defaults.get(name, ""))
        if lists and any(item.mode == "exact" for item in wishes):
            owners = ", ".join(sorted({share.owner for share, _item in lists}))
            notes.append(
                f"Parameter '{name}' has a whole value from a contribution's params, so the list elements that"
                f" {owners} has for it do not count."
            )
        targets[name] = value
    return targets, notes


def joined_services(shares: t.Iterable[Contribution]) -> dict[str, ServiceWish]:
    """Return what shares say together of each service."""
    found: dict[str, ServiceWish] = {}
    for item in (item for share in ranked(shares) for item in share.services):
        found[item.service] = _joined(found[item.service], item) if item.service in found else item
    return found


def service_targets(
    shares: t.Sequence[Contribution], earlier: t.Mapping[str, str | None], owner: str
) -> tuple[dict[str, MasterEntry | None], list[str]]:
    """Return the entry of each service that shares name (None for none), and what to tell the user.

    earlier are the lines of master.cf from before anybody took the services over. Raises EntryError if owner names a
    service that has no command.
    """
    targets: dict[str, MasterEntry | None] = {}
    notes: list[str] = []
    for service, joined in joined_services(shares).items():
        line = earlier.get(service)
        base = parse_entry(line) if line is not None else None
        owners = {share.owner for share in shares for item in share.services if item.service == service}
        if not joined.present:
            targets[service] = None
        elif base is None and joined.command is None and owner not in owners:
            notes.append(
                f"Nobody names a command for service '{service}' any more, so what {', '.join(sorted(owners))} says of"
                " it does not count."
            )
            targets[service] = None
        else:
            targets[service] = merged_entry(joined, base)
    return targets, notes


def _complete(raw: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {"state": "present", **dict.fromkeys(_SERVICE_FIELDS), **raw}


def _list_share(name: str, raw: object) -> ListShare:
    if fault := name_fault(name):
        raise WishError(f"Parameter name {name!r} is not possible: {fault}.")
    earlier: object = "drop"
    if isinstance(raw, dict):
        extra = sorted(str(key) for key in set(raw) - {"elements", "earlier"})
        if extra:
            raise WishError(f"The list '{name}' has the unknown key '{extra[0]}'. Known are elements and earlier.")
        earlier = raw.get("earlier", "drop")
        raw = raw.get("elements", [])
    if earlier not in _EARLIER:
        raise WishError(f"The list '{name}' has earlier {earlier!r}. Write drop, first or last.")
    if isinstance(raw, str):
        raw = split_at_commas(raw)
    if not isinstance(raw, (list, tuple)):
        raise WishError(f"The list '{name}' is no list of elements, and no dictionary with elements and earlier.")
    items = tuple(item for element in raw for item in _elements(name, element))
    return ListShare(items, str(earlier))


def _elements(name: str, raw: object) -> list[tuple[str, int | None]]:
    order: int | None = None
    if isinstance(raw, dict):
        if set(raw) - {"value", "order"} or "value" not in raw:
            raise WishError(f"An element of the list '{name}' is a dictionary without value, or with more than order.")
        order = _order(name, raw.get("order"))
        raw = raw["value"]
    text = scalar(name, raw)
    if fault := value_fault(text):
        raise WishError(
            f"An element of the list '{name}' would make Postfix unable to read its configuration: {fault}."
        )
    return [(item, order) for item in split_at_commas(text)]


def _order(name: str, raw: object) -> int | None:
    if raw is None:
        return None
    # A template of a playbook gives text.
    if isinstance(raw, str) and raw.lstrip("-").isdigit():
        return int(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    raise WishError(f"An element of the list '{name}' has order {raw!r}. Write a whole number.")


def _composed(lists: t.Sequence[tuple[Contribution, ListShare]], earlier: str | None) -> str:
    places = [item.earlier for _share, item in lists if item.earlier != "drop"]
    place = places[-1] if places and earlier else "drop"
    entries = [(share.order if order is None else order, value) for share, item in lists for value, order in item.items]
    ours = list(dict.fromkeys(value for _order, value in sorted(entries, key=lambda entry: entry[0])))
    if place == "first":
        return with_elements(earlier or "", ours)
    if place == "last":
        ours += [item for item in split_at_commas(earlier or "") if item not in ours]
    return ", ".join(ours)


def _edited(item: Wish, value: str | None, default: str) -> str | None:
    start = value if value is not None else default
    edit = with_elements if item.mode == "present" else without_elements
    edited = edit(start, item.items)
    return value if edited == start else edited


def _joined(below: ServiceWish, top: ServiceWish) -> ServiceWish:
    if not (below.present and top.present):
        return top
    options = below.options
    if top.options is not None:
        named = {option.name: option for option in (*(options or ()), *top.options)}
        options = tuple(named.values())
    command = below.command if top.command is None else top.command
    return replace(below, fields={**below.fields, **top.fields}, command=command, options=options)


def _param_document(item: Wish) -> dict[str, t.Any]:
    if item.text is None:
        return {"state": "absent"}
    if item.mode == "exact":
        return {"value": item.text}
    return {"value": list(item.items), "elements": item.mode}


def _service_document(item: ServiceWish) -> dict[str, t.Any]:
    if not item.present:
        return {"name": item.name, "type": item.kind, "state": "absent"}
    found: dict[str, t.Any] = {"name": item.name, "type": item.kind, **item.fields}
    if item.command is not None:
        found["command"] = item.command
    if item.options is not None:
        found["options"] = {option.name: option.text or "" for option in item.options}
    return found
