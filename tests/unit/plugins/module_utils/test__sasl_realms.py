# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._sasl_realms import asks_for_domain, mixed_up


@pytest.mark.parametrize(
    ("mechanism", "login_with_realm", "ldap_filter", "asks"),
    [
        ("pam", False, "(mail=%u)", False),
        ("pam", True, "", True),
        ("ldap", True, "(mail=%u)", True),
        ("ldap", False, "(mail=%u)", False),
        ("ldap", True, "(uid=%U)", False),
        ("ldap", True, "(uid=%U)(x=%%d)", False),
        ("ldap", False, "(&(uid=%u)(realm=%r))", True),
        ("ldap", True, "(&(uid=%U)(dc=%2))", True),
    ],
)
def test_who_asks_for_the_domain(mechanism: str, login_with_realm: bool, ldap_filter: str, asks: bool) -> None:
    assert asks_for_domain(mechanism, login_with_realm, ldap_filter) is asks


@pytest.mark.parametrize(
    ("addresses", "mixed"),
    [
        ([], {}),
        (["alice@example.org", "bob@example.net"], {}),
        (["alice@example.org", "ALICE@example.org"], {}),
        (["b@example.org", "B@example.net", "a@example.org"], {"b": ["b@example.net", "b@example.org"]}),
        (["alice", "@example.org", "@example.net"], {}),
    ],
)
def test_addresses_with_one_name_are_found(addresses: list[str], mixed: dict[str, list[str]]) -> None:
    assert mixed_up({"address": address} for address in addresses) == mixed


def test_accounts_that_are_gone_and_entries_without_an_address_do_not_count() -> None:
    assert mixed_up([{"address": "a@example.org"}, {"address": "a@example.net", "state": "absent"}, {}]) == {}
