# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import grp
import os
import pathlib
import pwd
import sqlite3
import subprocess
import types
import typing as t

import pytest
from password_program import load

ldap = load("password_ldap")
sql = load("password_sql")
store_module = load("password_store")

ALICE = "alice@example.org"
HASH = "{SHA512-CRYPT}$6$salt$digest"


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (
            f"{ALICE}:{{PLAIN}}x:1:2:Alice:/home/a:/bin/sh:userdb_quota_rule=*:storage=1M allow_nets=::1\n",
            f"{ALICE}:{HASH}:1:2:Alice:/home/a:/bin/sh:userdb_quota_rule=*:storage=1M allow_nets=::1\n",
        ),
        (f"{ALICE}:{{PLAIN}}x::::::", f"{ALICE}:{HASH}::::::"),
        (f"{ALICE}:{{PLAIN}}x::::::\r\n", f"{ALICE}:{HASH}::::::\r\n"),
        (f"{ALICE}:{{PLAIN}}x\n", f"{ALICE}:{HASH}\n"),
    ],
)
def test_only_the_hash_of_one_line_changes(line: str, after: str) -> None:
    before = f"# {ALICE}:old\n\nbob@example.org:{{PLAIN}}y:::B\u2028{ALICE}:z::::\n"
    assert store_module.with_hash(before + line, ALICE, HASH) == before + after


@pytest.mark.parametrize("text", ["", f"# {ALICE}:x\n", f"x{ALICE}:y\n", f"{ALICE}\n", f"{ALICE.upper()}:y\n"])
def test_an_account_that_is_not_there_is_not_made(text: str) -> None:
    with pytest.raises(store_module.StoreError, match="no such account"):
        store_module.with_hash(text, ALICE, HASH)


def test_the_file_is_replaced_so_that_dovecot_sees_it(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module.time, "sleep", lambda _seconds: None)
    users = tmp_path / "users"
    users.write_bytes(b"bob@example.org:{PLAIN}\xff::::::\nalice@example.org:{PLAIN}x::::::\n")
    users.chmod(0o640)
    (tmp_path / "link").symlink_to(users)
    before = users.stat()
    store = store_module.PasswdFile(str(tmp_path / "link"))
    store.keep(ALICE, HASH)
    after = users.stat()
    assert users.read_bytes() == f"bob@example.org:{{PLAIN}}\udcff::::::\n{ALICE}:{HASH}::::::\n".encode(
        "utf-8", "surrogateescape"
    )
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert int(after.st_mtime) > int(before.st_mtime)
    assert after.st_ino != before.st_ino
    assert sorted(os.listdir(tmp_path)) == [".users.lock", "link", "users"]
    with pytest.raises(store_module.StoreError):
        store.keep("nobody@example.org", HASH)
    assert sorted(os.listdir(tmp_path)) == [".users.lock", "link", "users"]


