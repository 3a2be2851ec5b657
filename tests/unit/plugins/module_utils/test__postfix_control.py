# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _postfix_control
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_control import (
    ControlError,
    LogMark,
    PostfixControl,
    Running,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

OK = CommandResult(0, "", "")


class FakeHost:
    """Commands that end as told, and a /proc in which a reload may replace the children of the master daemon."""

    def __init__(self, tmp_path: pathlib.Path) -> None:
        self.proc = tmp_path / "proc"
        self.queue = tmp_path / "queue"
        (self.queue / "pid").mkdir(parents=True)
        self.calls: list[str] = []
        self.results: dict[str, CommandResult] = {}
        self.when_reloaded: t.Callable[[], None] = lambda: None
        self.process(7, "sshd")

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        assert data is None
        if argv[0] == "missing":
            raise FileNotFoundError("missing")
        self.calls.append(" ".join(argv))
        if argv[-1] == "reload":
            self.when_reloaded()
        return next((result for part, result in self.results.items() if part in self.calls[-1]), OK)

    def process(self, pid: int, name: str, parent: int = 1, start: int = 100, cgroup: str = "0::/\n") -> None:
        folder = self.proc / str(pid)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "comm").write_text(f"{name}\n")
        (folder / "stat").write_text(f"{pid} ({name}) S {parent} {' '.join(['0'] * 17)} {start} 0 0\n")
        (folder / "cgroup").write_text(cgroup)

    def gone(self, pid: int) -> None:
        for item in (self.proc / str(pid)).iterdir():
            item.unlink()

    def control(self, executable: str = "postfix") -> PostfixControl:
        return PostfixControl(self, executable, proc=str(self.proc))


@pytest.fixture
def host(tmp_path: pathlib.Path) -> FakeHost:
    return FakeHost(tmp_path)


BOOKWORM = "1:cpu:/\n0::/system.slice/system-postfix.slice/postfix@-.service\n"


@pytest.mark.parametrize(
    ("content", "name", "cgroup", "expected"),
    [
        ("            329\n", "master", BOOKWORM, Running(329, "postfix@-.service")),
        ("329", "master", "0::/system.slice/postfix.service", Running(329, "postfix.service")),
        ("329", "master", "0::/system.slice/ssh.service", Running(329)),
        ("329", "master", "0::/user.slice/session-1.scope", Running(329)),
        ("329", "cron", BOOKWORM, None),
        ("330", "master", BOOKWORM, None),
        ("", "master", BOOKWORM, None),
    ],
)
def test_who_runs(host: FakeHost, content: str, name: str, cgroup: str, expected: Running | None) -> None:
    (host.queue / "pid" / "master.pid").write_text(content)
    host.process(329, name, cgroup=cgroup)
    assert host.control().running(str(host.queue)) == expected


def test_nobody_runs_without_a_pid_file(host: FakeHost) -> None:
    assert host.control().running(str(host.queue)) is None
    assert host.control().running("") is None


def test_a_reload_is_over_when_all_idle_children_were_replaced(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_postfix_control, "_LONGEST_FAREWELL", 60.0)
    host.process(10, "qmgr", parent=5)
    host.process(11, "pickup", parent=5)
    host.process(12, "smtpd", parent=5)
    host.process(13, "odd ) name", parent=5)

    def replaced() -> None:
        host.gone(11)
        host.process(10, "qmgr", parent=5, start=200)

    host.when_reloaded = replaced
    host.control().reload("/etc/postfix", Running(5))
    assert host.calls == ["postfix -c /etc/postfix reload"]


def test_without_those_all_children_are_waited_for(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_postfix_control, "_LONGEST_FAREWELL", 0.1)
    host.process(10, "smtpd", parent=5)
    host.control().reload("/etc/postfix", Running(5))


@pytest.mark.parametrize(
    ("verb", "unit", "calls"),
    [
        ("restart", "postfix.service", ["systemctl reset-failed postfix.service", "systemctl restart postfix.service"]),
        ("restart", "", ["postfix -c /d stop", "postfix -c /d start"]),
        ("stop", "postfix@out.service", ["systemctl stop postfix@out.service"]),
        ("stop", "", ["postfix -c /d stop"]),
        ("start", "postfix.service", ["systemctl reset-failed postfix.service", "systemctl start postfix.service"]),
        ("start", "", ["postfix -c /d start"]),
    ],
)
def test_systemd_keeps_the_right_view(host: FakeHost, verb: str, unit: str, calls: list[str]) -> None:
    getattr(host.control(), verb)("/d", Running(5, unit))
    assert host.calls == calls


