# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_activation import (
    Activated,
    Activation,
    ActivationError,
    Force,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_control import ControlError, LogMark, Running
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_listeners import Listener, Reply

OLD = Listener("smtp/inet", "127.0.0.1", 25, "smtp")
NEW = Listener("587/inet", "127.0.0.1", 587, "smtp")


class FakePostfix:
    """Control and network of a Postfix that runs with the files it was last told of, and may dislike some."""

    def __init__(self, *, dislikes: str = "", effect: str = "silent", refuses: str = "", queue: str = "/q") -> None:
        self.files = "old"
        self.loaded = "old"
        self.up = True
        self.steps: list[str] = []
        self.failed = False
        self._dislikes = dislikes
        self._effect = effect
        self._refuses = refuses
        self._queue = {"old": "/q", "new": queue}

    def running(self, queue_directory: str) -> Running | None:
        return Running(5) if self.up and queue_directory == self._queue[self.loaded] else None

    def _do(self, verb: str) -> None:
        self.steps.append(verb)
        if verb == self._refuses:
            self._refuses = ""
            raise ControlError(f"{verb} ended with status 1")

    def reload(self, directory: str, running: Running) -> None:
        assert (directory, running.pid) == ("/etc/postfix", 5)
        self._do("reload")
        self._load()

    def restart(self, directory: str, running: Running) -> None:
        assert (directory, running.pid) == ("/etc/postfix", 5)
        self._do("restart")
        self.failed = False
        self._load()

    def stop(self, directory: str, running: Running) -> None:
        assert (directory, running.pid) == ("/etc/postfix", 5)
        self._do("stop")
        self.up = False

    def start(self, directory: str, running: Running) -> None:
        assert (directory, running.pid) == ("/etc/postfix", 5)
        self._do("start")
        self.failed = False
        self._load()

    def _load(self) -> None:
        self.loaded = self.files
        bad = self.loaded == self._dislikes
        self.up = not (bad and self._effect == "dead")
        # A failed service stays so over a reload.
        self.failed = self.failed or (bad and self._effect == "silent")

    def mark(self, log_file: str) -> LogMark:
        return LogMark(0, {log_file: 0})

    def trouble(self, mark: LogMark, syslog_name: str, log_file: str) -> list[str]:
        assert (mark.seconds, syslog_name, log_file) == (0, "postfix", "")
        return ["postfix/master[5]: warning: w", "postfix/smtpd[9]: fatal: f"] if self._dislikes else []

    def addresses(self, host: str) -> tuple[str, ...]:
        return (host,)

    def has(self, address: str) -> bool:
        return bool(address)

    def greet(self, listener: Listener, timeout: float) -> Reply:
        assert timeout > 0
        if not self.up or (listener == NEW and self.loaded == "old"):
            return "refused"
        return "silent" if self.failed else "answered"

    def swap(self) -> None:
        self.steps.append("swap")
        self.files = "new"

    def put_back(self) -> None:
        self.steps.append("put back")
        self.files = "old"


def force(*listeners: Listener, queue: str = "/q") -> Force:
    return Force(queue, "postfix", "", listeners)


def carry_out(
    postfix: FakePostfix, action: t.Literal["reload", "restart"] = "reload", *, queue: str = "/q", resumed: bool = False
) -> Activated:
    activation = Activation(
        postfix,
        postfix,
        "/etc/postfix",
        force(OLD),
        force(OLD, NEW, queue=queue),
        0.3,
        Running(5),
        resumed,
    )
    return activation.carry_out(action, postfix.swap, postfix.put_back)


