# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One attempt at a time for each account, and the later the more have failed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
import typing as t
from dataclasses import dataclass

from password_rules import RefusedError

LONGEST_DELAY = 16
# After so long nobody is held to have been guessing.
FORGOTTEN = 900
_PATIENCE = 15
_TICK = 0.1
# Accounts that share a slot wait for each other, which does no harm; a file for each name that is said would.
_SLOTS = 1024


@dataclass(frozen=True)
class Failures:
    """How many attempts in a row failed, and when the last one began."""

    count: int = 0
    last: float = 0.0

    def remaining(self, now: float) -> float:
        """Return for how long the next attempt has to wait."""
        return max(0.0, min(self.last, now) + self.delay - now)

    @property
    def delay(self) -> int:
        """How long after the last attempt the next one may begin."""
        return min(2 ** (self.count - 1), LONGEST_DELAY) if self.count else 0

    def next(self, now: float) -> Failures:
        """Return what holds if an attempt that begins now fails."""
        return Failures(1 if now - self.last > FORGOTTEN else self.count + 1, now)


@dataclass(frozen=True)
class Attempt:
    """One that counts as failed until it is known to be none."""

    descriptor: int
    failures: Failures

    def succeed(self) -> None:
        """Forget all failures of the account."""
        _write(self.descriptor, Failures())


class Guard:
    """Keeps the failures of accounts in files of a folder that only root opens."""

    def __init__(
        self,
        folder: str,
        *,
        clock: t.Callable[[], float] = time.time,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._sleep = sleep

    @contextlib.contextmanager
    def attempt(self, name: str) -> t.Iterator[Attempt]:
        """Wait for the turn of an account. Raises RefusedError where others are at it all the time."""
        slot = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % _SLOTS
        descriptor = os.open(os.path.join(self._folder, str(slot)), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(descriptor)
            failures = _parse(os.pread(descriptor, 100, 0))
            self._sleep(failures.remaining(self._clock()))
            failures = failures.next(self._clock())
            # Before it is known: who leaves in the middle has had an attempt, too.
            _write(descriptor, failures)
            yield Attempt(descriptor, failures)
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        for _attempt in range(int(_PATIENCE / _TICK)):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                self._sleep(_TICK)
        raise RefusedError("Somebody else is changing it; try again in a minute.")


def _parse(content: bytes) -> Failures:
    try:
        count, last = content.split()
        return Failures(int(count), float(last))
    except ValueError:
        return Failures()


def _write(descriptor: int, failures: Failures) -> None:
    content = f"{failures.count} {failures.last}\n".encode()
    os.pwrite(descriptor, content, 0)
    os.ftruncate(descriptor, len(content))
