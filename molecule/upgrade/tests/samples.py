"""Messages whose way into the mailbox is known, and the Sieve scripts that say it."""

from __future__ import annotations

import smtplib
import time

import accounts

SCRIPTS = {
    "alice@example.org": """require ["fileinto", "mailbox", "imap4flags", "envelope", "subaddress", "vacation"];
if header :contains "List-Id" "announce.example.net" {
  addflag "\\\\Flagged";
  fileinto :create "Lists/Announce";
  stop;
}
if envelope :detail "to" "apollo" { fileinto "Projects/Apollo"; stop; }
if header :is "X-Unwanted" "yes" { discard; stop; }
vacation :days 7 :subject "Away" "I am away.";
""",
    "dora@example.org": """require ["fileinto", "mailbox", "imap4flags"];
if header :matches "X-Number" "*0" { addflag "$Tenth"; fileinto :create "Numbers/Tens"; stop; }
""",
}
# Where each sample ends, and with which flags; None is nowhere.
SAMPLES: dict[str, tuple[str, str, tuple[str, str] | None]] = {
    "plain": ("alice@example.org", "", ("INBOX", "")),
    "list": ("alice@example.org", "List-Id: <announce.example.net>", ("Lists/Announce", "\\Flagged")),
    "detail": ("alice+apollo@example.org", "", ("Projects/Apollo", "")),
    "unwanted": ("alice@example.org", "X-Unwanted: yes", None),
    "spam": ("alice@example.org", "X-Spam: yes", ("Junk", "")),
}


def send(mark: str) -> None:
    """Send all samples as erin, who is told once in seven days that alice is away."""
    with smtplib.SMTP(accounts.STORE, 25, local_hostname="client.example.net", timeout=60) as session:
        for name, (recipient, header, _place) in SAMPLES.items():
            head = f"From: erin@example.net\r\nTo: alice@example.org\r\nSubject: {mark} {name}\r\n"
            session.sendmail("erin@example.net", recipient, f"{head}{header or 'X-Sample: yes'}\r\n\r\n{name}\r\n")


def places(mark: str) -> dict[str, list[tuple[str, str]]]:
    """Where each sample is, and with which flags."""
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in SAMPLES}
    with accounts.imap("alice@example.org") as session:
        for folder in accounts.selectable(session):
            accounts.said(session.select(f'"{folder}"', readonly=True))
            for name in SAMPLES:
                numbers = accounts.said(session.search(None, "SUBJECT", f'"{mark} {name}"'))[0].split()
                for number in numbers:
                    flags = session.fetch(number.decode(), "(FLAGS)")[1][0].decode()
                    found[name].append((folder, "\\Flagged" if "\\Flagged" in flags else ""))
    return found


def expected() -> dict[str, list[tuple[str, str]]]:
    return {name: [place] if place else [] for name, (_recipient, _header, place) in SAMPLES.items()}


def wait_until_sorted(mark: str) -> dict[str, list[tuple[str, str]]]:
    """The places once all samples are where they belong, or what they are after a minute."""
    end = time.monotonic() + 60
    while (found := places(mark)) != expected() and time.monotonic() < end:
        time.sleep(1)
    return found


def answers_to_erin() -> int:
    """How often erin was told that alice is away."""
    with accounts.imap("erin@example.net", accounts.SENDER) as session:
        session.select("INBOX", readonly=True)
        return len(accounts.said(session.search(None, "SUBJECT", '"Away"'))[0].split())


def reply_for_carol() -> tuple[int, str]:
    """What another server is told that has mail for a full mailbox."""
    with smtplib.SMTP(accounts.STORE, 25, local_hostname="client.example.net", timeout=60) as session:
        session.ehlo()
        session.docmd("MAIL FROM:<erin@example.net> SIZE=60000")
        code, text = session.docmd("RCPT TO:<carol@example.org>")
        return code, text.decode()


if __name__ == "__main__":
    send("before")
    assert wait_until_sorted("before") == expected(), places("before")
    end = time.monotonic() + 60
    while not answers_to_erin() and time.monotonic() < end:
        time.sleep(1)
    assert answers_to_erin() == 1
    code, text = reply_for_carol()
    assert code == 552, text
