"""What a mail program does: it looks names up at the server, fetches documents by https, and logs in."""

from __future__ import annotations

import base64
import contextlib
import http.client
import imaplib
import json
import pathlib
import poplib
import smtplib
import socket
import ssl
import subprocess
import tempfile
import typing as t
import unittest.mock

import dns.message
import dns.query
import dns.rdatatype
from testinfra.host import Host

PASSWORD = "Correct-Horse-1"
# Somebody who has an account, by domain.
PEOPLE = {"example.org": "alice", "example.net": "bob", "xn--bcher-kva.example": "grace"}
PORTS = (110, 143, 465, 587, 993, 995, 4190)


class Endpoint(t.NamedTuple):
    """Where a document says that a client may connect."""

    protocol: str
    host: str
    port: int
    implicit_tls: bool
    login: str


class Answer(t.NamedTuple):
    """What a web server says."""

    status: int
    kind: str
    location: str
    headers: t.Mapping[str, str]
    body: bytes


class Web:
    """One server, as seen from elsewhere by somebody who trusts its authority alone."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.address = host.backend.host.name
        root = host.file("/etc/postmaster/tls/ca/root.pem").content_string
        self.context = ssl.create_default_context(cadata=root)
        self.root = root
        self.domains = list(json.loads(host.file("/etc/postmaster/autodiscover.json").content_string))
        self.hostname = host.check_output("hostname -f")

    def fetch(
        self, url: str, body: bytes | None = None, *, method: str = "", headers: t.Mapping[str, str] | None = None
    ) -> Answer:
        """Ask for a URL at this server, whatever its name leads to, and follow no redirect."""
        scheme, _colon, rest = url.partition("://")
        name, _slash, path = rest.partition("/")
        connection = http.client.HTTPConnection(name, timeout=20)
        connection.sock = socket.create_connection((self.address, 443 if scheme == "https" else 80), timeout=20)
        if scheme == "https":
            connection.sock = self.context.wrap_socket(connection.sock, server_hostname=name)
        connection.request(method or ("POST" if body else "GET"), f"/{path}", body, dict(headers or {}))
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return Answer(
            response.status,
            response.getheader("Content-Type", "").partition(";")[0],
            response.getheader("Location", ""),
            {name.lower(): value for name, value in response.getheaders()},
            content,
        )

    def ask(self, name: str, kind: str) -> list[str]:
        """Return what the resolver of the server says of a name, as text."""
        query = dns.message.make_query(name, kind)
        answer, _by_tcp = dns.query.udp_with_fallback(query, self.address, timeout=20)
        wanted = dns.rdatatype.from_text(kind)
        return [item.to_text() for found in answer.answer for item in found if found.rdtype == wanted]

    def open_ports(self) -> set[int]:
        """Return at which of the ports for mail programs the server can be connected to."""
        found = set()
        for port in PORTS:
            try:
                socket.create_connection((self.address, port), timeout=10).close()
            except OSError:
                continue
            found.add(port)
        return found

    def log_in(self, endpoint: Endpoint, password: str = PASSWORD) -> None:
        """Log in as the endpoint says; an exception says that it was refused."""
        assert endpoint.host == self.hostname
        getattr(self, f"_log_in_by_{endpoint.protocol}")(endpoint, password)

    def _log_in_by_imap(self, endpoint: Endpoint, password: str) -> None:
        with led_to(self.address):
            session: imaplib.IMAP4
            if endpoint.implicit_tls:
                session = imaplib.IMAP4_SSL(endpoint.host, endpoint.port, ssl_context=self.context, timeout=20)
            else:
                session = imaplib.IMAP4(endpoint.host, endpoint.port, timeout=20)
                session.starttls(self.context)
        session.login(endpoint.login, password)
        assert session.select()[0] == "OK"
        session.logout()

    def _log_in_by_pop3(self, endpoint: Endpoint, password: str) -> None:
        with led_to(self.address):
            session: poplib.POP3
            if endpoint.implicit_tls:
                session = poplib.POP3_SSL(endpoint.host, endpoint.port, context=self.context, timeout=20)
            else:
                session = poplib.POP3(endpoint.host, endpoint.port, timeout=20)
                session.stls(self.context)
        session.user(endpoint.login)
        session.pass_(password)
        session.quit()

    def _log_in_by_smtp(self, endpoint: Endpoint, password: str) -> None:
        with led_to(self.address):
            session: smtplib.SMTP
            if endpoint.implicit_tls:
                session = smtplib.SMTP_SSL(endpoint.host, endpoint.port, context=self.context, timeout=20)
            else:
                session = smtplib.SMTP(endpoint.host, endpoint.port, timeout=20)
                session.starttls(context=self.context)
        session.login(endpoint.login, password)
        session.quit()

    def _log_in_by_sieve(self, endpoint: Endpoint, password: str) -> None:
        token = base64.b64encode(f"\0{endpoint.login}\0{password}".encode()).decode()
        with socket.create_connection((self.address, endpoint.port), timeout=20) as connection:
            last_line(connection)
            connection.sendall(b"STARTTLS\r\n")
            last_line(connection)
            with self.context.wrap_socket(connection, server_hostname=endpoint.host) as session:
                last_line(session)
                session.sendall(f'AUTHENTICATE "PLAIN" "{token}"\r\n'.encode())
                assert last_line(session).startswith("OK")

    def unsigned(self, profile: bytes) -> tuple[bytes, str]:
        """Return a profile out of its signature, which must lead to the authority, and the serial of the signer."""
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "profile").write_bytes(profile)
            pathlib.Path(folder, "root.pem").write_text(self.root)
            verify = ["cms", "-verify", "-binary", "-inform", "DER", "-in", "profile", "-CAfile", "root.pem"]
            content = openssl(folder, *verify, "-purpose", "any", "-signer", "signer.pem")
            return content, openssl(folder, "x509", "-noout", "-serial", "-in", "signer.pem").decode().strip()

    def serial_of(self, name: str) -> str:
        """Return the serial of the certificate that is served for a name."""
        with (
            socket.create_connection((self.address, 443), timeout=20) as connection,
            self.context.wrap_socket(connection, server_hostname=name) as session,
        ):
            certificate = session.getpeercert()
        assert certificate
        return f"serial={certificate['serialNumber']}"


@contextlib.contextmanager
def led_to(address: str) -> t.Iterator[None]:
    """Let libraries that look names up themselves connect to an address, and still check the name."""
    look_up = socket.getaddrinfo
    with unittest.mock.patch("socket.getaddrinfo", lambda _host, *others, **more: look_up(address, *others, **more)):
        yield


def openssl(folder: str, *arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True).stdout


def last_line(connection: socket.socket) -> str:
    """Return the line that ends an answer of ManageSieve."""
    with connection.makefile("rb") as lines:
        return next((line.decode() for line in lines if line.startswith((b"OK", b"NO", b"BYE"))), "")
