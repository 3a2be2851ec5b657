# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import stat
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._files import FileAccess, read_access
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult
from ansible_collections.postmaster.mail.plugins.module_utils._sasldb import (
    Login,
    Plan,
    Sasldb,
    SasldbError,
    Wish,
    describe,
    make_plan,
    parse_listing,
    parse_login,
)

ALICE, BOB = Login("alice", "example.org"), Login("bob", "example.org")
ACCESS = FileAccess(0o640, os.getuid(), os.getgid())


class FakeSasl:
    """saslpasswd2 and sasldblistusers2 over a file of JSON."""

    def __init__(self, *, broken: str = "") -> None:
        self.broken = broken
        self.argv: list[str] = []

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        self.argv += argv
        if argv[0] == self.broken:
            return CommandResult(1, "", "saslpasswd2: generic failure\n")
        path = pathlib.Path(argv[argv.index("-f") + 1])
        users: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if argv[0] == "sasldblistusers2":
            return CommandResult(0, "".join(f"{name}: userPassword\n" for name in users), "")
        name = f"{argv[-1]}@{argv[argv.index('-u') + 1]}"
        if "-d" in argv:
            del users[name]
        else:
            users[name] = data or ""
        path.write_text(json.dumps(users))
        return CommandResult(0, "", "")


def check(path: str, login: str, password: str) -> bool:
    users: dict[str, str] = json.loads(pathlib.Path(path).read_text())
    return users.get(login) == password


def database(path: pathlib.Path, *, broken: str = "", checker: t.Callable[[str, str, str], bool] = check) -> Sasldb:
    return Sasldb(str(path), FakeSasl(broken=broken), "saslpasswd2", "sasldblistusers2", checker)


def plan(wishes: list[Wish], stored: dict[Login, str], *, purge: bool = False) -> Plan:
    return make_plan(
        wishes,
        set(stored),
        purge=purge,
        has_password=lambda login, password: stored[login] == password,
        access_before=ACCESS if stored else None,
        access=ACCESS,
    )


@pytest.mark.parametrize(
    ("text", "logins"),
    [
        ("", set()),
        ("alice@example.org: userPassword\nbob@example.org: userPassword\n", {ALICE, BOB}),
        ("alice@example.org: userPassword\nalice@example.org: cmusaslsecretOTP\n", {ALICE}),
        ("bob@example.org: cmusaslsecretOTP\n", set()),
        ("a b\n", set()),
    ],
)
def test_a_listing_is_read(text: str, logins: set[Login]) -> None:
    assert parse_listing(text) == logins


@pytest.mark.parametrize(
    ("name", "realm", "login"),
    [
        ("alice@example.org", "", ALICE),
        ("alice", "example.org", ALICE),
        ("alice@example.org", "example.net", ALICE),
        ("a@b@example.org", "", Login("a@b", "example.org")),
    ],
)
def test_a_name_is_read(name: str, realm: str, login: Login) -> None:
    assert parse_login(name, realm) == login


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("alice", "with its realm"),
        ("alice@", "with its realm"),
        ("@example.org", "no login name"),
        ("al ice@example.org", "no login name"),
        ("-d@example.org", "for an option"),
    ],
)
def test_a_name_is_refused(name: str, fault: str) -> None:
    with pytest.raises(SasldbError, match=fault):
        parse_login(name, "")


