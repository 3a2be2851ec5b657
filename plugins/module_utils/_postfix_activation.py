# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Putting a changed configuration into force, with proof that Postfix answers, and the way back if it does not."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_control import ControlError, LogMark, Running
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_listeners import (
    Answer,
    Listener,
    Network,
    prove,
)

Action = t.Literal["none", "reload", "restart"]
_PORT_OF_BEFORE = 1.0


class Control(t.Protocol):
    """The power over one Postfix instance; all but running, mark and trouble raise ControlError."""

    def running(self, queue_directory: str) -> Running | None: ...
    def reload(self, directory: str, running: Running) -> None: ...
    def restart(self, directory: str, running: Running) -> None: ...
    def stop(self, directory: str, running: Running) -> None: ...
    def start(self, directory: str, running: Running) -> None: ...
    def mark(self, log_file: str) -> LogMark: ...
    def trouble(self, mark: LogMark, syslog_name: str, log_file: str) -> list[str]: ...


class ActivationError(Exception):
    """Postfix did not take the changed configuration; the earlier one is back."""

    def __init__(self, text: str, answers: t.Sequence[Answer], log: t.Sequence[str]) -> None:
        super().__init__(text)
        self.answers = tuple(answers)
        self.log = tuple(log)


@dataclass(frozen=True)
class Force:
    """What of a configuration matters for running it."""

    queue_directory: str
    syslog_name: str
    log_file: str
    listeners: tuple[Listener, ...]


@dataclass(frozen=True)
class Activated:
    """What was done, which listeners answered, and what to tell the user."""

    action: Action = "none"
    answers: tuple[Answer, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Activation:
    """The way from one configuration of the instance in directory to another, and back."""

    control: Control
    network: Network
    directory: str
    before: Force
    after: Force
    timeout: float
    running: Running
    resumed: bool = False

    def carry_out(self, action: Action, swap: t.Callable[[], None], put_back: t.Callable[[], None]) -> Activated:
        """Call swap, let Postfix take it, and prove that it answers; or put_back and raise ActivationError.

        What swap raises is passed on; nothing must be swapped then.
        """
        ailing = self._ailing()
        if action == "reload" and "silent" in ailing.values():
            # The master daemon does not try a failed service anew for a minute, not even after a reload.
            action = "restart"
        mark = self.control.mark(self.after.log_file)
        answers: tuple[Answer, ...] = ()
        try:
            self._cycle(action, swap, self.before)
            answers = prove(self.network, self.after.listeners, self.timeout, lambda: self._alive(self.after))
            fault = self._fault(answers, ailing)
        except ControlError as error:
            fault = str(error)
        if fault:
            log = self.control.trouble(mark, self.after.syslog_name, self.after.log_file)
            outcome = self._roll_back(put_back, ailing)
            cause = f" It logged: {_telling(log)}." if log else ""
            raise ActivationError(
                f"Postfix did not take the changed configuration ({action}): {fault}.{cause} {outcome}", answers, log
            )
        return Activated(action, answers, (*self._still_ailing(answers), *self._left_open()))

    def _cycle(self, action: Action, step: t.Callable[[], None], present: Force) -> None:
        if action == "reload":
            step()
            self.control.reload(self.directory, self.running)
        elif self.before.queue_directory != self.after.queue_directory and self._alive(present):
            # Afterwards postfix(1) would look for the daemon in the other queue.
            self.control.stop(self.directory, self.running)
            try:
                step()
            finally:
                self.control.start(self.directory, self.running)
        else:
            step()
            self.control.restart(self.directory, self.running)

    def _roll_back(self, put_back: t.Callable[[], None], ailing: t.Mapping[tuple[str, int], str]) -> str:
        try:
            self._cycle("restart", put_back, self.after)
        except ControlError as error:
            return f"The earlier configuration is back in place, but Postfix does not run with it: {error}."
        answers = prove(self.network, self.before.listeners, self.timeout, lambda: self._alive(self.before))
        fault = "" if self.resumed else self._fault(answers, ailing, self.before)
        if fault:
            return f"The earlier configuration is back in place, but {fault}."
        return "The earlier configuration is back in place and in force."

    def _ailing(self) -> dict[tuple[str, int], str]:
        """Return the listeners that do not answer even before the change, which is then not to blame for it."""
        if self.resumed:
            return {}
        answers = prove(self.network, self.before.listeners, self.timeout, lambda: self._alive(self.before))
        return {_place(item): item.reply or "" for item in answers if item.reply != "answered"}

    def _fault(
        self, answers: t.Sequence[Answer], ailing: t.Mapping[tuple[str, int], str], force: Force | None = None
    ) -> str:
        mute = [_named(item) for item in answers if item.reply != "answered" and _place(item) not in ailing]
        if not self._alive(force or self.after):
            return "its master daemon does not run"
        return f"nothing answers for {', '.join(mute)} within {self.timeout:g} seconds" if mute else ""

    def _still_ailing(self, answers: t.Sequence[Answer]) -> list[str]:
        return [
            f"Nothing answers for {_named(item)}, as before this change."
            for item in answers
            if item.reply != "answered"
        ]

    def _left_open(self) -> list[str]:
        kept = {(item.address, item.port) for item in self.after.listeners}
        return [
            f"Something still listens at {item.address} port {item.port}, although service '{item.service}' does not"
            " any more."
            for item in self.before.listeners
            if (item.address, item.port) not in kept and self._is_open(item)
        ]

    def _is_open(self, item: Listener) -> bool:
        probe = Listener(item.service, item.address, item.port, "any")
        return self.network.greet(probe, _PORT_OF_BEFORE) == "answered"

    def _alive(self, force: Force) -> bool:
        return self.control.running(force.queue_directory) is not None


def _place(item: Answer) -> tuple[str, int]:
    return (item.listener.address, item.listener.port)


def _named(item: Answer) -> str:
    return f"{item.listener.service} at {item.listener.address} port {item.listener.port}"


def _telling(log: t.Sequence[str]) -> str:
    """Return the line that most likely names the cause."""
    grave = [line for line in log if ": fatal: " in line or ": panic: " in line]
    return (grave or list(log))[0]
