# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postconf import Complaints, Obsolete, Reading
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import (
    Change,
    WishError,
    after_changes,
    cycle_fault,
    diff_text,
    judge,
    needs_default,
    obsolete,
    plan_changes,
    restart_needed,
    secret_texts,
    wish,
)


def reading(parameters: dict[str, str] | None = None, *, ok: bool = True, **complaints: t.Any) -> Reading:
    return Reading(parameters or {}, Complaints(**complaints), ok)


@pytest.mark.parametrize(
    ("raw", "text", "items"),
    [
        ("a  b\n c", "a b c", ("a b c",)),
        ("", "", ()),
        (0, "0", ("0",)),
        (True, "yes", ("yes",)),
        (False, "no", ("no",)),
        (["a", 1, True], "a, 1, yes", ("a", "1", "yes")),
        ([], "", ()),
        ({"value": "check_x hash:/y, reject"}, "check_x hash:/y, reject", ("check_x hash:/y", "reject")),
        ({"state": "absent"}, None, ()),
        ({"state": "absent", "value": "x"}, None, ()),
    ],
)
def test_wishes_take_every_form(raw: object, text: str | None, items: tuple[str, ...]) -> None:
    wished = wish("mynetworks", raw)
    assert (wished.text, wished.items) == (text, items)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("a", 3.10, "decimal number.*Quote it"),
        ("a", None, "'a' has no value.*state absent"),
        ("a", ["x", ["y"]], "no text"),
        ("a", ["x", None], "no value"),
        ("a", {}, "has no value"),
        ("a", {"values": 1}, "unknown key 'values'"),
        ("a", {"value": 1, "state": "gone"}, "state 'gone'"),
        ("a", {"value": 1, "elements": "some"}, "elements 'some'"),
        ("a", {"state": "absent", "elements": "present"}, "both state absent"),
        ("a", "${x", "parameter 'a' would make Postfix unable.*never closed"),
        ("a b", "x", "'a b' is not possible"),
    ],
)
def test_impossible_wishes_name_the_parameter(name: str, raw: object, message: str) -> None:
    with pytest.raises(WishError, match=message):
        wish(name, raw)


@pytest.mark.parametrize(
    ("raw", "before", "after"),
    [
        ("a b", None, "a b"),
        ("a  b", "a b", "unchanged"),
        ("a,b", "a, b", "a,b"),
        ("", "", "unchanged"),
        ("", None, ""),
        ({"state": "absent"}, None, "unchanged"),
        ({"state": "absent"}, "", None),
        ({"value": ["b"], "elements": "present"}, "a, b", "unchanged"),
        ({"value": ["c"], "elements": "present"}, "a, b", "a, b, c"),
        ({"value": ["default"], "elements": "present"}, None, "unchanged"),
        ({"value": ["c"], "elements": "present"}, None, "default one c"),
        ({"value": ["one"], "elements": "absent"}, None, "default"),
        ({"value": ["two"], "elements": "absent"}, None, "unchanged"),
        ({"value": ["a"], "elements": "absent"}, "a", ""),
    ],
)
def test_plan(raw: object, before: str | None, after: str | None) -> None:
    current = {"xs": "other", "x_more": "other"}
    if before is not None:
        current["x"] = before
    wished = [wish("x", raw)]
    changes = plan_changes(wished, current, {"x": "default one"})
    if after == "unchanged":
        assert changes == ()
        return
    assert changes == (Change("x", before, after),)
    merged = after_changes(current, changes)
    assert merged.get("x") == after
    assert {"xs": "other", "x_more": "other"}.items() <= merged.items()
    if wished[0].mode == "exact":
        assert plan_changes(wished, merged, {}) == ()


def test_only_lists_that_are_not_set_need_their_default() -> None:
    wishes = [
        wish("a", "x"),
        wish("b", {"value": "x", "elements": "present"}),
        wish("c", {"value": "x", "elements": "absent"}),
    ]
    assert needs_default(wishes, {"b": "y"}) == ["c"]


def test_self_reference_is_named() -> None:
    assert "'a' refers to $a itself" in cycle_fault(["b", "a"], {"a": "$a", "b": "x"})
    assert "leads back to $a by way of $b" in cycle_fault(["a"], {"a": "$b", "b": "$a"})
    assert cycle_fault(["a"], {"a": "$b", "b": "$c", "c": "$b"}) == ""


