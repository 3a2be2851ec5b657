# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.postmaster.mail.plugins.modules import postfix_instance


def run_module(capsys: pytest.CaptureFixture[str], *, check: bool = True, **options: t.Any) -> dict[str, t.Any]:
    settings = {"_ansible_check_mode": check, "_ansible_diff": True}
    with patch_module_args({**options, **settings}), pytest.raises(SystemExit):
        postfix_instance.main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    return result


@pytest.fixture(autouse=True)
def fixture_no_postfix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postfix_instance.AnsibleModule, "get_bin_path", lambda *_arguments, **_options: None)


def test_check_mode_without_postfix(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_module(capsys, name="postfix-out", group="g")
    assert result["changed"]
    assert result["config_directory"] == "/etc/postfix-out"
    assert result["queue_directory"] == "/var/spool/postfix-out"
    assert result["data_directory"] == "/var/lib/postfix-out"
    assert (result["enabled"], result["started"], result["group"]) == (True, False, "g")
    assert result["diff"]["before"] == ""
    assert "group = g\n" in result["diff"]["after"]
    assert "Postfix is absent" in json.dumps(result["warnings"])


def test_nothing_to_remove_without_postfix(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_module(capsys, name="postfix-out", state="absent")
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
def test_refused(capsys: pytest.CaptureFixture[str], options: dict[str, t.Any], message: str) -> None:
    result = run_module(capsys, check=False, **options)
    assert result["failed"]
    assert message in result["msg"]
