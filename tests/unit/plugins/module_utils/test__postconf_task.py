# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_plan import service_wish
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_task import set_services
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import wish
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_task import (
    Instance,
    PostfixAbsentError,
    TaskError,
    set_overrides,
    set_parameters,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_config import parse_main_cf
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

KNOWN = ("relayhost", "biff", "myhostname", "inet_interfaces", "mydestination", "alias_maps")


class FakePostfix:
    """A postconf that knows six parameters and keeps its files in the folder given by -c."""

    def __init__(self, edit: t.Callable[[pathlib.Path, str, t.Iterable[str]], CommandResult]) -> None:
        self.calls: list[str] = []
        self._edit = edit

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        assert data is None
        assert argv[1] == "-c"
        folder, command, arguments = argv[2], argv[3], argv[4:]
        self.calls.append(command)
        main, master = (os.path.join(folder, name) for name in ("main.cf", "master.cf"))
        if command == "-m" and "3 furlongs" in pathlib.Path(main).read_text():
            return CommandResult(1, "", "postconf: fatal: parameter x: bad time value or unit: 3 furlongs\n")
        if command in ("-d", "-m"):
            lines = [f"{name} = default" for name in KNOWN] if command == "-d" else ["hash"]
            return CommandResult(0, "".join(f"{line}\n" for line in lines), "")
        if not os.path.exists(main):
            return CommandResult(1, "", f"postconf: fatal: open {main}: No such file or directory\n")
        if command in ("-e", "-X"):
            return self._edit(pathlib.Path(main), command, arguments)
        with open(main) as source:
            parameters = parse_main_cf(source.read())
        with open(master) as source:
            services = source.read().splitlines()
        if command == "-M":
            if arguments:
                with open(master, "a") as sink:
                    sink.writelines(f"{argument.partition('=')[2]}\n" for argument in arguments)
            return CommandResult(0, "".join(f"{line}\n" for line in services), "")
        if "unreadable" in parameters.values():
            return CommandResult(1, "", "postconf: fatal: macro processing error\n")
        used = [name for name in parameters if name in KNOWN]
        stderr = [
            f"postconf: warning: {main}: unused parameter: {name}={value}"
            for name, value in parameters.items()
            if name not in KNOWN
        ]
        if any("-o nosuch=" in line for line in services):
            stderr.append(f"postconf: warning: {master}: unused parameter: nosuch=1")
        return CommandResult(
            0, "".join(f"{name} = {parameters[name]}\n" for name in used), "".join(f"{line}\n" for line in stderr)
        )


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "main.cf").write_text("relayhost = a\nold_typo = 1\n")
    (tmp_path / "master.cf").write_text("smtp inet n - n - - smtpd\n")
    return tmp_path


@pytest.fixture
def postfix(edit_main_cf: t.Callable[[pathlib.Path, str, t.Iterable[str]], CommandResult]) -> FakePostfix:
    return FakePostfix(edit_main_cf)


def instance(postfix: FakePostfix, folder: pathlib.Path, **options: bool) -> Instance:
    return Instance(postfix, "postconf", str(folder), **options)


def test_one_reading_when_nothing_changes(postfix: FakePostfix, folder: pathlib.Path) -> None:
    wishes = [wish("relayhost", "a"), wish("biff", {"state": "absent"})]
    assert set_parameters(instance(postfix, folder), wishes).changes == ()
    assert postfix.calls == ["-n"]


def test_the_number_of_processes_does_not_grow_with_the_parameters(postfix: FakePostfix, folder: pathlib.Path) -> None:
    wishes = [wish("relayhost", "b"), *(wish(f"p{number}", number) for number in range(1000))]
    outcome = set_parameters(instance(postfix, folder, allow_unknown=True), wishes)
    assert len(outcome.changes) == 1001
    assert postfix.calls == ["-n", "-e", "-n", "-m"]
    assert set_parameters(instance(postfix, folder, allow_unknown=True), wishes).changes == ()


def test_check_mode_plans_the_same_and_writes_nothing(postfix: FakePostfix, folder: pathlib.Path) -> None:
    before = (folder / "main.cf").read_bytes()
    wishes = [wish("inet_interfaces", "all"), wish("relayhost", {"state": "absent"})]
    checked = set_parameters(instance(postfix, folder, check_mode=True), wishes)
    assert (folder / "main.cf").read_bytes() == before
    applied = set_parameters(instance(postfix, folder), wishes)
    assert applied == checked
    assert applied.restart_required
    assert parse_main_cf((folder / "main.cf").read_text()) == {"old_typo": "1", "inet_interfaces": "all"}


def test_what_stopped_all_programs_before_does_not_hinder_a_repair(postfix: FakePostfix, folder: pathlib.Path) -> None:
    (folder / "main.cf").write_text("relayhost = a\nbiff = 3 furlongs\n")
    assert (
        "none could before: parameter x: bad time value"
        in set_parameters(instance(postfix, folder), [wish("relayhost", "b")]).notes[-1]
    )
    assert not set_parameters(instance(postfix, folder), [wish("biff", "no")]).notes


