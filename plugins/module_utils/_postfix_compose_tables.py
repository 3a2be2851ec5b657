# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Tables that rewrite addresses, copy mail, deliver to local users and look into messages."""

from __future__ import annotations

import typing as t

from ._postfix_compose import Share, Tables, Wishes

_ADDRESSES = {
    "canonical": "canonical_maps",
    "sender_canonical": "sender_canonical_maps",
    "recipient_canonical": "recipient_canonical_maps",
    "generic": "smtp_generic_maps",
    "sender_bcc": "sender_bcc_maps",
    "recipient_bcc": "recipient_bcc_maps",
}
_CHECKS = {
    "header_checks": "header_checks",
    "mime_header_checks": "mime_header_checks",
    "nested_header_checks": "nested_header_checks",
    "body_checks": "body_checks",
    "smtp_header_checks": "smtp_header_checks",
}


def compose_tables(wishes: Wishes, tables: Tables) -> Share:
    """Return the tables for addresses and contents."""
    share = Share("tables")
    for name, parameter in _ADDRESSES.items():
        entries = _pairs(wishes, name)
        if entries:
            share.extend(parameter, [tables.add(name, entries)], earlier="last")
    if wishes.text("always_bcc"):
        share.params["always_bcc"] = wishes.text("always_bcc")
    for name in ("masquerade_domains", "masquerade_exceptions", "masquerade_classes"):
        if wishes.texts(name):
            share.params[name] = wishes.texts(name)
    for name, parameter in _CHECKS.items():
        checks = _checks(wishes, name)
        if checks:
            share.extend(parameter, [tables.add(name, checks, kind="pcre")], earlier="last")
    _local_aliases(wishes, share, tables)
    return share


def submission_checks(wishes: Wishes, tables: Tables) -> list[str]:
    """Return the header checks for mail of logged-in users, the more special first; empty if there are none."""
    checks = _checks(wishes, "submission_header_checks")
    if not checks:
        return []
    general = [f"pcre:{tables.directory}/header_checks"] if wishes.entries("header_checks") else []
    return [tables.add("submission_header_checks", checks, kind="pcre"), *general]


def _pairs(wishes: Wishes, name: str) -> dict[str, str]:
    entries = wishes.entries(name)
    wishes.check_unique(name, [str(entry.get("address")).lower() for entry in entries])
    for entry in entries:
        if not entry.get("address") or not entry.get("to"):
            wishes.fault(f"postfix_{name}: {dict(entry)} needs both address and to")
    return {str(entry.get("address")).lower(): str(entry.get("to")) for entry in entries}


def _checks(wishes: Wishes, name: str) -> list[dict[str, t.Any]]:
    result: list[dict[str, t.Any]] = []
    for entry in wishes.entries(name):
        pattern, action = str(entry.get("pattern") or ""), entry.get("action")
        block = pattern == "endif" or pattern.startswith("if ")
        if not block and not action:
            wishes.fault(f"postfix_{name}: {pattern or 'an entry'} needs an action such as IGNORE or REJECT")
        elif not block and (not pattern or pattern[0].isalnum() or pattern[0].isspace()):
            wishes.fault(
                f"postfix_{name}: {pattern or 'an entry'} is no pattern; write it between slashes, /^Subject: x/"
            )
        else:
            result.append({"pattern": pattern, **({} if block else {"value": str(action)})})
    return result


def _local_aliases(wishes: Wishes, share: Share, tables: Tables) -> None:
    entries = wishes.entries("local_aliases")
    wishes.check_unique("local_aliases", [str(entry.get("address")).lower() for entry in entries])
    aliases: dict[str, list[str]] = {}
    for entry in entries:
        name, to = str(entry.get("address") or "").lower(), entry.get("to")
        targets = [to] if isinstance(to, str) else [str(target) for target in to or []]
        if not name or "@" in name or not targets:
            wishes.fault(f"postfix_local_aliases: {name or 'an entry'} needs a local part without @, and targets in to")
        aliases[name] = targets
    if aliases:
        share.extend("alias_maps", [tables.add("local_aliases", aliases, format="aliases")], earlier="last")
