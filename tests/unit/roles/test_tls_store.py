# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import os
import pathlib
import typing as t

import pytest
from tls_material import NOW, load

store_module = load("tls_store")

OLD = {"privkey.pem": b"key 1", "fullchain.pem": b"chain 1", "combined.pem": b"key 1chain 1"}
NEW = {"privkey.pem": b"key 2", "fullchain.pem": b"chain 2", "combined.pem": b"key 2chain 2"}


@pytest.fixture
def store(tmp_path: pathlib.Path) -> t.Any:
    return store_module.Store(tmp_path / "mail.example.org", -1)


def read(store: t.Any) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.folder.glob("*.pem")}


def at(minute: int) -> datetime.datetime:
    return NOW + datetime.timedelta(minutes=minute)


def test_files_are_links_behind_one_link(store: t.Any) -> None:
    assert not store.holds(OLD)
    store.swap(OLD, NOW)
    assert store.holds(OLD)
    assert store.pending
    store.settle()
    assert not store.pending
    assert read(store) == OLD
    assert os.readlink(store.folder / "privkey.pem") == "current/privkey.pem"
    assert os.readlink(store.current).startswith("archive/20261122T120000Z")
    assert {path.name: path.stat().st_mode & 0o777 for path in store.folder.glob("*.pem")} == {
        "privkey.pem": 0o600,
        "combined.pem": 0o600,
        "fullchain.pem": 0o644,
    }


@pytest.mark.parametrize("change", ["content", "mode", "link", "missing", "more"])
def test_a_difference_is_seen(store: t.Any, change: str) -> None:
    store.swap(OLD, NOW)
    key = store.folder / "privkey.pem"
    if change == "mode":
        key.resolve().chmod(0o644)
    elif change == "link":
        content = key.read_bytes()
        key.unlink()
        key.write_bytes(content)
    elif change == "missing":
        key.resolve().unlink()
    wanted = {"content": NEW, "more": {**OLD, "privkey-rsa.pem": b"key"}}.get(change, OLD)
    assert not store.holds(wanted)
    store.swap(wanted, at(1))
    assert store.holds(wanted)
    assert read(store) == wanted


def test_what_daemons_still_read_stays(store: t.Any) -> None:
    store.swap({**OLD, "privkey-rsa.pem": b"key"}, NOW)
    store.swap(NEW, at(1))
    assert read(store) == {**NEW, "privkey-rsa.pem": b"key"}
    assert store.holds(NEW)


def test_plain_files_of_earlier_days_are_kept_in_the_archive(store: t.Any) -> None:
    store.folder.mkdir()
    for name in ("privkey.pem", "fullchain.pem"):
        (store.folder / name).write_bytes(OLD[name])
    (store.folder / "request.pem").write_bytes(b"somebody else's")
    store.swap(NEW, NOW)
    assert read(store) == {**NEW, "request.pem": b"somebody else's"}
    kept = [path for path in store.archive.iterdir() if path.name.endswith("-before")]
    assert [sorted(path.name for path in folder.iterdir()) for folder in kept] == [["fullchain.pem", "privkey.pem"]]
    assert (kept[0] / "privkey.pem").read_bytes() == OLD["privkey.pem"]


def test_few_earlier_ones_are_kept(store: t.Any) -> None:
    for minute in range(8):
        store.swap({**OLD, "fullchain.pem": str(minute).encode()}, at(minute))
    kept = sorted((path / "fullchain.pem").read_bytes() for path in store.archive.iterdir())
    assert kept == [b"4", b"5", b"6", b"7"]


class Killed(BaseException):
    pass


def _steps() -> list[tuple[str, bool]]:
    return [
        (call, plain) for call in ("rename", "mkdir", "link", "symlink", "fsync", "unlink") for plain in (True, False)
    ]


@pytest.mark.parametrize(("call", "plain"), _steps())
def test_key_and_chain_belong_together_wherever_it_is_killed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, call: str, plain: bool
) -> None:
    """Kill the change at each call that touches the disk; what is there is of one pair, and the next run succeeds."""
    real = getattr(os, call)
    for victim in range(40):
        store = store_module.Store(tmp_path / str(victim), -1)
        store.folder.mkdir()
        if plain:
            for name in ("privkey.pem", "fullchain.pem"):
                (store.folder / name).write_bytes(OLD[name])
        else:
            store.swap(OLD, NOW)
        calls = iter(range(1000))

        def killing(*args: t.Any, _calls: t.Iterator[int] = calls, _victim: int = victim, **kwargs: t.Any) -> t.Any:
            if next(_calls) == _victim:
                raise Killed
            return real(*args, **kwargs)

        monkeypatch.setattr(os, call, killing)
        try:
            store.swap(NEW, at(1))
            ended = True
        except Killed:
            ended = False
        monkeypatch.setattr(os, call, real)
        seen = {name: (store.folder / name).read_bytes()[-1:] for name in ("privkey.pem", "fullchain.pem")}
        assert len(set(seen.values())) == 1, (victim, seen)
        if ended:
            return
        assert not store.holds(NEW) or store.pending
        store.swap(NEW, at(2))
        assert read(store) == NEW
    pytest.fail("the change never came to its end")
