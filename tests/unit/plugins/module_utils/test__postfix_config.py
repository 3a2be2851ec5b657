# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import os
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import Change
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_config import (
    ConfigError,
    parse_main_cf,
    staged,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult


class AppendingRunner:
    """Stands for postconf -e: appends its arguments to main.cf of the folder after -c, without looking at them."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        assert data is None
        self.calls.append(list(argv))
        _program, _select, folder, command, *arguments = argv
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        if command == "-e":
            with open(os.path.join(folder, "main.cf"), "a") as sink:
                sink.writelines(f"{argument.replace('=', ' = ', 1)}\n" for argument in arguments)
        return CommandResult(0, "", "")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "main.cf").write_text("# kept\nqueue_minfree = 5")
    (tmp_path / "main.cf").chmod(0o640)
    (tmp_path / "master.cf").write_text("smtp inet n - n - - smtpd\n")
    (tmp_path / "dynamicmaps.cf").write_text("x")
    (tmp_path / "sasl").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a = b\na=c", {"a": "c"}),
        ("a =\n  b,\n# why\n\n\tc\nd=e # f", {"a": "b, c", "d": "e # f"}),
        ("  leading = x\na = ${b?c = d}\n", {"leading": "x", "a": "${b?c = d}"}),
        ("garbage\n= x\n", {"": "x"}),
        ("virtual_transport_x = 1\nvirtual_transport = 2", {"virtual_transport_x": "1", "virtual_transport": "2"}),
    ],
)
def test_parse_main_cf(text: str, expected: dict[str, str]) -> None:
    assert parse_main_cf(text) == expected


def test_the_live_file_changes_only_by_swapping_in(folder: pathlib.Path) -> None:
    runner = AppendingRunner()
    before = (folder / "main.cf").read_bytes()
    with staged(runner, "postconf", str(folder)) as stage:
        stage.set_parameters([Change("a", None, "b"), Change("c", "d", None)])
        assert (folder / "main.cf").read_bytes() == before
        stage.swap_in("main.cf")
    assert (folder / "main.cf").read_text() == "# kept\nqueue_minfree = 5\na = b\n"
    assert stat.S_IMODE((folder / "main.cf").stat().st_mode) == 0o640
    assert [call[3:] for call in runner.calls] == [["-e", "a=b"], ["-X", "c"]]
    assert sorted(os.listdir(folder)) == ["dynamicmaps.cf", "main.cf", "master.cf", "sasl"]
    assert not os.path.exists(runner.calls[0][2])


def test_a_symbolic_link_stays(folder: pathlib.Path) -> None:
    (folder / "main.cf").rename(folder / "sasl" / "real.cf")
    (folder / "main.cf").symlink_to("sasl/real.cf")
    with staged(AppendingRunner(), "postconf", str(folder)) as stage:
        stage.set_parameters([Change("a", None, "b")])
        stage.swap_in("main.cf")
    assert (folder / "main.cf").is_symlink()
    assert (folder / "sasl" / "real.cf").read_text().endswith("a = b\n")


@pytest.mark.parametrize("password", ["Kz7", "Kz7 two"])
def test_passwords_reach_the_file_but_no_command_line(folder: pathlib.Path, password: str) -> None:
    runner = AppendingRunner()
    with staged(runner, "postconf", str(folder)) as stage:
        stage.set_parameters([Change("va_password", None, password)])
        assert (" " in runner.calls[0][4]) is (" " in password)
        stage.swap_in("main.cf")
    assert password not in " ".join(runner.calls[0])
    assert (folder / "main.cf").read_text().endswith(f"va_password = {password}\n")


def test_somebody_elses_change_is_not_lost(folder: pathlib.Path) -> None:
    with staged(AppendingRunner(), "postconf", str(folder)) as stage:
        stage.set_parameters([Change("a", None, "b")])
        (folder / "main.cf").write_text("other = 1\n")
        with pytest.raises(ConfigError, match="main.cf was changed by another program meanwhile"):
            stage.swap_in("main.cf")
    assert (folder / "main.cf").read_text() == "other = 1\n"
    assert not (folder / "main.cf.tmp").exists()


def test_the_lock_is_the_one_of_postconf(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[str] = []
    real = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        locked.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor, operation)

    with staged(AppendingRunner(), "postconf", str(folder)) as stage:
        stage.set_parameters([Change("a", None, "b")])
        monkeypatch.setattr(fcntl, "flock", flock)
        stage.swap_in("main.cf")
    assert locked == [str(folder / "main.cf.tmp")]


def test_nothing_to_stage(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="main.cf does not exist"), staged(AppendingRunner(), "pc", str(tmp_path)):
        pass


def test_files_are_put_back_as_they_were(folder: pathlib.Path) -> None:
    before = (folder / "main.cf").read_bytes()
    with staged(AppendingRunner(), "postconf", str(folder)) as stage:
        stage.set_parameters([Change("relayhost", None, "x")])
        stage.swap_in("main.cf")
        assert b"relayhost" in (folder / "main.cf").read_bytes()
        stage.put_back("main.cf")
        stage.put_back("master.cf")
    assert (folder / "main.cf").read_bytes() == before
    assert stat.S_IMODE((folder / "main.cf").stat().st_mode) == 0o640
    assert not (folder / "main.cf.tmp").exists()


def test_an_entry_of_the_copy_is_moved(folder: pathlib.Path) -> None:
    (folder / "master.cf").write_text("one unix - - - - - a\ntwo unix - - - - - b\n")
    with staged(AppendingRunner(), "postconf", str(folder)) as stage:
        stage.place_service("two/unix", "")
        stage.swap_in("master.cf")
    assert (folder / "master.cf").read_text() == "two unix - - - - - b\none unix - - - - - a\n"
