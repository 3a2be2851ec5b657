# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import WishError
from ansible_collections.postmaster.mail.plugins.modules import postconf_param

Run = t.Callable[..., dict[str, t.Any]]

NOTHING: dict[str, t.Any] = {"params": None, "name": None, "value": None, "state": "present", "elements": "exact"}


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, postconf_param.main, config_dir="/nonexistent")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"params": {"a": 1, "b": {"state": "absent"}}}, [("a", "1", "exact"), ("b", None, "exact")]),
        ({"name": "a", "value": [1, 2]}, [("a", "1, 2", "exact")]),
        ({"name": "a", "value": "x", "elements": "absent"}, [("a", "x", "absent")]),
        ({"name": "a", "state": "absent"}, [("a", None, "exact")]),
    ],
)
def test_both_forms_of_wishes(arguments: dict[str, t.Any], expected: list[t.Any]) -> None:
    wishes = postconf_param.read_wishes({**NOTHING, **arguments})
    assert [(item.name, item.text, item.mode) for item in wishes] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "a"}, "'a' has no value"),
        ({"name": "a", "value": {"value": 1}}, "Use params"),
        ({"name": "a", "state": "absent", "elements": "present"}, "both state absent"),
    ],
)
def test_impossible_wishes(arguments: dict[str, t.Any], message: str) -> None:
    with pytest.raises(WishError, match=message):
        postconf_param.read_wishes({**NOTHING, **arguments})


def test_check_mode_foresees_everything_where_postfix_is_absent(run: Run) -> None:
    result = run(
        params={"relayhost": "a", "va_password": "not-to-be-seen", "biff": {"state": "absent"}},
        _ansible_check_mode=True,
        _ansible_diff=True,
    )
    assert result["changed"] is True
    assert result["params"] == {
        "relayhost": {"before": None, "after": "a"},
        "va_password": {"before": None, "after": "(hidden)"},
    }
    assert result["diff"] == {"before": "", "after": "relayhost = a\nva_password = (hidden)\n"}
    assert result["restart_required"] is False
    assert "not-to-be-seen" not in json.dumps(result)
    assert "Postfix is absent" in json.dumps(result["warnings"])


def test_nothing_is_foreseen_when_all_shall_be_absent(run: Run) -> None:
    result = run(name="biff", state="absent", _ansible_check_mode=True)
    assert result["changed"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"params": {"relayhost": "a"}}, "Install the package postfix"),
        ({"params": {"relayhost": "${a"}}, "'relayhost' would make Postfix unable"),
        ({"params": {}, "name": "a"}, "mutually exclusive"),
        ({}, "one of the following is required"),
    ],
)
def test_failures(run: Run, arguments: dict[str, t.Any], message: str) -> None:
    result = run(**arguments)
    assert result["failed"] is True
    assert message in result["msg"]
