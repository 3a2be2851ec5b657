# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as PHP reads them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._php import literal, settings_file


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1.5, "1.5"),
        ("plain", "'plain'"),
        ("it's", r"'it\'s'"),
        ("a\\", r"'a\\'"),
        ("$x {$y} \n", "'$x {$y} \n'"),
        ([], "[]"),
        ({}, "[]"),
        (["a", 1], "[\n  'a',\n  1,\n]"),
        ({"a": {"b": True}}, "[\n  'a' => [\n    'b' => true,\n  ],\n]"),
    ],
)
def test_literals(value: t.Any, expected: str) -> None:
    assert literal(value) == expected


def test_what_php_has_no_literal_for_is_refused() -> None:
    with pytest.raises(TypeError, match="nothing that PHP has a literal for"):
        literal(object())


def test_a_file_fills_the_settings() -> None:
    text = settings_file(["Written by a test."], {"a'b": 1, "c": "d"})
    assert text == "<?php\n// Written by a test.\n\n$config['a\\'b'] = 1;\n$config['c'] = 'd';\n"
