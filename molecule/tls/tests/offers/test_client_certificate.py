"""A relay with a known certificate needs no password where it is asked for one; any other needs one."""

from __future__ import annotations

import pathlib
import smtplib

import pytest
from host_client import trusting_context

RELAYS = pathlib.Path(__file__).parents[4] / ".cache" / "rig" / "relays"
SENDERS = ["", "somebody@elsewhere.example", "alice@example.org"]


def replies(host, port: int, relay: str) -> list[int]:
    """The codes of the replies to RCPT for somebody elsewhere, for each of the senders."""
    context = trusting_context()
    if relay:
        context.load_cert_chain(RELAYS / f"{relay}.pem", RELAYS / f"{relay}.key")
    address = host.backend.host.name
    session: smtplib.SMTP
    if port == 465:
        session = smtplib.SMTP_SSL(address, port, local_hostname="relay.example", timeout=30, context=context)
    else:
        session = smtplib.SMTP(address, port, local_hostname="relay.example", timeout=30)
        session.ehlo()
        session.starttls(context=context)
    codes = []
    with session:
        session.ehlo()
        for sender in SENDERS:
            session.docmd(f"MAIL FROM:<{sender}>")
            codes.append(session.docmd("RCPT TO:<friend@friend.example>")[0])
            session.docmd("RSET")
    return codes


def test_a_known_certificate_relays_under_any_sender(host):
    assert replies(host, 587, "known") == [250, 250, 250]


@pytest.mark.parametrize("relay", ["unknown", ""])
@pytest.mark.parametrize("port", [25, 465, 587])
def test_another_or_none_does_not(host, port, relay):
    assert not [code for code in replies(host, port, relay) if code < 400]


@pytest.mark.parametrize("port", [25, 465])
def test_a_port_that_does_not_ask_takes_no_certificate(host, port):
    assert not [code for code in replies(host, port, "known") if code < 400]
