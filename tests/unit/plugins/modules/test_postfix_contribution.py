# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_activation import ActivationError
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_listeners import Answer, Listener
from ansible_collections.postmaster.mail.plugins.modules import postfix_contribution

Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, postfix_contribution.main, config_dir="/nonexistent", owner="a")


SHARE = {
    "name": "n",
    "params": {"relayhost": "mail.example.org", "va_password": "not-to-be-seen"},
    "lists": {"smtpd_milters": ["inet:127.0.0.1:1"]},
    "services": [
        {"name": "587", "type": "inet", "command": "smtpd", "options": {"va_secret": "nor-this"}},
        {"name": "smtps", "type": "inet", "state": "absent"},
    ],
}


def test_check_mode_foresees_everything_where_postfix_is_absent(run: Run) -> None:
    result = run(contributions=[SHARE], _ansible_check_mode=True, _ansible_diff=True)
    assert result["changed"] is True
    assert result["params"] == {
        "relayhost": {"before": None, "after": "mail.example.org"},
        "va_password": {"before": None, "after": "(hidden)"},
        "smtpd_milters": {"before": None, "after": "inet:127.0.0.1:1"},
    }
    entry = "587 inet n - - - - smtpd -o va_secret=(hidden)"
    assert result["services"] == {"587/inet": {"before": None, "after": entry}}
    assert result["taken_over"] == {"params": {}, "services": {}}
    assert (result["reloaded"], result["listeners"], result["restored"]) == ("none", [], [])
    assert (result["restart_required"], result["reload_required"]) == (False, False)
    assert [part["after_header"] for part in result["diff"]] == ["main.cf", "master.cf", "postmaster.json"]
    assert "not-to-be-seen" not in json.dumps(result)
    assert "nor-this" not in json.dumps(result)
    assert "Postfix is absent" in json.dumps(result["warnings"])


@pytest.mark.parametrize("check_mode", [False, True])
def test_there_is_nothing_to_withdraw_where_postfix_is_absent(run: Run, check_mode: bool) -> None:
    result = run(state="absent", _ansible_check_mode=check_mode)
    assert result["changed"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"contributions": [SHARE]}, "Install the package postfix"),
        ({}, "contributions"),
        ({"state": "absent", "contributions": [SHARE]}, "state is absent"),
        ({"owner": " ", "contributions": []}, "owner has no name"),
        ({"contributions": [], "listen_timeout": 0}, "less than a second"),
        ({"contributions": [SHARE, SHARE]}, "'n' is named twice"),
        ({"contributions": [{"params": {}}]}, "missing required arguments: name"),
        ({"contributions": [{"name": "n", "params": {"a": "$"}}]}, "no parameter name"),
        ({"contributions": [{"name": "n", "lists": {"a": 1}}]}, "is no list"),
        ({"contributions": [{"name": "n", "services": [{"name": "x"}]}]}, "missing required arguments: type"),
    ],
)
def test_failures(run: Run, arguments: dict[str, t.Any], message: str) -> None:
    result = run(**arguments)
    assert result["failed"] is True
    assert message in result["msg"]


def test_a_change_that_was_rolled_back_tells_what_was_tried(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener("smtp/inet", "127.0.0.1", 25, "smtp")

    def contribute(*_arguments: object) -> t.NoReturn:
        raise ActivationError("Postfix did not take it.", [Answer(listener, "silent")], ["fatal: x"])

    monkeypatch.setattr(postfix_contribution, "contribute", contribute)
    monkeypatch.setattr(postfix_contribution.AnsibleModule, "get_bin_path", lambda *_a, **_k: "/usr/sbin/postfix")
    result = run(contributions=[SHARE])
    assert (result["failed"], result["msg"], result["log"]) == (True, "Postfix did not take it.", ["fatal: x"])
    assert result["listeners"] == [{"service": "smtp/inet", "address": "127.0.0.1", "port": 25, "answered": False}]
