# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.modules import postfix_map

Run = t.Callable[..., dict[str, t.Any]]
pytestmark = pytest.mark.usefixtures("without_programs")


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, postfix_map.main, _ansible_check_mode=True, _ansible_diff=True)


def test_check_mode_without_postfix(run: Run, tmp_path: pathlib.Path) -> None:
    result = run(path=str(tmp_path / "virtual"), entries={"a@example.org": "x"})
    assert result["changed"]
    assert result["maps"][0]["table"] == f"hash:{tmp_path}/virtual"
    assert result["diff"][0]["after"] == "a@example.org x\n"
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_not_in_the_result(run: Run, tmp_path: pathlib.Path) -> None:
    table = {"path": str(tmp_path / "passwd"), "entries": {"host": "u:s3"}, "secret": True}
    result = run(maps=[table, {"path": str(tmp_path / "clear"), "entries": {"a": "shown"}}])
    assert result["changed"]
    assert "u:s3" not in json.dumps(result)
    assert result["diff"][2]["after"] == "a shown\n"


REFUSED = [
    ({"path": "/x", "entries": {"a b": "c"}}, "key 'a b'"),
    ({"maps": [{"path": "/x", "entries": {}}, {"path": "/x", "entries": {}}]}, "the same table is given twice"),
    ({"path": "/x", "entries": {}, "src": "/y"}, "mutually exclusive"),
    ({"entries": {}}, "one of the following is required"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refused(run: Run, options: dict[str, t.Any], message: str) -> None:
    result = run(**options)
    assert result["failed"]
    assert message in result["msg"]
