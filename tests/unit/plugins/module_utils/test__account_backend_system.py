# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import os
import pathlib
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _account_backend_system
from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError, AppPasswordWish, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import (
    AccountBackendError,
    Changes,
    PersonalBackend,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_passwd_file import PasswdFileBackend
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_system import SystemBackend, SystemFiles
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import with_lock
from ansible_collections.postmaster.mail.plugins.module_utils._maildir import Owner
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import AppPassword, Entry
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

MY_GROUP = grp.getgrgid(os.getgid()).gr_name
HASH = "{SHA512-CRYPT}$6$salt$hash"
ALICE = Entry("alice@example.org", HASH, gecos="Alice", home="/home/alice")


class FakeUnix:
    """Carries out useradd, usermod, userdel, gpasswd and chpasswd on files of its own; fails at the program named."""

    def __init__(self, root: pathlib.Path) -> None:
        self.files = SystemFiles(str(root / "passwd"), str(root / "shadow"), str(root / "group"))
        self.users = {"root": ["0", "0", "root", "/root", "*", ""], "dora": ["900", "900", "", "/home/dora", "x", ""]}
        self.users["paul"] = ["901", "901", "", "/home/paul", "$6$paul$old", ""]
        self.members = ["paul"]
        self.calls: list[list[str]] = []
        self.fails = ""
        self.save()

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        program, *words = [os.path.basename(argv[0]), *argv[1:]]
        self.calls.append([program, *words])
        if program == self.fails:
            return CommandResult(1, "", f"{program}: cannot lock /etc/passwd; try again later.")
        name = words[-1]
        option = {key: words[at + 1] for at, key in enumerate(words[:-1]) if key.startswith("-")}
        if program == "useradd":
            taken = [int(user[0]) for user in self.users.values()]
            uid = option.get("-u") or str(max(*taken, 999) + 1)
            self.users[name] = [uid, "990", option["-c"], option["-d"], "!", self.days(option["-e"])]
        elif program == "usermod":
            for key, field in (("-c", 2), ("-d", 3), ("-e", 5)):
                if key in option:
                    self.users[name][field] = self.days(option[key]) if key == "-e" else option[key]
        elif program == "userdel":
            del self.users[name]
        elif program == "gpasswd":
            self.members.remove(option["-d"])
        elif program == "chpasswd":
            for line in (data or "").splitlines():
                self.users[line.partition(":")[0]][4] = line.partition(":")[2]
        self.save()
        return CommandResult(0, "", "")

    def days(self, date: str) -> str:
        return {"": "", "2999-12-31": "376199", "2026-01-01": "20454"}[date]

    def save(self) -> None:
        passwd = "".join(f"{n}:x:{u[0]}:{u[1]}:{u[2]}:{u[3]}:/bin/sh\n" for n, u in self.users.items())
        shadow = "".join(f"{n}:{u[4]}:19000:0:99999:7::{u[5]}:\n" for n, u in self.users.items())
        for path, text in (
            (self.files.passwd, passwd),
            (self.files.shadow, shadow),
            (self.files.group, f"root:x:0:\nsudo:x:27:\nmailusers:x:990:{','.join(self.members)}\n"),
        ):
            pathlib.Path(path).write_text(text, encoding="utf-8")

    def programs(self) -> list[str]:
        return [call[0] for call in self.calls]


@pytest.fixture
def unix(tmp_path: pathlib.Path) -> FakeUnix:
    return FakeUnix(tmp_path)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "users"


def backend(path: pathlib.Path, unix: FakeUnix) -> SystemBackend:
    file = PasswdFileBackend(str(path), MY_GROUP)
    return SystemBackend(file, group="mailusers", pam_service="mail", runner=unix, files=unix.files)


def write(path: pathlib.Path, unix: FakeUnix, changes: Changes) -> dict[str, Owner]:
    place = backend(path, unix)
    with place.lock():
        place.read()
        owners = place.prepare(changes)
        place.write(changes)
    return owners


def read(path: pathlib.Path, unix: FakeUnix) -> dict[str, Entry]:
    return dict(backend(path, unix).read())


def test_it_is_a_place_where_users_own_their_mail(path: pathlib.Path, unix: FakeUnix) -> None:
    assert isinstance(backend(path, unix), PersonalBackend)
    assert not isinstance(PasswdFileBackend(str(path), MY_GROUP), PersonalBackend)


def test_a_new_account(path: pathlib.Path, unix: FakeUnix) -> None:
    owners = write(path, unix, {"alice@example.org": replace(ALICE, extra=("expires=2999-12-31",))})
    assert owners == {"alice@example.org": Owner(1000, 990)}
    assert unix.users["alice"] == ["1000", "990", "Alice", "/home/alice", "$6$salt$hash", "376199"]
    assert path.read_text() == "alice@example.org:*:1000:990:Alice:/home/alice::expires=2999-12-31\n"
    assert not any("salt" in word for call in unix.calls for word in call)
    assert "-M" in unix.calls[0]
    entry = read(path, unix)["alice@example.org"]
    assert entry == replace(ALICE, uid="1000", gid="990", extra=("expires=2999-12-31",))
    assert backend_upkeep(path, unix) is None


def backend_upkeep(path: pathlib.Path, unix: FakeUnix) -> str | None:
    place = backend(path, unix)
    place.read()
    upkeep = place.upkeep()
    return None if upkeep is None else upkeep.before


def test_many_passwords_are_set_at_once(path: pathlib.Path, unix: FakeUnix) -> None:
    names = [f"user{number}@example.org" for number in range(20)]
    write(path, unix, {name: Entry(name, HASH, home=f"/home/{name[:-12]}") for name in names})
    assert unix.programs().count("chpasswd") == 1
    assert unix.programs().count("useradd") == 20


def test_a_disabled_account_is_locked_and_keeps_its_hash(path: pathlib.Path, unix: FakeUnix) -> None:
    write(path, unix, {ALICE.user: ALICE})
    entry = read(path, unix)[ALICE.user]
    write(path, unix, {ALICE.user: replace(entry, extra=with_lock(()))})
    assert unix.users["alice"][4] == "!$6$salt$hash"
    locked = read(path, unix)[ALICE.user]
    assert locked.password == HASH
    assert backend_upkeep(path, unix) is None
    write(path, unix, {ALICE.user: replace(locked, extra=())})
    assert unix.users["alice"][4] == "$6$salt$hash"


def test_the_timer_locks_the_file_alone(path: pathlib.Path, unix: FakeUnix) -> None:
    write(path, unix, {ALICE.user: replace(ALICE, extra=("expires=2026-01-01",))})
    path.write_text(path.read_text().replace("expires=2026-01-01", "expires=2026-01-01 nologin allow_nets=x"))
    assert backend_upkeep(path, unix) is None


def test_a_renamed_account_keeps_number_and_password(path: pathlib.Path, unix: FakeUnix) -> None:
    write(path, unix, {ALICE.user: ALICE, "bob@example.org": Entry("bob@example.org", HASH, home="/home/bob")})
    entry = read(path, unix)[ALICE.user]
    smith = replace(entry, user="smith@example.org", home="/home/smith")
    owners = write(path, unix, {ALICE.user: None, smith.user: smith})
    assert owners[smith.user] == Owner(1000, 990)
    assert "alice" not in unix.users
    assert unix.users["smith"] == ["1000", "990", "Alice", "/home/smith", "$6$salt$hash", ""]
    assert list(read(path, unix)) == ["bob@example.org", "smith@example.org"]


def test_another_domain_is_the_same_user(path: pathlib.Path, unix: FakeUnix) -> None:
    write(path, unix, {ALICE.user: ALICE})
    entry = read(path, unix)[ALICE.user]
    unix.calls.clear()
    write(path, unix, {ALICE.user: None, "alice@example.net": replace(entry, user="alice@example.net")})
    assert unix.programs() == []
    assert list(read(path, unix)) == ["alice@example.net"]


def test_a_removed_account_leaves_its_home(path: pathlib.Path, unix: FakeUnix) -> None:
    write(path, unix, {ALICE.user: ALICE})
    write(path, unix, {ALICE.user: None})
    assert unix.calls[-1] == ["userdel", "-f", "alice"]
    assert "alice" not in unix.users
    assert path.read_text() == ""


def test_a_user_who_was_there_before_is_only_lent(path: pathlib.Path, unix: FakeUnix) -> None:
    paul = Entry("paul@example.org", "{SHA512-CRYPT}$6$paul$new", home="/home/paul", extra=("expires=2999-12-31",))
    write(path, unix, {paul.user: paul})
    assert unix.users["paul"] == ["901", "901", "", "/home/paul", "$6$paul$new", ""]
    entry = read(path, unix)[paul.user]
    assert (entry.uid, entry.gid) == ("901", "901")
    place = backend(path, unix)
    with pytest.raises(AccountError, match="paul is more than a mail account"):
        place.check_removal(paul.user, "delete")
    place.check_removal(paul.user, "keep")
    write(path, unix, {paul.user: None})
    assert "paul" in unix.users
    assert unix.members == []


@pytest.mark.parametrize("program", ["useradd", "chpasswd", "userdel"])
def test_a_run_that_was_interrupted_is_completed_by_the_next(path: pathlib.Path, unix: FakeUnix, program: str) -> None:
    write(path, unix, {ALICE.user: ALICE})
    entry = read(path, unix)[ALICE.user]
    smith = replace(entry, user="smith@example.org", password="{SHA512-CRYPT}$6$s$new")
    changes: Changes = {ALICE.user: None, smith.user: smith}
    unix.fails = program
    with pytest.raises(AccountBackendError, match=f"{program} failed"):
        write(path, unix, changes)
    assert list(read(path, unix)) == [ALICE.user]
    unix.fails = ""
    write(path, unix, changes)
    assert sorted(unix.users) == ["dora", "paul", "root", "smith"]
    assert unix.users["smith"][0] == "1000"
    assert read(path, unix)[smith.user].password == "{SHA512-CRYPT}$6$s$new"


@pytest.mark.parametrize(
    ("field", "value"), [(2, "Mallory"), (3, "/tmp"), (4, "!$6$salt$hash"), (5, "20454"), (0, "1234")]
)
def test_what_somebody_else_changed_is_put_right(path: pathlib.Path, unix: FakeUnix, field: int, value: str) -> None:
    write(path, unix, {ALICE.user: ALICE})
    right = list(unix.users["alice"])
    unix.users["alice"][field] = value
    unix.save()
    assert "alice@example.org" in str(backend_upkeep(path, unix))
    write(path, unix, {})
    assert backend_upkeep(path, unix) is None
    # A number is that of the user, whatever the file said.
    assert unix.users["alice"] == (right if field else ["1234", *right[1:]])


def test_a_user_who_is_gone_comes_back_with_the_same_number(path: pathlib.Path, unix: FakeUnix) -> None:
    write(path, unix, {ALICE.user: ALICE})
    del unix.users["alice"]
    unix.users["eve"] = ["1001", "1001", "", "/", "x", ""]
    unix.save()
    assert read(path, unix)[ALICE.user].password == ""
    assert backend_upkeep(path, unix) is not None
    write(path, unix, {ALICE.user: replace(ALICE, uid="1000", gid="990")})
    assert unix.users["alice"][0] == "1000"
    assert unix.users["alice"][4] == "$6$salt$hash"


def test_a_number_that_somebody_else_has_by_now_is_not_shared(path: pathlib.Path, unix: FakeUnix) -> None:
    write(path, unix, {ALICE.user: ALICE})
    del unix.users["alice"]
    unix.users["eve"] = ["1000", "1000", "", "/", "x", ""]
    unix.save()
    owners = write(path, unix, {ALICE.user: replace(ALICE, uid="1000", gid="990")})
    assert owners[ALICE.user] == Owner(1001, 990)
    assert path.read_text().startswith("alice@example.org:*:1001:990:")


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("root@example.org", "the Unix user root exists and is not in the group mailusers"),
        ("dora@example.org", "usermod -a -G mailusers dora"),
        ("sudo@example.org", "there is a Unix group sudo"),
        ("o'brien@example.org", "no Unix user can be called"),
    ],
)
def test_users_who_are_no_accounts_are_left_alone(path: pathlib.Path, unix: FakeUnix, address: str, text: str) -> None:
    place = backend(path, unix)
    with pytest.raises(AccountError, match=text):
        place.check([Wish(address=address, password="x")])
    place.check([Wish(address=address, state="absent"), Wish(address="paul@example.org")])


