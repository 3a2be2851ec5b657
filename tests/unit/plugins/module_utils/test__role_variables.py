# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_compose, _postfix_compose
from ansible_collections.postmaster.mail.plugins.module_utils._role_variables import RoleVariables


class Variables(RoleVariables):
    prefix = "role_"


@pytest.mark.parametrize(
    ("reader", "value", "meaning"),
    [
        ("raw", 7, 7),
        ("raw", None, None),
        ("text", None, ""),
        ("text", "", ""),
        ("text", 0, "0"),
        ("flag", True, True),
        ("flag", False, False),
        ("flag", "Yes", True),
        ("flag", "1", True),
        ("flag", "no", False),
        ("flag", None, False),
        ("number", 25, 25),
        ("number", "25", 25),
        ("number", "-1", -1),
        ("texts", None, []),
        ("texts", "", []),
        ("texts", ["a", 1], ["a", "1"]),
        ("texts", ("a",), ["a"]),
        ("entries", None, []),
        ("entries", [{"a": None}], [{"a": None}]),
        ("mapping", None, {}),
        ("mapping", {"a": None}, {"a": None}),
    ],
)
def test_a_value_is_read_as_what_it_means(reader: str, value: t.Any, meaning: t.Any) -> None:
    faults: list[str] = []
    assert getattr(Variables({"x": value}, faults), reader)("x") == meaning
    assert faults == []


@pytest.mark.parametrize(
    ("reader", "value", "instead", "fault"),
    [
        ("number", "ten", 0, "role_x is 'ten': write a whole number"),
        ("number", "--5", 0, "role_x is '--5': write a whole number"),
        ("number", "²", 0, "role_x is '²': write a whole number"),
        ("number", None, 0, "role_x is '': write a whole number"),
        ("texts", "a, b", [], "role_x is 'a, b': write a list"),
        ("texts", {"a": 1}, [], "role_x is {'a': 1}: write a list"),
        ("entries", "a", [], "role_x is 'a': write a list of dictionaries"),
        ("entries", {"a": 1}, [], "role_x is {'a': 1}: write a list of dictionaries"),
        ("entries", [{}, "a"], [], "role_x is [{}, 'a']: write a list of dictionaries"),
        ("mapping", ["a"], {}, "role_x is ['a']: write a dictionary"),
    ],
)
def test_a_value_of_another_kind_is_a_fault(reader: str, value: t.Any, instead: t.Any, fault: str) -> None:
    faults: list[str] = []
    assert getattr(Variables({"x": value}, faults), reader)("x") == instead
    assert faults == [fault]


def test_a_variable_that_is_not_there_is_nothing() -> None:
    faults: list[str] = []
    variables = Variables({}, faults)
    assert (variables.text("x"), variables.flag("x"), variables.texts("x")) == ("", False, [])
    assert faults == []


def test_faults_are_noted_once() -> None:
    faults: list[str] = []
    variables = Variables({}, faults)
    variables.fault("this")
    variables.fault("this")
    variables.check_unique("x", ["a", "b", "a", "a"])
    assert faults == ["this", "role_x names a twice: keep one entry"]


@pytest.mark.parametrize(
    ("wishes", "prefix", "filled"),
    [
        (_postfix_compose.Wishes, "postfix_", {"a": 1, "b": None}),
        (_dovecot_compose.Wishes, "dovecot_", {"a": 1}),
    ],
)
def test_each_role_has_its_prefix(wishes: type[RoleVariables], prefix: str, filled: dict[str, t.Any]) -> None:
    faults: list[str] = []
    variables = wishes({"x": {"a": 1, "b": None}, "y": [{"a": 1, "b": None}]}, faults)
    assert variables.mapping("x") == filled
    assert variables.entries("y") == [filled]
    variables.texts("x")
    assert faults == [f"{prefix}x is {{'a': 1, 'b': None}}: write a list"]


@pytest.mark.parametrize(("wishes", "number"), [(_postfix_compose.Wishes, -1), (_dovecot_compose.Wishes, 0)])
def test_only_postfix_has_negative_numbers(wishes: type[RoleVariables], number: int) -> None:
    faults: list[str] = []
    assert wishes({"x": "-1"}, faults).number("x") == number
    assert bool(faults) == (number == 0)
