"""A mail server whose certificate changes."""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import smtplib
import socket
import ssl
import typing as t
from dataclasses import dataclass

from host_client import trusting_context
from testinfra.backend.base import CommandResult
from testinfra.host import Host

PASSWORD = "Correct-Horse-1"
FOLDER = "/etc/postmaster/tls"
NAME = "mail.example.org"
UNIT = "postmaster-mail-tls"
WEB_PORTS = (443, 8443)
PORTS = (25, 465, 587, 110, 143, 993, 995, 4190, *WEB_PORTS)
# A second certificate, which only web servers serve.
OTHER = "www.other.example"


@dataclass(frozen=True)
class Server:
    host: Host
    address: str

    def leaf(self, name: str = NAME) -> bytes:
        """Return the certificate that is in its place."""
        pem = self.host.check_output(f"cat {FOLDER}/{name}/fullchain.pem")
        return ssl.PEM_cert_to_DER_cert(pem[: pem.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")

    def served(self, port: int) -> bytes:
        """Return the certificate that a port serves."""
        with _SESSIONS[port](self.address, port) as session:
            certificate = session.getpeercert(binary_form=True)
            assert certificate
            return certificate

    def served_to(self, port: int, name: str) -> bytes:
        """Return the certificate that a port with TLS from the start serves to who asks for a name."""
        with _implicit(self.address, port, name) as session:
            certificate = session.getpeercert(binary_form=True)
            assert certificate
            return certificate

    def set(self, key: str, value: int) -> None:
        """Change a number in the configurations of the certificates."""
        self.host.check_output(f'sed -i \'s/"{key}": [0-9]*/"{key}": {value}/\' {FOLDER}/*.json')

    @contextlib.contextmanager
    def due(self) -> t.Iterator[None]:
        """Let every certificate that this host can make be due."""
        self.set("renew_before_days", 100000)
        yield
        self.set("renew_before_days", 30)

    def run_unit(self) -> CommandResult:
        return self.host.run(f"systemctl start {UNIT}.service")

    def renew(self) -> CommandResult:
        with self.due():
            return self.run_unit()

    def said(self) -> str:
        """Return what the last run of the unit said."""
        run = self.host.check_output(f"systemctl show -P InvocationID {UNIT}.service")
        return self.host.check_output(f"journalctl --sync && journalctl -q -o cat _SYSTEMD_INVOCATION_ID={run}")

    def imap(self, user: str) -> imaplib.IMAP4_SSL:
        session = imaplib.IMAP4_SSL(self.address, 993, ssl_context=trusting_context(), timeout=60)
        session.login(user, PASSWORD)
        return session

    def submission(self, user: str) -> smtplib.SMTP:
        session = smtplib.SMTP(self.address, 587, local_hostname="client.friend.example", timeout=60)
        session.starttls(context=trusting_context())
        session.login(user, PASSWORD)
        return session


def _implicit(address: str, port: int, name: str = NAME) -> ssl.SSLSocket:
    connection = socket.create_connection((address, port), timeout=60)
    return trusting_context().wrap_socket(connection, server_hostname=name)


def _smtp(address: str, port: int) -> ssl.SSLSocket:
    session = smtplib.SMTP(address, port, local_hostname="client.friend.example", timeout=60)
    session.starttls(context=trusting_context())
    return t.cast("ssl.SSLSocket", session.sock)


def _imap(address: str, port: int) -> ssl.SSLSocket:
    session = imaplib.IMAP4(address, port, timeout=60)
    session.starttls(trusting_context())
    return t.cast("ssl.SSLSocket", session.sock)


def _pop3(address: str, port: int) -> ssl.SSLSocket:
    session = poplib.POP3(address, port, timeout=60)
    session.stls(trusting_context())
    return t.cast("ssl.SSLSocket", session.sock)


def _sieve(address: str, port: int) -> ssl.SSLSocket:
    connection = socket.create_connection((address, port), timeout=60)
    with connection.makefile("rb", buffering=0) as lines:
        for command in (b"", b"STARTTLS\r\n"):
            connection.sendall(command)
            while not lines.readline().startswith(b"OK"):
                pass
    return trusting_context().wrap_socket(connection, server_hostname=NAME)


_SESSIONS: dict[int, t.Callable[[str, int], ssl.SSLSocket]] = {
    25: _smtp,
    587: _smtp,
    465: _implicit,
    993: _implicit,
    995: _implicit,
    143: _imap,
    110: _pop3,
    4190: _sieve,
    **dict.fromkeys(WEB_PORTS, _implicit),
}
