"""Delivers so many messages to each account: ADDRESS COUNT [ADDRESS COUNT ...]."""

from __future__ import annotations

import email.message
import email.utils
import os
import pathlib
import subprocess
import sys

BEGIN = 1_700_000_000


def message(number: int, recipient: str) -> bytes:
    made = email.message.EmailMessage()
    made["From"] = f"Sender {number % 50} <sender{number % 50}@example.net>"
    made["To"] = recipient
    made["Subject"] = f"Message {number} about what was agreed"
    made["Date"] = email.utils.formatdate(BEGIN + 60 * number)
    made["Message-ID"] = f"<{number}@bench.example.net>"
    made.set_content("A line of text.\n" * 20)
    return made.as_bytes()


def fill(recipient: str, count: int) -> None:
    said = subprocess.run(["doveadm", "user", "-f", "home", recipient], check=True, stdout=subprocess.PIPE, text=True)
    home = pathlib.Path(said.stdout.strip())
    # Dovecot makes the folders with the right owner.
    subprocess.run(["doveadm", "mailbox", "status", "-u", recipient, "messages", "INBOX"], check=True)
    new = next(path for path in (home / "Maildir" / "new", home / "new") if path.is_dir())
    owner = new.stat()
    for number in range(count):
        # Without a sync: a bench may be lost.
        path = new / f"{BEGIN + 60 * number}.M{number}.bench"
        path.write_bytes(message(number, recipient))
        os.chown(path, owner.st_uid, owner.st_gid)
    subprocess.run(["doveadm", "index", "-u", recipient, "INBOX"], check=True)


def main() -> None:
    arguments = sys.argv[1:]
    for recipient, count in zip(arguments[::2], arguments[1::2]):
        fill(recipient, int(count))


if __name__ == "__main__":
    main()
