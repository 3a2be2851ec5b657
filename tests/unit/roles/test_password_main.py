# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program as systemd starts it for a connection, with a doveadm that knows one password."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys

import pytest
from password_program import PROGRAM

ALICE = "alice@example.org"
DOVEADM = """#!/bin/sh
case "$*" in
    "auth test"*) read -r password; [ "$password" = Correct-Horse-1 ] || exit 77; echo "  user=alice@example.org" ;;
    "-O pw -l") echo PLAIN SHA512-CRYPT ;;
    "-O pw -u"*) read -r password; echo "{SHA512-CRYPT}hash-of-$password" ;;
esac
"""


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> pathlib.Path:
    doveadm = tmp_path / "doveadm"
    doveadm.write_text(DOVEADM)
    doveadm.chmod(0o755)
    (tmp_path / "attempts").mkdir()
    (tmp_path / "users").write_text(f"{ALICE}:{{PLAIN}}x:::Alice:::quota=1\n")
    path = tmp_path / "settings.json"
    path.write_text(
        json.dumps(
            {
                "backend": "passwd_file",
                "path": str(tmp_path / "users"),
                "attempts": str(tmp_path / "attempts"),
                "minimum_length": 8,
                "scheme": "",
            }
        )
    )
    return path


def _talk(settings: pathlib.Path, *lines: str) -> tuple[list[str], str]:
    """Return what the client hears and what is logged."""
    ours, theirs = socket.socketpair()
    environment = {**os.environ, "PATH": f"{settings.parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-IB", str(PROGRAM), str(settings)]
    with ours:
        with theirs:
            program = subprocess.Popen(command, stdin=theirs, stderr=subprocess.PIPE, text=True, env=environment)
        ours.settimeout(30)
        with ours.makefile("r", encoding="utf-8") as answers:
            heard = [answers.readline().strip()]
            for line in lines:
                ours.sendall(f"{line}\r\n".encode())
                heard.append(answers.readline().strip())
    _out, logged = program.communicate(timeout=30)
    assert program.returncode == 0, logged
    return heard, logged


def test_a_password_is_changed_from_end_to_end(settings: pathlib.Path) -> None:
    heard, logged = _talk(settings, f"user {ALICE}", "pass Correct-Horse-1", "newpass Correct-Horse-2", "quit")
    assert [line[:3] for line in heard] == ["200", "300", "300", "200", "200"]
    assert logged == f"{ALICE}: the password is changed\n"
    users = (settings.parent / "users").read_text()
    assert users == f"{ALICE}:{{SHA512-CRYPT}}hash-of-Correct-Horse-2:::Alice:::quota=1\n"


def test_a_wrong_one_changes_nothing(settings: pathlib.Path) -> None:
    heard, logged = _talk(settings, f"user {ALICE}", "pass wrong", "newpass Correct-Horse-2")
    assert heard[-1] == "500 The old password is wrong, or the account may not log in."
    assert f"{ALICE}: 1 wrong in a row" in logged
    assert (settings.parent / "users").read_text().startswith(f"{ALICE}:{{PLAIN}}x:")
