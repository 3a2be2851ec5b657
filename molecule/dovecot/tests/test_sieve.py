"""Scripts of the server and of users, and learning from mail that is moved."""

from __future__ import annotations

import base64
import socket
import time

import pytest
from client import DOMAIN, PASSWORD, Server
from host_client import trusting_context

SCRIPT = """require ["fileinto", "mailbox", "vacation-seconds"];
if header :contains "subject" "for the list" { fileinto :create "Lists"; stop; }
if header :contains "subject" "are you there" { vacation :seconds 1 :subject "Away %s" "I am away."; }
"""


class ManageSieve:
    """As much of RFC 5804 as it takes to upload a script."""

    def __init__(self, server: Server, user: str) -> None:
        connection = socket.create_connection((server.address, 4190), timeout=20)
        self._connect(connection)
        self.say("STARTTLS")
        self._connect(trusting_context().wrap_socket(connection))
        token = base64.b64encode(f"\0{user}@{DOMAIN}\0{PASSWORD}".encode()).decode()
        assert self.say(f'AUTHENTICATE "PLAIN" "{token}"').startswith("OK")

    def say(self, command: str) -> str:
        self._connection.sendall(f"{command}\r\n".encode())
        return self._answer()

    def put(self, name: str, script: str) -> str:
        return self.say(f'PUTSCRIPT "{name}" {{{len(script.encode())}+}}\r\n{script}')

    def close(self) -> None:
        self.say("LOGOUT")
        self._connection.close()

    def _connect(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._answer()

    def _answer(self) -> str:
        """The line that ends an answer; a text that follows it is skipped."""
        while True:
            line = self._lines.readline().decode().rstrip()
            if line.startswith(("OK", "NO", "BYE")):
                if line.endswith("}"):
                    self._lines.read(int(line.rpartition("{")[2][:-1]))
                    self._lines.readline()
                return line


@pytest.fixture
def managesieve(server):
    session = ManageSieve(server, "alice")
    yield session
    session.close()


def test_a_script_of_a_user_sorts_and_answers(server, managesieve, mark):
    assert managesieve.put("own", SCRIPT % mark).startswith("OK")
    assert managesieve.say('SETACTIVE "own"').startswith("OK")
    server.send("alice", f"{mark} for the list")
    server.find("alice", "Lists", "SUBJECT", mark)
    server.send("alice", f"{mark} are you there", "", f"Message-ID: <{mark}@example.com>", sender=f"bob@{DOMAIN}")
    server.find("bob", "INBOX", "SUBJECT", f'"Away {mark}"')


def test_a_script_with_a_fault_is_not_taken(managesieve):
    assert managesieve.put("faulty", "fileinto Nowhere;").startswith("NO")


def test_the_script_before_that_of_the_user_comes_first(server, mark):
    server.send("alice", f"{mark} for the list", "", "X-Spam: yes")
    server.find("alice", "Junk", "SUBJECT", mark)


def test_the_script_after_that_of_the_user_gets_what_is_left(server, mark):
    server.send("bob", f"{mark} after the user")
    server.find("bob", "After", "SUBJECT", mark)


def test_scripts_of_the_server_are_compiled_where_users_cannot_write(server):
    for name in ("tag", "last", "learn-spam", "learn-ham"):
        compiled = server.host.file(f"/etc/dovecot/postmaster/sieve/{name}.svbin")
        assert (compiled.user, compiled.mode & 0o022) == ("root", 0)
    log = server.host.run("journalctl -u dovecot -o cat").stdout
    assert "failed to save" not in log.lower()
    assert "permission denied" not in log.lower()


def move(server: Server, user: str, mark: str, origin: str, target: str) -> None:
    session, numbers = server.find(user, origin, "SUBJECT", mark)
    assert session.copy(numbers[0], target)[0] == "OK"
    session.store(numbers[0], "+FLAGS", r"(\Deleted)")
    session.expunge()
    session.logout()


def test_mail_that_is_moved_is_learned(server, mark):
    server.host.run("rm -f /var/vmail/learned-*")
    server.send("bob", mark, "buy this")
    move(server, "bob", mark, "INBOX", "Junk")
    assert "buy this" in server.wait_for_file(f"/var/vmail/learned-spam.bob@{DOMAIN}")
    move(server, "bob", mark, "Junk", "INBOX")
    assert mark in server.wait_for_file(f"/var/vmail/learned-ham.bob@{DOMAIN}")


def test_spam_that_is_thrown_away_is_not_learned_as_ham(server, mark):
    server.send("bob", mark, "", "X-Spam: yes")
    move(server, "bob", mark, "Junk", "Trash")
    server.send("bob", f"{mark} later")
    server.find("bob", "INBOX", "SUBJECT", f'"{mark} later"')
    time.sleep(1)
    assert mark not in server.host.run(f"cat /var/vmail/learned-ham.bob@{DOMAIN}").stdout
