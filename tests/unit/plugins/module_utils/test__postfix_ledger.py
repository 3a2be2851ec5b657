# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fcntl
import json
import os
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_ledger import (
    EarlierService,
    Ledger,
    LedgerError,
    one_at_a_time,
    parse_ledger,
    render_ledger,
    write_ledger,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_shares import contributions

FULL = Ledger(
    owners={"a": contributions("a", [{"name": "one", "order": 5, "params": {"biff": "no"}}, {"name": "two"}])},
    parameters={"biff": "yes", "relayhost": None},
    services={"smtp/inet": EarlierService("smtp inet n - y - - smtpd", "pickup/unix"), "x/unix": EarlierService(None)},
    pending="reload",
    unit="postfix.service",
)


def test_what_is_written_is_read() -> None:
    content = render_ledger(FULL)
    assert content is not None
    ledger = parse_ledger("p", content)
    assert ledger == FULL
    assert render_ledger(ledger) == content
    assert ledger.lines() == ["a: one (order 5)", "a: two (order 500)"]


def test_an_empty_ledger_is_no_file() -> None:
    assert render_ledger(Ledger()) is None
    assert parse_ledger("p", None) == Ledger()
    assert Ledger().said_by("a", ()) == Ledger()
    assert FULL.said_by("a", ()).owners == {}


def damaged(change: t.Callable[[t.Any], object]) -> bytes:
    raw = json.loads(render_ledger(FULL) or b"")
    change(raw)
    return json.dumps(raw).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "p is damaged"),
        (b"[]", "p is damaged"),
        (b"{}", "KeyError"),
        (damaged(lambda raw: raw.update(format=2)), "has format 2"),
        (damaged(lambda raw: raw["earlier"]["params"].update(biff=5)), "5 is no text"),
        (damaged(lambda raw: raw["earlier"]["services"].update(x={"line": "short", "after": ""})), "no complete"),
        (damaged(lambda raw: raw["owners"].update(b=[{"name": "n", "params": {"a b": 1}}])), "is not possible"),
        (damaged(lambda raw: raw.update(pending="later")), "neither reload nor restart"),
    ],
)
def test_a_damaged_ledger_is_never_guessed_at(content: bytes, message: str) -> None:
    with pytest.raises(LedgerError, match=message):
        parse_ledger("p", content)


def test_the_file_is_for_us_alone_and_goes_away(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "postmaster.json"
    write_ledger(str(path), None)
    write_ledger(str(path), b"x")
    assert path.read_bytes() == b"x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    write_ledger(str(path), None)
    assert list(tmp_path.iterdir()) == []


def test_two_tasks_wait_for_each_other(tmp_path: pathlib.Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with one_at_a_time(str(tmp_path)), pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
    assert list(tmp_path.iterdir()) == []
