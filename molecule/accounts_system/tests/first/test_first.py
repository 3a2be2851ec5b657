"""New accounts: what arrives, what is sent, who is refused, and which Unix users there are."""

from __future__ import annotations

import imaplib
import smtplib

import pytest
from account_server import PASSWORD
from client import BOB


@pytest.mark.parametrize(
    ("recipient", "user"),
    [
        ("alice@example.org", "alice@example.org"),
        ("al@example.org", "alice@example.org"),
        ("ALICE+list@example.org", "alice@example.org"),
        ("dave@example.org", "dave@example.org"),
        ("dave@example.org", BOB),
        ("erin@example.net", "erin@example.net"),
        ("first.last@example.org", "first.last@example.org"),
        ("paul@example.org", "paul@example.org"),
        ("team@example.org", BOB),
        ("postmaster@example.net", "alice@example.org"),
    ],
)
def test_mail_arrives_where_it_shall(server, mark, recipient, user):
    server.send(recipient, mark)
    server.gets(user, mark)
    assert mark in server.pop3_subjects(user)


@pytest.mark.parametrize(
    "user", ["alice@example.org", "Alice@Example.ORG", "erin@example.net", "first.last@example.org"]
)
def test_a_user_sends_with_the_full_address_as_login(server, mark, user):
    server.submit(user, BOB, mark, sender=user)
    server.gets(BOB, mark)


def test_a_user_sends_as_the_own_addresses_alone(server, mark):
    server.submit(BOB, "alice@example.org", mark, sender="sales@example.org")
    server.gets("alice@example.org", mark)
    for sender in ("al@example.org", "erin@example.net", "bob@example.net"):
        with pytest.raises(smtplib.SMTPRecipientsRefused, match=r"553.*not owned by user"):
            server.submit(BOB, "alice@example.org", mark, sender=sender)


def test_nobody_sends_elsewhere_without_a_login(server):
    code, text = server.answer_to("somebody@friend.example")
    assert code == 554, text


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("alice@example.org", "wrong"),
        ("alice@example.org", "*"),
        ("alice@example.net", PASSWORD),
        ("alice", PASSWORD),
        # Users whose password is right, but who are no accounts; one who is, from a network that is not allowed.
        ("root@example.org", PASSWORD),
        ("root", PASSWORD),
        ("dora@example.org", PASSWORD),
        ("nora@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("x' OR '1'='1", PASSWORD),
        ("alice@example.org; reboot", PASSWORD),
        ("../alice@example.org", PASSWORD),
        ("%u@example.org", PASSWORD),
        ("%{user}@example.org", PASSWORD),
        ("root@", PASSWORD),
        (f"{'l' * 300}@example.org", PASSWORD),
    ],
)
def test_a_login_is_refused(server, user, password):
    with pytest.raises(imaplib.IMAP4.error, match=r"AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|disabled"):
        server.imap(user, password)


@pytest.mark.parametrize("user", ["root@example.org", "nora@example.org", "alice@example.net", "alice"])
def test_a_login_to_send_is_refused(server, user):
    server.refuses_submission(user)


def test_an_empty_password_opens_nothing(server):
    with pytest.raises(imaplib.IMAP4.error):
        server.imap("alice@example.org", '""')


@pytest.mark.parametrize(
    "recipient",
    [
        "root@example.org",
        "dora@example.org",
        "alice@example.net",
        "../alice@example.org",
        '"a;b"@example.org',
        '"\'x"@example.org',
        "%s@example.org",
        "100%@example.org",
        f"{'l' * 300}@example.org",
    ],
)
def test_unknown_and_hostile_recipients_are_refused(server, recipient):
    server.refuses_recipient(recipient)


def test_app_passwords_open_their_services_only(server, mark):
    server.opens_by_app_passwords("carol@example.org", BOB, mark)
    server.imap("carol@example.org").logout()


def test_the_quota_of_an_account_holds(server):
    assert "1024" in server.host.check_output("doveadm -f flow quota get -u alice@example.org")
    message = "printf 'Subject: big\\n\\n%030000d\\n' 1"
    refused = server.host.run(f"{message} | doveadm save -u frank@example.org -m INBOX")
    assert refused.rc != 0
    assert "uota" in refused.stderr
    server.host.check_output(f"{message} | doveadm save -u alice@example.org -m INBOX")


def test_accounts_are_unix_users_without_a_shell_in_the_group(server):
    group = server.host.check_output("getent group mailusers").split(":")[2]
    for name in ("alice", "bob", "erin", "first.last"):
        _name, _password, uid, gid, _gecos, home, shell = server.unix(name)
        assert (gid, home, shell) == (group, f"/home/{name}", "/usr/sbin/nologin")
        assert server.host.file(home).mode == 0o700
        assert server.host.check_output(f"find {home} ! -uid {uid}") == ""
        assert server.host.check_output(f"find {home} -type d -perm /077") == ""
    assert server.unix("alice")[4] == "Alice Überall"
    assert server.shadow("alice")[1].startswith("$6$")
    assert server.shadow("first.last")[1].startswith("$y$")
    assert server.host.run("grep -E '^(alice|bob|first.last):' /etc/subuid").stdout == ""


def test_the_file_holds_no_password_of_unix_users(server):
    lines = server.host.check_output("cat /etc/dovecot/users").splitlines()
    assert len(lines) == 11
    assert {line.split(":")[1] for line in lines} == {"*"}
    assert server.host.file("/etc/dovecot/users").mode == 0o640


def test_an_account_that_was_a_user_before_keeps_what_it_had(server):
    assert server.unix("paul")[6] == "/bin/bash"
    assert server.unix("paul")[3] != server.unix("alice")[3]


def test_an_account_that_expires_one_day_is_used_until_then(server):
    server.imap("heidi@example.org").logout()
    assert server.shadow("heidi")[7] == "376199"
    assert server.host.service("postmaster-mail-expire.timer").is_running


def test_accounts_are_returned_as_data(server):
    users = server.host.check_output("doveadm user '*'").split()
    assert len(users) == 11
    assert "alice@example.org" in users


def test_mail_is_there_for_later(server):
    """What the tests after the changes look for; sessions that are open must not hinder them."""
    for user in ("alice@example.org", "frank@example.org"):
        server.send(user, "before-the-change")
        server.gets(user, "before-the-change")
    server.send("nora@example.org", "before-the-change")
    server.has_file("nora@example.org", "before-the-change")
