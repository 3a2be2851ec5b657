# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import sqlite3
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter.mail_sql_composition import FilterModule
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_compose import passdbs
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_schema import MIGRATIONS, statements

_ROLES = pathlib.Path(__file__).resolve().parents[4] / "roles"
WISHES = {
    "driver": "pgsql",
    "host": "127.0.0.1",
    "port": None,
    "name": "mail",
    "postfix_user": "mail_postfix",
    "postfix_password": "p0stfix",
    "dovecot_user": "mail_dovecot",
    "dovecot_password": "d0vecot",
    "path": "/db/accounts",
    "lookups_path": "/db/lookups",
    "mail_user": "vmail",
    "postfix_directory": "/etc/postfix/postmaster",
}


def compose(**changes: t.Any) -> dict[str, t.Any]:
    composition: dict[str, t.Any] = FilterModule().filters()["mail_sql_composition"]({**WISHES, **changes})
    return composition


@pytest.fixture
def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    for part in MIGRATIONS.values():
        for migration in part:
            for statement in statements(migration, "sqlite"):
                connection.execute(statement)
    return connection


def answers(database: sqlite3.Connection, name: str, key: str) -> list[str]:
    """Ask as Postfix does."""
    file = compose(driver="sqlite")["postfix_map_files"][f"sqlite-{name}.cf"]
    query = file.partition("query = ")[2].strip().replace("%s", key.replace("'", "''"))
    return sorted(row[0] for row in database.execute(query))


def login(database: sqlite3.Connection, address: str) -> tuple[t.Any, ...] | None:
    """Ask as Dovecot does."""
    return app_logins(database, address, "imap", 0)[0]


def app_logins(
    database: sqlite3.Connection, address: str, protocol: str, app_passwords: int
) -> list[tuple[t.Any, ...] | None]:
    """What each passdb answers."""
    queries = [passdb["query"] for passdb in passdbs("sqlite", app_passwords)]
    asked = [query.replace("%{user}", address).replace("%{protocol}", protocol) for query in queries]
    return [database.execute(query).fetchone() for query in asked]


@pytest.mark.parametrize(
    ("changes", "head"),
    [
        ({}, "hosts = inet:127.0.0.1\nuser = mail_postfix\npassword = p0stfix\ndbname = mail\n"),
        ({"port": 5433}, "hosts = inet:127.0.0.1:5433\nuser ="),
        ({"driver": "mysql", "host": "/run/s.sock"}, "hosts = unix:/run/s.sock\nuser = mail_postfix\n"),
        ({"driver": "sqlite"}, "dbpath = /db/lookups\nquery ="),
    ],
)
def test_files_of_postfix(changes: dict[str, t.Any], head: str) -> None:
    composition = compose(**changes)
    assert len(composition["postfix_map_files"]) == len(composition["postfix_maps"]) == 5
    assert all(text.startswith(head) for text in composition["postfix_map_files"].values())
    driver = changes.get("driver", "pgsql")
    assert composition["postfix_maps"]["virtual_alias_maps"] == [
        f"proxy:{driver}:/etc/postfix/postmaster/{driver}-aliases.cf"
    ]
    assert "accounts" not in "".join(composition["postfix_map_files"].values())
    assert "d0vecot" not in "".join(composition["postfix_map_files"].values())


def test_connection_of_dovecot() -> None:
    login_of_dovecot = {"user": "mail_dovecot", "password": "d0vecot", "dbname": "mail"}
    assert compose(driver="sqlite")["dovecot_sql"] == {"driver": "sqlite", "path": "/db/accounts"}
    assert compose()["dovecot_sql"] == {"driver": "pgsql", "host": "127.0.0.1", **login_of_dovecot}
    assert compose(driver="mysql", port=3307)["dovecot_sql"]["port"] == 3307
    assert "CONCAT(quota_bytes, 'B')" in compose(driver="mysql")["dovecot_userdbs"][0]["query"]


