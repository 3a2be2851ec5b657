# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the program that keeps certificates on a host is told on its command line."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).parents[3] / "roles" / "tls" / "files" / "program"


def _run(directory: pathlib.Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-IB", str(PROGRAM), "--directory", str(directory), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words",
    [["install", "--check", "a.example"], ["install", "a.example", "--check"], ["--check", "renew", "a.example"]],
)
def test_options_stand_where_they_like(tmp_path: pathlib.Path, words: list[str]) -> None:
    ended = _run(tmp_path, *words)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"a.example: {tmp_path}/a.example.json does not exist")


@pytest.mark.parametrize("words", [["install"], ["install", "--all", "a.example"]])
def test_either_names_or_all_are_wanted(tmp_path: pathlib.Path, words: list[str]) -> None:
    ended = _run(tmp_path, *words)
    assert ended.returncode == 2
    assert "give names of certificates, or --all" in ended.stderr


def test_a_host_without_certificates_has_nothing_to_renew(tmp_path: pathlib.Path) -> None:
    assert _run(tmp_path, "renew", "--all").returncode == 0
