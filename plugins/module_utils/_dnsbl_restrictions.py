# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Postfix restrictions and postscreen sites from the lists of an inventory, without those that cannot be used."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl import DnsblError, DnsList, Kind, make_list

# What is looked up, the restriction that does so, and the smtpd_*_restrictions it belongs to.
_RESTRICTIONS: t.Final[t.Mapping[str, tuple[str, str]]] = {
    "client": ("reject_rbl_client", "client"),
    "client_name": ("reject_rhsbl_client", "client"),
    "reverse_client": ("reject_rhsbl_reverse_client", "client"),
    "helo": ("reject_rhsbl_helo", "helo"),
    "sender": ("reject_rhsbl_sender", "sender"),
    "recipient": ("reject_rhsbl_recipient", "recipient"),
}
_KEYS: t.Final = frozenset({"zone", "kind", "replies", "mode", "weight"})


@dataclass(frozen=True)
class ListUse:
    """How one list is to be used; weight None means that nothing was said."""

    wanted: DnsList
    looked_up: str
    warn_only: bool
    weight: int | None

    @property
    def site(self) -> str:
        return f"{self.wanted.zone}={self.wanted.replies.text}"

    @property
    def restriction(self) -> str:
        warning = "warn_if_reject " if self.warn_only else ""
        return f"{warning}{_RESTRICTIONS[self.looked_up][0]} {self.site}"

    @property
    def allows(self) -> bool:
        return self.weight is not None and self.weight < 0


def read_uses(entries: t.Sequence[object]) -> list[ListUse]:
    """Check the inventory's entries. Raises DnsblError."""
    return [_read_use(entry) for entry in entries]


def _read_use(entry: object) -> ListUse:
    if not isinstance(entry, t.Mapping):
        raise DnsblError(f"{entry!r} is not a list as it is wanted here. Write it like {{zone: zen.example.org}}.")
    zone, looked_up = entry.get("zone"), entry.get("kind") or "client"
    mode, weight = entry.get("mode") or "reject", entry.get("weight")
    replies = entry.get("replies")
    if unknown := sorted(str(key) for key in entry if key not in _KEYS):
        raise DnsblError(f"The list {zone!r} has {', '.join(unknown)}. It may have {', '.join(sorted(_KEYS))}.")
    if not isinstance(zone, str) or not isinstance(replies, (str, type(None))):
        raise DnsblError(f"The list {dict(entry)!r} needs a zone such as zen.example.org, and replies as text.")
    if looked_up not in _RESTRICTIONS:
        raise DnsblError(f"The list '{zone}' has the kind '{looked_up}'. Use one of {', '.join(_RESTRICTIONS)}.")
    if mode not in ("reject", "warn"):
        raise DnsblError(f"The list '{zone}' has the mode '{mode}'. Use reject or warn.")
    if weight is not None and (isinstance(weight, bool) or not isinstance(weight, int)):
        raise DnsblError(f"The list '{zone}' has the weight '{weight}'. Write a whole number.")
    if weight is not None and looked_up != "client":
        raise DnsblError(f"The list '{zone}' has a weight, but postscreen looks up addresses only, not {looked_up}.")
    wanted = make_list(zone, "ip" if looked_up == "client" else "domain", replies)
    return ListUse(wanted, looked_up, mode == "warn", weight)


def questions(uses: t.Sequence[ListUse]) -> list[dict[str, str]]:
    """Return what to ask dnsbl_info about, each list once."""
    asked: dict[tuple[str, Kind, str], None] = {}
    for use in uses:
        asked[_key(use.wanted)] = None
    return [{"zone": zone, "kind": kind, "replies": replies} for zone, kind, replies in asked]


def restrictions(uses: t.Sequence[ListUse], known: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, list[t.Any]]:
    """Return the restrictions by list, the postscreen sites, and what was left out, from what dnsbl_info said."""
    verdicts = {(item.get("zone"), item.get("kind"), item.get("replies")): item for item in known}
    result: dict[str, list[t.Any]] = {
        **{place: [] for _name, place in _RESTRICTIONS.values()},
        "postscreen_sites": [],
        "left_out": [],
    }
    for use in uses:
        verdict = verdicts.get(_key(use.wanted), {})
        if verdict.get("usable") is True:
            if not use.allows:
                result[_RESTRICTIONS[use.looked_up][1]].append(use.restriction)
            if use.looked_up == "client" and not use.warn_only and use.weight != 0:
                result["postscreen_sites"].append(f"{use.site}*{1 if use.weight is None else use.weight}")
        else:
            left_out = {
                "zone": use.wanted.zone,
                "reason": verdict.get("reason", "not_asked"),
                "remedy": verdict.get("remedy", "Ask postmaster.mail.dnsbl_info about the list first."),
            }
            if left_out not in result["left_out"]:
                result["left_out"].append(left_out)
    return result


def _key(wanted: DnsList) -> tuple[str, Kind, str]:
    return wanted.zone, wanted.kind, wanted.replies.text
