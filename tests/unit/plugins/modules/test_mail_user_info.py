# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.modules import mail_user_info

LINES = "alice@example.org:{PLAIN}x:::Alice:/var/vmail/a::\nbob@example.org:{PLAIN}x::::/var/vmail/b::nologin\n"


@pytest.fixture
def path(tmp_path: pathlib.Path) -> str:
    users = tmp_path / "users"
    users.write_text(LINES)
    return str(users)


@pytest.mark.usefixtures("without_programs")
def test_accounts_are_returned_without_looking_at_their_mail(run_module, path):
    result = run_module(mail_user_info.main, path=path, usage=False)
    assert not result["changed"]
    assert [(user["address"], user["state"]) for user in result["users"]] == [
        ("alice@example.org", "present"),
        ("bob@example.org", "disabled"),
    ]
    assert "doveadm" not in str(result.get("warnings"))


@pytest.mark.usefixtures("without_programs")
def test_those_that_are_asked_for_are_returned(run_module, path):
    result = run_module(mail_user_info.main, path=path, addresses=["Bob@Example.org", "nobody@example.org"])
    assert [user["address"] for user in result["users"]] == ["bob@example.org"]
    assert "doveadm is not installed" in str(result["warnings"])


@pytest.mark.usefixtures("without_programs")
def test_a_place_that_does_not_exist_has_no_accounts(run_module, tmp_path):
    assert run_module(mail_user_info.main, path=str(tmp_path / "none"), usage=False)["users"] == []


@pytest.mark.usefixtures("without_programs")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"addresses": ["bob"]}, "is not a full address"),
        ({"backend": "sql"}, "database"),
        ({"backend": "ldap"}, "directory"),
    ],
)
def test_failures_name_their_cause(run_module, path, arguments, message):
    result = run_module(mail_user_info.main, path=path, **arguments)
    assert result["failed"]
    assert message in result["msg"]
