"""The same accounts after they were renamed, disabled, removed and so on."""

from __future__ import annotations

from account_server import PASSWORD, PHONE, PRINTER


def test_a_renamed_account_keeps_its_mail(server, mark):
    server.send("alice@example.org", mark)
    server.gets("smith@example.org", mark)
    session = server.imap("smith@example.org")
    assert int(session.select("INBOX", readonly=True)[1][0]) > 1
    session.logout()
    smith = server.entry("smith@example.org")
    assert smith["dn"] == ["mail=smith@example.org,ou=mail,dc=example,dc=org"]
    assert smith["displayName"] == ["Alice Smith"]
    assert smith["postmasterMailQuota"] == ["1048576"]
    server.refuses_imap("alice@example.org")


def test_a_disabled_account_gets_mail_and_no_login(server, mark):
    server.send("bob@example.org", mark)
    server.has_file("bob@example.org", mark)
    server.refuses_imap("bob@example.org")
    server.refuses_submission("bob@example.org")


def test_networks_are_those_of_the_account(server):
    server.refuses_imap("carol@example.org")


def test_a_new_password_replaces_the_old_one(server):
    server.imap("dave@example.org", "Dave-Horse-2").logout()
    server.refuses_imap("dave@example.org")
    limits = server.host.check_output("doveadm quota get -u dave@example.org")
    assert " 300 " in limits.split("STORAGE")[1].splitlines()[0]


def test_a_removed_account_is_unknown_and_its_mail_archived(server):
    server.refuses_recipient("erin@example.org")
    assert server.entry("erin@example.org") == {}
    assert server.host.run("ls -d /var/vmail/.archive/erin@example.org-*").rc == 0
    server.refuses_imap("erin@example.org")


def test_app_passwords_follow_their_account(server, mark):
    server.submit("smith@example.org", "dave@example.org", mark, password=PRINTER)
    server.refuses_imap("smith@example.org", PHONE)
    server.refuses_submission("alice@example.org", PRINTER)


def test_a_disabled_account_has_no_way_in_by_an_app_password(server):
    for password in ("Heidi-Horse-1", PHONE):
        server.refuses_imap("heidi@example.org", password)
        server.refuses_submission("heidi@example.org", password)


def test_an_account_that_expires_no_more_is_open_again(server):
    for password in (PASSWORD, PHONE):
        server.imap("grace@example.org", password).logout()


def test_nothing_is_left_of_an_account_and_its_app_passwords(server):
    left = server.host.check_output(
        "ldapsearch -Q -LLL -Y EXTERNAL -H ldapi:/// -b ou=mail,dc=example,dc=org '(postmasterMailAddress=%s)' dn",
        "frank@example.org",
    )
    assert left == ""
    assert server.entry("frank@example.org") == {}
