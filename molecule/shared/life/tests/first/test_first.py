"""Accounts as they were created."""

from __future__ import annotations

import imaplib
import smtplib

import pytest
from account_server import EDITOR, PASSWORD, PHONE, PRINTER

BOB = "bob@example.org"


@pytest.mark.parametrize(
    ("recipient", "user"),
    [
        ("alice@example.org", "alice@example.org"),
        ("al@example.org", "alice@example.org"),
        ("team@example.org", BOB),
        ("dave@example.org", "dave@example.org"),
        ("dave@example.org", BOB),
        ("erin@example.org", BOB),
        ("al@example.net", "alice@example.org"),
        ("team@example.net", BOB),
        ("carol+list@example.net", "carol@example.org"),
        ("grace@xn--bcher-kva.example", "grace@xn--bcher-kva.example"),
        ("whoever@xn--bcher-kva.example", BOB),
        ("postmaster@example.net", "alice@example.org"),
        ("abuse@xn--bcher-kva.example", "alice@example.org"),
    ],
)
def test_mail_arrives_where_it_shall(server, mark, recipient, user):
    server.send(recipient, mark)
    server.gets(user, mark)


def test_what_is_forwarded_without_a_copy_is_not_kept(server, mark):
    server.send("erin@example.org", mark)
    server.gets(BOB, mark)
    assert server.holds("erin@example.org", mark) == 0


def test_a_catch_all_takes_no_mail_from_a_mailbox(server, mark):
    server.send("grace@xn--bcher-kva.example", mark)
    server.gets("grace@xn--bcher-kva.example", mark)
    assert server.holds(BOB, mark) == 0


@pytest.mark.parametrize("recipient", ["nobody@example.org", "nobody@example.net"])
def test_unknown_recipients_are_refused_and_not_bounced(server, recipient):
    code, text = server.answer_to(recipient)
    assert code == 550, text


@pytest.mark.parametrize(
    "recipient",
    [
        "\"x' OR '1'='1\"@example.org",
        '"x;y"@example.org',
        '"a b"@example.net',
        "../alice@example.org",
        "*@example.org",
        "%s@example.org",
        "100%@example.net",
        "$(id)@example.org",
        "o'brien@example.org",
        f"{'l' * 300}@example.org",
    ],
)
def test_hostile_recipients_are_only_unknown(server, recipient):
    server.refuses_recipient(recipient)


@pytest.mark.parametrize(
    ("user", "password"),
    [
        (BOB, "wrong"),
        (BOB, "*"),
        ("bob", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("*@example.org", PASSWORD),
        ("%s@example.org", PASSWORD),
        ("%{user}", PASSWORD),
        ("../bob@example.org", PASSWORD),
        ("x' OR '1'='1", PASSWORD),
        ("bob@example.org; id", PASSWORD),
        ("bob@example.org:*", PASSWORD),
        (f"{'l' * 300}@example.org", PASSWORD),
    ],
)
def test_hostile_logins_are_refused(server, user, password):
    with pytest.raises(imaplib.IMAP4.error, match=r"AUTHENTICATIONFAILED|AUTHORIZATIONFAILED"):
        server.imap(user, password)


@pytest.mark.parametrize(
    ("user", "sender"),
    [("alice@example.org", "al@example.org"), ("alice@example.org", "al@example.net"), (BOB, "sales@example.org")],
)
def test_a_login_may_send_as_its_further_addresses(server, mark, user, sender):
    server.submit(user, "carol@example.org", mark, sender=sender)
    server.gets("carol@example.org", mark)


@pytest.mark.parametrize(("user", "sender"), [("alice@example.org", "sales@example.org"), (BOB, "al@example.org")])
def test_a_login_may_not_send_as_others(server, mark, user, sender):
    with pytest.raises(smtplib.SMTPRecipientsRefused, match=r"553.*not owned by user"):
        server.submit(user, "carol@example.org", mark, sender=sender)


def test_app_passwords_open_their_services_only(server, mark):
    server.opens_by_app_passwords("carol@example.org", BOB, mark)
    server.imap("carol@example.org").logout()
    server.imap("ivan@example.org", PHONE).logout()


def test_an_app_password_opens_from_its_networks_only(server):
    server.refuses_imap("ivan@example.org", PRINTER)
    server.refuses_submission("ivan@example.org", PRINTER)


def test_a_hash_that_was_ready_opens_with_its_password(server, mark):
    server.submit("mallory@example.org", BOB, mark)
    server.gets(BOB, mark)
    server.refuses_imap("mallory@example.org", "wrong")


def test_mail_is_fetched_by_pop3(server, mark):
    server.send("carol@example.org", mark)
    server.gets("carol@example.org", mark)
    assert mark in server.pop3_subjects("carol@example.org")


def test_scripts_are_kept_with_an_app_password_for_them(server):
    assert server.managesieve("carol@example.org", EDITOR).startswith("OK")
    assert server.managesieve("ivan@example.org", PHONE).startswith("OK")
    for wrong in (PHONE, PRINTER):
        assert server.managesieve("carol@example.org", wrong).startswith("NO")
    server.refuses_imap("carol@example.org", EDITOR)
    server.refuses_submission("carol@example.org", EDITOR)


def test_the_quota_of_an_account_holds(server):
    assert "1024" in server.host.check_output("doveadm -f flow quota get -u alice@example.org")
    refused = server.saves("quinn@example.org", 30000)
    assert refused.rc != 0
    assert "uota" in refused.stderr


def test_an_account_that_expires_one_day_is_used_until_then(server):
    server.imap("heidi@example.org").logout()
