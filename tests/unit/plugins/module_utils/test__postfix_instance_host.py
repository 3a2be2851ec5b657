# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_instance import (
    InstanceError,
    Plan,
    Wish,
    make_plan,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_instance_host import (
    InstanceHost,
    PostfixAbsentError,
    Programs,
    kept_access,
    queued,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

MULTI = ("multi_instance_directories", "multi_instance_wrapper", "multi_instance_group", "multi_instance_name")


class FakePostfix:
    """The programs of Postfix over parameters by directory, with a log of what was called."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.calls: list[str] = []
        self.running: set[str] = set()
        self.refuses: str = ""
        self.parameters: dict[str, dict[str, str]] = {}
        self.add("postfix")

    def add(self, name: str, **parameters: str) -> str:
        paths = {kind: self.root / kind / name for kind in ("etc", "spool", "lib")}
        for path in paths.values():
            path.mkdir(parents=True)
        (paths["etc"] / "main.cf").write_text("biff = no\n")
        for queue in ("deferred", "maildrop", "pid", "private"):
            (paths["spool"] / queue).mkdir()
        directory = str(paths["etc"])
        self.parameters[directory] = {
            **dict.fromkeys(MULTI, ""),
            "multi_instance_enable": "no",
            "config_directory": directory,
            "queue_directory": str(paths["spool"]),
            "data_directory": str(paths["lib"]),
            **parameters,
        }
        return directory

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        assert data is None
        program, *arguments = argv
        if program == "postconf":
            return self.postconf(arguments)
        self.calls.append(" ".join(argv).replace(str(self.root), ""))
        if self.refuses and self.refuses in self.calls[-1]:
            return CommandResult(1, "", "postfix/postlog: fatal: no\n")
        directory = arguments[1] if program == "postfix" else f"{self.root}/etc/{arguments[-1][8:-8]}"
        action = arguments[-1] if program == "postfix" else arguments[0]
        if action == "start":
            self.running.add(directory)
        elif action == "stop":
            self.running.discard(directory)
        elif action == "status":
            return CommandResult(0 if directory in self.running else 1, "", "")
        return CommandResult(0, "", "")

    def postconf(self, arguments: list[str]) -> CommandResult:
        directory = f"{self.root}/etc/postfix"
        if arguments[0] == "-c":
            directory, arguments = arguments[1], arguments[2:]
        if directory not in self.parameters:
            text = f"postconf: fatal: open {directory}/main.cf: No such file or directory\n"
            return CommandResult(1, "", text)
        known = self.parameters[directory]
        return CommandResult(0, "".join(f"{name} = {known[name]}\n" for name in arguments[1:] if name in known), "")


@pytest.fixture(name="postfix")
def fixture_postfix(tmp_path: pathlib.Path) -> FakePostfix:
    return FakePostfix(tmp_path)


@pytest.fixture(name="out")
def fixture_out(postfix: FakePostfix) -> str:
    directory = postfix.add("postfix-out", multi_instance_name="postfix-out", multi_instance_enable="yes")
    postfix.parameters[f"{postfix.root}/etc/postfix"].update(
        multi_instance_directories=directory, multi_instance_wrapper="postmulti -p --", multi_instance_enable="yes"
    )
    return directory


def make_host(postfix: FakePostfix, **programs: str) -> InstanceHost:
    return InstanceHost(postfix, Programs("postconf", "postmulti", "postfix", **{"systemctl": "", **programs}))


def plan_for(host: InstanceHost, wish: Wish) -> Plan:
    return make_plan(wish, host.with_started(host.read(), wish))


def test_read(postfix: FakePostfix, out: str) -> None:
    setup = make_host(postfix).read()
    assert setup.initialised
    assert list(setup.instances) == ["postfix-out"]
    instance = setup.instances["postfix-out"]
    assert (instance.group, instance.enabled, instance.started) == ("", True, None)
    assert instance.directories.config == out


def test_a_fresh_host(postfix: FakePostfix) -> None:
    setup = make_host(postfix).read()
    assert not setup.initialised
    assert not setup.instances


def test_without_postfix(postfix: FakePostfix) -> None:
    postfix.parameters.clear()
    with pytest.raises(PostfixAbsentError, match="Install the package"):
        make_host(postfix).read()


def test_an_instance_without_main_cf(postfix: FakePostfix, out: str) -> None:
    del postfix.parameters[out]
    with pytest.raises(InstanceError, match=f"The configuration of the instance in {out} cannot be read: open"):
        make_host(postfix).read()


def test_creation(postfix: FakePostfix) -> None:
    host = make_host(postfix)
    plan = plan_for(host, Wish("postfix-in", group="g"))
    host.refuse(plan, force=False)
    assert host.apply(plan, force=False) == ()
    directories = "config_directory=/etc/postfix-in queue_directory=/spool/postfix-in data_directory=/lib/postfix-in"
    assert postfix.calls == [
        "postmulti -e init",
        f"postmulti -e create -I postfix-in -G g {directories}",
        "postmulti -e enable -i postfix-in",
    ]


def test_creation_without_enabling(postfix: FakePostfix, out: str) -> None:
    assert out
    host = make_host(postfix)
    host.apply(plan_for(host, Wish("postfix-in", enabled=False)), force=False)
    assert [call.partition(" -I")[0] for call in postfix.calls] == ["postmulti -e create"]


def test_creation_over_files_of_nobody(postfix: FakePostfix) -> None:
    postfix.add("postfix-in")
    host = make_host(postfix)
    with pytest.raises(InstanceError, match="no instance of this Postfix has it. Make it one by"):
        host.refuse(plan_for(host, Wish("postfix-in")), force=True)


@pytest.mark.parametrize(
    ("options", "running", "calls"),
    [
        ({"group": "g"}, False, ["postmulti -e assign -i postfix-out -G g"]),
        ({"started": True}, False, ["status", "start", "status"]),
        ({"started": True}, True, ["status"]),
        ({"started": False}, True, ["status", "status", "stop", "status"]),
        ({"enabled": False}, True, ["status", "status", "stop", "status", "postmulti -e disable -i postfix-out"]),
        ({"enabled": False}, False, ["status", "postmulti -e disable -i postfix-out"]),
    ],
)
def test_changes(postfix: FakePostfix, out: str, options: dict[str, t.Any], running: bool, calls: list[str]) -> None:
    postfix.running.update([out] if running else [])
    host = make_host(postfix)
    host.apply(plan_for(host, Wish("postfix-out", **options)), force=False)
    assert [call.replace("postfix -c /etc/postfix-out ", "") for call in postfix.calls] == calls


def test_systemd_starts_and_stops(postfix: FakePostfix, out: str) -> None:
    host = make_host(postfix, systemctl="systemctl", unit_template="ExecStart=postmulti -i %i -p start")
    host.apply(plan_for(host, Wish("postfix-out", started=True)), force=False)
    host.apply(plan_for(host, Wish("postfix-out", enabled=False)), force=False)
    assert [call for call in postfix.calls if "status" not in call] == [
        "systemctl start postfix@postfix-out.service",
        "systemctl stop postfix@postfix-out.service",
        "postmulti -e disable -i postfix-out",
    ]
    assert out not in postfix.running


@pytest.mark.parametrize(
    ("wish", "running", "refuses", "message"),
    [
        (Wish("postfix-out", started=True), False, "start", "does not start: postfix/postlog: fatal: no"),
        (Wish("postfix-out", started=False), True, "stop", "does not stop: postfix/postlog: fatal: no"),
        (Wish("postfix-out", group="g"), False, "assign", "postmulti -e assign -i postfix-out -G g failed: "),
    ],
)
def test_what_does_not_work(
    postfix: FakePostfix, out: str, wish: Wish, running: bool, refuses: str, message: str
) -> None:
    postfix.running.update([out] if running else [])
    host = make_host(postfix)
    plan = plan_for(host, wish)
    postfix.refuses = refuses
    with pytest.raises(InstanceError, match=message):
        host.apply(plan, force=False)


def put(postfix: FakePostfix, *path: str) -> pathlib.Path:
    file = postfix.root.joinpath(*path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    return file


def test_removal_leaves_nothing_of_the_queue(postfix: FakePostfix, out: str) -> None:
    postfix.running.add(out)
    for path in ("pid/master.pid", "private/smtp", "etc/hosts", "deferred/A/empty", "usr/lib/x"):
        put(postfix, "spool", "postfix-out", path)
    os.unlink(postfix.root / "spool/postfix-out/deferred/A/empty")
    outside = put(postfix, "outside", "file")
    (postfix.root / "spool/postfix-out/link").symlink_to(outside.parent)
    put(postfix, "lib", "postfix-out", "master.lock")
    ledger = pathlib.Path(out, "postmaster.json")
    ledger.write_text("{}")
    host = make_host(postfix, systemctl="systemctl", unit_template="postmulti -i %i -p start")
    plan = plan_for(host, Wish("postfix-out", state="absent"))
    host.refuse(plan, force=False)
    left = host.apply(plan, force=False)
    assert left == (out,)
    assert not ledger.exists()
    assert not (postfix.root / "spool/postfix-out").exists()
    assert not (postfix.root / "lib/postfix-out").exists()
    assert outside.exists()
    assert (postfix.root / "spool/postfix").exists()
    assert [call for call in postfix.calls if "status" not in call] == [
        "systemctl stop postfix@postfix-out.service",
        "systemctl disable postfix@postfix-out.service",
        "postmulti -e disable -i postfix-out",
        "postmulti -e destroy -i postfix-out",
        "systemctl daemon-reload",
    ]


def test_mail_is_not_lost(postfix: FakePostfix, out: str) -> None:
    assert out
    put(postfix, "spool", "postfix-out", "deferred", "A", "A0123")
    put(postfix, "spool", "postfix-out", "maildrop", "B0123")
    put(postfix, "spool", "postfix-out", "defer", "A", "A0123")
    assert queued(str(postfix.root / "spool/postfix-out")) == 2
    host = make_host(postfix)
    plan = plan_for(host, Wish("postfix-out", state="absent"))
    with pytest.raises(InstanceError, match="has 2 messages in its queue .* set force=true"):
        host.refuse(plan, force=False)
    host.refuse(plan, force=True)
    host.apply(plan, force=True)
    assert not (postfix.root / "spool/postfix-out").exists()


def test_mail_that_comes_while_the_instance_stops(postfix: FakePostfix, out: str) -> None:
    postfix.running.add(out)
    host = make_host(postfix)
    plan = plan_for(host, Wish("postfix-out", state="absent"))
    host.refuse(plan, force=False)
    put(postfix, "spool", "postfix-out", "maildrop", "B0123")
    with pytest.raises(InstanceError, match="has 1 message in its queue"):
        host.apply(plan, force=False)
    assert not any("destroy" in call for call in postfix.calls)


def test_mounted_file_systems_are_not_emptied(postfix: FakePostfix, out: str) -> None:
    assert out
    mounts = put(postfix, "mounts")
    mounts.write_text(f"tmpfs {postfix.root}/spool/postfix-out/run/saslauthd tmpfs rw 0 0\n")
    host = make_host(postfix, mounts=str(mounts))
    with pytest.raises(InstanceError, match="run/saslauthd is mounted below"):
        host.refuse(plan_for(host, Wish("postfix-out", state="absent")), force=True)


def test_access_and_link_are_kept(tmp_path: pathlib.Path) -> None:
    target, link = tmp_path / "real.cf", tmp_path / "main.cf"
    target.write_text("biff = no")
    target.chmod(0o640)
    link.symlink_to("real.cf")
    with kept_access(str(link)):
        assert link.read_text() == "biff = no\n"
        (tmp_path / "new").write_text("biff = no\nx = y\n")
        os.rename(tmp_path / "new", link)
    assert os.readlink(link) == "real.cf"
    assert target.read_text() == "biff = no\nx = y\n"
    assert target.stat().st_mode & 0o777 == 0o640
    with kept_access(str(target)):
        target.chmod(0o644)
    assert target.stat().st_mode & 0o777 == 0o640


def test_access_of_a_file_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with kept_access(str(tmp_path / "main.cf")):
        pass
    assert list(tmp_path.iterdir()) == []
