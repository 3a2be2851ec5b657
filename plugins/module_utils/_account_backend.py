# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a place that keeps mail accounts offers to the module maildir_user, whatever it is made of.

The record of an account is the Entry of a passwd-file, since its fields and extra fields are those that Dovecot knows
from every passdb and userdb. A backend maps the fields it has columns for and keeps the rest as it can; what it is
given by write, read has to return again. Among the extra fields are

- C(nologin) together with C(allow_nets) of no network: the account is disabled, and with it all its app passwords;
- C(expires=YYYY-MM-DD): from that day (UTC) on no login may succeed, app passwords included. Dovecot knows no such
  field; the backend's query or a timer has to see to it;
- the storage limit, in one of two forms, see C(_account.read_quota).
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._account import OnRemove, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._maildir import Owner
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry

Records = t.Mapping[str, Entry]
# None removes an account.
Changes = t.Mapping[str, t.Optional[Entry]]


class AccountBackendError(Exception):
    """The accounts cannot be read or written; the text names the place, the cause and the remedy."""


@dataclass(frozen=True)
class Upkeep:
    """What has to be put right besides the accounts, such as the mode of a file, in words before and after."""

    before: str
    after: str


class AccountBackend(t.Protocol):
    """Accounts by address. Each method raises AccountBackendError or OSError when it cannot do its work."""

    @property
    def place(self) -> str:
        """Where the accounts are, for messages and diffs; never a secret."""

    def check(self, wishes: t.Iterable[Wish]) -> None:
        """Raise AccountError for what an account shall have and this place cannot hold, before anything is read."""

    def lacks(self) -> tuple[str, ...]:
        """Return what is missing on the host before write can work, each with its remedy; read works without it."""

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Keep other runs away from the accounts for the length of the block. Not called in check mode."""

    def read(self) -> Records:
        """Return all accounts, none where the place is yet to be made. Changes nothing."""

    def passdbs(self, entries: t.Iterable[Entry], /) -> list[dict[str, t.Any]]:
        """Return the passdbs of Dovecot for these accounts, as the variable dovecot_passdbs takes them.

        None where they do not depend on the accounts; then the role that sets up the place knows them.
        """

    def upkeep(self) -> Upkeep | None:
        """Return what write would put right besides the accounts, or None. Called after read."""

    def write(self, changes: Changes) -> None:
        """Bring these accounts into the given state, all or none of them, and put right what upkeep names.

        An account that is renamed is removed under its former address; the new one names that in former.
        Called once at most, after read, within lock.
        """

    def settle(self) -> None:
        """Return when a Dovecot that runs sees what was written; what it has in its caches is flushed by others."""


@t.runtime_checkable
class PersonalBackend(AccountBackend, t.Protocol):
    """A place where each account is a user of the system, who owns its mail."""

    def adapted(self, wishes: t.Sequence[Wish], /) -> tuple[Wish, ...]:
        """Return wishes with password hashes in the form that read returns. Raises AccountError."""

    def scheme(self, asked: str | None, /) -> str:
        """Return the scheme of new hashes. Raises AccountError for one that cannot be checked."""

    def check_together(self, entries: t.Iterable[Entry], /) -> None:
        """Raise AccountError where these cannot be all the accounts there are. Called after read."""

    def has_password(self, address: str, /) -> bool:
        """Tell whether there is a user with a password already, whom a new account would be."""

    def check_removal(self, address: str, on_remove: OnRemove, /) -> None:
        """Raise AccountError where the home of an account must stay."""

    def owner(self, entry: Entry, /) -> Owner | None:
        """Return who owns the mail of an account, or None if that user is yet to be created."""

    def prepare(self, changes: Changes, /) -> dict[str, Owner]:
        """Create the users that are missing, unable to log in, and return the owner of the mail of each account.

        Called before write, within lock, so that there is somebody to give homes to.
        """
