"""The server as its users see it, and the database behind it."""

from __future__ import annotations

import contextlib
import imaplib
import smtplib
import time
import typing as t
from dataclasses import dataclass

import pytest
from host_client import trusting_context
from testinfra.host import Host

PASSWORD = "Correct-Horse-1"
PHONE = "Phone-Horse-1"
PRINTER = "Printer-Horse-1"
FOLDER = "/etc/postfix/postmaster"
_EXECUTE = (
    "import sqlite3, sys; "
    'database = sqlite3.connect("/var/lib/postmaster-mail/accounts.sqlite"); '
    "database.execute(sys.argv[1]); database.commit()"
)
UNITS = {"pgsql": "postgresql", "mysql": "mariadb"}


@dataclass(frozen=True)
class Server:
    host: Host
    address: str

    @property
    def driver(self) -> str:
        """The kind of database that Postfix asks."""
        return t.cast("str", self.host.check_output("postconf -h virtual_mailbox_maps")).split(":")[1]

    def imap(self, user: str, password: str = PASSWORD, timeout: int = 30) -> imaplib.IMAP4_SSL:
        session = imaplib.IMAP4_SSL(self.address, 993, ssl_context=trusting_context(), timeout=timeout)
        session.login(f'"{user}"', password)
        return session

    def offer(self, recipient: str) -> tuple[int, bytes]:
        """What Postfix says to a recipient that a stranger names."""
        with smtplib.SMTP(self.address, 25, local_hostname="client.friend.example", timeout=60) as session:
            session.ehlo()
            session.docmd("MAIL", "FROM:<>")
            return session.docmd("RCPT", f"TO:<{recipient}>")

    def send(self, recipient: str, subject: str) -> None:
        """Hand a message to Postfix on port 25 as a stranger would."""
        with smtplib.SMTP(self.address, 25, local_hostname="client.friend.example", timeout=30) as session:
            session.sendmail("", [recipient], f"Subject: {subject}\nTo: {recipient}\n\nHello\n")

    def submit(
        self, login: str, sender: str, recipient: str, subject: str, password: str = PASSWORD, timeout: int = 30
    ) -> None:
        """Hand a message to Postfix as a user does."""
        with smtplib.SMTP(self.address, 587, local_hostname="client.friend.example", timeout=timeout) as session:
            session.starttls(context=trusting_context())
            session.login(login, password)
            session.sendmail(sender, [recipient], f"Subject: {subject}\nFrom: {sender}\nTo: {recipient}\n\nHello\n")

    def change(self, statement: str) -> None:
        """Change the accounts as somebody else does who may write into the database."""
        client = {
            "pgsql": "runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 mail -c",
            "mysql": "mariadb mail -e",
            "sqlite": f"python3 -c {_EXECUTE!r}",
        }[self.driver]
        self.host.check_output(f"{client} %s && doveadm auth cache flush", statement)

    def has(self, user: str, subject: str) -> bool:
        """Whether the user has a message of this subject."""
        session = self.imap(user)
        session.select("INBOX", readonly=True)
        found = session.search(None, "SUBJECT", subject)[1][0].split()
        session.logout()
        return bool(found)

    def wait_for(self, user: str, subject: str) -> None:
        """Return when the user has a message of this subject."""
        for _attempt in range(60):
            with contextlib.suppress(TimeoutError, imaplib.IMAP4.error):
                if self.has(user, subject):
                    return
            time.sleep(0.5)
        log = self.host.run("journalctl -n 40 -o cat").stdout
        pytest.fail(f"{user} did not get {subject}; queue:\n{self.host.run('mailq').stdout}\nlog:\n{log}")
