# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_activation import ActivationError
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_config import ConfigError, Stage
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_ledger import parse_ledger


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("withdraw", [False, True])
@pytest.mark.parametrize("moment", ["main.cf", "master.cf", "reload"])
def test_a_task_that_is_killed_loses_nothing(
    shared_postfix: t.Any, share: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch, moment: str, withdraw: bool
) -> None:
    before = shared_postfix.state()
    shares: list[dict[str, t.Any]] = [] if withdraw else [share]
    if withdraw:
        shared_postfix.say("a", share)
    real = Stage.swap_in

    def swap_in(stage: Stage, name: str) -> None:
        if name == moment:
            raise Killed
        real(stage, name)

    with monkeypatch.context() as patch:
        patch.setattr(Stage, "swap_in", swap_in)
        if moment == "reload":
            shared_postfix.when["reload"] = Killed()
        with pytest.raises(Killed):
            shared_postfix.say("a", *shares)
    ledger = parse_ledger("p", (shared_postfix.folder / "postmaster.json").read_bytes())
    assert ledger.parameters["relayhost"] == "a, b"
    assert ledger.services["relay/unix"].line == "relay unix - - n - - smtp"
    assert (ledger.pending, ledger.unit) == ("reload", "postfix.service")
    shared_postfix.steps.clear()
    done = shared_postfix.say("a", *shares)
    assert (done.changed, done.action, shared_postfix.steps) == (True, "reload", ["reload"])
    assert not shared_postfix.say("a", *shares).changed
    shared_postfix.say("a")
    assert shared_postfix.state() == before


def test_a_task_that_was_killed_is_finished_for_any_owner(shared_postfix: t.Any) -> None:
    shared_postfix.when["restart"] = Killed()
    with pytest.raises(Killed):
        shared_postfix.say("a", {"params": {"inet_interfaces": "192.0.2.1"}})
    shared_postfix.up = False
    checked = shared_postfix.say("b", check_mode=True)
    assert (checked.changed, checked.action, checked.restart_required) == (True, "restart", True)
    only_told = shared_postfix.say("b", reload=False, check_mode=True)
    assert (only_told.changed, only_told.action, only_told.reload_required) == (True, "none", True)
    done = shared_postfix.say("b")
    assert (done.changed, done.action, shared_postfix.up) == (True, "restart", True)
    assert not shared_postfix.say("b").changed


def test_a_task_that_was_killed_and_cannot_be_finished_says_so_again(shared_postfix: t.Any) -> None:
    shared_postfix.when["reload"] = Killed()
    with pytest.raises(Killed):
        shared_postfix.say("a", {"params": {"relayhost": "bad"}})
    for _attempt in range(2):
        with pytest.raises(ActivationError, match="nothing answers"):
            shared_postfix.say("b")
    shared_postfix.say("a")
    assert shared_postfix.parameters()["relayhost"] == "a, b"


def test_files_that_others_change_meanwhile_stay_theirs(
    shared_postfix: t.Any, share: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Stage.swap_in

    def swap_in(stage: Stage, name: str) -> None:
        if name == "master.cf":
            (shared_postfix.folder / name).write_text("smtp inet n - n - - postscreen\n")
        real(stage, name)

    monkeypatch.setattr(Stage, "swap_in", swap_in)
    with pytest.raises(ConfigError, match=r"master\.cf was changed by another program meanwhile"):
        shared_postfix.say("a", share)
    assert (shared_postfix.folder / "main.cf").read_text() == "biff = no\nold_typo = 1\nrelayhost = a,\n b\n"
    assert (shared_postfix.folder / "master.cf").read_text() == "smtp inet n - n - - postscreen\n"
    assert not (shared_postfix.folder / "postmaster.json").exists()
    assert shared_postfix.steps == []
