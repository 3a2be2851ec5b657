"""What arrives, what is sent, and who is refused."""

from __future__ import annotations

import imaplib
import smtplib
import time

import pytest
from account_server import PASSWORD, PHONE, PRINTER
from server import FOLDER


@pytest.mark.parametrize(
    "address", ["alice@example.org", "o'brien@example.net", "alice@xn--bcher-kva.example", "alice+list@example.org"]
)
def test_mail_arrives(server, mark, address):
    server.send(address, mark)
    server.gets(address.replace("+list", ""), mark)
    assert not server.holds("dave@example.org", mark)


def test_an_alias_leads_to_all_its_targets(server, mark):
    server.send("team@example.org", mark)
    server.gets("alice@example.org", mark)
    server.gets("dave@example.org", mark)


def test_a_catch_all_gets_what_has_no_mailbox(server, mark):
    server.send("whoever@example.org", mark)
    server.gets("dave@example.org", mark)


def test_a_user_sends_as_what_it_owns_alone(server, mark):
    server.submit("alice@example.org", "dave@example.org", mark)
    server.submit("alice@example.org", "dave@example.org", f"{mark}s", sender="sales@example.org")
    server.gets("dave@example.org", mark)
    server.gets("dave@example.org", f"{mark}s")
    with pytest.raises(smtplib.SMTPException, match="553"):
        server.submit("alice@example.org", "dave@example.org", f"{mark}x", sender="dave@example.org")


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("alice@example.org", "wrong"),
        ("bob@example.org", PASSWORD),
        ("closed@example.net", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("x' OR '1'='1", PASSWORD),
        ("%@example.org", PASSWORD),
        ("x'); DROP TABLE accounts; --@example.org", PASSWORD),
    ],
)
def test_a_login_is_refused(server, user, password):
    with pytest.raises(imaplib.IMAP4.error, match=r"AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|disabled"):
        server.imap(user, password)


def test_app_passwords_open_their_services_only(server, mark):
    server.opens_by_app_passwords("alice@example.org", "dave@example.org", mark)


def test_networks_are_those_of_the_app_password(server):
    server.imap("closed@example.net", PHONE).logout()
    server.refuses_imap("closed@example.net", PRINTER)


def test_app_passwords_of_a_disabled_account_are_refused(server):
    with pytest.raises(imaplib.IMAP4.error, match=r"AUTHENTICATIONFAILED|disabled"):
        server.imap("bob@example.org", PHONE)
    server.refuses_submission("bob@example.org", PHONE)


def test_an_account_opens_until_its_day_and_not_on_it(server):
    day = server.host.check_output("date -u +%F")
    next_day = server.host.check_output("date -u -d tomorrow +%F")
    server.change(f"UPDATE accounts SET expires = '{next_day}' WHERE address = 'alice@example.org'")
    server.imap("alice@example.org").logout()
    server.imap("alice@example.org", PHONE).logout()
    server.change(f"UPDATE accounts SET expires = '{day}' WHERE address = 'alice@example.org'")
    try:
        for password in (PASSWORD, PHONE):
            with pytest.raises(imaplib.IMAP4.error, match=r"AUTHENTICATIONFAILED|disabled"):
                server.imap("alice@example.org", password)
        for password in (PASSWORD, PRINTER):
            server.refuses_submission("alice@example.org", password)
    finally:
        server.change("UPDATE accounts SET expires = NULL WHERE address = 'alice@example.org'")
    server.imap("alice@example.org", PHONE).logout()


def test_a_disabled_account_cannot_send(server):
    server.refuses_submission("bob@example.org")


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
    server.refuses_recipient(recipient)


def test_the_tables_are_still_there(server, mark):
    server.send("o'brien@example.net", mark)
    server.gets("o'brien@example.net", mark)


def test_the_limit_of_an_account_is_that_of_the_database(server):
    limits = server.host.check_output("doveadm quota get -u carol@example.org")
    assert " 300 " in limits.split("STORAGE")[1].splitlines()[0]


def test_no_limit_is_none_even_where_the_server_has_one(server):
    def limit(user):
        return server.host.check_output(f"doveadm -f flow quota get -u {user}").split("Limit=")[1].split()[0]

    assert limit("dave@example.org") == "-"
    assert limit("alice@example.org") == "51200"


def test_the_last_login_is_noted(server):
    note = "/var/vmail/example.org/carol/.dovecot.last-login"
    server.host.check_output(f"rm -f {note}")
    before = int(server.host.check_output("date +%s"))
    server.imap("carol@example.org").logout()
    for _attempt in range(50):
        found = server.host.run(f"tail -n 1 {note}").stdout.strip()
        if found:
            break
        time.sleep(0.2)
    assert before <= int(found) <= int(server.host.check_output("date +%s"))


def test_all_accounts_are_known_to_dovecot(server):
    users = server.host.check_output("doveadm user '*'").split()
    assert len(users) == 7
    assert "o'brien@example.net" in users


def test_postfix_sees_no_password(server):
    settings = dict(
        line.split(" = ", 1)
        for line in server.host.check_output(f"cat {FOLDER}/{server.driver}-aliases.cf").splitlines()
    )
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
    for table in ("accounts", "app_passwords"):
        refused = server.host.run(f"{environment} {client} 'SELECT password FROM {table}'")
        assert refused.rc != 0
        assert "denied" in refused.stderr
    changed = server.host.run(f"{environment} {client} 'DELETE FROM mailboxes'")
    assert changed.rc != 0
    assert server.host.file(f"{FOLDER}/{server.driver}-aliases.cf").mode == 0o640
