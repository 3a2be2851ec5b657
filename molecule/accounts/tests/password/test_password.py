"""Account holders change their password by the socket that the web server uses."""

from __future__ import annotations

import shlex

import pytest
from account_server import PASSWORD, PHONE
from password_client import CHANGED, SOCKET, UNIT, WRONG, PasswordSocket, conversation

BOB = "bob@example.org"
FRANK = "frank@example.org"
GRACE = "grace@xn--bcher-kva.example"
IVAN = "ivan@example.org"
LEO = "leo@example.org"
NEW = "Correct-Horse-2"
USERS = "/etc/dovecot/users"


@pytest.fixture
def door(server):
    return PasswordSocket(server.host)


@pytest.fixture
def untouched(server):
    """See that a test changes nothing."""
    before = server.host.check_output(f"stat -c '%i %Y' {USERS}")
    yield
    assert server.host.check_output(f"stat -c '%i %Y' {USERS}") == before


def line_of(server, user: str) -> list[str]:
    return server.host.check_output(f"grep '^{user}:' {USERS}").split(":")


def test_only_the_web_server_can_connect(server, door):
    assert server.host.check_output(f"stat -c '%a %U %G' {SOCKET}") == "660 root www-data"
    assert server.host.file("/etc/postmaster/password-change.json").mode == 0o600
    assert server.host.service(f"{UNIT}.socket").is_enabled
    door.refuses_connection("nobody")
    door.refuses_connection("vmail")


@pytest.mark.parametrize(
    ("user", "old"),
    [
        (BOB, "wrong-password"),
        (BOB, "*"),
        (IVAN, PHONE),
        ("dave@example.org", PASSWORD),
        ("heidi@example.org", PASSWORD),
        ("mike@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("bob", PASSWORD),
        ("vmail", PASSWORD),
        (f"{BOB}*root", PASSWORD),
        ("%{user}", PASSWORD),
        ("../bob@example.org", PASSWORD),
        ("x' OR '1'='1", PASSWORD),
        (f"{BOB}:x", PASSWORD),
        (f"{'l' * 300}@example.org", PASSWORD),
    ],
)
@pytest.mark.usefixtures("untouched")
def test_who_may_not_log_in_changes_nothing(door, user, old):
    assert door.change(user, old, NEW) == WRONG


@pytest.mark.parametrize("new", ["short", PASSWORD, BOB, "x" * 257])
@pytest.mark.usefixtures("untouched")
def test_poor_passwords_are_refused(door, new):
    assert door.change(BOB, PASSWORD, new).startswith("500 The new password is ")


@pytest.mark.parametrize(
    "pieces",
    [
        [b"".join(conversation(BOB, PASSWORD, NEW))],
        [b"user bob@example.org\r\n", f"pass {PASSWORD}\r\nnewpass {NEW}\r\n".encode()],
        [b"user bob@example.org\0\r\n"],
        [b"user bob@example.org\r\n", f"pass {PASSWORD}\r\n".encode(), b"newpass Correct-Horse-2\0\r\n"],
        [b"user bob@example.org\r\n", f"pass {PASSWORD}\r\n".encode(), b"newpass Correct\xff-Horse-2\r\n"],
        [b"newpass Correct-Horse-2\r\n"],
        [b"user bob@example.org\r\n", b"newpass Correct-Horse-2\r\n"],
        [b"x" * 20_000],
        [b"GET / HTTP/1.1\r\n\r\n"],
    ],
)
@pytest.mark.usefixtures("untouched")
def test_what_is_no_conversation_ends_it(door, pieces):
    assert door.says(*pieces)[len(pieces)].startswith("500 ")


def test_a_new_password_counts_at_once_and_the_old_one_no_more(server, door):
    session = server.imap(BOB)
    before = line_of(server, BOB)
    assert door.change("Bob@Example.ORG", PASSWORD, NEW) == CHANGED
    server.imap(BOB, NEW).logout()
    server.pop3(BOB, NEW).quit()
    server.submission(BOB, NEW).quit()
    server.refuses_imap(BOB)
    server.refuses_submission(BOB)
    server.has_ended(session)
    after = line_of(server, BOB)
    assert after[1] != before[1]
    assert after[2:] == before[2:]
    assert server.host.check_output(f"stat -c '%a %U %G' {USERS}") == "640 root dovecot"


def test_app_passwords_stay(server, door):
    assert door.change(IVAN, PASSWORD, NEW) == CHANGED
    server.imap(IVAN, PHONE).logout()
    server.imap(IVAN, NEW).logout()
    server.refuses_imap(IVAN)


def test_a_person_can_change_it_and_change_it_again(server, door):
    old = PASSWORD
    for new in ('it\'s a "quoted" one', "100% : {PLAIN}x $6$ \\ #", "Grüße und 日本語", "é" * 128, NEW):
        assert door.change("grace@bücher.example", old, new) == CHANGED
        test = f"printf '%s\\n' {shlex.quote(new)} | doveadm auth test {GRACE}"
        assert server.host.run(test).rc == 0, new
        old = new
    server.refuses_imap(GRACE)


def test_guesses_wait_longer_each_time_and_are_logged_without_what_was_said(door):
    for guess in ("Guess-Number-1", "Guess-Number-2", "Guess-Number-3"):
        assert door.change(LEO, guess, NEW) == WRONG
    log = door.log()
    assert f"{LEO}: 3 wrong in a row, the next one waits 4 s" in log
    assert door.change(LEO, PASSWORD, NEW) == CHANGED
    assert door.change(LEO, "Guess-Number-4", PASSWORD) == WRONG
    log = door.log()
    assert f"{LEO}: the password is changed" in log
    assert f"{LEO}: 1 wrong in a row" in log.rpartition(f"{LEO}: the password is changed")[2]
    everything = door.host.check_output("journalctl -b -o cat")
    assert "Guess-Number" not in everything
    assert NEW not in log


def test_of_two_at_once_one_succeeds(server, door):
    both = [conversation(FRANK, PASSWORD, new) for new in ("Correct-Horse-3", "Correct-Horse-4")]
    assert sorted(door.together(*both)) == [CHANGED, WRONG]
    open_to = [
        server.host.run(f"echo {new} | doveadm auth test {FRANK}").rc == 0
        for new in ("Correct-Horse-3", "Correct-Horse-4")
    ]
    assert sorted(open_to) == [False, True]
