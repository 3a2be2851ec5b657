"""Sends a numbered message each second until it is told to stop, and tries to log in each time, as a client would."""

from __future__ import annotations

import imaplib
import pathlib
import signal
import ssl
import subprocess
import sys
import time

SENDER = "erin@example.net"
RECIPIENT = "arrivals@example.org"
USER = "dora@example.org"


class Stop:
    """Whether the end was asked for; a message that is being sent is sent."""

    asked = False

    def ask(self, *_unused: object) -> None:
        self.asked = True


def send(number: int) -> None:
    head = f"From: {SENDER}\nTo: {RECIPIENT}\nSubject: Number {number}\nX-Number: {number}\nX-Sent: {time.time()}\n"
    command = ["/usr/sbin/sendmail", "-i", "-f", SENDER, RECIPIENT]
    subprocess.run(command, input=f"{head}\nThis is number {number}.\n", text=True, check=True)


def login(host: str, password: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        session = imaplib.IMAP4_SSL(host, ssl_context=context, timeout=5)
        session.login(USER, password)
        session.logout()
    except (OSError, imaplib.IMAP4.error) as error:
        return f"{type(error).__name__}: {error}".replace("\n", " ")
    return "ok"


def main(host: str, notes: str) -> None:
    password = sys.stdin.readline().strip()
    stop = Stop()
    signal.signal(signal.SIGTERM, stop.ask)
    folder = pathlib.Path(notes)
    number = 0
    with (folder / "sent").open("a", buffering=1) as sent, (folder / "logins").open("a", buffering=1) as logins:
        while not stop.asked:
            began = time.time()
            number += 1
            send(number)
            sent.write(f"{number} {began:.3f}\n")
            logins.write(f"{began:.3f} {login(host, password)}\n")
            time.sleep(max(0.0, began + 1 - time.time()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
