# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The running Dovecot: whether it is there, what it logs, and a reload that is believed only when it is proven."""

from __future__ import annotations

import os
import re
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_listeners import check, listeners_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import TreeError, parse
from ansible_collections.postmaster.mail.plugins.module_utils._files import read_bytes
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

LOG_LINES = 20
_LONGEST = 15.0
_PAUSE = 0.1
_LOG_EVERY = 5
_TROUBLE = re.compile(r"\b(?:Warning|Error|Fatal|Panic): ")
_FAILED = re.compile(r"Config reload failed: (.*)|(?:bind|listen)\(.*\) failed: .*|Panic: (.*)")
_UNIT = re.compile(r"/(?P<unit>[^/]*dovecot[^/]*\.service)$")
_CURSOR = "-- cursor: "
_SYSLOG_FILES = ("/var/log/mail.log", "/var/log/maillog")


@dataclass(frozen=True)
class Running:
    """The master process, its directory, and the systemd unit it belongs to, if any."""

    pid: int
    base: str
    unit: str = ""


@dataclass(frozen=True)
class LogMark:
    """A moment, to ask later what was logged since."""

    seconds: int
    sizes: t.Mapping[str, int]
    cursor: str = ""


class Daemon:
    """Dovecot on this host, through doveadm, doveconf and the files of its master process."""

    def __init__(self, runner: CommandRunner, doveadm: str, doveconf: str, *, proc: str = "/proc") -> None:
        self._runner = runner
        self._doveadm = doveadm
        self._doveconf = doveconf
        self._proc = proc

    def running(self) -> Running | None:
        """The master process of the instance that the configuration describes, or None."""
        base = self._ask("base_dir") or "/run/dovecot"
        content = (read_bytes(os.path.join(base, "master.pid")) or b"").strip()
        if not content.isdigit() or not self._alive(int(content)):
            return None
        groups = (read_bytes(os.path.join(self._proc, content.decode(), "cgroup")) or b"").decode().splitlines()
        units = [match.group("unit") for match in map(_UNIT.search, groups) if match]
        return Running(int(content), base, units[0] if units else "")

    def reload(self, running: Running) -> str:
        """Reload, and return an empty text once the new configuration is in force, else what went wrong.

        "doveadm reload" says success before the master process has read anything. When it has, it makes a new
        socket for its process "config"; when it refuses, the old one stays.
        """
        mark = self.mark()
        before = _identity(running)
        asked = self._runner.run([self._doveadm, "reload"])
        if asked.rc != 0:
            return _first_line(asked.stderr) or f"doveadm reload ended with {asked.rc}"
        end = time.monotonic() + _LONGEST
        turn = 0
        while time.monotonic() < end:
            time.sleep(_PAUSE)
            turn += 1
            if not self._alive(running.pid):
                return "the master process died"
            if _identity(running) not in {None, before}:
                return self._failure(mark) or self._listeners(running)
            if turn % _LOG_EVERY == 0:
                failure = self._failure(mark)
                if failure:
                    return failure
        return f"the configuration was not read within {_LONGEST:.0f} seconds"

    def revive(self, running: Running, dovecot: str) -> str:
        """With the earlier files in place again: reload, or start what died. Returns what went wrong, if anything."""
        if self._alive(running.pid):
            return self.reload(running)
        argv = ["systemctl", "restart", running.unit] if running.unit else [dovecot]
        asked = self._runner.run(argv)
        return "" if asked.rc == 0 else _first_line(asked.stderr) or f"{argv[0]} ended with {asked.rc}"

    def mark(self) -> LogMark:
        """Remember where the logs end."""
        paths = [path for path in (self._ask("log_path"), *_SYSLOG_FILES) if path.startswith("/")]
        sizes = {path: os.path.getsize(path) for path in paths if os.path.isfile(path)}
        lines = self._lines(["journalctl", "--quiet", "--lines=0", "--show-cursor"])
        cursors = [line[len(_CURSOR) :] for line in lines if line.startswith(_CURSOR)]
        return LogMark(int(time.time()), sizes, cursors[0] if cursors else "")

    def log_since(self, mark: LogMark) -> list[str]:
        """Warnings and errors that were logged since then, the last ones."""
        lines = self._exact(mark) or self._lines([self._doveadm, "log", "errors", "-s", str(mark.seconds)])
        return list(dict.fromkeys(line.strip() for line in lines if _TROUBLE.search(line)))[-LOG_LINES:]

    def _exact(self, mark: LogMark) -> list[str]:
        """What files and journal have since the mark, and nothing from before it."""
        lines: list[str] = []
        for path, size in mark.sizes.items():
            text = (read_bytes(path) or b"")[size:].decode("utf-8", "replace")
            lines += [line for line in text.splitlines() if path not in _SYSLOG_FILES or "dovecot" in line]
        if not lines and mark.cursor:
            argv = ["journalctl", "--quiet", "--output=cat", "--identifier=dovecot", f"--after-cursor={mark.cursor}"]
            lines += self._lines(argv)
        return lines

    def _lines(self, argv: t.Sequence[str]) -> list[str]:
        try:
            return self._runner.run(argv).stdout.splitlines()
        except OSError:
            return []

    def _failure(self, mark: LogMark) -> str:
        matches = [match for match in map(_FAILED.search, self._exact(mark)) if match]
        return matches[-1].group(0) if matches else ""

    def _listeners(self, running: Running) -> str:
        try:
            wanted = listeners_of(parse(self._runner.run([self._doveconf, "-n"]).stdout))
        except TreeError:
            wanted = []
        faults = check(wanted, self._proc, running.pid)
        return "; ".join(faults)

    def _ask(self, name: str) -> str:
        result = self._runner.run([self._doveconf, "-h", name])
        return result.stdout.strip() if result.rc == 0 else ""

    def _alive(self, pid: int) -> bool:
        return (read_bytes(os.path.join(self._proc, str(pid), "comm")) or b"").strip() == b"dovecot"


def _identity(running: Running) -> tuple[int, int] | None:
    try:
        status = os.stat(os.path.join(running.base, "config"))
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
