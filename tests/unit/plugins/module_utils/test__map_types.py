# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._map_types import MapTypeError, MapTypes, read_map_types
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"


class FakeRunner:
    def __init__(self, answers: t.Mapping[str, CommandResult]) -> None:
        self._answers = answers
        self.calls: list[list[str]] = []

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        assert data is None
        self.calls.append(list(argv))
        return self._answers[argv[-1]]


@pytest.mark.parametrize("version", ["3.7.11", "3.10.13"])
def test_read_map_types(version: str) -> None:
    listing = (FIXTURES / f"postconf-{version}-m.txt").read_text()
    runner = FakeRunner({"-m": CommandResult(0, listing, ""), "default_database_type": CommandResult(0, "hash\n", "")})
    types = read_map_types(runner, "/usr/sbin/postconf", "/etc/postfix-x")
    assert types.default == "hash"
    assert {"hash", "lmdb", "pcre", "texthash"} <= types.supported
    assert runner.calls[0] == ["/usr/sbin/postconf", "-c", "/etc/postfix-x", "-m"]


def test_read_map_types_fails_with_the_reason() -> None:
    fatal = CommandResult(1, "", "postconf: fatal: open /x/main.cf: No such file or directory")
    with pytest.raises(MapTypeError, match="open /x/main.cf"):
        read_map_types(FakeRunner({"-m": fatal, "default_database_type": fatal}), "postconf")


def test_check_names_the_package() -> None:
    types = MapTypes(supported=frozenset({"hash"}), default="hash")
    types.check("hash")
    with pytest.raises(MapTypeError, match="Install the package postfix-lmdb"):
        types.check("lmdb")