def test_an_encrypted_connection_to_postgresql() -> None:
    composition = compose(host="db.example.org", ca_file="/etc/ssl/db.pem")
    for text in composition["postfix_map_files"].values():
        assert text.startswith(
            "hosts = inet:db.example.org\nuser = mail_postfix\npassword = p0stfix\n"
            "dbname = dbname=mail sslmode=verify-full sslrootcert=/etc/ssl/db.pem\n"
        )
    assert composition["dovecot_sql"]["ca_file"] == "/etc/ssl/db.pem"


def test_an_encrypted_connection_to_mariadb() -> None:
    composition = compose(driver="mysql", host="db.example.org", ca_file="/ca.pem")
    head = "tls_CAfile = /ca.pem\ntls_verify_cert = yes\nquery = "
    assert all(head in text for text in composition["postfix_map_files"].values())
    assert composition["dovecot_sql"] == {
        "driver": "mysql",
        "host": "db.example.org",
        "user": "mail_dovecot",
        "password": "d0vecot",
        "dbname": "mail",
        "ca_file": "/ca.pem",
    }


@pytest.mark.parametrize("driver", ["sqlite", "pgsql", "mysql"])
def test_role_dovecot_takes_what_it_is_told(driver: str) -> None:
    specification = yaml.safe_load((_ROLES / "dovecot" / "meta" / "argument_specs.yml").read_text())
    taken = specification["argument_specs"]["main"]["options"]["dovecot_sql"]["options"]
    remote = {} if driver == "sqlite" else {"host": "db.example.org", "port": 1234, "ca_file": "/ca.pem"}
    assert set(compose(driver=driver, **remote)["dovecot_sql"]) <= set(taken)


@pytest.mark.parametrize("changes", [{"driver": "sqlite"}, {"driver": "mysql", "host": "/run/mysqld/mysqld.sock"}])
def test_what_has_no_connection_cannot_encrypt_it(changes: dict[str, t.Any]) -> None:
    with pytest.raises(AnsibleFilterError, match="accounts_sql_tls is for a server"):
        compose(**changes, ca_file="/ca.pem")


def test_what_no_file_can_quote_is_refused() -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        compose(postfix_password="zz top", name="x'y")
    assert "accounts_sql_name holds" in str(caught.value)
    assert "accounts_sql_postfix_password holds" in str(caught.value)
    assert "zz" not in str(caught.value)


