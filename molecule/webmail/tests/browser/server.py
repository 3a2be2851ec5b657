"""A server as other people and other programs see it."""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass
from email.message import EmailMessage

import pytest
from account_server import AccountServer


def message(sender: str, recipient: str, subject: str, text: str = "Hello\n") -> EmailMessage:
    made = EmailMessage()
    made["From"] = sender
    made["To"] = recipient
    made["Subject"] = subject
    made["Message-ID"] = f"<{time.time_ns()}@{sender.partition('@')[2].strip('>')}>"
    made.set_content(text)
    return made


@dataclass(frozen=True)
class Server(AccountServer):
    def deliver(self, recipient: str, content: EmailMessage) -> None:
        """Hand a message over as another server would."""
        with smtplib.SMTP(self.address, 25, local_hostname="client.friend.example", timeout=60) as session:
            session.send_message(content, "", [recipient])

    def write(self, sender: str, content: EmailMessage) -> None:
        """Send a message after a login, by a client that is not the webmail."""
        with self.submission(sender, timeout=60) as session:
            session.send_message(content, sender)

    def finds(self, user: str, text: str, mailbox: str = "INBOX", header: str = "Subject") -> bytes:
        """Wait until a message with this text in a header is in a mailbox, and return it."""
        for _attempt in range(90):
            session = self.imap(user, timeout=60)
            try:
                status, _data = session.select(f'"{mailbox}"', readonly=True)
                numbers = session.search(None, "HEADER", header, f'"{text}"')[1][0].split() if status == "OK" else []
                if numbers:
                    answer = session.fetch(numbers[-1].decode(), "(RFC822)")[1][0]
                    assert isinstance(answer, tuple)
                    return answer[1]
            finally:
                session.logout()
            time.sleep(1)
        pytest.fail(f"no message {text} in {mailbox} of {user}; log:\n{self.log()}")

    def empty(self, user: str) -> None:
        """Delete all messages that a user has received."""
        session = self.imap(user, timeout=60)
        if session.select("INBOX")[1] != [b"0"]:
            session.store("1:*", "+FLAGS", "\\Deleted")
            session.expunge()
        session.logout()

    def php(self, code: str) -> str:
        """Run PHP with Roundcube's own configuration and database, as the user of the web server."""
        start = "require '/usr/share/roundcube/program/include/clisetup.php';"
        start = f"define('INSTALL_PATH', '/var/lib/roundcube/'); {start}"
        environment = "ROUNDCUBE_CONFIG_DIR=/etc/postmaster/webmail"
        output: str = self.host.check_output(f"runuser -u www-data -- env {environment} php -r %s", f"{start} {code}")
        return output

    def end_sessions(self) -> None:
        """Let all sessions be as old as if nobody had touched them for a day."""
        self.php(
            "$db = rcmail::get_instance()->get_dbh(); $day = $db->fromunixtime(time() - 86400);"
            "$db->query('UPDATE ' . $db->table_name('session', true) . ' SET changed = ' . $day);"
            "if ($db->is_error()) { fwrite(STDERR, $db->is_error()); exit(1); }"
        )
