"""Accounts of the inventory, written into the directory."""

from __future__ import annotations

import imaplib
import smtplib

import pytest
from account_server import PASSWORD, PHONE, PRINTER
from server import REMOTE


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
    server.gets(address, mark, password)


def test_a_user_sends_as_what_it_owns_alone(server, mark):
    server.submit("dave@example.org", "alice@example.org", mark, sender="sales@example.org")
    server.gets("alice@example.org", mark)
    with pytest.raises(smtplib.SMTPException, match="553"):
        server.submit("alice@example.org", "dave@example.org", f"{mark}x", sender="sales@example.org")


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
    server.refuses_recipient("alice@xn--bcher-kva.example")


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


def test_app_passwords_open_their_services_only(server, mark):
    server.opens_by_app_passwords("alice@example.org", "dave@example.org", mark)
    server.pop3("alice@example.org", PHONE).quit()


def test_an_app_password_opens_from_its_networks_only(server):
    server.imap("heidi@example.org", PHONE).logout()
    server.refuses_imap("heidi@example.org", REMOTE)


def test_app_passwords_are_entries_below_their_account(server):
    below = server.host.check_output(
        "ldapsearch -Q -LLL -Y EXTERNAL -H ldapi:/// -o ldif-wrap=no "
        "-b mail=alice@example.org,ou=mail,dc=example,dc=org -s one '(cn=printer, 2nd floor)'"
    )
    assert "dn: postmasterMailSlot=2,mail=alice@example.org," in below
    assert "postmasterMailService: smtp\npostmasterMailService: submission\n" in below
    assert PRINTER not in below


def test_an_account_whose_day_has_come_gets_mail_and_no_login(server, mark):
    for password in (PASSWORD, PHONE):
        server.refuses_imap("grace@example.org", password)
        server.refuses_submission("grace@example.org", password)
    server.send("grace@example.org", mark)
    server.has_file("grace@example.org", mark)
    assert server.entry("grace@example.org")["postmasterMailExpires"] == ["20200101000000Z"]


def test_an_account_opens_until_its_day_and_not_from_it(server, mark):
    session = server.imap("frank@example.org")
    server.imap("frank@example.org", PHONE).logout()
    assert server.host.service("postmaster-mail-expire.timer").is_running
    settings = server.host.file("/etc/postmaster/ldap-expire.json")
    assert (settings.mode, settings.user) == (0o600, "root")
    server.host.check_output("systemctl start postmaster-mail-expire.service")
    server.imap("frank@example.org").logout()
    server.change("frank@example.org", "postmasterMailExpires", "20260101000000Z")
    server.host.check_output("systemctl start postmaster-mail-expire.service")
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        session.noop()
    for password in (PASSWORD, PHONE):
        server.refuses_imap("frank@example.org", password)
    server.send("frank@example.org", mark)
    server.has_file("frank@example.org", mark)