def test_two_accounts_are_not_one_user(path: pathlib.Path, unix: FakeUnix) -> None:
    place = backend(path, unix)
    with pytest.raises(AccountError, match="alice@example.org and alice@example.net would both be"):
        place.check_together([ALICE, replace(ALICE, user="alice@example.net")])


def test_a_user_who_was_there_before_keeps_the_password(path: pathlib.Path, unix: FakeUnix) -> None:
    place = backend(path, unix)
    assert place.has_password("paul@example.org")
    assert not place.has_password("dora@example.org")
    assert not place.has_password("alice@example.org")
    paul = Entry("paul@example.org", "", home="/home/paul")
    write(path, unix, {paul.user: paul})
    assert unix.users["paul"][4] == "$6$paul$old"
    assert "chpasswd" not in unix.programs()


def test_a_user_who_was_there_before_keeps_the_home(path: pathlib.Path, unix: FakeUnix) -> None:
    place = backend(path, unix)
    place.read()
    with pytest.raises(AccountError, match="the home of the Unix user paul is /home/paul; say home: /home/paul"):
        place.check_together([Entry("paul@example.org", HASH, home="/home/other")])


def test_hashes_are_compared_as_they_are_stored(path: pathlib.Path, unix: FakeUnix) -> None:
    place = backend(path, unix)
    wishes = place.adapted(
        [Wish(address="a@example.org", password_hash="{CRYPT}$6$s$h"), Wish(address="b@example.org")]
    )
    assert [wish.password_hash for wish in wishes] == ["{SHA512-CRYPT}$6$s$h", None]
    with pytest.raises(AccountError, match=r"a@example\.org: .*cannot be that of a Unix user"):
        place.adapted([Wish(address="a@example.org", password_hash="{ARGON2ID}$argon2id$x")])
    # An app password is none of a Unix user.
    phone = AppPasswordWish("phone", password_hash="{ARGON2ID}$argon2id$x")
    assert place.adapted([Wish(address="a@example.org", app_passwords=(phone,))])[0].app_passwords == (phone,)


