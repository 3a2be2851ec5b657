# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_list import (
    elements,
    split_at_commas,
    with_elements,
    without_elements,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("a,b  c,\td", ["a", "b", "c", "d"]),
        ("inline:{ {a = b}, {c = d} } hash:/x", ["inline:{ {a = b}, {c = d} }", "hash:/x"]),
        ("check_policy_service {inet:h:1, timeout=5s} x", ["check_policy_service", "{inet:h:1, timeout=5s}", "x"]),
        ("${a?{b, c}:{d}} e", ["${a?{b, c}:{d}}", "e"]),
        ("{a, b", ["{a, b"]),
        ("a} b", ["a}", "b"]),
        ("[::1]/128,127.0.0.0/8", ["[::1]/128", "127.0.0.0/8"]),
    ],
)
def test_elements(text: str, expected: list[str]) -> None:
    assert elements(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a b", ["a b"]),
        ("check_x hash:/y, reject", ["check_x hash:/y", "reject"]),
        ("{a, b}, c", ["{a, b}", "c"]),
    ],
)
def test_split_at_commas(text: str, expected: list[str]) -> None:
    assert split_at_commas(text) == expected


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("", ["a"], "a"),
        ("", ["a", "b"], "a, b"),
        ("a", ["b"], "a, b"),
        ("a b", ["c"], "a b c"),
        ("a b, c", ["d"], "a b, c, d"),
        ("a, b", ["b", "a"], "a, b"),
        ("reject_unknown_client", ["reject"], "reject_unknown_client, reject"),
        ("check_x hash:/y, reject", ["check_x hash:/y"], "check_x hash:/y, reject"),
        ("check_x hash:/z, reject", ["check_x hash:/y"], "check_x hash:/z, reject, check_x hash:/y"),
        ("{a, b}", ["a"], "{a, b}, a"),
        ("$mydomain", ["$mydomain"], "$mydomain"),
    ],
)
def test_with_elements_appends_what_is_missing(text: str, wanted: list[str], expected: str) -> None:
    assert with_elements(text, wanted) == expected
    assert with_elements(expected, wanted) == expected


@pytest.mark.parametrize(
    ("text", "unwanted", "expected"),
    [
        ("", ["a"], ""),
        ("a", ["a"], ""),
        ("a, b c", ["a"], "b c"),
        ("a, b c", ["b"], "a, c"),
        ("a, b c", ["c"], "a, b"),
        ("a, b, a", ["a"], "b"),
        ("aa, a", ["a"], "aa"),
        ("check_x hash:/y, reject", ["check_x hash:/y"], "reject"),
        ("check_x hash:/z", ["check_x hash:/y"], "check_x hash:/z"),
        ("inline:{ {a = b} } c", ["c"], "inline:{ {a = b} }"),
        ("a b", [""], "a b"),
    ],
)
def test_without_elements_cuts_whole_elements(text: str, unwanted: list[str], expected: str) -> None:
    assert without_elements(text, unwanted) == expected
