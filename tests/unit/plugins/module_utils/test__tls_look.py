# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on the loopback with certificates made for the test, and answers made up."""

from __future__ import annotations

import datetime
import pathlib
import socket
import ssl
import threading
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ansible_collections.postmaster.mail.plugins.module_utils import _tls_look as look
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import (
    Endpoint,
    ProbeError,
    StepRefusedError,
    Transcript,
)
from ansible_collections.postmaster.mail.plugins.module_utils._tls_certificate import read_certificate
from ansible_collections.postmaster.mail.plugins.module_utils._tls_ciphers import suite
from ansible_collections.postmaster.mail.plugins.module_utils._tls_hello import Alert, Answer, ServerHello

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8


class Authority:
    """A root and an issuing CA, and the certificates they made."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._sign("Root", self._root_key, "Root", self._root_key, is_ca=True)
        self._issuing = self._sign("Issuing", self._key, "Root", self._root_key, is_ca=True)
        self.ca = str(folder / "root.pem")
        pathlib.Path(self.ca).write_bytes(self._root.public_bytes(PEM))

    @staticmethod
    def _sign(subject: str, key: t.Any, issuer: str, issuer_key: t.Any, *, is_ca: bool = False) -> x509.Certificate:
        names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in (issuer, subject)]
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        return (
            x509.CertificateBuilder(names[0], names[1], key.public_key(), 0x5A01, now - day, now + 90 * day)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("mail.example.org")]), critical=False)
            .sign(issuer_key, hashes.SHA256())
        )

    def issue(self, kind: str, *, with_issuer: bool = True) -> str:
        key: t.Any = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
        parts = [self._sign("leaf", key, "Issuing", self._key).public_bytes(PEM)]
        if with_issuer:
            parts.append(self._issuing.public_bytes(PEM))
        path = self.folder / f"{kind}-{with_issuer}.pem"
        path.write_bytes(b"".join(parts) + key.private_bytes(PEM, PKCS8, serialization.NoEncryption()))
        return str(path)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


class TlsServer:
    """Shakes hands with every client, one after the other."""

    def __init__(self, *certificates: str, greeting: bytes = b"", **settings: t.Any) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for certificate in certificates:
            self._context.load_cert_chain(certificate)
        ciphers = settings.pop("ciphers", "")
        if ciphers:
            self._context.set_ciphers(ciphers)
        for name, value in settings.items():
            setattr(self._context, name, value)
        self._greeting = greeting
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.names: list[str | None] = []
        self._context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _address = self._listening.accept()
            except OSError:
                return
            connection.settimeout(10)
            try:
                if self._greeting:
                    connection.sendall(self._greeting)
                    while not connection.recv(100).endswith(b"\n"):
                        pass
                    connection.sendall(b"+OK\r\n")
                connection = self._context.wrap_socket(connection, server_side=True)
                connection.recv(1)
            except OSError:
                pass
            finally:
                connection.close()

    def close(self) -> None:
        # close() alone does not wake up accept().
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


Start = t.Callable[..., TlsServer]


@pytest.fixture
def start() -> t.Iterator[Start]:
    running: list[TlsServer] = []

    def start_one(*certificates: str, **settings: t.Any) -> TlsServer:
        running.append(TlsServer(*certificates, **settings))
        return running[-1]

    yield start_one
    for server in running:
        server.close()


def client(server: TlsServer, protocol: str = "none") -> look.Server:
    endpoint = Endpoint("127.0.0.1", server.port, "none", connect_timeout=10, reply_timeout=10)
    return look.Server(endpoint, protocol)


def test_a_trusted_chain(authority: Authority, start: Start) -> None:
    server = start(authority.issue("ecdsa"))
    seen = client(server).shake("mail.example.org", authority.ca)
    assert (seen.trusted, seen.trust_error, seen.failure) == (True, "", "")
    assert (seen.version, seen.bits > 0) == ("TLSv1.3", True)
    assert [read_certificate(der).base.subject for der in seen.chain] == ["CN=leaf", "CN=Issuing"]
    assert server.names == ["mail.example.org"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_issuer_that_is_missing(authority: Authority, start: Start, version: ssl.TLSVersion) -> None:
    server = start(authority.issue("ecdsa", with_issuer=False), minimum_version=version, maximum_version=version)
    seen = client(server).shake("", authority.ca)
    assert seen.trusted is False
    assert seen.trust_code in (20, 21)
    assert seen.version == version.name.replace("_", ".")
    assert len(seen.chain) == 1
    assert server.names == [None, None]


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize(("key_type", "kind"), [("rsa", "RSA"), ("ecdsa", "ECDSA")])
def test_certificates_of_both_kinds(
    authority: Authority, start: Start, key_type: str, kind: str, trusted: bool
) -> None:
    server = client(start(authority.issue("ecdsa"), authority.issue("rsa")))
    seen = server.shake("mail.example.org", authority.ca if trusted else "", key_type)
    assert seen.trusted is trusted
    assert seen.version == "TLSv1.2"
    assert read_certificate(seen.chain[0]).key_type == kind


def test_a_kind_that_is_not_there(authority: Authority, start: Start) -> None:
    seen = client(start(authority.issue("ecdsa"))).shake("mail.example.org", authority.ca, "rsa")
    assert (seen.chain, seen.trusted) == ((), None)
    assert seen.failure


def test_versions_and_ciphers(authority: Authority, start: Start) -> None:
    server = start(
        authority.issue("rsa"),
        ciphers="ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA",
        minimum_version=ssl.TLSVersion.TLSv1_2,
    )
    asked = client(server)
    versions = look.find_versions(asked.ask, "mail.example.org")
    assert {entry.version: entry.accepted for entry in versions} == {
        "SSLv3": False,
        "TLSv1": False,
        "TLSv1.1": False,
        "TLSv1.2": True,
        "TLSv1.3": True,
    }
    assert asked.address == "127.0.0.1"
    found = look.find_ciphers(asked.ask, "TLSv1.2", "mail.example.org", weak_only=False)
    assert found.complete
    assert sorted(suite(code).openssl for code in found.codes) == ["AES256-SHA", "ECDHE-RSA-AES128-GCM-SHA256"]
    weak = look.find_ciphers(asked.ask, "TLSv1.2", "mail.example.org", weak_only=True)
    assert [suite(code).openssl for code in weak.codes] == ["AES256-SHA"]
    tls13 = look.find_ciphers(asked.ask, "TLSv1.3", "mail.example.org", weak_only=False)
    assert "TLS_AES_128_GCM_SHA256" in [suite(code).iana for code in tls13.codes]


def test_anonymous_ciphers_are_found(start: Start) -> None:
    server = client(start(ciphers="AECDH-AES128-SHA:@SECLEVEL=0", maximum_version=ssl.TLSVersion.TLSv1_2))
    found = look.find_ciphers(server.ask, "TLSv1.2", "mail.example.org", weak_only=True)
    assert [suite(code).weaknesses("TLSv1.2") for code in found.codes] == [("anonymous",)]
    assert look.certificates_in_clear(server.ask, "mail.example.org") == ()


def test_certificates_without_a_complete_handshake(authority: Authority, start: Start) -> None:
    server = client(start(authority.issue("ecdsa")))
    chain = look.certificates_in_clear(server.ask, "mail.example.org")
    assert [read_certificate(der).base.subject for der in chain] == ["CN=leaf", "CN=Issuing"]


def test_behind_starttls(authority: Authority, start: Start) -> None:
    server = client(start(authority.issue("ecdsa"), greeting=b"+OK ready\r\n"), "pop3")
    assert server.shake("mail.example.org", authority.ca).trusted is True
    assert server.ask("TLSv1.3", [0x1301], "mail.example.org").hello == ServerHello("TLSv1.3", 0x1301, 0, None)


def test_no_tls_at_all(start: Start) -> None:
    server = client(start(greeting=b"220 mail.example.org ESMTP\r\n"))
    with pytest.raises(ProbeError, match=r"does not speak TLS at this point.*starts with b'220 m'"):
        server.ask("TLSv1.2", [0xC02F], "mail.example.org")


def test_names_that_cannot_be_sent(authority: Authority, start: Start) -> None:
    with pytest.raises(ProbeError, match="cannot be used for TLS"):
        client(start(authority.issue("ecdsa"))).shake(".example.org", authority.ca)


def test_a_file_of_certificates_that_is_missing() -> None:
    server = look.Server(Endpoint("192.0.2.1", 25, "none"), "none")
    with pytest.raises(ProbeError, match="/nowhere.pem cannot be read"):
        server.shake("mail.example.org", "/nowhere.pem")


class Answers:
    """Gives what is listed for a version, the last one again and again."""

    def __init__(self, **listed: list[Answer | Exception]) -> None:
        self._listed = {name.replace("_", "."): answers for name, answers in listed.items()}
        self.asked: list[tuple[str, str]] = []

    def __call__(self, version: str, ciphers: t.Sequence[int], server_name: str) -> Answer:
        assert ciphers
        self.asked.append((version, server_name))
        answers = self._listed.get(version, [Answer(None, Alert(True, "protocol_version"))])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def chose(version: str, cipher: int) -> Answer:
    return Answer(ServerHello(version, cipher, 0, True), None)


def refusal() -> StepRefusedError:
    return Transcript().refuse("greeting", "421 too many connections")


def test_another_version_is_a_refusal() -> None:
    ask = Answers(TLSv1_2=[chose("TLSv1", 0x002F)], TLSv1=[chose("TLSv1", 0x002F)])
    found = {entry.version: (entry.accepted, entry.answer) for entry in look.find_versions(ask, "x")}
    assert found["TLSv1.2"] == (False, "wants TLSv1")
    assert found["TLSv1"] == (True, "ServerHello")
    assert found["TLSv1.3"] == (False, "protocol_version")
    assert ask.asked == [(version, "x") for version in ("TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3")]


def test_silence_and_closed_doors_are_no_refusal() -> None:
    ask = Answers(TLSv1_3=[look.NoAnswerError("silence")], TLSv1_2=[chose("TLSv1.2", 0xC02F)], SSLv3=[refusal()])
    found = {entry.version: entry.accepted for entry in look.find_versions(ask, "x")}
    assert found == {"SSLv3": None, "TLSv1": False, "TLSv1.1": False, "TLSv1.2": True, "TLSv1.3": None}


def test_silence_behind_a_hello() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = Endpoint("127.0.0.1", listening.getsockname()[1], "none", reply_timeout=0.05)
        with pytest.raises(look.NoAnswerError, match="did not answer to TLS within 0.05 s"):
            look.Server(endpoint, "none").ask("TLSv1.3", [0x1301], "x")
        with pytest.raises(ProbeError, match="step greeting"):
            look.Server(endpoint, "smtp").ask("TLSv1.3", [0x1301], "x")


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StepRefusedError):
        look.find_versions(Answers(TLSv1_3=[refusal()]), "x")
    strange = Answers(TLSv1_3=[ProbeError("no TLS")], TLSv1_2=[chose("TLSv1.2", 0xC02F)])
    with pytest.raises(ProbeError, match="no TLS"):
        look.find_versions(strange, "x")
    assert len(strange.asked) == 1
    silent = {version: [look.NoAnswerError(version)] for version in ("SSLv3", "TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3")}
    with pytest.raises(ProbeError, match=r"TLSv1_3"):
        look.find_versions(Answers(**silent), "x")


@pytest.mark.parametrize(
    ("answers", "codes", "complete"),
    [
        ([chose("TLSv1.2", 0xC02F), chose("TLSv1.2", 0x002F), Answer(None, Alert(True, "x"))], (0xC02F, 0x002F), True),
        ([chose("TLSv1.2", 0xC02F), chose("TLSv1.2", 0xC02F)], (0xC02F,), True),
        ([chose("TLSv1.2", 0xC02F), chose("TLSv1.1", 0x002F)], (0xC02F,), True),
        ([chose("TLSv1.2", 0xC02F), ProbeError("silence")], (0xC02F,), False),
        ([chose("TLSv1.2", 0xC02F), refusal()], (0xC02F,), False),
    ],
)
def test_end_of_the_suites(answers: list[Answer | Exception], codes: tuple[int, ...], complete: bool) -> None:
    found = look.find_ciphers(Answers(TLSv1_2=answers), "TLSv1.2", "x", weak_only=False)
    assert (found.codes, found.complete) == (codes, complete)
