# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The ledger of a Postfix instance: who contributed what, and what the configuration was before."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.postmaster.mail.plugins.module_utils._files import (
    FileAccess,
    read_bytes,
    replace_file,
    sync_directory,
)
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import EntryError, parse_entry
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import WishError
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_shares import (
    Contribution,
    contributions,
    document,
)

LEDGER = "postmaster.json"
_FORMAT = 1
_PENDING = ("", "reload", "restart")


class LedgerError(Exception):
    """The ledger cannot be read; without it nothing may be changed."""


@dataclass(frozen=True)
class EarlierService:
    """A line of master.cf from before anybody took the service over (None for none), and which one stood above it."""

    line: str | None
    after: str = ""


@dataclass(frozen=True)
class Ledger:
    """What all owners say, and the values from before.

    pending is what a task that was cut off still had to do, unit the systemd unit it was to do it to.
    """

    owners: t.Mapping[str, tuple[Contribution, ...]] = field(default_factory=dict)
    parameters: t.Mapping[str, str | None] = field(default_factory=dict)
    services: t.Mapping[str, EarlierService] = field(default_factory=dict)
    pending: str = ""
    unit: str = ""

    def shares(self) -> tuple[Contribution, ...]:
        return tuple(share for shares in self.owners.values() for share in shares)

    def said_by(self, owner: str, shares: tuple[Contribution, ...]) -> Ledger:
        """Return the ledger after owner took back what it had said, and said shares."""
        others = {name: said for name, said in self.owners.items() if name != owner}
        return replace(self, owners={**others, owner: shares} if shares else others)

    def lines(self) -> list[str]:
        """Name what the ledger holds, for a diff."""
        return [f"{share.owner}: {share.name} (order {share.order})" for share in sorted(self.shares(), key=_by_owner)]


def parse_ledger(path: str, content: bytes | None) -> Ledger:
    """Read a ledger; no content is an empty one. Raises LedgerError."""
    if content is None:
        return Ledger()
    try:
        raw = json.loads(content.decode("utf-8", "surrogateescape"))
        if raw["format"] != _FORMAT:
            raise LedgerError(
                f"{path} has format {raw['format']!r}, which this version of the collection does not know. Use the"
                " version that wrote it, or a later one."
            )
        ledger = Ledger(
            owners={owner: contributions(owner, shares) for owner, shares in raw["owners"].items()},
            parameters={name: _text(value) for name, value in raw["earlier"]["params"].items()},
            services={
                name: EarlierService(_text(item["line"]), item["after"])
                for name, item in raw["earlier"]["services"].items()
            },
            pending=raw["pending"],
            unit=_text(raw["unit"]) or "",
        )
        for item in ledger.services.values():
            if item.line is not None:
                parse_entry(item.line)
        if ledger.pending not in _PENDING:
            raise ValueError("pending is neither reload nor restart")
    except (ValueError, KeyError, TypeError, AttributeError, WishError, EntryError) as error:
        raise LedgerError(
            f"{path} is damaged ({type(error).__name__}: {error}), so nobody knows what the configuration was before."
            " Restore the file from a backup. Or move it away; then the present configuration counts as the earlier"
            " one."
        ) from error
    return ledger


def render_ledger(ledger: Ledger) -> bytes | None:
    """Write a ledger; None for one that holds nothing."""
    if not (ledger.owners or ledger.parameters or ledger.services or ledger.pending):
        return None
    raw = {
        "format": _FORMAT,
        "comment": "Kept by the Ansible module postmaster.mail.postfix_contribution. Do not edit.",
        "owners": {owner: [document(share) for share in ledger.owners[owner]] for owner in sorted(ledger.owners)},
        "earlier": {
            "params": dict(sorted(ledger.parameters.items())),
            "services": {
                name: {"line": item.line, "after": item.after} for name, item in sorted(ledger.services.items())
            },
        },
        "pending": ledger.pending,
        "unit": ledger.unit,
    }
    return json.dumps(raw, indent=1).encode() + b"\n"


def write_ledger(path: str, content: bytes | None) -> None:
    """Put content at path, readable for us alone, or remove the file if it is None. Raises OSError."""
    if content is not None:
        replace_file(path, content, FileAccess(0o600, os.geteuid(), os.getegid()))
    elif read_bytes(path) is not None:
        os.unlink(path)
        sync_directory(os.path.dirname(path))


@contextlib.contextmanager
def one_at_a_time(directory: str) -> t.Iterator[None]:
    """Keep other tasks on the same instance waiting for the length of the block, without leaving a file behind."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _by_owner(share: Contribution) -> tuple[str, str]:
    return (share.owner, share.name)


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value
