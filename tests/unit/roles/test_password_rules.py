# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from password_program import load

rules = load("password_rules")

ALICE = "alice@example.org"


@pytest.mark.parametrize(
    ("login", "name"),
    [
        (ALICE, ALICE),
        (" Alice@Example.ORG ", ALICE),
        ("grace@bücher.example", "grace@xn--bcher-kva.example"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("", None),
        ("alice", None),
        ("alice@", None),
        ("@example.org", None),
        ("-s@example.org", None),
        ("alice*master@example.org", None),
        ("%s@example.org", None),
        ("%{user}@example.org", None),
        ("alice:x@example.org", None),
        ("alice bob@example.org", None),
        ("../alice@example.org", None),
        ("*)(uid=*@example.org", None),
        ("alice@example.org;id", None),
        ("älice@example.org", None),
        ("alice@example..org", None),
        (f"{'l' * 65}@example.org", None),
        (f"a@{'d' * 64}.example", None),
        (f"a@{'é' * 300}.example", None),
        (f"a@{'d.' * 130}example", None),
    ],
)
def test_only_what_can_be_an_account_has_a_name(login: str, name: str | None) -> None:
    assert rules.account(login) == name


@pytest.mark.parametrize(
    "new",
    ["Correct-Horse-2", "pass word with blanks", 'it\'s "quoted" % : $ \\', "Grüße-日本語", "é" * 128, "12345678"],
)
def test_good_passwords_are_taken(new: str) -> None:
    rules.check_new(new, "old", ALICE, 8)


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("", "too short"),
        ("1234567", "needs 8 characters"),
        ("日本語", "too short"),
        ("é" * 129, "too long"),
        ("x" * 257, "too long"),
        ("Correct-Horse-1", "is the old one"),
        (ALICE, "is the address"),
        ("ALICE@example.org", "is the address"),
        ("line\nbreak", "cannot be typed"),
        ("nul\0inside", "cannot be typed"),
        ("bell\ainside", "cannot be typed"),
    ],
)
def test_others_are_refused(new: str, why: str) -> None:
    with pytest.raises(rules.RefusedError, match=why):
        rules.check_new(new, "Correct-Horse-1", ALICE, 8)


def test_the_local_part_is_no_password_either() -> None:
    with pytest.raises(rules.RefusedError, match="is the address"):
        rules.check_new("Alexandra", "old", "alexandra@example.org", 8)