def test_a_file_with_passwords_is_that_of_another_backend(path: pathlib.Path, unix: FakeUnix) -> None:
    path.write_text("alice@example.org:{PLAIN}x::::/var/vmail/alice::\n")
    with pytest.raises(AccountBackendError, match="alice@example.org has a password in this file"):
        read(path, unix)


def test_pam_is_asked_between_app_passwords_and_what_the_file_says(path: pathlib.Path, unix: FakeUnix) -> None:
    app = AppPassword("phone", "{PLAIN}x", ("imap",))
    passdbs = backend(path, unix).passdbs([replace(ALICE, app_passwords=(app,))])
    assert [passdb.get("name", passdb["driver"]) for passdb in passdbs] == ["app-1", "local-part", "pam", "passwd-file"]
    assert passdbs[2]["service"] == "mail"
    assert passdbs[2]["settings"] == {"result_success": "continue", "result_failure": "return-fail"}
    assert passdbs[3]["settings"]["skip"] == "unauthenticated"


def test_what_is_missing_is_named(path: pathlib.Path, unix: FakeUnix, monkeypatch: pytest.MonkeyPatch) -> None:
    unix.save()
    pathlib.Path(unix.files.group).write_text("root:x:0:\n")
    monkeypatch.setattr(_account_backend_system, "_SYSTEM_PATH", "/nowhere")
    lacks = " ".join(backend(path, unix).lacks())
    assert "system_group mailusers does not exist; create it first" in lacks
    assert "useradd, usermod, userdel, gpasswd, chpasswd not found" in lacks
