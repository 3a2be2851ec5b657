# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import os
import pathlib
import typing as t

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.modules import sasldb_user

MY_GROUP = grp.getgrgid(os.getgid()).gr_name
ALICE = {"name": "alice@example.org", "password": "Correct-Horse-1"}
Run = t.Callable[..., dict[str, t.Any]]

# Both programs over a file with a line for each user: name, tab, password.
SASLPASSWD = """#!/bin/sh
while [ $# -gt 1 ]; do
  case $1 in -f) file=$2; shift;; -u) realm=$2; shift;; -d) delete=1;; esac
  shift
done
touch "$file"
grep -v "^$1@$realm$(printf '\\t')" "$file" > "$file.new"
[ -n "$delete" ] || { printf '%s\\t' "$1@$realm"; cat; echo; } >> "$file.new"
mv "$file.new" "$file"
"""
LISTUSERS = """#!/bin/sh
cut -f 1 "$2" | sed 's/$/: userPassword/'
"""


class FakeChecker:
    """libsasl over the same file."""

    def __call__(self, path: str, login: str, password: str) -> bool:
        return f"{login}\t{password}" in pathlib.Path(path).read_text().splitlines()


@pytest.fixture
def run(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, run_module: Run) -> Run:
    programs = {"saslpasswd2": SASLPASSWD, "sasldblistusers2": LISTUSERS}
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda _self, name: str(tmp_path / name))
    monkeypatch.setattr(sasldb_user, "PasswordChecker", FakeChecker)
    path = str(tmp_path / "sasldb2")

    def run_once(**arguments: t.Any) -> dict[str, t.Any]:
        return run_module(sasldb_user.main, **{"path": path, "group": MY_GROUP, **arguments})

    return run_once


def test_users_are_created_changed_and_removed_once(run: Run, tmp_path: pathlib.Path) -> None:
    bob = {"name": "bob", "password": "Correct-Horse-2"}
    first = run(users=[ALICE, bob], realm="example.org", _ansible_check_mode=True, _ansible_diff=True)
    assert first["created"] == ["alice@example.org", "bob@example.org"]
    assert not (tmp_path / "sasldb2").exists()
    assert run(users=[ALICE, bob], realm="example.org")["changed"]
    again = run(users=[ALICE, bob], realm="example.org")
    assert not again["changed"]
    assert run(users=[{**ALICE, "password": "Correct-Horse-3"}])["updated"] == ["alice@example.org"]
    assert run(users=[ALICE], update_password="on_create")["updated"] == []
    purged = run(users=[ALICE], purge=True, _ansible_diff=True)
    assert (purged["updated"], purged["removed"]) == (["alice@example.org"], ["bob@example.org"])
    assert "Correct-Horse" not in str([first, purged])
    assert run(users=[{"name": "alice@example.org", "state": "absent"}])["removed"] == ["alice@example.org"]
    assert (tmp_path / "sasldb2").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"users": [{"name": "alice"}]}, "write the name with its realm"),
        ({"users": [{"name": "alice@example.org"}]}, "needs a password"),
        ({"users": [ALICE, ALICE]}, "named twice"),
        ({"users": [ALICE], "group": "no-such-group"}, "There is no group no-such-group"),
        ({"users": [ALICE], "path": "/nonexistent/sasldb2"}, "The directory /nonexistent does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused(run: Run, arguments: dict[str, t.Any], fault: str) -> None:
    result = run(**arguments)
    assert result["failed"]
    assert fault in result["msg"]


@pytest.mark.usefixtures("without_programs")
def test_without_cyrus_sasl_only_check_mode_goes_on(run_module: Run, tmp_path: pathlib.Path) -> None:
    arguments = {"path": str(tmp_path / "sasldb2"), "group": "no-such-group", "users": [ALICE]}
    planned = run_module(sasldb_user.main, **arguments, _ansible_check_mode=True)
    assert planned["created"] == ["alice@example.org"]
    assert "not installed yet" in str(planned["warnings"])
    refused = run_module(sasldb_user.main, **{**arguments, "group": MY_GROUP})
    assert "Cannot find saslpasswd2 and sasldblistusers2" in refused["msg"]
