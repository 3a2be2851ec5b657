# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import typing as t
from dataclasses import dataclass, field

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._mail_user_info import (
    Usage,
    UsageReader,
    describe,
    last_login,
)
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import AppPassword, Entry
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
SMITH = "smith@example.org"
BOB = "bob@example.org"


@dataclass
class RecordedDoveadm:
    """Prints what doveadm of a release printed; asked for one user, it prints the rows of that one."""

    version: str
    failing: str = ""
    asked: list[list[str]] = field(default_factory=list)

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        assert data is None
        words = list(argv[3:])
        self.asked.append(words)
        if words[0] == self.failing:
            return CommandResult(67, "[]", f"doveadm: Error: {self.failing} failed\n")
        name = f"doveadm-{self.version}-{words[0]}-{words[1]}-A.json"
        rows = json.loads((FIXTURES / name).read_text(encoding="utf-8"))
        if "-u" in words:
            user = words[words.index("-u") + 1]
            rows = [{key: row[key] for key in row if key != "username"} for row in rows if row["username"] == user]
        return CommandResult(0, json.dumps(rows), "")


@pytest.mark.parametrize("version", ["2.3.19.1", "2.4.1"])
def test_usage_of_an_account(version: str) -> None:
    doveadm = RecordedDoveadm(version)
    reader = UsageReader(doveadm, "doveadm")
    usages = reader.read([SMITH, BOB])
    assert usages[SMITH].messages == 9
    assert usages[SMITH].size in (4707, 4710)
    assert usages[SMITH].storage_limit == 1 << 20
    assert usages[SMITH].storage_used == 5 * 1024
    assert usages[SMITH].percent == 0
    assert usages[BOB].storage_limit is None
    assert usages[BOB].percent is None
    assert not reader.problems
    assert len(doveadm.asked) == 4


@pytest.mark.parametrize("version", ["2.3.19.1", "2.4.1"])
def test_many_accounts_are_asked_for_at_once(version: str) -> None:
    doveadm = RecordedDoveadm(version)
    addresses = [SMITH, *(f"user{number}@example.org" for number in range(30))]
    usages = UsageReader(doveadm, "doveadm").read(addresses)
    assert len(doveadm.asked) == 2
    assert usages[SMITH].messages == 9
    assert usages["user1@example.org"] == Usage()
    assert BOB not in usages


@pytest.mark.parametrize("failing", ["quota", "mailbox"])
def test_what_doveadm_cannot_tell_is_left_open(failing: str) -> None:
    reader = UsageReader(RecordedDoveadm("2.4.1", failing=failing), "doveadm")
    usage = reader.read([SMITH])[SMITH]
    assert (usage.storage_limit is None) == (failing == "quota")
    assert (usage.messages is None) == (failing == "mailbox")
    assert f"{failing} failed" in reader.problems[0]


def test_an_account_without_its_secrets() -> None:
    entry = Entry(
        user=SMITH,
        password="{PLAIN}hidden",
        gecos="Smith",
        home="/var/vmail/smith",
        extra=(
            "userdb_quota_storage_size=1G",
            "allow_nets=192.0.2.0/24,local",
            "expires=2026-01-01",
            "nologin",
            "allow_nets=255.255.255.255/32",
        ),
        app_passwords=(AppPassword("phone", "{PLAIN}hidden", ("imap",)),),
    )
    described = describe(entry, Usage(), "2026-01-02T03:04:05Z")
    assert described["state"] == "disabled"
    assert described["expires"] == "2026-01-01"
    assert described["allow_nets"] == ["192.0.2.0/24", "local"]
    assert described["quota"] == 1 << 30
    assert described["app_passwords"] == [{"name": "phone", "services": ["imap"], "allow_nets": []}]
    assert described["storage_limit"] is described["size"] is None
    assert described["last_login"] == "2026-01-02T03:04:05Z"
    assert "hidden" not in json.dumps(described)


@pytest.mark.parametrize(
    ("content", "moment"),
    [
        ("shared/last-login/bob@example.org\n1767323045\n", "2026-01-02T03:04:05Z"),
        (
            "shared/last-login/old@example.org\n1767323046\nshared/last-login/bob@example.org\n1\n",
            "2026-01-02T03:04:06Z",
        ),
        ("shared/other\n1767323045\n", None),
        ("shared/last-login/bob@example.org\n", None),
        ("shared/last-login/bob@example.org\n-1\n", None),
        (f"shared/last-login/bob@example.org\n{'9' * 40}\n", None),
        ("shared/last-login/bob@example.org\n\u0661\n", None),
        ("", None),
    ],
)
def test_last_login(tmp_path: pathlib.Path, content: str, moment: str | None) -> None:
    (tmp_path / "seen").write_text(content, encoding="utf-8")
    assert last_login(str(tmp_path), "seen") == moment


def test_a_last_login_that_nobody_noted_or_that_leads_elsewhere(tmp_path: pathlib.Path) -> None:
    (tmp_path / "seen").write_text("shared/last-login/bob@example.org\n1767323045\n", encoding="ascii")
    (tmp_path / "link").symlink_to(tmp_path / "seen")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("missing", "link", "pipe", "folder"):
        assert last_login(str(tmp_path), name) is None
    assert last_login("", "seen") is None
