# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from password_program import load

change_module = load("password_change")
dovecot_module = load("password_dovecot")
guard_module = load("password_guard")
rules = load("password_rules")
store_module = load("password_store")

ALICE = "alice@example.org"
OLD, NEW = "Correct-Horse-1", "Correct-Horse-2"


class Host:
    """A Dovecot and a store."""

    def __init__(self) -> None:
        self.password = OLD
        self.down: Exception | None = None
        self.full: Exception | None = None
        self.steps: list[str] = []

    def is_password(self, name: str, password: str) -> bool:
        self.steps.append(f"test {name}")
        if self.down is not None:
            raise self.down
        return password == self.password

    def new_hash(self, _name: str, password: str, scheme: str) -> str:
        return f"{{{scheme}}}{password}"

    def follow(self, name: str) -> None:
        self.steps.append(f"follow {name}")

    def keep(self, name: str, password_hash: str) -> None:
        if self.full is not None:
            raise self.full
        self.steps.append(f"keep {name} {password_hash}")


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def changer(host: Host, tmp_path: pathlib.Path) -> t.Any:
    guard = guard_module.Guard(str(tmp_path), sleep=lambda _seconds: None)
    return change_module.Changer(host, guard, host, minimum_length=8, scheme="PLAIN")


def test_the_old_one_is_asked_before_the_new_one_is_kept(
    changer: t.Any, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    changer.change("Alice@Example.org", OLD, NEW)
    assert host.steps == [f"test {ALICE}", f"keep {ALICE} {{PLAIN}}{NEW}", f"follow {ALICE}"]
    assert capsys.readouterr().err == f"{ALICE}: the password is changed\n"


def test_a_wrong_one_is_counted_and_logged_without_secrets(
    changer: t.Any, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    for _number in range(3):
        with pytest.raises(rules.RefusedError, match="old password is wrong"):
            changer.change(ALICE, "guess-1234", NEW)
    assert host.steps == [f"test {ALICE}"] * 3
    logged = capsys.readouterr().err
    assert f"{ALICE}: 3 wrong in a row, the next one waits 4 s" in logged
    assert "guess-1234" not in logged
    assert NEW not in logged


def test_a_new_one_that_is_not_taken_asks_nobody(changer: t.Any, host: Host) -> None:
    with pytest.raises(rules.RefusedError, match="too short"):
        changer.change(ALICE, OLD, "short")
    assert host.steps == []


def test_a_name_that_cannot_be_is_as_wrong_as_a_password(
    changer: t.Any, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(rules.RefusedError, match="old password is wrong"):
        changer.change("alice\u2028@%s", OLD, NEW)
    assert host.steps == []
    assert "alice" not in capsys.readouterr().err


def test_faults_of_the_host_are_for_the_log_alone(
    changer: t.Any, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    for fault in (dovecot_module.DovecotError("no answer"), OSError(2, "No such file", "doveadm")):
        host.down = fault
        with pytest.raises(rules.RefusedError, match="try again later"):
            changer.change(ALICE, OLD, NEW)
        assert str(fault) in capsys.readouterr().err
    host.down = None
    host.full = store_module.StoreError("the database: it is read-only")
    with pytest.raises(rules.RefusedError, match="try again later"):
        changer.change(ALICE, OLD, NEW)
    assert "read-only" in capsys.readouterr().err
    assert "follow" not in " ".join(host.steps)
