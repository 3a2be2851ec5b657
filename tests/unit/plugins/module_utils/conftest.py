# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postconf_task import Instance
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_config import parse_main_cf
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_contribution import (
    Host,
    Request,
    Result,
    contribute,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_control import ControlError, LogMark, Running
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_listeners import Listener, Reply
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_shares import contributions
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

DEFAULTS = {
    "biff": "yes",
    "inet_interfaces": "all",
    "inet_protocols": "ipv4",
    "mydestination": "localhost",
    "queue_directory": "/q",
    "relayhost": "",
    "smtp_sasl_password_maps": "",
    "smtpd_milters": "",
    "syslog_name": "postfix",
}
MAIN = "biff = no\nold_typo = 1\nrelayhost = a,\n b\n"
MASTER = """\
# kept
smtp inet n - n - - smtpd
 -o biff=yes
relay unix - - n - - smtp
# also kept
qmgr unix n - n - - qmgr
"""


def edit_main_cf(main: pathlib.Path, command: str, arguments: t.Iterable[str]) -> CommandResult:
    """Set or drop parameters, as "postconf -e" and "postconf -X" do."""
    parameters = parse_main_cf(main.read_text())
    for argument in arguments:
        name, _equals, value = argument.partition("=")
        parameters[name] = value
        if command == "-X":
            del parameters[name]
    main.write_text("".join(f"{name} = {value}\n" for name, value in parameters.items()))
    return CommandResult(0, "", "")


class SharedPostfix:
    """A postconf over the files in the folder after -c, and the power over a Postfix that dislikes relayhost = bad."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.calls: list[str] = []
        self.argv: list[list[str]] = []
        self.steps: list[str] = []
        self.up = True
        self.well = True
        self.when: dict[str, BaseException] = {}

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        assert data is None
        assert argv[1] == "-c"
        folder, command, arguments = pathlib.Path(argv[2]), argv[3], list(argv[4:])
        self.calls.append(command)
        self.argv.append(list(argv))
        main, master = folder / "main.cf", folder / "master.cf"
        if not main.exists():
            return CommandResult(1, "", f"postconf: fatal: open {main}: No such file or directory\n")
        if command in ("-e", "-X"):
            return edit_main_cf(main, command, arguments)
        if command in ("-M", "-MX"):
            return self._services(master, command, arguments)
        parameters = parse_main_cf(main.read_text())
        stderr = [
            f"postconf: warning: {main}: unused parameter: {name}={value}\n"
            for name, value in parameters.items()
            if name not in DEFAULTS
        ]
        listed = {name: value for name, value in parameters.items() if name in DEFAULTS}
        if command == "-x":
            listed = {name: {**DEFAULTS, **listed}[name] for name in arguments if name in DEFAULTS}
        elif command == "-d":
            listed = DEFAULTS
        return CommandResult(0, "".join(f"{name} = {value}\n" for name, value in listed.items()), "".join(stderr))

    def _services(self, master: pathlib.Path, command: str, arguments: list[str]) -> CommandResult:
        blocks: list[list[str]] = []
        for line in master.read_text().splitlines():
            if line[0].isspace():
                blocks[-1].append(line)
            else:
                blocks.append([line])
        keyed = {
            ("/".join(block[0].split()[:2]) if block[0][0] != "#" else str(n)): block for n, block in enumerate(blocks)
        }
        if not arguments:
            lines = [" ".join(" ".join(block).split()) for block in blocks if block[0][0] != "#"]
            return CommandResult(0, "".join(f"{line}\n" for line in lines), "")
        for argument in arguments:
            service, _equals, entry = argument.partition("=")
            if command == "-MX":
                del keyed[service]
            else:
                keyed[service] = [entry]
        master.write_text("".join(f"{line}\n" for block in keyed.values() for line in block))
        return CommandResult(0, "", "")

    def say(self, owner: str = "a", *shares: dict[str, t.Any], **options: t.Any) -> Result:
        """Let owner say shares, all of them and nothing else."""
        reload = options.pop("reload", True)
        instance = Instance(self, "postconf", str(self.folder), **options)
        named = [{"name": str(number), **share} for number, share in enumerate(shares)]
        request = Request(owner, contributions(owner, named), reload, 1)
        return contribute(instance, request, Host(self, self, self))

    def parameters(self) -> dict[str, str]:
        return parse_main_cf((self.folder / "main.cf").read_text())

    def services(self) -> list[str]:
        return self.run(["postconf", "-c", str(self.folder), "-M"]).stdout.splitlines()

    def state(self) -> tuple[dict[str, str], list[str], bool]:
        return self.parameters(), self.services(), (self.folder / "postmaster.json").exists()

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def running(self, queue_directory: str) -> Running | None:
        return Running(5, "postfix.service") if self.up and queue_directory == "/q" else None

    def _do(self, verb: str) -> None:
        self.steps.append(verb)
        if verb in self.when:
            raise self.when.pop(verb)
        self.well = "relayhost = bad" not in (self.folder / "main.cf").read_text()
        self.up = True

    def reload(self, directory: str, running: Running) -> None:
        assert (directory, running.unit) == (str(self.folder), "postfix.service")
        self._do("reload")

    def restart(self, directory: str, running: Running) -> None:
        assert (directory, running.unit) == (str(self.folder), "postfix.service")
        self._do("restart")

    def stop(self, directory: str, running: Running) -> None:
        raise ControlError(f"{directory} {running} need not be stopped")

    def start(self, directory: str, running: Running) -> None:
        raise ControlError(f"{directory} {running} need not be started")

    def mark(self, log_file: str) -> LogMark:
        return LogMark(0, {log_file: 0})

    def trouble(self, mark: LogMark, syslog_name: str, log_file: str) -> list[str]:
        return [f"{syslog_name}/smtpd[9]: fatal: dislikes it{log_file}"] if mark else []

    def addresses(self, host: str) -> tuple[str, ...]:
        return (host,)

    def has(self, address: str) -> bool:
        return bool(address)

    def greet(self, listener: Listener, timeout: float) -> Reply:
        assert timeout > 0
        if listener.greeting == "any":
            return "refused"
        return "answered" if self.up and self.well else "silent"

    def port(self, service: str) -> int | None:
        return {"smtp": 25}.get(service)

    def has_address(self, host: str) -> bool:
        return bool(host)

    def in_use(self, host: str, port: int) -> bool:
        return bool(host) and port == 0


@pytest.fixture(name="edit_main_cf")
def fixture_edit_main_cf() -> t.Callable[[pathlib.Path, str, t.Iterable[str]], CommandResult]:
    return edit_main_cf


@pytest.fixture
def shared_postfix(tmp_path: pathlib.Path) -> SharedPostfix:
    (tmp_path / "main.cf").write_text(MAIN)
    (tmp_path / "master.cf").write_text(MASTER)
    return SharedPostfix(tmp_path)


@pytest.fixture
def share() -> dict[str, t.Any]:
    """Parameters, list elements and services that are new, other than before, or gone."""
    return {
        "params": {
            "biff": True,
            "relayhost": {"state": "absent"},
            "mydestination": {"value": "x", "elements": "present"},
        },
        "lists": {"smtpd_milters": ["inet:127.0.0.1:1"]},
        "services": [
            {"name": "587", "type": "inet", "command": "smtpd"},
            {"name": "smtp", "type": "inet", "maxproc": "5", "options": {}},
            {"name": "relay", "type": "unix", "state": "absent"},
        ],
    }