def test_a_catch_all_takes_no_mail_from_a_mailbox(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO mailboxes (address) VALUES ('a@example.org'), ('b@example.org')")
    database.execute(
        "INSERT INTO aliases (address, target) VALUES ('@example.org', 'a@example.org'), "
        "('all@example.org', 'a@example.org'), ('all@example.org', 'c@example.net'), ('b@example.org', 'd@example.net')"
    )
    assert answers(database, "aliases", "a@example.org") == ["a@example.org"]
    assert answers(database, "aliases", "b@example.org") == ["d@example.net"]
    assert answers(database, "aliases", "all@example.org") == ["a@example.org", "c@example.net"]
    assert answers(database, "aliases", "nobody@example.org") == []
    assert answers(database, "mailboxes", "a@example.org") == ["a@example.org"]
    assert answers(database, "mailboxes", "x' OR '1'='1") == []


def test_a_mailbox_needs_no_alias_where_no_catch_all_is(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO mailboxes (address) VALUES ('alone@example.com')")
    assert answers(database, "aliases", "alone@example.com") == []
    database.execute("INSERT INTO aliases (address, target) VALUES ('@example.com', 'carol@example.org')")
    assert answers(database, "aliases", "alone@example.com") == ["alone@example.com"]


def test_a_login_may_send_as_itself_and_as_what_it_owns(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO mailboxes (address) VALUES ('a@example.org')")
    database.execute("INSERT INTO sender_logins (sender, login) VALUES ('s@example.org', 'a@example.org')")
    assert answers(database, "sender-logins", "a@example.org") == ["a@example.org"]
    assert answers(database, "sender-logins", "s@example.org") == ["a@example.org"]
    assert answers(database, "sender-logins", "b@example.org") == []


@pytest.mark.parametrize(
    ("column", "value", "open_to"),
    [
        ("active", 1, True),
        ("active", 0, False),
        ("expires", "2999-01-01", True),
        ("expires", "2020-01-01", False),
    ],
)
def test_who_may_log_in(database: sqlite3.Connection, column: str, value: object, open_to: bool) -> None:
    database.execute("INSERT INTO accounts (address, password, home) VALUES ('a@example.org', '{PLAIN}x', '/h')")
    database.execute(f"UPDATE accounts SET {column} = ?, allow_nets = '192.0.2.0/24'", (value,))
    networks, nologin = ("192.0.2.0/24", None) if open_to else ("255.255.255.255/32", "y")
    assert login(database, "a@example.org") == ("{PLAIN}x", networks, nologin)
    assert login(database, "b@example.org") is None


@pytest.mark.parametrize(
    ("protocol", "answers"),
    [
        ("imap", ["{PLAIN}1", "{PLAIN}3", None]),
        ("smtp", ["{PLAIN}2", "{PLAIN}3", None]),
        ("submission", ["{PLAIN}2", "{PLAIN}3", None]),
        ("pop3", ["{PLAIN}3", None, None]),
        ("sieve", ["{PLAIN}3", None, None]),
        ("lmtp", [None, None, None]),
        ("x' OR '1'='1", [None, None, None]),
    ],
)
def test_app_passwords_open_their_services(
    database: sqlite3.Connection, protocol: str, answers: list[str | None]
) -> None:
    database.execute("INSERT INTO accounts (address, password, home) VALUES ('a@example.org', '{PLAIN}x', '/h')")
    database.executemany(
        "INSERT INTO app_passwords (address, name, password, imap, pop3, smtp, sieve) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            ("a@example.org", "1", "{PLAIN}1", 1, 0, 0, 0),
            ("a@example.org", "2", "{PLAIN}2", 0, 0, 1, 0),
            ("a@example.org", "3", "{PLAIN}3", 1, 1, 1, 1),
            # Nobody owns it.
            ("b@example.org", "1", "{PLAIN}b", 1, 1, 1, 1),
        ],
    )
    own, *further = app_logins(database, "a@example.org", protocol.replace("'", "''"), 3)
    assert own == ("{PLAIN}x", None, None)
    assert [row and row[0] for row in further] == answers
    assert app_logins(database, "b@example.org", "imap", 1) == [None, None]


@pytest.mark.parametrize(
    ("assignment", "answer"),
    [
        ("active = 1", ("192.0.2.1", None)),
        ("active = 0", ("255.255.255.255/32", "y")),
        ("expires = '2020-01-01'", ("255.255.255.255/32", "y")),
    ],
)
def test_an_app_password_is_no_better_than_its_account(
    database: sqlite3.Connection, assignment: str, answer: tuple[str, str | None]
) -> None:
    database.execute("INSERT INTO accounts (address, password, home) VALUES ('a@example.org', '{PLAIN}x', '/h')")
    database.execute(f"UPDATE accounts SET {assignment}, allow_nets = '198.51.100.1'")
    database.execute(
        "INSERT INTO app_passwords (address, name, password, imap, allow_nets) "
        "VALUES ('a@example.org', 'phone', '{PLAIN}1', 1, '192.0.2.1')"
    )
    assert app_logins(database, "a@example.org", "imap", 1)[1] == ("{PLAIN}1", *answer)


def test_names_of_the_passdbs() -> None:
    found = passdbs("pgsql", 2)
    assert [passdb["name"] for passdb in found] == ["sql", "app-1", "app-2"]
    # A server that is down is asked once for a login.
    assert {passdb["settings"]["result_internalfail"] for passdb in found} == {"return-fail"}


@pytest.mark.parametrize(("limit", "size"), [(None, None), (0, "unlimited"), (1024, "1024B")])
def test_limits(database: sqlite3.Connection, limit: int | None, size: str | None) -> None:
    database.execute("INSERT INTO accounts (address, password, home, quota_bytes) VALUES ('a', 'p', '/h', ?)", (limit,))
    query = compose(driver="sqlite")["dovecot_userdbs"][0]["query"].replace("%{user}", "a")
    assert database.execute(query).fetchone() == ("/h", "vmail", "vmail", size)
