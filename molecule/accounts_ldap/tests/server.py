"""The server as its users see it."""

from __future__ import annotations

import base64
import contextlib
import imaplib
import poplib
import smtplib
import time
from dataclasses import dataclass

import pytest
from host_client import trusting_context
from testinfra.host import Host

PASSWORD = "Correct-Horse-1"
PHONE = "Phone-Horse-1"
PRINTER = "Printer-Horse-1"
REMOTE = "Remote-Horse-1"
FOLDER = "/etc/postfix/postmaster"


@dataclass(frozen=True)
class Server:
    host: Host
    address: str

    def imap(self, user: str, password: str = PASSWORD, timeout: int = 30) -> imaplib.IMAP4_SSL:
        session = imaplib.IMAP4_SSL(self.address, 993, ssl_context=trusting_context(), timeout=timeout)
        escaped = user.replace("\\", "\\\\").replace('"', '\\"')
        session.login(f'"{escaped}"', password)
        return session

    def pop3(self, user: str, password: str = PASSWORD) -> poplib.POP3_SSL:
        session = poplib.POP3_SSL(self.address, 995, context=trusting_context(), timeout=30)
        session.user(user)
        session.pass_(password)
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

    def has(self, user: str, subject: str, password: str = PASSWORD) -> bool:
        """Whether the user has a message of this subject."""
        session = self.imap(user, password)
        session.select("INBOX", readonly=True)
        found = session.search(None, "SUBJECT", subject)[1][0].split()
        session.logout()
        return bool(found)

    def wait_for(self, user: str, subject: str, password: str = PASSWORD) -> None:
        """Return when the user has a message of this subject."""
        for _attempt in range(60):
            with contextlib.suppress(TimeoutError, imaplib.IMAP4.error):
                if self.has(user, subject, password):
                    return
            time.sleep(0.5)
        log = self.host.run("journalctl -n 40 -o cat").stdout
        pytest.fail(f"{user} did not get {subject}; queue:\n{self.host.run('mailq').stdout}\nlog:\n{log}")

    def wait_in_store(self, user: str, subject: str) -> None:
        """Return when a user who cannot log in has a message of this subject."""
        self.host.check_output(
            "for i in $(seq 60); do doveadm search -u %s subject %s | grep -q . && exit; sleep 0.5; done; exit 1",
            user,
            subject,
        )

    def change(self, address: str, attribute: str, value: str) -> None:
        """Change an account as somebody else does who may write into the directory."""
        record = f"dn: mail={address},ou=mail,dc=example,dc=org\nchangetype: modify\nreplace: {attribute}\n"
        self.host.check_output(
            "echo %s | LDAPTLS_CACERT=/etc/ldap/tls/ca.pem ldapmodify -x -ZZ -H ldap://mail.example.org -D %s -w %s",
            f"{record}{attribute}: {value}\n-",
            "cn=admin,dc=example,dc=org",
            PASSWORD,
        )

    def entry(self, address: str, *, reader: bool = False) -> dict[str, list[str]]:
        """What the directory tells its administrator of an account, or who asks for Postfix and Dovecot."""
        who = "cn=mail reader,dc=example,dc=org" if reader else "cn=admin,dc=example,dc=org"
        text = self.host.check_output(
            "LDAPTLS_CACERT=/etc/ldap/tls/ca.pem ldapsearch -x -ZZ -H ldap://mail.example.org -D %s -w %s -LLL "
            "-o ldif-wrap=no -b ou=mail,dc=example,dc=org %s",
            who,
            "Reader's secret, 100%" if reader else PASSWORD,
            f"(mail={address})",
        )
        found: dict[str, list[str]] = {}
        for line in text.splitlines():
            name, _colon, value = line.partition(":")
            if value.startswith(":"):
                value = base64.b64decode(value[1:]).decode()
            if name:
                found.setdefault(name, []).append(value.strip())
        return found
