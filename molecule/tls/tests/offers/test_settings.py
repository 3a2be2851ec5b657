"""What is said of TLS in the words of today, and to whom session tickets are given."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl

import pytest
from host_client import trusting_context


def test_postfix_has_nothing_to_warn_of(host):
    said = host.run("postfix check; postconf >/dev/null; postconf -M >/dev/null")
    assert "warning" not in (said.stdout + said.stderr).lower()
    old = re.compile(r"use_tls|enforce_tls|tls_cert_file|tls_key_file|dh1024|dh512|eecdh_grade|per_site")
    assert [line for line in host.check_output("postconf -n; postconf -P").splitlines() if old.search(line)] == []


def test_dovecot_has_nothing_to_warn_of(host):
    said = host.run("doveconf -n")
    assert said.rc == 0
    assert "obsolete" not in said.stderr.lower()
    assert re.findall(r"^ssl = (\w+)", said.stdout, re.MULTILINE) == ["required"]


def has_ticket(session: ssl.SSLSocket) -> bool:
    assert session.session
    return session.session.has_ticket


def context_of_tickets() -> ssl.SSLContext:
    context = trusting_context()
    # In later versions a ticket follows the handshake, at some time.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@pytest.mark.parametrize(("port", "given"), [(465, True), (993, False), (995, False)])
def test_tickets_come_from_whom_can_read_them_again(host, port, given):
    address, context = host.backend.host.name, context_of_tickets()
    with (
        socket.create_connection((address, port), timeout=60) as connection,
        context.wrap_socket(connection, server_hostname="mail.example.org") as first,
    ):
        first.recv(1)
        assert has_ticket(first) is given
        session = first.session
    with (
        socket.create_connection((address, port), timeout=60) as connection,
        context.wrap_socket(connection, server_hostname="mail.example.org", session=session) as second,
    ):
        assert second.session_reused is given


@pytest.mark.parametrize("port", [25, 587])
def test_mail_servers_get_tickets(host, port):
    with smtplib.SMTP(host.backend.host.name, port, local_hostname="client.friend.example", timeout=60) as session:
        session.starttls(context=context_of_tickets())
        assert isinstance(session.sock, ssl.SSLSocket)
        assert has_ticket(session.sock)


@pytest.mark.parametrize("port", [587, 465])
def test_logins_are_offered_in_tls_alone(host, port):
    address = host.backend.host.name
    session: smtplib.SMTP
    if port == 465:
        session = smtplib.SMTP_SSL(address, port, timeout=60, context=trusting_context())
    else:
        session = smtplib.SMTP(address, port, timeout=60)
        session.ehlo("client.friend.example")
        assert not session.has_extn("auth")
        assert session.docmd("MAIL FROM:<alice@example.org>")[0] == 530
        session.starttls(context=trusting_context())
    with session:
        session.ehlo("client.friend.example")
        assert session.has_extn("auth")


def test_port_25_takes_mail_in_clear(host):
    with smtplib.SMTP(host.backend.host.name, 25, local_hostname="client.friend.example", timeout=60) as session:
        session.ehlo()
        assert session.docmd("MAIL FROM:<>")[0] == 250
        assert session.docmd("RCPT TO:<alice@example.org>")[0] == 250