def test_old_faults_are_not_held_against_the_change() -> None:
    old: dict[str, t.Any] = {
        "unused": {("main", "old_typo"): "1"},
        "undefined": frozenset({("main", "old")}),
        "other": ("main.cf: overriding earlier entry: biff",),
    }
    verdict = judge({"main": ["relayhost"]}, ["relayhost"], reading(**old), reading(**old))
    assert verdict.refusal == ""
    assert verdict.unknown == ()
    assert verdict.notes == ()


def test_new_faults_are_told() -> None:
    after = reading(
        unused={("main", "typo"): "1", ("main", "orphan"): "2", ("master", "typo"): "3"},
        undefined=frozenset({("master", "nowhere")}),
        other=("missing '}'",),
    )
    verdict = judge({"main": ["typo", "fine"]}, ["typo"], reading(), after)
    assert verdict.unknown == ("typo",)
    assert verdict.notes == (
        "main.cf: nothing uses parameter 'orphan' any more",
        "master.cf: nothing uses parameter 'typo' any more",
        "master.cf: parameter 'nowhere' is referred to but not defined",
        "missing '}'",
    )


def test_an_unreadable_result_is_refused() -> None:
    broken = reading(ok=False, other=("unreasonable macro call nesting",), fatal="macro processing error")
    names = [f"p{number}" for number in range(7)]
    fresh = judge({"main": names}, names, reading(), broken)
    assert "'p0', 'p1', 'p2', 'p3', 'p4' and 2 more: unreasonable macro call nesting" in fresh.refusal
    assert "could not before" in judge({"main": ["a"]}, ["a"], broken, broken).refusal
    silent = reading(ok=False)
    assert "after this change of 'a': postconf gave no reason" in judge({"main": ["a"]}, ["a"], broken, silent).refusal


@pytest.mark.parametrize(
    ("names", "before", "after", "expected"),
    [
        (["my_list"], reading({"inet_interfaces": "all"}), reading({"inet_interfaces": "127.0.0.1"}), True),
        (["inet_interfaces"], reading({"inet_interfaces": "all"}), reading({"inet_interfaces": "all"}), False),
        (["relayhost"], reading({"relayhost": ""}), reading({"relayhost": "x"}), False),
        (["inet_protocols"], reading(ok=False), reading({}), True),
        (["relayhost"], reading(ok=False), reading({}), False),
    ],
)
def test_restart_is_judged_by_effective_values(
    names: list[str], before: Reading, after: Reading, expected: bool
) -> None:
    assert restart_needed(names, before, after) is expected


def test_obsolete_names_only_those_wished() -> None:
    complaints = Complaints(
        obsolete={"old": Obsolete("old", "specify new", removed=False), "b": Obsolete("b", "c", removed=True)}
    )
    assert obsolete(["x", "old"], complaints) == [{"name": "old", "remedy": "specify new"}]


def test_the_diff_shows_no_password() -> None:
    changes = [
        Change("relayhost", "", "a"),
        Change("biff", "no", None),
        Change("va_password", None, "one"),
        Change("vb_password", "one", "two"),
        Change("smtp_sasl_password_maps", "static:a:one", "hash:/x"),
    ]
    diff = diff_text(changes, prefix="smtp/inet/")
    assert diff["before"] == (
        "smtp/inet/relayhost =\nsmtp/inet/biff = no\nsmtp/inet/vb_password = (hidden)\n"
        "smtp/inet/smtp_sasl_password_maps = (hidden)\n"
    )
    assert diff["after"] == (
        "smtp/inet/relayhost = a\nsmtp/inet/va_password = (hidden)\nsmtp/inet/vb_password = (hidden, new)\n"
        "smtp/inet/smtp_sasl_password_maps = (hidden, new)\n"
    )
    assert changes[2].public() == {"before": None, "after": "(hidden)"}
    assert changes[0].public() == {"before": "", "after": "a"}


def test_secret_texts() -> None:
    assert secret_texts([wish("va_password", "one"), wish("relayhost", "a"), wish("vb_password", "")]) == {"one"}
