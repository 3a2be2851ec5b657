"""The server as people see it who send and read mail."""

from __future__ import annotations

import base64
import contextlib
import imaplib
import smtplib
import socket
import time
from dataclasses import dataclass

import pytest
from host_client import trusting_context
from testinfra.host import Host

PASSWORD = "Correct-Horse-1"
PHONE = "Phone-Horse-1"
PRINTER = "Printer-Horse-1"
EDITOR = "Editor-Horse-1"


@dataclass(frozen=True)
class Server:
    host: Host
    address: str

    def imap(self, user: str, password: str = PASSWORD) -> imaplib.IMAP4_SSL:
        session = imaplib.IMAP4_SSL(self.address, 993, ssl_context=trusting_context(), timeout=20)
        session.login(user, password)
        return session

    def refuses_imap(self, user: str, password: str = PASSWORD) -> None:
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            self.imap(user, password)

    def submission(self, user: str, password: str = PASSWORD) -> smtplib.SMTP:
        session = smtplib.SMTP(self.address, 587, local_hostname="client.friend.example", timeout=20)
        session.starttls(context=trusting_context())
        session.login(user, password)
        return session

    def refuses_submission(self, user: str, password: str = PASSWORD) -> None:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            self.submission(user, password)

    def managesieve(self, user: str, password: str = PASSWORD) -> str:
        """Return how a login by ManageSieve is answered."""
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        with socket.create_connection((self.address, 4190), timeout=20) as connection:
            _last_line(connection)
            connection.sendall(b"STARTTLS\r\n")
            _last_line(connection)
            with trusting_context().wrap_socket(connection) as session:
                _last_line(session)
                session.sendall(f'AUTHENTICATE "PLAIN" "{token}"\r\n'.encode())
                return _last_line(session)

    def submit(self, user: str, recipient: str, subject: str, *, sender: str = "", password: str = PASSWORD) -> None:
        """Send a message after a login."""
        with self.submission(user, password) as session:
            message = f"Subject: {subject}\nFrom: {sender or user}\nTo: {recipient}\n\n"
            session.sendmail(sender or user, [recipient], message)

    def send(self, recipient: str, subject: str) -> None:
        """Hand a message over on port 25 as a stranger would."""
        message = f"Subject: {subject}\nFrom: friend@friend.example\nTo: {recipient}\n\n"
        with smtplib.SMTP(self.address, 25, local_hostname="client.friend.example", timeout=20) as session:
            session.sendmail("", [recipient], message)

    def answer_to(self, recipient: str) -> tuple[int, str]:
        """Return what a stranger hears who wants to send to recipient."""
        with smtplib.SMTP(self.address, 25, local_hostname="client.friend.example", timeout=20) as session:
            session.ehlo()
            session.mail("")
            code, text = session.rcpt(recipient)
            return code, text.decode()

    def holds(self, user: str, subject: str) -> int:
        """Return how many messages of this subject a user has now."""
        session = self.imap(user)
        session.select("INBOX", readonly=True)
        found = session.search(None, "SUBJECT", subject)[1][0].split()
        session.logout()
        return len(found)

    def gets(self, user: str, subject: str) -> None:
        """Wait until a message is there."""
        for _attempt in range(60):
            # On a busy machine an answer may take longer than a client waits.
            with contextlib.suppress(TimeoutError):
                if self.holds(user, subject):
                    return
            time.sleep(0.3)
        pytest.fail(f"no message {subject} for {user}; log:\n{self.log()}")

    def has_file(self, user: str, subject: str) -> None:
        """Wait until a message is in the Maildir of a user who cannot log in."""
        local_part, _at, domain = user.partition("@")
        for _attempt in range(60):
            if self.host.run(f"grep -rlx 'Subject: {subject}' /var/vmail/{domain}/{local_part}/Maildir").stdout:
                return
            time.sleep(0.3)
        pytest.fail(f"no message {subject} for {user}; log:\n{self.log()}")

    def log(self) -> str:
        return str(self.host.run("journalctl -t dovecot -t postfix -u dovecot -u 'postfix*' -n 30 -o cat").stdout)


def _last_line(connection: socket.socket) -> str:
    """Return the line that ends an answer of ManageSieve."""
    with connection.makefile("rb") as lines:
        return next((line.decode() for line in lines if line.startswith((b"OK", b"NO", b"BYE"))), "")
