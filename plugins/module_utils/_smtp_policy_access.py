# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""How smtpd searches an access(5) table, and what it makes of the answer."""

from __future__ import annotations

import re
import typing as t

from ._smtp_policy_config import is_pattern_table, parents

Effect = t.Literal["permit", "reject", "defer", "continue", "restrictions"]

# Actions that add something to the mail or change where it goes, and let the search go on.
_SIDE_ACTIONS: t.Final = frozenset({"BCC", "FILTER", "HOLD", "INFO", "PREPEND", "REDIRECT", "WARN"})


def client_keys(name: str, address: str, table: str, *, subdomains: bool) -> list[str]:
    """Return the keys for a client, in the order of the search."""
    return [*domain_keys(name, table, subdomains=subdomains), *_address_keys(address, table)]


def domain_keys(domain: str, table: str, *, subdomains: bool) -> list[str]:
    """Return the keys for a host or domain name."""
    if is_pattern_table(table):
        return [domain]
    return [domain, *(parent if subdomains else f".{parent}" for parent in parents(domain))]


def _address_keys(address: str, table: str) -> list[str]:
    if is_pattern_table(table):
        return [address]
    separator = ":" if ":" in address else "."
    keys = [address]
    while separator in keys[-1]:
        shorter = keys[-1].rpartition(separator)[0]
        if not shorter.strip(separator):
            break
        keys.append(shorter)
    return keys


def mail_keys(address: str, table: str, *, subdomains: bool, delimiters: str, null_key: str) -> list[str]:
    """Return the keys for an envelope address."""
    if not address:
        return [null_key]
    local, _at, domain = address.rpartition("@")
    if not local:
        local, domain = domain, ""
    if is_pattern_table(table):
        return [address]
    locals_ = [local, *without_extension(local, delimiters)]
    keys = [f"{part}@{domain}" if domain else part for part in locals_]
    if domain:
        keys += domain_keys(domain, table, subdomains=subdomains)
    return keys + [f"{part}@" for part in locals_]


def without_extension(local: str, delimiters: str) -> list[str]:
    """Return the local part without its extension, as a list that is empty if it has none."""
    for position, character in enumerate(local):
        if character in delimiters and position > 0:
            return [local[:position]]
    return []


def effect_of(answer: str) -> Effect:
    """Classify the right-hand side of an access table."""
    word = answer.split(None, 1)[0].upper() if answer.split() else ""
    if re.fullmatch(r"5\d\d", word) or word == "REJECT":
        return "reject"
    if re.fullmatch(r"4\d\d", word) or word == "DEFER":
        return "defer"
    if word in ("OK", "PERMIT", "DISCARD") or word.isdigit():
        return "permit"
    if word == "DUNNO" or word in _SIDE_ACTIONS:
        return "continue"
    return "restrictions"