def _unix(monkeypatch: pytest.MonkeyPatch, gid: int, members: list[str]) -> list[tuple[list[str], str]]:
    calls: list[tuple[list[str], str]] = []

    def run(argv: list[str], **options: t.Any) -> subprocess.CompletedProcess[str]:
        calls.append((argv, options["input"]))
        return subprocess.CompletedProcess(argv, 0, "", "")

    monkeypatch.setattr(grp, "getgrnam", lambda _name: grp.struct_group(("mailusers", "x", 900, members)))
    user = pwd.struct_passwd(("alice", "x", 1000, gid, "", "/home/alice", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: user)
    monkeypatch.setattr(store_module.subprocess, "run", run)
    return calls


@pytest.mark.parametrize(("gid", "members"), [(900, []), (100, ["paul", "alice"])])
def test_members_of_the_group_get_a_hash_of_crypt(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, gid: int, members: list[str]
) -> None:
    calls = _unix(monkeypatch, gid, members)
    (tmp_path / "users").write_text(f"{ALICE}:*:1000:900:::::\n")
    store_module.UnixUsers(str(tmp_path / "users"), "mailusers").keep(ALICE, HASH)
    assert calls == [(["chpasswd", "-e"], "alice:$6$salt$digest\n")]


def test_others_and_other_domains_are_left_alone(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _unix(monkeypatch, 100, ["paul"])
    (tmp_path / "users").write_text(f"{ALICE}:*:1000:900:::::\n")
    store = store_module.UnixUsers(str(tmp_path / "users"), "mailusers")
    with pytest.raises(store_module.StoreError, match="not in the group mailusers"):
        store.keep(ALICE, HASH)
    with pytest.raises(store_module.StoreError, match="no such account"):
        store.keep("alice@example.net", HASH)
    assert calls == []


def test_only_the_hash_of_one_row_changes(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    rows = [(ALICE, "old", "Alice"), ("bob@example.org", "old", "Bob"), ("o'brien@example.org", "old", "O")]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE accounts (address TEXT PRIMARY KEY, password TEXT, name TEXT)")
        connection.executemany("INSERT INTO accounts VALUES (?, ?, ?)", rows)
        connection.commit()
    store = sql.Sql({"driver": "sqlite", "path": str(path)})
    store.keep(ALICE, HASH)
    store.keep("o'brien@example.org", HASH)
    for name in ("nobody@example.org", "x' OR '1'='1"):
        with pytest.raises(store_module.StoreError, match="no such account"):
            store.keep(name, HASH)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM accounts ORDER BY address").fetchall() == [
            (ALICE, HASH, "Alice"),
            ("bob@example.org", "old", "Bob"),
            ("o'brien@example.org", HASH, "O"),
        ]


def test_a_database_that_is_not_there_is_not_made(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "accounts.sqlite"
    with pytest.raises(store_module.StoreError, match="the database: unable to open"):
        sql.Sql({"driver": "sqlite", "path": str(path)}).keep(ALICE, HASH)
    assert not path.exists()


def test_servers_are_asked_as_the_role_says() -> None:
    server = {"host": "db.example.org", "port": 5433, "name": "mail", "user": "u", "password": "p", "ca_file": "/ca"}
    assert sql.pgsql_options(server) == {
        "host": "db.example.org",
        "port": 5433,
        "dbname": "mail",
        "user": "u",
        "password": "p",
        "sslmode": "verify-full",
        "sslrootcert": "/ca",
    }
    assert sql.mysql_options(server)["ssl"] == {"ca": "/ca", "check_hostname": True}
    local = sql.mysql_options({**server, "host": "/run/mysqld/mysqld.sock", "port": 0, "ca_file": ""})
    assert local["unix_socket"] == "/run/mysqld/mysqld.sock"
    assert {"host", "port", "ssl"} & set(local) == set()


@pytest.mark.parametrize(("capabilities", "told"), [(0xFFFF, True), (0xFFFF ^ 0x800, False)])
def test_a_server_without_tls_does_not_hear_the_password(capabilities: int, told: bool) -> None:
    heard: list[bool] = []
    connection = types.SimpleNamespace(
        server_capabilities=capabilities, _request_authentication=lambda: heard.append(True)
    )
    sql.demand_tls(connection)
    refusal = contextlib.nullcontext() if told else pytest.raises(store_module.StoreError, match="no TLS")
    with refusal:
        connection._request_authentication()
    assert heard == [True] * told


def test_an_entry_is_found_by_a_filter_and_gets_one_value() -> None:
    assert (
        ldap.filled("(&(mail=%s)(uid=%u)(o=%d)(x=%%s))", "a*b@example.org")
        == "(&(mail=a\\2ab@example.org)(uid=a\\2ab)(o=example.org)(x=%s))"
    )
    assert ldap.change("dn: mail=a@example.org,dc=example", "userPassword", HASH) == (
        "dn: mail=a@example.org,dc=example\nchangetype: modify\nreplace: userPassword\n"
        "userPassword: {CRYPT}$6$salt$digest\n-\n\n"
    )


def test_the_directory_is_asked_without_a_secret_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[list[str], str, str]] = []
    found = "dn:: Y249YQ==\n\n"

    def run(argv: list[str], **options: t.Any) -> subprocess.CompletedProcess[str]:
        secret = pathlib.Path(argv[argv.index("-y") + 1]).read_text()
        calls.append((argv, options["input"], secret))
        return subprocess.CompletedProcess(argv, 0, found, "")

    monkeypatch.setattr(ldap.subprocess, "run", run)
    directory = {
        "uris": ["ldap://one.example", "ldap://two.example"],
        "starttls": True,
        "ca_file": "/ca",
        "base": "dc=example",
        "bind_dn": "cn=writer",
        "bind_password": "secret",
        "user_filter": "(mail=%s)",
        "attribute": "userPassword",
    }
    ldap.Ldap(directory).keep(ALICE, HASH)
    (search, _said, first), (modify, said, _second) = calls
    assert first == "secret"
    assert f"(mail={ALICE})" in search
    assert said.startswith("dn:: Y249YQ==\nchangetype: modify\n")
    assert "secret" not in search + modify
    assert not pathlib.Path(search[search.index("-y") + 1]).exists()
    found = ""
    with pytest.raises(store_module.StoreError, match="0 entries"):
        ldap.Ldap(directory).keep(ALICE, HASH)
