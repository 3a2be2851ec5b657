"""Puts 2,000 messages into the accounts of the store, with all that clients add to them over the years."""

from __future__ import annotations

import imaplib
import random
import time

import accounts
from samples import SCRIPTS

FOLDERS = (
    "Archive/2024/Q1",
    "Archive/2024/Q2",
    "Archive/2024/Q3",
    "Archive/2025",
    "Archive/2025/Customers",
    "Archive/2025/&AMk-t&AOk-",
    "Projects/Apollo",
    "Projects/Apollo/Notes",
    "Projects/Apollo/Notes/Old ones",
    "Sent",
)
FLAGS = (
    "",
    "\\Seen",
    "\\Seen \\Answered",
    "\\Seen \\Flagged $Label1",
    "\\Draft",
    "$Forwarded \\Seen",
    "NonJunk",
)
PER_FOLDER = 140
IN_INBOX = 190
FOR_BOB = 400
EXPUNGED = 7
YEAR = 365 * 86400
_random = random.Random(2413)


def message(user: str, number: int, size: int) -> bytes:
    words = _random.choices(("invoice", "meeting", "Grüße", "offer", "your order", "holiday", "你好"), k=4)
    lines = [f"{number} " + " ".join(_random.choices(words, k=8)) for _word in range(max(1, size // 60))]
    head = [
        f"From: sender{number % 17}@example.com",
        f"To: {user}",
        f"Subject: Number {number}",
        f"Message-ID: <{number}.{user}>",
        "Date: Mon, 06 Jan 2025 10:00:00 +0000",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return "\r\n".join([*head, "", *lines, ""]).encode()


def append(session: imaplib.IMAP4, user: str, folder: str, count: int, first: int) -> None:
    """Messages with flags and dates. More came and were expunged, so that there are holes between the UIDs."""
    before = time.time() - 2 * YEAR
    for number in range(first, first + count + EXPUNGED):
        date = imaplib.Time2Internaldate(before + _random.randrange(YEAR))
        content = message(user, number, _random.randrange(200, 3000))
        accounts.said(session.append(f'"{folder}"', f"({FLAGS[number % len(FLAGS)]})", date, content))
    accounts.said(session.select(f'"{folder}"'))
    expunged = ",".join(str(number) for number in range(3, 3 + 11 * EXPUNGED, 11))
    accounts.said(session.store(expunged, "+FLAGS", "\\Deleted"))
    accounts.said(session.expunge())
    # Deleted and not expunged is a state too.
    accounts.said(session.store("1:9", "+FLAGS", "(\\Deleted $Label2)"))


def fill_alice() -> None:
    user = "alice@example.org"
    with accounts.imap(user) as session:
        append(session, user, "INBOX", IN_INBOX, 1)
        for position, folder in enumerate(FOLDERS):
            if folder != "Sent":
                accounts.said(session.create(f'"{folder}"'))
            append(session, user, folder, PER_FOLDER, 1000 * (position + 1))
        accounts.said(session.create("Empty"))
        for folder in FOLDERS[::2]:
            accounts.said(session.subscribe(f'"{folder}"'))
        accounts.said(session.unsubscribe("Trash"))
    accounts.ManageSieve(user).activate("daily", SCRIPTS[user])
    accounts.ManageSieve(user).ask('PUTSCRIPT "resting" {6+}\r\nkeep;\n')


def fill_bob() -> None:
    user = "bob@example.org"
    with accounts.imap(user) as session:
        append(session, user, "INBOX", FOR_BOB, 1)
    with accounts.pop3(user) as session_pop3:
        for number in range(1, FOR_BOB // 2 + 1):
            session_pop3.retr(number)


def fill_carol() -> None:
    """Over her quota: the last message is refused."""
    user = "carol@example.org"
    with accounts.imap(user) as session:
        for number in range(1, 11):
            accounts.said(session.append("INBOX", "(\\Seen)", None, message(user, number, 6000)))
        status, answer = session.append("INBOX", None, None, message(user, 11, 150000))
        assert (status, b"OVERQUOTA" in answer[0]) == ("NO", True), answer


if __name__ == "__main__":
    fill_alice()
    fill_bob()
    fill_carol()
    accounts.ManageSieve("dora@example.org").activate("numbers", SCRIPTS["dora@example.org"])
