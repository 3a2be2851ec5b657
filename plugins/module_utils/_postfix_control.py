# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reloading, stopping and starting a Postfix instance, and what it logged meanwhile."""

from __future__ import annotations

import os
import re
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._files import read_bytes
from ansible_collections.postmaster.mail.plugins.module_utils._postconf import normalise
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult, CommandRunner

LOG_LINES = 20
_MAIN_UNIT = "postfix.service"
# Debian 12 runs Postfix in this unit. After an upgrade in place to Debian 13 the old daemon still runs in it, while the
# package has a postfix.service that conflicts with it: systemd restarts neither until the old daemon is stopped.
_FORMER_UNIT = "postfix@-.service"
_UNIT = re.compile(r"/(?P<unit>[^/]*postfix[^/]*\.service)\Z")
_TROUBLE = re.compile(r": (?:warning|error|fatal|panic): ")
_LOG_FILES = ("/var/log/mail.log", "/var/log/maillog")
# When the master daemon reads its files its idle children leave at once, while one that serves a client stays. These
# always run and never serve one.
_NEVER_BUSY = ("pickup", "qmgr")
_LONGEST_FAREWELL = 5.0
_PAUSE = 0.05


class ControlError(Exception):
    """Postfix, or systemd, refused to do what was asked."""


@dataclass(frozen=True)
class Running:
    """A master daemon that runs, and the systemd unit it belongs to, if any."""

    pid: int
    unit: str = ""


@dataclass(frozen=True)
class _Child:
    """A process, told apart by its start time from a later one with the same id."""

    pid: str
    start: str
    name: str


@dataclass(frozen=True)
class LogMark:
    """A moment, to ask later what was logged since."""

    seconds: float
    sizes: t.Mapping[str, int]


class PostfixControl:
    """postfix(1) of one instance, or systemctl(1) where the instance belongs to a unit."""

    def __init__(self, runner: CommandRunner, executable: str, *, proc: str = "/proc") -> None:
        self._runner = runner
        self._executable = executable
        self._proc = proc

    def running(self, queue_directory: str) -> Running | None:
        """Return the master daemon of the instance with that queue, or None if it does not run."""
        content = (read_bytes(os.path.join(queue_directory, "pid", "master.pid")) or b"").strip()
        if not content.isdigit():
            return None
        pid = int(content)
        if (self._read(str(pid), "comm") or "").strip() != "master":
            return None
        groups = (self._read(str(pid), "cgroup") or "").splitlines()
        units = [found["unit"] for group in groups if (found := _UNIT.search(group))]
        return Running(pid, units[0] if units else "")

    def reload(self, directory: str, running: Running) -> None:
        """Let Postfix read its files, and wait until it has. Raises ControlError."""
        children = self._children(running.pid)
        awaited = {child for child in children if child.name in _NEVER_BUSY} or children
        self._check([self._executable, "-c", directory, "reload"])
        end = time.monotonic() + _LONGEST_FAREWELL
        while time.monotonic() < end:
            time.sleep(_PAUSE)
            if awaited and not awaited & self._children(running.pid):
                break

    def restart(self, directory: str, running: Running) -> None:
        """Stop Postfix if it runs, and start it. Raises ControlError."""
        if self._is_superseded(running.unit):
            self.stop(directory, running)
            self._systemctl("restart", _MAIN_UNIT)
        elif running.unit:
            self._systemctl("restart", running.unit)
        else:
            self._run([self._executable, "-c", directory, "stop"])
            self._check([self._executable, "-c", directory, "start"])

    def stop(self, directory: str, running: Running) -> None:
        """Stop Postfix. Raises ControlError."""
        if self._is_superseded(running.unit):
            self._run([self._executable, "-c", directory, "stop"])
            self._systemctl("stop", running.unit)
        elif running.unit:
            self._systemctl("stop", running.unit)
        else:
            self._check([self._executable, "-c", directory, "stop"])

    def start(self, directory: str, running: Running) -> None:
        """Start Postfix the way it ran before. Raises ControlError."""
        if self._is_superseded(running.unit):
            # It counts as active although nothing runs in it.
            self._systemctl("restart", _MAIN_UNIT)
        elif running.unit:
            self._systemctl("start", running.unit)
        else:
            self._check([self._executable, "-c", directory, "start"])

    def mark(self, log_file: str) -> LogMark:
        """Remember what is logged already. log_file is the one Postfix writes itself, if any."""
        files = [log_file] if log_file else _LOG_FILES
        return LogMark(time.time(), {name: _size(name) for name in files})

    def trouble(self, mark: LogMark, syslog_name: str, log_file: str) -> list[str]:
        """Return what the instance complained about since mark, LOG_LINES lines at most."""
        lines = [] if log_file else self._journal(mark)
        if not lines:
            lines = [line for name, size in mark.sizes.items() for line in _lines_after(name, size)]
        sign = f"{syslog_name}/"
        found = [line[line.index(sign) :] for line in lines if sign in line and _TROUBLE.search(line)]
        return found[-LOG_LINES:]

    def _journal(self, mark: LogMark) -> list[str]:
        command = ["journalctl", "--no-pager", "-q", "-o", "short-unix", f"--since=@{int(mark.seconds)}"]
        try:
            result = self._runner.run([*command, "SYSLOG_FACILITY=2"])
        except OSError:
            return []
        found = []
        for line in result.stdout.splitlines():
            moment, _blank, text = line.partition(" ")
            if re.match(r"\d+\.\d+\Z", moment) and float(moment) >= mark.seconds:
                found.append(text)
        return found

    def _is_superseded(self, unit: str) -> bool:
        if unit != _FORMER_UNIT:
            return False
        return unit in self._run(["systemctl", "show", "--property=Conflicts", "--value", _MAIN_UNIT]).stdout.split()

    def _systemctl(self, verb: str, unit: str) -> None:
        if verb != "stop":
            # A unit that was restarted often of late, or whose daemon died, is refused otherwise.
            self._run(["systemctl", "reset-failed", unit])
        self._check(["systemctl", verb, unit])

    def _check(self, argv: t.Sequence[str]) -> None:
        result = self._run(argv)
        if result.rc != 0:
            said = normalise(result.stderr) or normalise(result.stdout) or "it gave no reason"
            raise ControlError(f"{' '.join(argv)} ended with status {result.rc}: {said}")

    def _run(self, argv: t.Sequence[str]) -> CommandResult:
        try:
            return self._runner.run(argv)
        except OSError as error:
            raise ControlError(f"{argv[0]} cannot be started: {error}") from error

    def _children(self, pid: int) -> set[_Child]:
        found = set()
        for name in os.listdir(self._proc):
            if name.isdigit():
                status = self._read(name, "stat") or ""
                # The name of the program may hold blanks and brackets.
                head, _bracket, rest = status.rpartition(")")
                fields = rest.split()
                if len(fields) > 19 and fields[1] == str(pid):
                    found.add(_Child(name, fields[19], head.partition("(")[2]))
        return found

    def _read(self, *path: str) -> str | None:
        try:
            content = read_bytes(os.path.join(self._proc, *path))
        except OSError:
            return None
        return None if content is None else content.decode("utf-8", "replace")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _lines_after(path: str, size: int) -> list[str]:
    try:
        with open(path, "rb") as source:
            # A file that is shorter now was begun anew.
            source.seek(size if size <= _size(path) else 0)
            return source.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
