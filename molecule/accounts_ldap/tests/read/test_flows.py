"""What arrives, what is sent, and who is refused."""

from __future__ import annotations

import imaplib
import poplib
import smtplib

import pytest
from server import FOLDER

HOSTILE = [
    "*",
    "*@example.net",
    "nobody*@example.net",
    "x)(mail=*@example.net",
    "x)(|(mail=*))@example.net",
    "*)(objectClass=*)@example.net",
    "\\2a@example.net",
    "x\\@example.net",
    "x&y|z!@example.net",
    "x' OR '1'='1",
    "x;y@example.net",
    "%s@example.net",
    "%u%d%{user}@example.net",
    "$(id)@example.net",
]


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("alice@example.org", "alice@example.org"),
        ("al@example.org", "alice@example.org"),
        ("boss@example.org", "alice@example.org"),
        ("alice+list@example.org", "alice@example.org"),
        ("o'brien@example.net", "o'brien@example.net"),
        ("o'brien@example.com", "o'brien@example.net"),
        ("alice@xn--bcher-kva.example", "alice@xn--bcher-kva.example"),
        ("bob@example.org", None),
        ("carol@example.org", "carol@example.org"),
        ("whoever@example.org", "dave@example.org"),
        ("postmaster@example.net", "dave@example.org"),
    ],
)
def test_mail_arrives(server, mark, address, mailbox):
    server.send(address, mark)
    if mailbox is None:
        server.has_file(address, mark)
        return
    server.gets(mailbox, mark)
    assert mailbox == "dave@example.org" or not server.holds("dave@example.org", mark)


def test_an_alias_of_the_directory_leads_to_all_its_targets(server, mark):
    server.send("team@example.org", mark)
    server.gets("alice@example.org", mark)
    server.gets("carol@example.org", mark)


def test_mail_is_fetched_by_pop3(server, mark):
    server.send("carol@example.org", mark)
    server.gets("carol@example.org", mark)
    session = server.pop3("carol@example.org")
    count = session.stat()[0]
    assert any(mark.encode() in line for number in range(count) for line in session.top(number + 1, 0)[1])
    session.quit()


def test_a_user_sends_as_what_it_owns_alone(server, mark):
    server.submit("alice@example.org", "dave@example.org", mark)
    server.submit("ALICE@example.org", "dave@example.org", f"{mark}a", sender="al@example.org")
    server.submit("alice@example.org", "dave@example.org", f"{mark}s", sender="sales@example.org")
    for subject in (mark, f"{mark}a", f"{mark}s"):
        server.gets("dave@example.org", subject)
    for sender in ("dave@example.org", "team@example.org"):
        with pytest.raises(smtplib.SMTPException, match="553"):
            server.submit("alice@example.org", "dave@example.org", f"{mark}x", sender=sender)


def test_a_suspended_account_gets_mail_later(server):
    code, text = server.answer_to("erin@example.net")
    assert code == 450
    assert "4.2.1" in text


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("alice@example.org", "wrong"),
        ("alice@example.org", "*"),
        ("bob@example.org", "Correct-Horse-1"),
        ("nobody@example.org", "Correct-Horse-1"),
        ("alice", "Correct-Horse-1"),
        *((user, "Correct-Horse-1") for user in HOSTILE),
        (f"{'l' * 300}@example.net", "Correct-Horse-1"),
    ],
)
def test_a_login_is_refused(server, user, password):
    with pytest.raises(imaplib.IMAP4.error, match=r"AUTHENTICATIONFAILED|AUTHORIZATIONFAILED"):
        server.imap(user, password)


def test_an_empty_password_lets_nobody_in(server):
    # A login without a password is one that a directory takes, as nobody.
    session = server.imap("dave@example.org")
    session.logout()
    with pytest.raises((imaplib.IMAP4.error, poplib.error_proto)):
        server.imap("dave@example.org", '""')


def test_who_may_not_log_in_cannot_fetch_or_send(server):
    with pytest.raises(poplib.error_proto):
        server.pop3("bob@example.org")
    server.refuses_submission("bob@example.org")


@pytest.mark.parametrize(
    "recipient",
    [
        "nobody@example.net",
        "nobody@example.com",
        *(f'"{name}"@example.net' for name in ("*", "x)(mail=*", "*)(objectClass=*)", "a b", "x' OR '1'='1", "x;y")),
        "*@example.net",
        "*@example.com",
        "o'brie*@example.net",
        "o'brie\\2a@example.net",
        "%s@example.net",
        "100%@example.net",
        f"{'l' * 300}@example.net",
        "nobody@xn--bcher-kva.example",
    ],
)
def test_hostile_recipients_are_only_unknown(server, recipient):
    server.refuses_recipient(recipient)


def test_an_address_of_the_directory_elsewhere_opens_no_relay(server):
    code, text = server.answer_to("mallory@elsewhere.example")
    assert code == 554
    assert "Relay access denied" in text


def test_hostile_senders_own_nothing(server, mark):
    for sender in ("*@example.org", '"x)(mail=*"@example.org'):
        with pytest.raises(smtplib.SMTPException, match="553|501"):
            server.submit("alice@example.org", "dave@example.org", mark, sender=sender)


def test_the_limit_of_an_account_is_that_of_the_directory(server):
    limits = server.host.check_output("doveadm quota get -u carol@example.org")
    assert " 300 " in limits.split("STORAGE")[1].splitlines()[0]
    assert " 300 " not in server.host.check_output("doveadm quota get -u dave@example.org")


def test_all_accounts_are_known_to_dovecot(server):
    users = server.host.check_output("doveadm user '*'").lower().split()
    assert {"alice@example.org", "bob@example.org", "o'brien@example.net"} <= set(users)


def test_nobody_else_reads_how_the_directory_is_asked(server):
    for name in (
        "ldap-mailboxes.cf",
        "ldap-addresses.cf",
        "ldap-aliases.cf",
        "ldap-own.cf",
        "ldap-domain-example.com.cf",
    ):
        file = server.host.file(f"{FOLDER}/{name}")
        assert (file.mode, file.user, file.group) == (0o640, "root", "postfix")
    assert server.host.run("runuser -u nobody -- cat %s/ldap-mailboxes.cf", FOLDER).rc != 0
    found = server.host.run('grep -rlF "Reader\'s " /etc/dovecot /etc/postfix').stdout.split()
    assert found
    for path in found:
        assert server.host.file(path).mode & 0o007 == 0, path
