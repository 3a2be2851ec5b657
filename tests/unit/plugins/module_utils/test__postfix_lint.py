# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_lint import (
    cycle,
    is_secret,
    name_fault,
    references,
    table_types,
    value_fault,
)


@pytest.mark.parametrize("name", ["relayhost", "smtp-amavis_destination_recipient_limit", "2525_x", "_a", "a.b:c/d"])
def test_possible_names(name: str) -> None:
    assert name_fault(name) == ""


@pytest.mark.parametrize("name", ["", "-e", "#a", "a b", "a=b", "$a", "a\nb", "a,b", "{a}"])
def test_impossible_names(name: str) -> None:
    assert "a parameter name starts with" in name_fault(name)


@pytest.mark.parametrize(
    "value",
    ["", "$a", "${a}", "$(a)", "pa$$word", "${a?{b}:{c}}", "${{$a} == {b} ? {c} : {d}}", "{x", "# $a", "$$", "$1"],
)
def test_readable_values(value: str) -> None:
    assert value_fault(value) == ""


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("${foo", "'${' is never closed"),
        ("a $(foo", "'$(' is never closed"),
        ("${a?{b}", "'${' is never closed"),
        ("$", "no parameter name"),
        ("a$ b", "no parameter name"),
        ("$$$", "no parameter name"),
        ("${}", "names no parameter"),
        ("a\x00b", "control character"),
        ("a\x7f", "control character"),
    ],
)
def test_unreadable_values(value: str, fault: str) -> None:
    assert fault in value_fault(value)


def test_references() -> None:
    assert references("$a ${b} $(c) ${d?{$e}} $$f ${{$g} == {h} ? {i}}") == {"a", "b", "c", "d", "e", "g"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"a": "$a x"}, ("a",)),
        ({"a": "$b", "b": "x $c", "c": "${a}"}, ("a", "b", "c")),
        ({"a": "$b", "b": "$c", "c": "$b"}, ()),
        ({"a": "$aa", "aa": "$aaa"}, ()),
        ({"a": "$$a"}, ()),
        ({}, ()),
    ],
)
def test_cycle(parameters: dict[str, str], expected: tuple[str, ...]) -> None:
    assert cycle("a", parameters) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("alias_maps", "hash:/etc/aliases, lmdb:$config_directory/x", {"hash", "lmdb"}),
        ("alias_maps", "proxy:pgsql:/etc/postfix/a.cf", {"pgsql"}),
        ("alias_maps", "$default_database_type:/etc/aliases", set()),
        ("alias_maps", "hsah:/etc/aliases", {"hsah"}),
        ("smtpd_recipient_restrictions", "check_client_access cidr:/a, reject", {"cidr"}),
        ("virtual_alias_maps", "unionmap:{pcre:/a, regexp:/b}", {"unionmap", "pcre", "regexp"}),
        ("virtual_alias_maps", "pgsql:va", {"pgsql"}),
        ("smtpd_milters", "unix:/run/x, local:/run/y, inet:h:1", set()),
        ("virtual_transport", "lmtp:/run/x", set()),
        ("relayhost", "[smtp.example.net]:587", set()),
        ("smtpd_reject_footer", "see https://example.org/", set()),
    ],
)
def test_table_types(name: str, value: str, expected: set[str]) -> None:
    assert table_types(name, value) == expected


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("users_password", "x", True),
        ("ldap_bind_secret", "x", True),
        ("smtp_sasl_password_maps", "static:joe:x", True),
        ("lmtp_sasl_password_maps", "inline:{a=b}", True),
        ("smtp_sasl_password_maps", "hash:/etc/postfix/sasl", False),
        ("virtual_alias_maps", "static:joe", False),
        ("relayhost", "x", False),
    ],
)
def test_is_secret(name: str, value: str, secret: bool) -> None:
    assert is_secret(name, value) is secret
