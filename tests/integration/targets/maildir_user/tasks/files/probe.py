"""Logs in by IMAP and delivers by LMTP: a JSON list of [what, address, password] in, a list of answers out."""

from __future__ import annotations

import imaplib
import json
import smtplib
import subprocess
import sys


def login(address: str, password: str) -> str:
    client = imaplib.IMAP4("127.0.0.1", 143, timeout=20)
    try:
        client.authenticate("PLAIN", lambda _challenge: f"\0{address}\0{password}".encode())
        count = client.select("INBOX", readonly=True)[1][0]
        return f"{count.decode()} messages"
    except imaplib.IMAP4.error as error:
        return f"refused: {error}"
    finally:
        client.shutdown()


def deliver(address: str, _password: str) -> str:
    try:
        with smtplib.LMTP("127.0.0.1", 24) as client:
            client.sendmail("sender@example.net", [address], "Subject: Probe\r\n\r\nProbe\r\n")
    except smtplib.SMTPException as error:
        return f"refused: {error}"
    return "delivered"


def relay(address: str, password: str) -> str:
    """Ask the authentication service the way an SMTP server does."""
    argv = ["doveadm", "auth", "test", "-x", "service=smtp", "-x", "rip=127.0.0.1", address]
    done = subprocess.run(argv, input=f"{password}\n", text=True, capture_output=True, check=False)
    return "accepted" if done.returncode == 0 else "refused"


def main() -> None:
    known = {"login": login, "deliver": deliver, "relay": relay}
    json.dump([known[what](address, password) for what, address, password in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
