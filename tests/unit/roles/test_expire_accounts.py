# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import pathlib
import types

import pytest

_PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "accounts" / "files" / "expire_accounts.py"
_LOCK = "nologin allow_nets=255.255.255.255/32"
_TODAY = "2026-11-22"


@pytest.fixture(scope="module")
def program() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("expire_accounts", _PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("line", "due"),
    [
        ("a@example.org:{PLAIN}x::::/home::expires=2026-11-22\n", True),
        ("a@example.org:{PLAIN}x::::/home::allow_nets=192.0.2.1 expires=2026-11-21 note=a:b\n", True),
        ("a@example.org:{PLAIN}x::::::expires=2026-01-01", True),
        ("a@example.org:{PLAIN}x::::/home::expires=2026-11-23\n", False),
        (f"a@example.org:{{PLAIN}}x::::/home::expires=2026-11-21 {_LOCK}\n", False),
        ("a@example.org:{PLAIN}x::::/home::\n", False),
        ("a@example.org:{PLAIN}x\n", False),
        ("# a@example.org:{PLAIN}x::::/home::expires=2026-11-21\n", False),
        ("\n", False),
    ],
)
def test_lines_whose_day_has_come_are_locked(program: types.ModuleType, line: str, due: bool) -> None:
    others = "b@example.org:{PLAIN}y::::/home::\n"
    text, users = program.locked(others + line, _TODAY)
    assert text == others + (f"{line.rstrip()} {_LOCK}\n" if due else line)
    assert users == (["a@example.org"] if due else [])


def test_all_files_of_an_account_are_locked_and_no_other_is_touched(
    program: types.ModuleType, tmp_path: pathlib.Path
) -> None:
    users, folder = tmp_path / "users", tmp_path / "users.d"
    folder.mkdir()
    line = "a@example.org:{PLAIN}x::::::expires=2026-11-22\n"
    for path in (users, folder / "imap.1"):
        path.write_text(line)
        path.chmod(0o640)
    (folder / "pop3.1").write_text("b@example.org:{PLAIN}y::::::expires=2999-01-01\n")
    untouched = (folder / "pop3.1").stat()
    before = users.stat()

    assert program.expire(str(users), _TODAY) == ["a@example.org"]
    assert users.read_text() == (folder / "imap.1").read_text() == f"{line.rstrip()} {_LOCK}\n"
    assert users.stat().st_mode == before.st_mode
    assert int(users.stat().st_mtime) > int(before.st_mtime)
    assert (folder / "pop3.1").stat() == untouched
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["imap.1", "pop3.1", "users", "users.d"]
    assert program.expire(str(users), _TODAY) == []
