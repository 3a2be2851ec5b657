"""The server as its users see it."""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import smtplib
import time
import typing as t
from dataclasses import dataclass

import pytest
from host_client import trusting_context
from testinfra.host import Host

DOMAIN = "example.org"
PASSWORD = "Correct-Horse-1"


@dataclass(frozen=True)
class Server:
    host: Host
    address: str
    version: str

    def imap(self, user: str, password: str = PASSWORD, port: int = 993) -> imaplib.IMAP4_SSL:
        session = imaplib.IMAP4_SSL(self.address, port, ssl_context=trusting_context(), timeout=20)
        session.login(f"{user}@{DOMAIN}" if "@" not in user else user, password)
        return session

    def pop3(self, user: str) -> poplib.POP3_SSL:
        session = poplib.POP3_SSL(self.address, 995, timeout=20, context=trusting_context())
        session.user(f"{user}@{DOMAIN}")
        session.pass_(PASSWORD)
        return session

    def send(self, recipient: str, subject: str, body: str = "", *headers: str, sender: str = "") -> None:
        """Hand a message to Postfix on port 25 as a stranger would."""
        message = "\n".join([f"Subject: {subject}", f"To: {recipient}@{DOMAIN}", f"From: {sender}", *headers, "", body])
        with smtplib.SMTP(self.address, 25, local_hostname="client.friend.example", timeout=20) as session:
            session.sendmail(sender, [f"{recipient}@{DOMAIN}"], message)

    def find(self, user: str, mailbox: str, *criteria: str) -> tuple[imaplib.IMAP4_SSL, list[bytes]]:
        """A session with the mailbox open, and the messages as soon as there are some."""
        for _attempt in range(40):
            # On a busy machine an answer may take longer than a client waits, as a delivery may: both are tried again.
            with contextlib.suppress(TimeoutError):
                session = self.imap(user)
                status, _data = session.select(f'"{mailbox}"')
                numbers = session.search(None, *criteria)[1][0].split() if status == "OK" else []
                if numbers:
                    return session, numbers
                session.logout()
            time.sleep(0.3)
        log = self.host.run("journalctl -u dovecot -n 30 -o cat").stdout
        pytest.fail(f"no message with {criteria} in {mailbox} of {user}; log:\n{log}")

    def wait_for_file(self, pattern: str) -> str:
        """The content of the first file that matches, as soon as there is one."""
        for _attempt in range(40):
            found = self.host.run(f"cat {pattern}")
            if found.rc == 0 and found.stdout:
                return t.cast("str", found.stdout)
            time.sleep(0.3)
        log = self.host.run("journalctl -u dovecot -n 30 -o cat").stdout
        pytest.fail(f"{pattern} did not appear; log:\n{log}")

    def files_of(self, user: str, folder: str = "") -> list[str]:
        """The files of messages of a user."""
        output = self.host.check_output(f"find /var/vmail/{DOMAIN}/{user}/{folder} -path '*/cur/*' -o -path '*/new/*'")
        return t.cast("str", output).split()
