# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import os
import pathlib
import pwd
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user import MaildirUserError, Outcome, run
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_options import said, task_spec
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

ME = pwd.getpwuid(os.getuid()).pw_name
MY_GROUP = grp.getgrgid(os.getgid()).gr_name


class FakeDovecot:
    """Answers as doveadm and dovecot do; a hash is {PLAIN} and the password."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.told: list[list[str]] = []
        self.argv: list[str] = []

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        self.argv += argv
        words = [word for word in argv[1:] if word != "-O"]
        if words == ["--version"]:
            return CommandResult(0, "2.4.1-4 (7d8c0e5759)\n", "")
        if words == ["pw", "-l"]:
            return CommandResult(0, "ARGON2ID PLAIN SHA512-CRYPT \n", "")
        if words[0] != "pw":
            self.told.append(words)
            return CommandResult(0, "1 cache entries flushed\n", self.problem)
        password = (data or "").splitlines()[0]
        if "-s" in words:
            return CommandResult(0, f"{{PLAIN}}{password}\n", "")
        if words[-1] == f"{{PLAIN}}{password}":
            return CommandResult(0, f"{words[-1]} (verified)\n", "")
        return CommandResult(75, "", "Fatal: reverse password verification check failed: Password mismatch")


class Host:
    """A host below a temporary directory."""

    def __init__(self, root: pathlib.Path) -> None:
        self.path = root / "users"
        self.mail = root / "mail"
        self.mail.mkdir()
        self.dovecot = FakeDovecot()

    def run(
        self, users: list[dict[str, t.Any]], *, check_mode: bool = False, bare: bool = False, **more: t.Any
    ) -> Outcome:
        spec = task_spec()
        options = {name: option.get("default") for name, option in spec.items()}
        account = {name: option.get("default") for name, option in spec["users"]["options"].items()}
        options.update(
            path=str(self.path),
            mail_root=str(self.mail),
            owner=ME,
            group=MY_GROUP,
            passwd_file_group=MY_GROUP,
            users=[{**account, **user} for user in users],
            **more,
        )
        tools = (None, None) if bare else ("doveadm", "dovecot")
        return run(options, runner=self.dovecot, doveadm=tools[0], dovecot=tools[1], check_mode=check_mode)


def test_what_ansible_may_say_of_a_task_holds_no_secret() -> None:
    options = {name: option.get("default") for name, option in task_spec().items()}
    options["users"] = [
        {"address": "a@example.org", "password": "s3cret", "app_passwords": [{"name": "x", "password": "s3cret"}]},
        {"address": "b@example.org", "password_hash": "{PLAIN}s3cret"},
    ]
    options["database"] = {"driver": "pgsql", "name": "mail", "user": "admin", "password": "s3cret", "port": None}
    public = said(options)
    assert public["users"] == ["a@example.org", "b@example.org"]
    assert public["database"]["name"] == "mail"
    assert public["database"]["password"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert public["mail_root"] == "/var/vmail"
    assert public.keys() == options.keys()
    assert "s3cret" not in str(public)


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    return Host(tmp_path)


def test_spec_and_options_of_users_agree() -> None:
    spec = task_spec()
    for_postfix = {"addresses", "senders", "forward_to", "forward_keep_copy", "delivery"}
    single = set(spec["users"]["options"]) - for_postfix - {"update_password", "on_remove"}
    assert single <= set(spec)
    assert spec["password"]["no_log"]
    assert spec["users"]["options"]["password_hash"]["no_log"]


def test_life_of_an_account(host: Host) -> None:
    alice = {"address": "alice@example.org", "password": "sec"}
    assert host.run([alice], check_mode=True).changed
    assert not host.path.exists()
    assert not list(host.mail.iterdir())

    outcome = host.run([alice])
    assert outcome.changed
    home = host.mail / "example.org" / "alice"
    assert host.path.read_text() == f"alice@example.org:{{PLAIN}}sec::::{home}::\n"
    assert host.path.stat().st_mode & 0o777 == 0o640
    assert home.is_dir()
    assert host.dovecot.told == [["auth", "cache", "flush", "alice@example.org"]]
    again = host.run([alice])
    assert (again.changed, again.users) == (False, [])

    before = host.path.stat().st_mtime
    changed = host.run([{**alice, "password": "new"}])
    assert changed.users[0]["password_changed"]
    assert int(host.path.stat().st_mtime) > int(before)
    assert host.dovecot.told[-1] == ["kick", "alice@example.org"]

    removed = host.run([{**alice, "password": None, "state": "absent", "on_remove": "archive"}])
    assert pathlib.Path(removed.users[0]["archived_to"]).is_dir()
    assert host.path.read_text() == ""
    assert not {"sec", "new"} & set(host.dovecot.argv)


def test_future_mtime_is_exceeded_by_a_second(host: Host) -> None:
    host.path.write_text("a@example.org:{PLAIN}x\n")
    future = int(host.path.stat().st_mtime) + 100
    os.utime(host.path, (future, future + 0.5))
    host.run([{"address": "a@example.org"}])
    assert host.path.stat().st_mtime == future + 1


def test_nothing_is_created_where_nothing_is_wanted(host: Host) -> None:
    assert not host.run([{"address": "a@example.org", "state": "absent", "on_remove": "delete"}]).changed
    assert not host.path.exists()
    assert host.dovecot.told == []


def test_bare_host(host: Host) -> None:
    alice = {"address": "alice@example.org", "password": "secret"}
    outcome = host.run([alice], check_mode=True, bare=True)
    assert outcome.changed
    assert len(outcome.warnings) == 1
    with pytest.raises(MaildirUserError, match="install Dovecot first"):
        host.run([alice], bare=True)
    assert not host.path.exists()


def test_everything_that_is_missing_is_named_at_once(host: Host) -> None:
    host.mail.rmdir()
    with pytest.raises(MaildirUserError) as caught:
        host.run([{"address": "a@example.org", "password": "x"}], archive_dir="/a")
    assert "mail_root" in str(caught.value)


def test_fault_after_the_write_is_reported(host: Host) -> None:
    host.dovecot.problem = "Error: auth-master: Permission denied"
    outcome = host.run([{"address": "a@example.org", "password": "x"}])
    assert outcome.changed
    assert "are written, but: doveadm auth cache flush: Error: auth-master: Permission denied" in str(outcome.failure)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"mail_directory": "../x"}, "is not a path below the home"),
        ({"scheme": "FOO"}, "FOO is not known"),
        ({"scheme": "PLAIN", "rounds": 5}, "rounds cannot be used"),
    ],
)
def test_bad_options_of_the_task(host: Host, more: dict[str, t.Any], error: str) -> None:
    with pytest.raises(MaildirUserError, match=error):
        host.run([{"address": "a@example.org", "password": "x"}], **more)
    assert not host.path.exists()


PHONE = {
    "name": "phone",
    "password": "phone-secret",
    "password_hash": None,
    "services": ["imap", "smtp"],
    "allow_nets": ["192.0.2.0/24"],
    "state": "present",
}


def test_app_passwords_are_kept_by_service_and_slot(host: Host) -> None:
    alice = {"address": "alice@example.org", "password": "x", "app_passwords": [PHONE], "expires": "2999-01-01"}
    outcome = host.run([alice])
    folder = pathlib.Path(f"{host.path}.d")
    assert [(one["name"], one["path"]) for one in outcome.passdbs] == [
        ("passwd-file", str(host.path)),
        ("app-1", f"{host.path}.d/%{{protocol}}.1"),
    ]
    assert outcome.expiring == 1
    assert sorted(path.name for path in folder.iterdir()) == ["imap.1", "pop3.1", "sieve.1", "smtp.1", "submission.1"]
    line = "alice@example.org:{PLAIN}phone-secret:::phone:::allow_nets=192.0.2.0/24 expires=2999-01-01\n"
    assert (folder / "imap.1").read_text() == (folder / "submission.1").read_text() == line
    assert (folder / "pop3.1").read_text() == ""
    assert (folder / "imap.1").stat().st_mode & 0o777 == 0o640
    assert "phone-secret" not in host.path.read_text()
    assert not host.run([alice]).changed
    assert not host.run([{**alice, "app_passwords": None}]).changed

    disabled = host.run([{**alice, "state": "disabled"}])
    assert disabled.users[0]["app_passwords"] == ["phone"]
    assert "nologin allow_nets=255.255.255.255/32" in (folder / "smtp.1").read_text()
    host.run([alice])
    assert (folder / "smtp.1").read_text() == line

    removed = host.run([{**alice, "app_passwords": []}])
    assert [one["name"] for one in removed.passdbs] == ["passwd-file"]
    assert not list(folder.iterdir())


def test_an_account_is_renamed_with_its_home(host: Host) -> None:
    host.run([{"address": "alice@example.org", "password": "x", "app_passwords": [PHONE]}])
    for part in ("cur", "new", "tmp"):
        (host.mail / "example.org" / "alice" / "Maildir" / part).mkdir(parents=True)
    (host.mail / "example.org" / "alice" / "Maildir" / "new" / "1").write_text("mail")
    smith = {"address": "smith@example.com", "rename_from": "alice@example.org"}
    assert host.run([smith], check_mode=True).users[0]["renamed_from"] == "alice@example.org"
    assert (host.mail / "example.org" / "alice").is_dir()
    host.dovecot.told.clear()

    assert host.run([smith]).changed
    assert host.dovecot.told == [
        ["auth", "cache", "flush", "alice@example.org", "smith@example.com"],
        ["kick", "alice@example.org"],
    ]
    home = host.mail / "example.com" / "smith"
    assert (home / "Maildir" / "new" / "1").read_text() == "mail"
    assert not (host.mail / "example.org" / "alice").exists()
    assert host.path.read_text() == f"smith@example.com:{{PLAIN}}x::::{home}::\n"
    assert pathlib.Path(f"{host.path}.d", "imap.1").read_text().startswith("smith@example.com:")
    assert not host.run([smith]).changed


def test_accounts_that_are_not_named_are_reported(host: Host) -> None:
    host.run([{"address": "alice@example.org", "password": "x"}, {"address": "bob@example.org", "password": "x"}])
    assert host.run([{"address": "alice@example.org"}]).unmanaged == ["bob@example.org"]
    assert host.run([{"address": "alice@example.org"}], purge=True).unmanaged == []


def test_keys_of_postfix_are_ignored(host: Host) -> None:
    alice = {"address": "alice@example.org", "password": "x"}
    host.run([alice])
    more = {"addresses": ["a@example.org"], "senders": ["b@example.org"], "forward_to": [], "delivery": "suspend"}
    assert not host.run([{**alice, **more}]).changed


def test_app_passwords_have_a_place_in_a_database(host: Host, tmp_path: pathlib.Path) -> None:
    more = {"backend": "sql", "database": {"driver": "sqlite", "path": str(tmp_path / "accounts.sqlite")}}
    alice = {"address": "alice@example.org", "password": "x", "app_passwords": [PHONE]}
    outcome = host.run([alice], **more)
    assert outcome.users[0]["app_passwords"] == [PHONE["name"]]
    assert [passdb["driver"] for passdb in outcome.passdbs] == ["sql", "sql"]
    assert not host.run([alice], **more).changed
    assert host.run([{**alice, "app_passwords": []}], **more).changed


def test_an_account_in_a_database_is_renamed_too(host: Host, tmp_path: pathlib.Path) -> None:
    more = {"backend": "sql", "database": {"driver": "sqlite", "path": str(tmp_path / "accounts.sqlite")}}
    host.run([{"address": "alice@example.org", "password": "x", "expires": "2999-12-31"}], **more)
    smith = {"address": "smith@example.org", "rename_from": "alice@example.org"}
    outcome = host.run([smith], **more)
    assert outcome.users[0]["renamed_from"] == "alice@example.org"
    assert outcome.users[0]["expires"] == "2999-12-31"
    assert (host.mail / "example.org" / "smith").is_dir()
    assert not host.run([smith], **more).changed
    assert [passdb["driver"] for passdb in outcome.passdbs] == ["sql"]
