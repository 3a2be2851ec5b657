# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Accounts that a check of passwords which ignores the domain would take for one user."""

from __future__ import annotations

import re
import typing as t

# What stands for the domain of a login in a filter of saslauthd: %r and %d the whole, %D and %1 to %9 parts of it.
_DOMAIN = re.compile(r"%[dDrR1-9]")


def asks_for_domain(mechanism: str, login_with_realm: bool, ldap_filter: str) -> bool:
    """Whether saslauthd looks at the domain of a login name at all."""
    if mechanism == "ldap":
        text = ldap_filter.replace("%%", "")
        return bool(_DOMAIN.search(text)) or (login_with_realm and "%u" in text)
    return login_with_realm


def mixed_up(accounts: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, list[str]]:
    """Return the addresses with the same name before the @, by that name."""
    found: dict[str, set[str]] = {}
    for account in accounts:
        address = str(account.get("address") or "").lower()
        name, _at, domain = address.rpartition("@")
        if name and domain and account.get("state") != "absent":
            found.setdefault(name, set()).add(address)
    return {name: sorted(addresses) for name, addresses in sorted(found.items()) if len(addresses) > 1}
