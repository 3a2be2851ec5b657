"""What arrives, what is sent, and who is refused."""

from __future__ import annotations

import imaplib
import smtplib

import pytest
from server import FOLDER


@pytest.mark.parametrize(
    "address", ["alice@example.org", "o'brien@example.net", "alice@xn--bcher-kva.example", "alice+list@example.org"]
)
def test_mail_arrives(server, mark, address):
    server.send(address, mark)
    server.wait_for(address.replace("+list", ""), mark)
    assert not server.has("dave@example.org", mark)


def test_an_alias_leads_to_all_its_targets(server, mark):
    server.send("team@example.org", mark)
    server.wait_for("alice@example.org", mark)
    server.wait_for("dave@example.org", mark)


def test_a_catch_all_gets_what_has_no_mailbox(server, mark):
    server.send("whoever@example.org", mark)
    server.wait_for("dave@example.org", mark)


def test_a_user_sends_as_what_it_owns_alone(server, mark):
    server.submit("alice@example.org", "alice@example.org", "dave@example.org", mark)
    server.submit("alice@example.org", "sales@example.org", "dave@example.org", f"{mark}s")
    server.wait_for("dave@example.org", mark)
    server.wait_for("dave@example.org", f"{mark}s")
    with pytest.raises(smtplib.SMTPException, match="553"):
        server.submit("alice@example.org", "dave@example.org", "dave@example.org", f"{mark}x")


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("alice@example.org", "wrong"),
        ("bob@example.org", "Correct-Horse-1"),
        ("closed@example.net", "Correct-Horse-1"),
        ("nobody@example.org", "Correct-Horse-1"),
        ("x' OR '1'='1", "Correct-Horse-1"),
        ("%@example.org", "Correct-Horse-1"),
        ("x'); DROP TABLE accounts; --@example.org", "Correct-Horse-1"),
    ],
)
def test_a_login_is_refused(server, user, password):
    with pytest.raises(imaplib.IMAP4.error, match=r"AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|disabled"):
        server.imap(user, password)


def test_a_disabled_account_cannot_send(server, mark):
    with pytest.raises(smtplib.SMTPAuthenticationError):
        server.submit("bob@example.org", "bob@example.org", "dave@example.org", mark)


@pytest.mark.parametrize(
    "recipient",
    [
        "nobody@example.net",
        "\"x' OR '1'='1\"@example.net",
        '"x;y"@example.net',
        "%s@example.net",
        "100%@example.net",
        '"\');DROP TABLE mailboxes;--"@example.net',
        "o'brian@example.net",
        "_'_@example.net",
        f"{'l' * 300}@example.net",
        "nobody@xn--bcher-kva.example",
    ],
)
def test_hostile_recipients_are_only_unknown(server, recipient):
    code, text = server.offer(recipient)
    assert 500 <= code < 600, text


def test_the_tables_are_still_there(server, mark):
    server.send("o'brien@example.net", mark)
    server.wait_for("o'brien@example.net", mark)


def test_the_limit_of_an_account_is_that_of_the_database(server):
    limits = server.host.check_output("doveadm quota get -u carol@example.org")
    assert " 300 " in limits.split("STORAGE")[1].splitlines()[0]


def test_all_accounts_are_known_to_dovecot(server):
    users = server.host.check_output("doveadm user '*'").split()
    assert len(users) == 7
    assert "o'brien@example.net" in users


def test_postfix_sees_no_password(server):
    settings = dict(
        line.split(" = ", 1)
        for line in server.host.check_output(f"cat {FOLDER}/{server.driver}-aliases.cf").splitlines()
    )
    question = "SELECT password FROM accounts"
    if server.driver == "sqlite":
        assert server.host.run("runuser -u postfix -- test -r /var/lib/postmaster-mail/accounts.sqlite").rc == 1
        tables = server.host.check_output(
            "python3 -c \"import sqlite3; print(sqlite3.connect('%s').execute("
            "'SELECT name FROM sqlite_master').fetchall())\"",
            settings["dbpath"],
        )
        assert "accounts" not in tables
        return
    environment = f"PGPASSWORD={settings['password']} MYSQL_PWD={settings['password']}"
    client = {
        "pgsql": f"psql -h 127.0.0.1 -U {settings['user']} {settings['dbname']} -c",
        "mysql": f"mariadb -u {settings['user']} {settings['dbname']} -e",
    }[server.driver]
    assert server.host.run(f"{environment} {client} 'SELECT address FROM mailboxes'").rc == 0
    refused = server.host.run(f"{environment} {client} '{question}'")
    assert refused.rc != 0
    assert "denied" in refused.stderr
    changed = server.host.run(f"{environment} {client} 'DELETE FROM mailboxes'")
    assert changed.rc != 0
    assert server.host.file(f"{FOLDER}/{server.driver}-aliases.cf").mode == 0o640
