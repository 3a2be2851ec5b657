"""Accounts of the inventory, written into the directory."""

from __future__ import annotations

import imaplib
import smtplib

import pytest


@pytest.mark.parametrize(
    ("address", "password"),
    [
        ("alice@example.org", "Correct-Horse-1"),
        ("bob@example.org", "Correct-Horse-1"),
        ("carol@example.org", "Correct-Horse-1"),
        ("heidi@example.org", "Heidi-Horse-1"),
        ("o'brien=x@xn--bcher-kva.example", "Correct-Horse-1"),
    ],
)
def test_mail_arrives_and_is_fetched(server, mark, address, password):
    server.send(address, mark)
    server.wait_for(address, mark, password)


def test_a_user_sends_as_what_it_owns_alone(server, mark):
    server.submit("dave@example.org", "sales@example.org", "alice@example.org", mark)
    server.wait_for("alice@example.org", mark)
    with pytest.raises(smtplib.SMTPException, match="553"):
        server.submit("alice@example.org", "sales@example.org", "dave@example.org", f"{mark}x")


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("alice@example.org", "wrong"),
        ("heidi@example.org", "Correct-Horse-1"),
        ("nobody@example.org", "Correct-Horse-1"),
        ("*", "Correct-Horse-1"),
    ],
)
def test_a_login_is_refused(server, user, password):
    with pytest.raises(imaplib.IMAP4.error, match=r"AUTHENTICATIONFAILED|AUTHORIZATIONFAILED"):
        server.imap(user, password)


def test_who_is_elsewhere_in_the_directory_is_nobody(server):
    code, text = server.offer("alice@xn--bcher-kva.example")
    assert 500 <= code < 600, text


def test_entries_hold_the_account(server):
    alice = server.entry("alice@example.org")
    assert alice["dn"] == ["mail=alice@example.org,ou=mail,dc=example,dc=org"]
    assert alice["displayName"] == ["Alice Zo\u00eb"]
    assert alice["postmasterMailQuota"] == ["1048576"]
    assert alice["userPassword"][0].startswith("{CRYPT}$6$")
    assert " 1024 " in server.host.check_output("doveadm quota get -u alice@example.org").split("STORAGE")[1]


def test_what_was_there_before_is_still_there(server):
    heidi = server.entry("heidi@example.org")
    assert heidi["dn"] == ["uid=heidi,ou=mail,dc=example,dc=org"]
    assert heidi["title"] == ["Director"]
    assert heidi["userPassword"][0].startswith("{CRYPT}$6$")


def test_no_hash_leaves_the_directory_for_those_who_only_read(server):
    reader = server.entry("alice@example.org", reader=True)
    assert reader["mail"] == ["alice@example.org"]
    assert "userPassword" not in reader