def test_lists_start_from_the_default(postfix: FakePostfix, folder: pathlib.Path) -> None:
    (change,) = set_parameters(
        instance(postfix, folder), [wish("mydestination", {"value": "x", "elements": "present"})]
    ).changes
    assert (change.before, change.after) == (None, "default, x")


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"relay_host": "b", "relayhost": "b"}, r"'relay_host' \(did you mean relayhost\?\)"),
        ({"old_typo": 1}, "no use for the parameter 'old_typo'"),
        ({"relayhost": "unreadable"}, "after this change of 'relayhost': macro processing error"),
        ({"biff": "$biff"}, "'biff' refers to"),
        ({"biff": "3 furlongs"}, "No program of Postfix could start after this change: .*bad time value"),
        ({"alias_maps": "lmdb:/etc/aliases"}, "'alias_maps' uses the table type 'lmdb'.*postfix-lmdb"),
    ],
)
def test_refusals_leave_the_file_alone(
    postfix: FakePostfix, folder: pathlib.Path, wishes: dict[str, t.Any], message: str
) -> None:
    before = (folder / "main.cf").read_bytes()
    with pytest.raises(TaskError, match=message):
        set_parameters(instance(postfix, folder), [wish(name, raw) for name, raw in wishes.items()])
    assert (folder / "main.cf").read_bytes() == before


def test_without_validation_faults_are_told_only(postfix: FakePostfix, folder: pathlib.Path) -> None:
    outcome = set_parameters(instance(postfix, folder, validate=False), [wish("relayhost", "unreadable")])
    assert "macro processing error" in outcome.notes[0]
    assert "relayhost = unreadable" in (folder / "main.cf").read_text()


def test_an_unreadable_file_is_repaired_by_naming_the_culprit(postfix: FakePostfix, folder: pathlib.Path) -> None:
    (folder / "main.cf").write_text("relayhost = unreadable\nbiff = no\n")
    with pytest.raises(TaskError, match="could not before this change either"):
        set_parameters(instance(postfix, folder), [wish("myhostname", "x")])
    changes = set_parameters(instance(postfix, folder), [wish("relayhost", "a"), wish("biff", False)]).changes
    assert [(change.name, change.before) for change in changes] == [("relayhost", "unreadable")]


def test_an_absent_configuration_is_told_apart(postfix: FakePostfix, tmp_path: pathlib.Path) -> None:
    with pytest.raises(PostfixAbsentError, match="Install the package postfix"):
        set_parameters(instance(postfix, tmp_path), [wish("relayhost", "a")])


def test_overrides_of_a_service(postfix: FakePostfix, folder: pathlib.Path) -> None:
    wishes = [wish("relayhost", ["a", "b"])]
    assert set_overrides(instance(postfix, folder), "smtp/inet", wishes).changes[0].after == "a, b"
    assert (folder / "master.cf").read_text().endswith("smtp inet n - n - - smtpd -o {relayhost=a, b}\n")
    with pytest.raises(TaskError, match="no service 'smtp/unix'"):
        set_overrides(instance(postfix, folder), "smtp/unix", wishes)
    with pytest.raises(TaskError, match="no use for the parameter 'nosuch'"):
        set_overrides(instance(postfix, folder), "smtp/inet", [wish("nosuch", 1)])
    with pytest.raises(TaskError, match="'biff' refers to"):
        set_overrides(instance(postfix, folder), "smtp/inet", [wish("biff", "$biff")])
    with pytest.raises(TaskError, match="'biff' cannot be set for service 'smtp/inet': its braces"):
        set_overrides(instance(postfix, folder), "smtp/inet", [wish("biff", "{")])


class NoResolver:
    def port(self, service: str) -> int | None:
        return {"smtp": 25}.get(service)

    def has_address(self, host: str) -> bool:
        return not host

    def in_use(self, host: str, port: int) -> bool:
        return bool(host) and port == 0


def request(**given: t.Any) -> dict[str, t.Any]:
    keys = ("command", "options", "private", "unpriv", "chroot", "wakeup", "maxproc")
    return {**dict.fromkeys(keys), "state": "present", **given}


def test_services(postfix: FakePostfix, folder: pathlib.Path) -> None:
    same = [service_wish(request(name="smtp", type="inet", command="smtpd"))]
    assert set_services(instance(postfix, folder), same, NoResolver()).changes == ()
    assert postfix.calls == ["-M"]
    options = {"va_password": "very secret", "relayhost": "a"}
    wishes = [service_wish(request(name="587", type="inet", command="smtpd", options=options))]
    assert set_services(instance(postfix, folder), wishes, NoResolver()).changes
    assert (folder / "master.cf").read_text().endswith("smtpd -o {va_password=very secret} -o relayhost=a\n")
    with pytest.raises(TaskError, match="no use for the parameter 'nosuch'"):
        set_services(
            instance(postfix, folder),
            [service_wish(request(name="588", type="inet", command="smtpd", options={"nosuch": 1}))],
            NoResolver(),
        )
    with pytest.raises(TaskError, match="Service '588/inet': .*refers to"):
        set_services(
            instance(postfix, folder),
            [service_wish(request(name="588", type="inet", command="smtpd", options={"biff": "$biff"}))],
            NoResolver(),
        )
