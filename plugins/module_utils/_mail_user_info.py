# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Mail accounts as data: what is stored about them, and what doveadm(1) says of the mail they hold."""

from __future__ import annotations

import datetime
import json
import os
import stat
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _account
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import (
    expires_of,
    networks_of,
    state_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry, field_name
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

LAST_LOGIN_FILE = ".dovecot.last-login"

_LAST_LOGIN_KEY = "last-login/"
_LAST_LOGIN_BYTES = 4096
_KIBIBYTE = 1024
# More users than these are asked for all at once.
_SINGLY = 20
_Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Usage:
    """What an account holds, in bytes; None is what nobody could tell, or no limit."""

    size: int | None = None
    messages: int | None = None
    storage_used: int | None = None
    storage_limit: int | None = None

    @property
    def percent(self) -> int | None:
        """How much of the limit is used."""
        if self.storage_limit is None or self.storage_used is None:
            return None
        return 100 * self.storage_used // max(self.storage_limit, 1)


class UsageReader:
    """Asks doveadm; problems collects what it complained of."""

    def __init__(self, runner: CommandRunner, doveadm: str) -> None:
        self._runner = runner
        self._doveadm = doveadm
        self.problems: list[str] = []

    def read(self, addresses: t.Sequence[str]) -> dict[str, Usage]:
        """Return the usage of these accounts."""
        mailboxes = self._ask(("mailbox", "status"), ("messages vsize", "*"), addresses)
        quotas = self._ask(("quota", "get"), (), addresses)
        return {address: _usage(mailboxes.get(address), quotas.get(address)) for address in addresses}

    def _ask(self, command: tuple[str, ...], rest: tuple[str, ...], addresses: t.Sequence[str]) -> dict[str, _Rows]:
        """Return the rows that a command prints, by account; nothing for one that it failed for."""
        found: dict[str, _Rows] = {}
        if len(addresses) > _SINGLY:
            for row in self._rows([*command, "-A", *rest]):
                found.setdefault(row.get("username", ""), []).append(row)
            return found
        for address in addresses:
            rows = self._rows([*command, "-u", address, *rest])
            if rows:
                found[address] = rows
        return found

    def _rows(self, words: t.Sequence[str]) -> _Rows:
        result = self._runner.run([self._doveadm, "-f", "json", *words])
        if result.rc != 0:
            complaint = result.stderr.strip() or f"exit status {result.rc} without a message"
            self.problems.append(f"doveadm {' '.join(words[:4])}: {complaint}")
        try:
            rows = json.loads(result.stdout or "[]")
        except ValueError:
            return []
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def last_login(home: str, name: str) -> str | None:
    """Return when Dovecot's plugin last_login saw the last login, in UTC, or None if nobody knows.

    The file belongs to the user: it is neither followed elsewhere nor read if it is more than a few lines.
    """
    if not home:
        return None
    try:
        descriptor = os.open(os.path.join(home, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        lines = os.read(descriptor, _LAST_LOGIN_BYTES).decode("utf-8", "replace").splitlines()
    finally:
        os.close(descriptor)
    # A key, then its value. After the account got another name there is more than one.
    seconds = [
        int(value)
        for key, value in zip(lines[::2], lines[1::2])
        if _LAST_LOGIN_KEY in key and value.isascii() and value.isdecimal()
    ]
    try:
        moment = datetime.datetime.fromtimestamp(max(seconds), tz=datetime.timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def describe(entry: Entry, usage: Usage, seen: str | None) -> dict[str, t.Any]:
    """Return an account as data, without any of its passwords; seen is its last login."""
    limits = [_account.read_quota(token) for token in entry.extra if field_name(token) in _account.QUOTA_FIELDS]
    return {
        "address": entry.user,
        "state": state_of(entry),
        "name": entry.gecos,
        "home": entry.home,
        "expires": expires_of(entry.extra),
        "allow_nets": list(networks_of(entry.extra)),
        "app_passwords": [
            {"name": one.name, "services": list(one.services), "allow_nets": list(one.allow_nets)}
            for one in entry.app_passwords
        ],
        "quota": next((limit for limit in limits if limit is not None), None),
        "storage_limit": usage.storage_limit,
        "storage_used": usage.storage_used,
        "percent": usage.percent,
        "size": usage.size,
        "messages": usage.messages,
        "last_login": seen,
    }


def _usage(mailboxes: _Rows | None, quotas: _Rows | None) -> Usage:
    storage = next((row for row in quotas or () if row.get("type") == "STORAGE"), {})
    return Usage(
        size=None if mailboxes is None else sum(_number(row.get("vsize")) or 0 for row in mailboxes),
        messages=None if mailboxes is None else sum(_number(row.get("messages")) or 0 for row in mailboxes),
        storage_used=_bytes(storage.get("value")),
        storage_limit=_bytes(storage.get("limit")),
    )


def _bytes(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None else number * _KIBIBYTE


def _number(text: str | None) -> int | None:
    """Return a count; a dash stands for none."""
    return int(text) if text is not None and text.isdecimal() else None