@pytest.mark.parametrize(
    ("wish", "stored", "changes"),
    [
        (Wish(ALICE, "one"), {}, ("created", [ALICE])),
        (Wish(ALICE, "one"), {ALICE: "one"}, None),
        (Wish(ALICE, "two"), {ALICE: "one"}, ("updated", [ALICE])),
        (Wish(ALICE, "two", update_password=False), {ALICE: "one"}, None),
        (Wish(ALICE), {ALICE: "one"}, None),
        (Wish(ALICE, present=False), {ALICE: "one"}, ("removed", [ALICE])),
        (Wish(ALICE, present=False), {}, None),
        (Wish(ALICE, "one"), {ALICE: "one", BOB: "x"}, None),
    ],
)
def test_a_plan_has_what_differs(wish: Wish, stored: dict[Login, str], changes: tuple[str, list[Login]] | None) -> None:
    made = plan([wish], stored)
    done = {
        "created": [item.login for item in made.created],
        "updated": [item.login for item in made.updated],
        "removed": list(made.removed),
    }
    assert {name: logins for name, logins in done.items() if logins} == (dict([changes]) if changes else {})
    assert made.changed is (changes is not None)


def test_purging_removes_who_is_not_named() -> None:
    assert plan([Wish(ALICE, "one")], {ALICE: "one", BOB: "x"}, purge=True).removed == (BOB,)


@pytest.mark.parametrize(
    ("wishes", "fault"),
    [
        ([Wish(ALICE, "x"), Wish(ALICE, "y")], "named twice"),
        ([Wish(ALICE)], "needs a password"),
        ([Wish(ALICE, "")], "empty or more than one line"),
        ([Wish(ALICE, "a\nb")], "empty or more than one line"),
        ([Wish(ALICE, "x" * 1001)], "more than 1000 bytes"),
    ],
)
def test_wishes_are_refused(wishes: list[Wish], fault: str) -> None:
    with pytest.raises(SasldbError, match=fault):
        plan(wishes, {})


def test_the_database_is_replaced_at_once_and_passwords_go_by_standard_input(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sasldb2"
    path.write_text(json.dumps({"bob@example.org": "x"}))
    target = database(path)
    before = path.stat().st_ino
    made = plan([Wish(ALICE, "Correct-Horse-1"), Wish(BOB, present=False)], {BOB: "x"})
    target.apply(made)
    assert target.read() == {ALICE}
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert "Correct-Horse-1" not in " ".join(t.cast("FakeSasl", target.runner).argv)
    assert os.listdir(tmp_path) == ["sasldb2"]


@pytest.mark.parametrize(
    ("broken", "checker", "fault"),
    [
        ("saslpasswd2", check, "alice@example.org: saslpasswd2 failed: saslpasswd2: generic failure"),
        ("", lambda *_arguments: False, "libsasl does not take the password"),
    ],
)
def test_a_failure_leaves_the_old_database(
    tmp_path: pathlib.Path, broken: str, checker: t.Callable[[str, str, str], bool], fault: str
) -> None:
    path = tmp_path / "sasldb2"
    path.write_text("{}")
    with pytest.raises(SasldbError, match=fault):
        database(path, broken=broken, checker=checker).apply(plan([Wish(ALICE, "one")], {}))
    assert path.read_text() == "{}"
    assert os.listdir(tmp_path) == ["sasldb2"]


def test_a_file_that_is_no_database_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sasldb2"
    path.write_text("x")
    with pytest.raises(SasldbError, match="cannot be read: saslpasswd2: generic failure"):
        database(path, broken="sasldblistusers2").read()


def test_mode_alone_is_put_right(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "sasldb2"
    path.write_text("{}")
    path.chmod(0o666)
    made = make_plan(
        [], set(), purge=False, has_password=lambda *_: True, access_before=read_access(str(path)), access=ACCESS
    )
    assert made.changed
    assert not made.rewrites
    assert "mode 0666" in describe(made, str(path))["before"]
    database(path).apply(made)
    assert read_access(str(path)) == ACCESS


def test_a_diff_and_a_wish_show_no_password() -> None:
    made = plan([Wish(ALICE, "secret-1"), Wish(BOB, "secret-2")], {BOB: "old"})
    diff = describe(made, "/etc/sasldb2")
    assert diff["before"] == "bob@example.org (password set)\n"
    assert diff["after"] == "alice@example.org (password set)\nbob@example.org (password changed)\n"
    assert "secret" not in repr(made)
