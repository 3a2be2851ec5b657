"""A server with mail accounts as people see it who send and read mail, whatever keeps the accounts."""

from __future__ import annotations

import base64
import contextlib
import imaplib
import poplib
import smtplib
import socket
import time
from dataclasses import dataclass

import pytest
from host_client import trusting_context
from testinfra.backend.base import CommandResult
from testinfra.host import Host

PASSWORD = "Correct-Horse-1"
PHONE = "Phone-Horse-1"
PRINTER = "Printer-Horse-1"
EDITOR = "Editor-Horse-1"
NEW = "New-Horse-2"
_STRANGER = "client.friend.example"


@dataclass(frozen=True)
class AccountServer:
    host: Host
    address: str

    def imap(self, user: str, password: str = PASSWORD, timeout: int = 30) -> imaplib.IMAP4_SSL:
        session = imaplib.IMAP4_SSL(self.address, 993, ssl_context=trusting_context(), timeout=timeout)
        escaped = user.replace("\\", "\\\\").replace('"', '\\"')
        session.login(f'"{escaped}"', password)
        return session

    def refuses_imap(self, user: str, password: str = PASSWORD) -> None:
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            self.imap(user, password)

    def has_ended(self, session: imaplib.IMAP4_SSL) -> None:
        """See that the server has closed a session."""
        # Whatever the server said last, the session is over.
        with contextlib.suppress(imaplib.IMAP4.abort, OSError):
            session.noop()
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            session.noop()

    def pop3(self, user: str, password: str = PASSWORD) -> poplib.POP3_SSL:
        session = poplib.POP3_SSL(self.address, 995, context=trusting_context(), timeout=30)
        session.user(user)
        session.pass_(password)
        return session

    def pop3_subjects(self, user: str, password: str = PASSWORD) -> str:
        """Return the headers of all messages that a client of POP3 sees."""
        session = self.pop3(user, password)
        count = session.stat()[0]
        headers = [line for number in range(1, count + 1) for line in session.top(number, 0)[1]]
        session.quit()
        return b"\n".join(headers).decode()

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

    def submission(self, user: str, password: str = PASSWORD, timeout: int = 30) -> smtplib.SMTP:
        session = smtplib.SMTP(self.address, 587, local_hostname=_STRANGER, timeout=timeout)
        session.starttls(context=trusting_context())
        session.login(user, password)
        return session

    def refuses_submission(self, user: str, password: str = PASSWORD) -> None:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            self.submission(user, password)

    def submit(
        self,
        user: str,
        recipient: str,
        subject: str,
        *,
        sender: str = "",
        password: str = PASSWORD,
        timeout: int = 30,
    ) -> None:
        """Send a message after a login."""
        with self.submission(user, password, timeout) as session:
            message = f"Subject: {subject}\nFrom: {sender or user}\nTo: {recipient}\n\nHello\n"
            session.sendmail(sender or user, [recipient], message)

    def send(self, recipient: str, subject: str) -> None:
        """Hand a message over on port 25 as a stranger would."""
        message = f"Subject: {subject}\nFrom: friend@friend.example\nTo: {recipient}\n\nHello\n"
        with smtplib.SMTP(self.address, 25, local_hostname=_STRANGER, timeout=30) as session:
            session.sendmail("", [recipient], message)

    def answer_to(self, recipient: str) -> tuple[int, str]:
        """Return what a stranger hears who wants to send to recipient."""
        with smtplib.SMTP(self.address, 25, local_hostname=_STRANGER, timeout=60) as session:
            session.ehlo()
            session.docmd("MAIL", "FROM:<>")
            code, text = session.docmd("RCPT", f"TO:<{recipient}>")
            return code, text.decode()

    def refuses_recipient(self, recipient: str) -> None:
        """See that mail for recipient is refused for good."""
        code, text = self.answer_to(recipient)
        assert 500 <= code < 600, text

    def holds(self, user: str, subject: str, password: str = PASSWORD) -> int:
        """Return how many messages of this subject a user has now."""
        session = self.imap(user, password)
        session.select("INBOX", readonly=True)
        found = session.search(None, "SUBJECT", subject)[1][0].split()
        session.logout()
        return len(found)

    def gets(self, user: str, subject: str, password: str = PASSWORD) -> None:
        """Wait until a message is there."""
        for _attempt in range(60):
            # On a busy machine an answer may take longer than a client waits, and what was down may not be up yet.
            with contextlib.suppress(TimeoutError, imaplib.IMAP4.error):
                if self.holds(user, subject, password):
                    return
            time.sleep(0.5)
        pytest.fail(f"no message {subject} for {user}; queue:\n{self.host.run('mailq').stdout}\nlog:\n{self.log()}")

    def gets_what_waited(self, user: str, subject: str) -> None:
        """Wait until a message arrives that was put off."""
        # A program of Postfix that was refused an answer may come back after a minute.
        for _attempt in range(50):
            self.host.check_output("postqueue -f")
            with contextlib.suppress(TimeoutError, imaplib.IMAP4.error):
                if self.holds(user, subject):
                    break
            time.sleep(2)
        else:
            pytest.fail(f"the mail did not arrive; queue:\n{self.host.run('mailq').stdout}")
        assert "status=bounced" not in self.host.check_output("journalctl -u 'postfix*' -n 200 -o cat")

    def opens_by_app_passwords(self, user: str, recipient: str, subject: str) -> None:
        """See that the password of a phone opens IMAP, that of a printer sends, and neither does more."""
        self.imap(user, PHONE).logout()
        self.submit(user, recipient, subject, password=PRINTER)
        self.gets(recipient, subject)
        self.refuses_imap(user, PRINTER)
        self.refuses_submission(user, PHONE)
        self.refuses_imap(recipient, PHONE)

    def saves(self, user: str, size: int) -> CommandResult:
        """Put a message of about this size into the mail of a user."""
        return self.host.run(f"printf 'Subject: big\\n\\n%%0{size}d\\n' 1 | doveadm save -u %s -m INBOX", user)

    def folder(self, user: str) -> str:
        """Return where the mail of a user is."""
        local_part, _at, domain = user.partition("@")
        return f"/var/vmail/{domain}/{local_part}/Maildir"

    def has_file(self, user: str, subject: str) -> None:
        """Wait until a message is in the mail of a user who cannot log in."""
        for _attempt in range(60):
            if self.host.run("grep -rlx %s %s", f"Subject: {subject}", self.folder(user)).stdout:
                return
            time.sleep(0.5)
        pytest.fail(f"no message {subject} for {user}; log:\n{self.log()}")

    def log(self) -> str:
        return str(self.host.run("journalctl -t dovecot -t postfix -u dovecot -u 'postfix*' -n 40 -o cat").stdout)


def _last_line(connection: socket.socket) -> str:
    """Return the line that ends an answer of ManageSieve."""
    with connection.makefile("rb") as lines:
        return next((line.decode() for line in lines if line.startswith((b"OK", b"NO", b"BYE"))), "")