@pytest.mark.parametrize("action", ["reload", "restart"])
def test_a_change_that_is_taken(action: t.Literal["reload", "restart"]) -> None:
    postfix = FakePostfix()
    done = carry_out(postfix, action)
    assert postfix.steps == ["swap", action]
    assert done.action == action
    assert [answer.reply for answer in done.answers] == ["answered", "answered"]
    assert done.notes == ()


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        (
            "silent",
            r"\(reload\): nothing answers for smtp/inet at 127.0.0.1 port 25, 587/inet at 127.0.0.1 port 587 within 0.3"
            r" seconds. It logged: postfix/smtpd\[9\]: fatal: f. The earlier configuration is back in place and in"
            r" force",
        ),
        ("dead", "master daemon does not run. It logged"),
    ],
)
def test_a_change_that_is_not_taken_is_rolled_back_by_a_restart(effect: str, message: str) -> None:
    postfix = FakePostfix(dislikes="new", effect=effect)
    with pytest.raises(ActivationError, match=message) as caught:
        carry_out(postfix)
    assert postfix.steps == ["swap", "reload", "put back", "restart"]
    assert (postfix.files, postfix.loaded, postfix.up, postfix.failed) == ("old", "old", True, False)
    assert len(caught.value.log) == 2
    assert [answer.listener for answer in caught.value.answers] == [OLD, NEW]


def test_a_reload_that_is_refused() -> None:
    postfix = FakePostfix(refuses="reload")
    with pytest.raises(ActivationError, match=r"\(reload\): reload ended with status 1\. The earlier") as caught:
        carry_out(postfix)
    assert postfix.steps == ["swap", "reload", "put back", "restart"]
    assert caught.value.answers == ()


def test_a_way_back_that_fails_too() -> None:
    postfix = FakePostfix(dislikes="new", refuses="restart")
    with pytest.raises(ActivationError, match="back in place, but Postfix does not run with it: restart ended"):
        carry_out(postfix)
    postfix = FakePostfix(dislikes="old", effect="dead", refuses="reload")
    with pytest.raises(ActivationError, match="back in place, but its master daemon does not run"):
        carry_out(postfix)


def test_another_queue_is_left_before_the_files_change() -> None:
    postfix = FakePostfix(queue="/other")
    assert carry_out(postfix, "restart", queue="/other").action == "restart"
    assert postfix.steps == ["stop", "swap", "start"]
    postfix = FakePostfix(queue="/other", dislikes="new")
    with pytest.raises(ActivationError):
        carry_out(postfix, "restart", queue="/other")
    assert postfix.steps == ["stop", "swap", "start", "stop", "put back", "start"]
    postfix = FakePostfix(queue="/other", dislikes="new", effect="dead")
    with pytest.raises(ActivationError):
        carry_out(postfix, "restart", queue="/other")
    assert postfix.steps == ["stop", "swap", "start", "put back", "restart"]


def test_a_failed_service_is_given_another_chance_by_a_restart() -> None:
    postfix = FakePostfix()
    postfix.failed = True
    assert carry_out(postfix).action == "restart"
    assert postfix.steps == ["swap", "restart"]


def test_faults_from_before_are_told_but_not_held_against_the_change() -> None:
    postfix = FakePostfix(dislikes="new")
    postfix.failed = True
    activation = Activation(postfix, postfix, "/etc/postfix", force(OLD), force(OLD), 0.3, Running(5))
    done = activation.carry_out("reload", postfix.swap, postfix.put_back)
    assert done.notes == ("Nothing answers for smtp/inet at 127.0.0.1 port 25, as before this change.",)
    assert done.answers[0].reply == "silent"


def test_after_a_task_that_was_cut_off_there_is_no_excuse() -> None:
    postfix = FakePostfix(dislikes="new")
    postfix.failed = True
    with pytest.raises(ActivationError, match="nothing answers for smtp/inet"):
        carry_out(postfix, resumed=True)


def test_a_port_that_stays_open_is_told() -> None:
    postfix = FakePostfix()
    activation = Activation(postfix, postfix, "/etc/postfix", force(OLD), force(), 0.3, Running(5))
    (note,) = activation.carry_out("reload", postfix.swap, postfix.put_back).notes
    assert "still listens at 127.0.0.1 port 25, although service 'smtp/inet'" in note


def test_what_the_swap_raises_is_passed_on() -> None:
    postfix = FakePostfix(queue="/other")

    def swap() -> None:
        raise OSError("disk full")

    for queue, steps in (("/q", []), ("/other", ["stop", "start"])):
        postfix.steps.clear()
        activation = Activation(postfix, postfix, "/etc/postfix", force(OLD), force(queue=queue), 0.3, Running(5))
        with pytest.raises(OSError, match="disk full"):
            activation.carry_out("restart", swap, postfix.put_back)
        assert postfix.steps == steps
