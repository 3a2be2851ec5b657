# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import socket
import threading

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_daemon
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_daemon import Daemon, Running
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_listeners import (
    Listener,
    check,
    greet,
    listeners_of,
    sockets_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_plan import FileChange, restore
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_task import ReloadError, carry_out
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import parse
from ansible_collections.postmaster.mail.plugins.module_utils._files import FileAccess
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

PID = 4711
FAILED = "master: Error: Config reload failed: service(auth) User doesn't exist: nosuchuser"


class Host:
    """A Dovecot in a directory: doveadm reload calls what the test says."""

    def __init__(self, root, on_reload):
        self.base = root / "run"
        self.proc = root / "proc"
        self.log = root / "dovecot.log"
        self.calls = []
        self._on_reload = on_reload
        (self.proc / str(PID) / "fd").mkdir(parents=True)
        (self.proc / "net").mkdir()
        self.base.mkdir()
        self.log.write_text("old: Error: of yesterday\n")
        self.live()
        (self.base / "config").write_text("")
        (self.base / "master.pid").write_text(f"{PID}\n")
        (self.proc / str(PID) / "cgroup").write_text("0::/system.slice/dovecot.service\n")

    def live(self):
        (self.proc / str(PID) / "comm").write_text("dovecot\n")

    def die(self):
        (self.proc / str(PID) / "comm").unlink()

    def accept(self):
        (self.base / "new").write_text("")
        os.replace(self.base / "new", self.base / "config")

    def say(self, line):
        with open(self.log, "a", encoding="utf-8") as sink:
            sink.write(f"{line}\n")

    def run(self, argv, *, data=None):
        assert data is None
        self.calls.append(" ".join(argv))
        if argv[:2] == ["doveconf", "-h"]:
            value = {"base_dir": str(self.base), "log_path": str(self.log)}[argv[2]]
            return CommandResult(0, f"{value}\n", "")
        if argv == ["doveadm", "reload"]:
            return self._on_reload(self) or CommandResult(0, "", "")
        if argv[0] == "systemctl":
            self.live()
        return CommandResult(0, "", "")


def daemon(host):
    return Daemon(host, "doveadm", "doveconf", proc=str(host.proc))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_dovecot_daemon, "_LONGEST", 1.0)
    monkeypatch.setattr(_dovecot_daemon, "_PAUSE", 0.01)


def test_the_master_process_is_found(tmp_path):
    host = Host(tmp_path, Host.accept)
    assert daemon(host).running() == Running(PID, str(host.base), "dovecot.service")
    host.die()
    assert daemon(host).running() is None
    (host.base / "master.pid").unlink()
    assert daemon(host).running() is None


@pytest.mark.parametrize(
    ("on_reload", "wanted"),
    [
        (Host.accept, ""),
        (lambda host: host.say(FAILED), "Config reload failed"),
        (Host.die, "the master process died"),
        (lambda _host: None, "was not read within 1 seconds"),
        (lambda _host: CommandResult(89, "", "doveconf: Fatal: Error in configuration\n"), "Error in configuration"),
        (
            lambda host: (host.accept(), host.say("master: Error: service(imap-login): listen(*, 143) failed: in use"))[
                2:
            ],
            "listen(*, 143) failed",
        ),
    ],
)
def test_a_reload_is_proven(tmp_path, on_reload, wanted):
    host = Host(tmp_path, on_reload)
    control = daemon(host)
    result = control.reload(control.running())
    assert (wanted in result) if wanted else result == ""


def changes(tmp_path):
    path = tmp_path / "dovecot.conf"
    path.write_text("old\n")
    access = FileAccess(0o600, os.getuid(), os.getgid())
    extra = str(tmp_path / "dovecot.sql.conf.ext")
    return path, [
        FileChange(extra, None, b"secret\n", None, access),
        FileChange(str(path), b"old\n", b"new\n", access, access),
    ]


@pytest.mark.parametrize("dies", [False, True])
def test_files_come_back_when_dovecot_does_not_take_them(tmp_path, dies):
    path, plan = changes(tmp_path)

    def on_reload(host):
        if path.read_text() == "old\n":
            host.accept()
        elif dies:
            host.die()
        else:
            host.say(FAILED)

    host = Host(tmp_path, on_reload)
    control = daemon(host)
    with pytest.raises(ReloadError) as error:
        carry_out(plan, control, control.running(), "dovecot")
    assert path.read_text() == "old\n"
    assert not (tmp_path / "dovecot.sql.conf.ext").exists()
    assert error.value.trouble == ""
    assert (FAILED in error.value.log) != dies
    assert "old: Error: of yesterday" not in error.value.log
    assert ("systemctl restart dovecot.service" in host.calls) == dies


def test_without_a_daemon_the_files_are_just_written(tmp_path):
    path, plan = changes(tmp_path)
    host = Host(tmp_path, Host.accept)
    carry_out(plan, daemon(host), None, "dovecot")
    assert path.read_text() == "new\n"
    assert host.calls == []
    restore(plan)
    assert path.read_text() == "old\n"


def test_listeners_of_services_in_use():
    body = parse(
        "protocols = imap\nservice imap-login {\n  inet_listener imap {\n    port = 0\n  }\n"
        "  inet_listener imaps {\n    port = 1993\n  }\n  inet_listener proxied {\n    port = 10143\n"
        "    haproxy = yes\n  }\n}\nservice pop3-login {\n  inet_listener pop3 {\n    port = 1110\n  }\n}\n"
        "service stats {\n  inet_listener http {\n    port = 9900\n  }\n}\n"
    )
    assert listeners_of(body) == [
        Listener("service imap-login { inet_listener imaps }", 1993, "imap", True),
        Listener("service imap-login { inet_listener proxied }", 10143, "", False),
        Listener("service stats { inet_listener http }", 9900, "", False),
    ]
    without_tls = parse("ssl = no\nservice imap-login {\n  inet_listener imaps {\n    port = 993\n  }\n}\n")
    assert listeners_of(without_tls) == []


@pytest.fixture
def server():
    """A server on the loopback that says what it is told."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(greeting):
        def run():
            # The client may be gone, and the test over, before anything is said.
            with contextlib.suppress(OSError):
                connection, _peer = listening.accept()
                connection.sendall(greeting)
                connection.close()

        threading.Thread(target=run, daemon=True).start()
        return listening.getsockname()[1]

    yield serve
    listening.close()


@pytest.mark.parametrize(
    ("greeting", "protocol", "wanted"),
    [
        (b"* OK ready\r\n", "imap", ""),
        (b"* BYE Disconnected: Auth process broken\r\n", "imap", "greets with * BYE"),
        (b"", "pop3", "greets with nothing"),
        (b"220 mail\r\n", "submission", ""),
        (b"", "", ""),
    ],
)
def test_greetings(server, greeting, protocol, wanted):
    port = server(greeting)
    result = greet("0.0.0.0", Listener("x", port, protocol, False))
    assert (wanted in result) if wanted else result == ""


def test_a_closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert "does not answer" in greet("127.0.0.1", Listener("x", port, "imap", False))


def test_sockets_of_a_process():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert ("127.0.0.1", port) in sockets_of("/proc", os.getpid())
        assert check([Listener("x", port, "", False)], "/proc", os.getpid())[:1] == []
        faults = check([Listener("y", 1, "", False)], "/proc", os.getpid())
        assert faults == ["y does not listen on port 1"]
    assert sockets_of("/nosuch", 1) == []