ASK = "systemctl show --property=Conflicts --value postfix.service"
MAIN = ["systemctl reset-failed postfix.service", "systemctl restart postfix.service"]


@pytest.mark.parametrize(
    ("verb", "conflicts", "calls"),
    [
        ("stop", "shutdown.target", [ASK, "systemctl stop postfix@-.service"]),
        (
            "start",
            "shutdown.target",
            [ASK, "systemctl reset-failed postfix@-.service", "systemctl start postfix@-.service"],
        ),
        (
            "stop",
            "shutdown.target postfix@-.service",
            [ASK, "postfix -c /d stop", "systemctl stop postfix@-.service"],
        ),
        ("start", "shutdown.target postfix@-.service", [ASK, *MAIN]),
        (
            "restart",
            "shutdown.target postfix@-.service",
            [ASK, ASK, "postfix -c /d stop", "systemctl stop postfix@-.service", *MAIN],
        ),
    ],
)
def test_the_unit_of_debian_12_is_left_after_an_upgrade(
    host: FakeHost, verb: str, conflicts: str, calls: list[str]
) -> None:
    host.results = {"show": CommandResult(0, f"{conflicts}\n", "")}
    getattr(host.control(), verb)("/d", Running(5, "postfix@-.service"))
    assert host.calls == calls


def test_a_stopped_postfix_may_be_restarted(host: FakeHost) -> None:
    host.results = {"stop": CommandResult(1, "", "the Postfix mail system is not running")}
    host.control().restart("/d", Running(0))
    assert host.calls[-1] == "postfix -c /d start"


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (CommandResult(1, "", "postfix/postfix-script: fatal: no\n"), "status 1: postfix/postfix-script: fatal: no"),
        (CommandResult(1, "said\n", ""), "status 1: said"),
        (CommandResult(1, "", ""), "gave no reason"),
    ],
)
def test_refusals(host: FakeHost, result: CommandResult, message: str) -> None:
    host.results = {"": result}
    with pytest.raises(ControlError, match=message):
        host.control().reload("/d", Running(5))
    with pytest.raises(ControlError, match="cannot be started"):
        host.control("missing").start("/d", Running(5))


JOURNAL = """\
1795334620.570373 mx postfix/master[329]: reload -- version 3.7.11, configuration /etc/postfix
1795334621.100000 mx postfix/smtpd[379]: fatal: too early
1795334621.589007 mx postfix/smtpd[379]: fatal: bad numerical configuration: smtpd_recipient_limit = abc
1795334622.590913 mx postfix-out/master[400]: warning: of another instance
1795334622.590914 mx dovecot: imap-login: Error: of another program
-- No entries --
1795334622.591474 mx postfix/submission/smtpd[329]: warning: bad command startup -- throttling
"""


def test_trouble_comes_from_the_journal(host: FakeHost) -> None:
    host.results = {"journalctl": CommandResult(0, JOURNAL, "")}
    mark = LogMark(1795334621.5, {})
    assert host.control().trouble(mark, "postfix", "") == [
        "postfix/smtpd[379]: fatal: bad numerical configuration: smtpd_recipient_limit = abc",
        "postfix/submission/smtpd[329]: warning: bad command startup -- throttling",
    ]
    assert "--since=@1795334621 SYSLOG_FACILITY=2" in host.calls[0]


def test_trouble_comes_from_the_file_postfix_writes(host: FakeHost, tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    log.write_text("postfix/smtpd[1]: fatal: old, in a long line\n")
    control = host.control()
    mark = control.mark(str(log))
    with log.open("a") as sink:
        sink.writelines(f"mx postfix/smtpd[{number}]: warning: new\n" for number in range(30))
    found = control.trouble(mark, "postfix", str(log))
    assert len(found) == 20
    assert found[-1] == "postfix/smtpd[29]: warning: new"
    log.write_text("postfix/smtpd[1]: panic: anew\n")
    assert control.trouble(mark, "postfix", str(log)) == ["postfix/smtpd[1]: panic: anew"]
    log.unlink()
    assert control.trouble(mark, "postfix", str(log)) == []
    assert host.calls == []


def test_a_host_without_a_journal_has_log_files(
    host: FakeHost, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "mail.log"
    monkeypatch.setattr(_postfix_control, "_LOG_FILES", (str(log), str(tmp_path / "maillog")))
    control = host.control()
    mark = control.mark("")
    log.write_text("postfix/smtpd[1]: error: x\n")
    assert control.trouble(mark, "postfix", "") == ["postfix/smtpd[1]: error: x"]
