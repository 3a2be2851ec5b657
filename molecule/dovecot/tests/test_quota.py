"""Quotas: what they count, whom they warn, and that Postfix refuses at RCPT what would not fit."""

from __future__ import annotations

import random
import re
import smtplib
import string

import pytest
from client import DOMAIN


def noise(size: int) -> str:
    """Text that compression makes little of."""
    source = random.Random(size)
    return "\n".join("".join(source.choices(string.ascii_letters, k=70)) for _line in range(size // 71))


def rcpt(server, recipient: str) -> tuple[int, str]:
    with smtplib.SMTP(server.address, 25, local_hostname="client.friend.example", timeout=20) as session:
        session.ehlo()
        session.mail("")
        code, text = session.rcpt(f"{recipient}@{DOMAIN}")
    return code, text.decode()


def limits(server, user: str) -> dict[str, int]:
    session = server.imap(user)
    text = b" ".join(line for part in session.getquotaroot("INBOX")[1] for line in part if line).decode()
    session.logout()
    return {name: int(limit) for name, limit in re.findall(r"(STORAGE|MESSAGE) \d+ (\d+)", text)}


def test_an_account_has_its_own_quota_or_that_of_all(server):
    assert limits(server, "alice") == {"STORAGE": 50 * 1024, "MESSAGE": 1000}
    assert limits(server, "carol") == {"STORAGE": 300, "MESSAGE": 1000}


def test_a_full_mailbox_is_warned_of_and_then_refused_at_rcpt(server, mark):
    server.host.check_output(f"doveadm expunge -u carol@{DOMAIN} mailbox '*' all")
    assert rcpt(server, "carol")[0] == 250
    server.send("carol", f"{mark} first", noise(180_000))
    session, numbers = server.find("carol", "INBOX", "SUBJECT", '"Your mailbox is 50 percent full"')
    warning = session.fetch(numbers[-1], "(BODY[])")[1][0][1].decode()
    session.logout()
    assert "From: postmaster@" in warning
    assert "please delete what you no longer need" in warning
    server.send("carol", f"{mark} second", noise(125_000))
    server.find("carol", "INBOX", "SUBJECT", f'"{mark} second"')
    assert rcpt(server, "carol") == (552, "5.2.2 <carol@example.org>: Recipient address rejected: Mailbox is full")


def test_mail_arrives_while_the_policy_service_is_away(server, mark):
    socket = "/var/spool/postfix/private/quota-status"
    server.host.check_output(f"mv {socket} {socket}.away")
    try:
        assert rcpt(server, "alice")[0] == 250
        server.send("alice", f"{mark} without policy", "text")
        server.find("alice", "INBOX", "SUBJECT", f'"{mark} without policy"')
    finally:
        server.host.check_output(f"mv {socket}.away {socket}")


@pytest.mark.parametrize("recipient", ["alice", "postmaster"])
def test_others_are_welcome(server, recipient):
    assert rcpt(server, recipient)[0] == 250
