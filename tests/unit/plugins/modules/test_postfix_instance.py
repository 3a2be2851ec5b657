# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.modules import postfix_instance

Run = t.Callable[..., dict[str, t.Any]]
pytestmark = pytest.mark.usefixtures("without_programs")


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, postfix_instance.main, _ansible_check_mode=True, _ansible_diff=True)


def test_check_mode_without_postfix(run: Run) -> None:
    result = run(name="postfix-out", group="g")
    assert result["changed"]
    assert result["config_directory"] == "/etc/postfix-out"
    assert result["queue_directory"] == "/var/spool/postfix-out"
    assert result["data_directory"] == "/var/lib/postfix-out"
    assert (result["enabled"], result["started"], result["group"]) == (True, False, "g")
    assert result["diff"]["before"] == ""
    assert "group = g\n" in result["diff"]["after"]
    assert "Postfix is absent" in json.dumps(result["warnings"])


def test_nothing_to_remove_without_postfix(run: Run) -> None:
    result = run(name="postfix-out", state="absent")
    assert not result["changed"]
    assert result["config_directory"] == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "out"}, "Postfix wants it to begin with 'postfix-'"),
        ({"name": "postfix-out", "enabled": False, "started": True}, "Set enabled=true or started=false"),
        ({"name": "postfix-out", "config_directory": "etc"}, "Give an absolute path"),
        ({"name": "postfix-out"}, "Install the package postfix first"),
    ],
)
def test_refused(run: Run, options: dict[str, t.Any], message: str) -> None:
    result = run(_ansible_check_mode=False, **options)
    assert result["failed"]
    assert message in result["msg"]
