# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One attempt to change the password of an account, from what was said to what the log says."""

from __future__ import annotations

import sys
import typing as t

from password_dovecot import DovecotError
from password_guard import Guard
from password_rules import RefusedError, account, check_new
from password_store import Store, StoreError

# One answer to all that is wrong with a login, so that nobody learns what.
_WRONG = "The old password is wrong, or the account may not log in."
_LATER = "It cannot be changed at the moment; try again later."


class Dovecot(t.Protocol):
    """What password_dovecot offers."""

    def is_password(self, name: str, password: str) -> bool: ...

    def new_hash(self, name: str, password: str, scheme: str) -> str: ...

    def follow(self, name: str) -> None: ...


class Changer:
    """Changes passwords of accounts whose old one is said."""

    def __init__(self, dovecot: Dovecot, guard: Guard, store: Store, *, minimum_length: int, scheme: str) -> None:
        self._dovecot = dovecot
        self._guard = guard
        self._store = store
        self._minimum_length = minimum_length
        self._scheme = scheme

    def change(self, login: str, old: str, new: str) -> None:
        """Raises RefusedError with what the person is told."""
        name = account(login)
        if name is None:
            _log("a name that no account can have: the password is not changed")
            raise RefusedError(_WRONG)
        try:
            check_new(new, old, name, self._minimum_length)
            self._attempt(name, old, new)
        except RefusedError as error:
            _log(f"{name}: the password is not changed: {error}")
            raise
        except (DovecotError, StoreError, OSError) as error:
            _log(f"{name}: the password is not changed: {error}")
            raise RefusedError(_LATER) from error
        _log(f"{name}: the password is changed")

    def _attempt(self, name: str, old: str, new: str) -> None:
        with self._guard.attempt(name) as attempt:
            if not self._dovecot.is_password(name, old):
                failures = attempt.failures
                _log(f"{name}: {failures.count} wrong in a row, the next one waits {failures.delay} s")
                raise RefusedError(_WRONG)
            attempt.succeed()
            self._store.keep(name, self._dovecot.new_hash(name, new, self._scheme))
            self._dovecot.follow(name)


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
