# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from password_program import load

guard_module = load("password_guard")
rules = load("password_rules")

ALICE = "alice@example.org"


class Clock:
    """A time that goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(tmp_path: pathlib.Path, clock: Clock) -> t.Any:
    return guard_module.Guard(str(tmp_path), clock=clock, sleep=clock.sleep)


def fail(guard: t.Any, name: str = ALICE) -> int:
    with guard.attempt(name) as attempt:
        return int(attempt.failures.count)


def test_each_failure_makes_the_next_attempt_wait_longer(guard: t.Any, clock: Clock) -> None:
    assert [fail(guard) for _number in range(7)] == [1, 2, 3, 4, 5, 6, 7]
    assert clock.slept == [0, 1, 2, 4, 8, 16, 16]


def test_time_that_has_passed_counts(guard: t.Any, clock: Clock) -> None:
    fail(guard)
    fail(guard)
    clock.now += 1.5
    fail(guard)
    assert clock.slept == [0, 1, 0.5]


def test_a_success_is_a_new_beginning(guard: t.Any, clock: Clock) -> None:
    fail(guard)
    with guard.attempt(ALICE) as attempt:
        attempt.succeed()
    assert fail(guard) == 1
    assert clock.slept == [0, 1, 0]


def test_failures_are_forgotten_one_day(guard: t.Any, clock: Clock) -> None:
    fail(guard)
    fail(guard)
    clock.now += guard_module.FORGOTTEN + 1
    assert fail(guard) == 1


def test_a_clock_that_was_set_back_locks_nobody_out(guard: t.Any, clock: Clock) -> None:
    fail(guard)
    clock.now -= 100_000
    fail(guard)
    assert clock.slept == [0, 1]


def test_another_account_does_not_wait(guard: t.Any, clock: Clock) -> None:
    fail(guard)
    fail(guard)
    assert fail(guard, "bob@example.org") == 1
    assert clock.slept == [0, 1, 0]


def test_who_leaves_in_the_middle_has_had_an_attempt(guard: t.Any) -> None:
    with pytest.raises(KeyboardInterrupt), guard.attempt(ALICE):
        raise KeyboardInterrupt
    assert fail(guard) == 2


def test_two_at_once_are_one_after_the_other(guard: t.Any) -> None:
    with guard.attempt(ALICE), pytest.raises(rules.RefusedError, match="try again"), guard.attempt(ALICE):
        pytest.fail("both are at it")


def test_what_is_in_the_folder_has_no_names_and_is_closed_to_others(guard: t.Any, tmp_path: pathlib.Path) -> None:
    fail(guard)
    (one,) = tmp_path.iterdir()
    assert one.name.isdecimal()
    assert one.stat().st_mode & 0o777 == 0o600
    one.write_text("what is this")
    assert fail(guard) == 1
