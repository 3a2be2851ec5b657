# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib.util
import json
import pathlib
import subprocess
import types
import typing as t

import pytest

_PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "accounts" / "files" / "expire_ldap_accounts.py"
_SETTINGS = {
    "uris": ["ldap://ldap.example.org"],
    "starttls": True,
    "ca_file": "/etc/ssl/ca.pem",
    "base": "ou=mail,dc=example,dc=org",
    "bind_dn": "cn=writer,dc=example,dc=org",
    "bind_password": "Wr1ter's secret",
    "accounts": "(&(objectClass=inetOrgPerson)(mail=*))",
    "address": "mail",
    "expires": "mailExpires",
    "disabled": "mailDisabled",
}
_FOUND = (
    "dn: mail=alice@example.org,ou=mail,dc=example,dc=org\nmail: Alice@example.org\n\n"
    "dn:: dWlkPXrDqSxvdT1tYWls\nmail:: YsO8Y2hlckBleGFtcGxlLm9yZw==\n\n"
)


class Tools:
    """Answers as the tools of OpenLDAP and doveadm(1) do."""

    def __init__(self, found: str, refused: str = "") -> None:
        self.found = found
        self.refused = refused
        self.asked: list[list[str]] = []
        self.changes = ""

    def run(self, argv: list[str], **options: t.Any) -> subprocess.CompletedProcess[str]:
        self.asked.append(argv)
        if argv[0] == self.refused:
            raise subprocess.CalledProcessError(255, argv)
        if argv[0].startswith("ldap"):
            assert options["env"]["LDAPTLS_CACERT"] == "/etc/ssl/ca.pem"
            assert options["env"]["LDAPTLS_REQCERT"] == "demand"
            assert pathlib.Path(argv[argv.index("-y") + 1]).read_text() == _SETTINGS["bind_password"]
            self.changes += options["input"]
        return subprocess.CompletedProcess(argv, 0, self.found if argv[0] == "ldapsearch" else "", "")


@pytest.fixture(scope="module")
def program() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("expire_ldap_accounts", _PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> str:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(_SETTINGS))
    return str(path)


def test_who_is_due_is_locked_and_loses_sessions(
    program: types.ModuleType, settings: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools = Tools(_FOUND)
    monkeypatch.setattr(program.subprocess, "run", tools.run)
    assert program.main(settings) == 0
    assert tools.changes == (
        "dn: mail=alice@example.org,ou=mail,dc=example,dc=org\nchangetype: modify\n"
        "replace: mailDisabled\nmailDisabled: TRUE\n-\n\n"
        "dn:: dWlkPXrDqSxvdT1tYWls\nchangetype: modify\nreplace: mailDisabled\nmailDisabled: TRUE\n-\n\n"
    )
    users = ["alice@example.org", "b\u00fccher@example.org"]
    assert tools.asked[2:] == [
        ["doveadm", *command, user] for user in users for command in (["auth", "cache", "flush"], ["kick"])
    ]
    assert capsys.readouterr().out.splitlines() == [f"{user} has expired" for user in users]
    assert "Wr1ter" not in str(tools.asked)


def test_what_is_asked(program: types.ModuleType) -> None:
    assert program.question(_SETTINGS, "20261122000000Z") == (
        "(&(&(objectClass=inetOrgPerson)(mail=*))(mailExpires<=20261122000000Z)(!(mailDisabled=TRUE)))"
    )


def test_nobody_is_due(program: types.ModuleType, settings: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = Tools("")
    monkeypatch.setattr(program.subprocess, "run", tools.run)
    assert program.main(settings) == 0
    assert [argv[0] for argv in tools.asked] == ["ldapsearch"]


@pytest.mark.parametrize("tool", ["ldapsearch", "ldapmodify"])
def test_a_directory_that_is_away_is_a_failure(
    program: types.ModuleType,
    settings: str,
    tool: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(program.subprocess, "run", Tools(_FOUND, refused=tool).run)
    assert program.main(settings) == 1
    assert capsys.readouterr().err == f"{tool} failed with status 255\n"
