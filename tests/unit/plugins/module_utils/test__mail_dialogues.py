"""The dialogues against small servers on the loopback that speak recorded or written scripts."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import pathlib
import re
import socket
import ssl
import threading
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe import plan_probes
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe_report import report
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe_run import run_probe

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
RECORDED = sorted(path.name for path in FIXTURES.glob("mail-probe-*.txt"))
PASSWORD = "Wonder-land 1"
ALICE = {"username": "alice@example.org", "password": PASSWORD}
EHLO = "S: 220 mail.example.org ESMTP\nC: EHLO .*\nS: 250-mail.example.org\nS: 250 SIZE 1000000\n"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A self-signed certificate with its key, for mail.example.org."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.org")])
    now = datetime.datetime(2026, 1, 1)
    names = [x509.DNSName("mail.example.org"), x509.IPAddress(ipaddress.ip_address("192.0.2.25"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0x5A01)
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(now + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + secret)
    return path


class ScriptedServer(threading.Thread):
    """Speaks one script per connection: S: says a line, C: hears one that matches, D: hears until the final dot."""

    def __init__(self, certificate: pathlib.Path, scripts: t.Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._certificate = certificate
        self._scripts = scripts
        self.port = self._listener.getsockname()[1]
        self.unexpected: list[str] = []
        self.data = b""

    def run(self) -> None:
        with self._listener:
            for script in self._scripts:
                connection, _address = self._listener.accept()
                connection.settimeout(5)
                # The client hangs up in the middle of some scripts.
                with contextlib.suppress(OSError):
                    self._speak(connection, script)
                connection.close()

    def _speak(self, connection: socket.socket, script: str) -> None:
        stream = connection.makefile("rb")
        for line in script.splitlines():
            kind, text = line[:1], line[3:]
            if kind == "S":
                connection.sendall(text.encode() + b"\r\n")
            elif kind == "T":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self._certificate)
                connection = context.wrap_socket(connection, server_side=True)
                stream = connection.makefile("rb")
            elif kind == "D":
                self.data = b""
                while not self.data.endswith(b"\r\n.\r\n"):
                    self.data += stream.readline()
            elif kind == "C":
                heard = stream.readline().decode().rstrip("\r\n")
                if not re.fullmatch(text, heard):
                    self.unexpected.append(f"expected {text!r}, heard {heard!r}")
                    return


@contextlib.contextmanager
def speaking(certificate: pathlib.Path, *scripts: str) -> t.Iterator[ScriptedServer]:
    server = ScriptedServer(certificate, scripts)
    server.start()
    yield server
    server.join(5)
    assert server.unexpected == []


def probe(server: ScriptedServer, certificate: pathlib.Path, **parameters: t.Any) -> dict[str, t.Any]:
    parameters.setdefault("ca_path", str(certificate))
    parameters.setdefault("server_name", "mail.example.org")
    parameters.setdefault("reply_timeout", 5)
    for part in [parameters.get("send"), parameters.get("dialogue"), *(parameters.get("fetch") or [])]:
        if part is not None:
            part.update({"host": "127.0.0.1", "port": server.port})
    (plan,) = plan_probes(parameters)
    result = report(run_probe(plan))
    assert PASSWORD not in repr(result)
    return result


def script_of(name: str) -> str:
    return (FIXTURES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in RECORDED if "-submission-" in name])
def test_recorded_submission(name: str, certificate: pathlib.Path) -> None:
    send = {**ALICE, "tls": "starttls", "sender": "alice@example.org", "recipients": ["bob@example.org"]}
    send.update({"subject": "Grüße", "body": ".\nfrom the probe\n"})
    with speaking(certificate, script_of(name)) as server:
        result = probe(server, certificate, send=send)
    assert result["problems"] == []
    steps = [step["step"] for step in result["steps"]]
    assert steps[:7] == ["connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "auth"]
    assert steps[7:] == ["mail", "rcpt", "data", "message", "quit"]
    assert b"Subject: =?utf-8?" in server.data
    assert b"\r\n..\r\nfrom the probe\r\n" in server.data
    assert result["tls"]["certificate"]["serial"] == "5A01"
    assert result["tls"]["certificate"]["san"] == ["DNS:mail.example.org", "IP:192.0.2.25"]
    assert result["tls"]["certificate"]["not_before"] == "2020-01-01T00:00:00Z"


REFUSED = [
    ("relay", {"sender": "a@example.net", "recipients": ["v@example.com"], "tls": "none"}, "rcpt", 554, "5.7.1"),
    ("plain-auth", {**ALICE, "tls": "none"}, "auth", 503, "5.5.1"),
]


@pytest.mark.parametrize(("kind", "send", "step", "code", "enhanced"), REFUSED, ids=[row[0] for row in REFUSED])
@pytest.mark.parametrize("version", ["3.7.11", "3.10"])
def test_recorded_refusal(
    kind: str, send: dict[str, t.Any], step: str, code: int, enhanced: str, version: str, certificate: pathlib.Path
) -> None:
    name = next(name for name in RECORDED if name.startswith(f"mail-probe-{kind}-postfix-{version}"))
    with speaking(certificate, script_of(name)) as server:
        result = probe(server, certificate, expect="refused", at=[step], code=[code], send=dict(send))
    assert result["problems"] == []
    assert (result["refused"]["at"], result["refused"]["code"], result["refused"]["enhanced"]) == (step, code, enhanced)
    assert "data" not in [entry["step"] for entry in result["steps"]]


@pytest.mark.parametrize("version", ["2.3.19.1", "2.4.1"])
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_recorded_fetch(version: str, protocol: str, certificate: pathlib.Path) -> None:
    fetch = {**ALICE, "protocol": protocol, "tls": "starttls", "delete": True}
    with speaking(certificate, script_of(f"mail-probe-fetch-{protocol}-dovecot-{version}.txt")) as server:
        result = probe(server, certificate, message_id="<recorded@example.org>", fetch=[fetch])
    assert result["problems"] == []
    assert result["fetches"][0]["copies"] == 1
    assert {"name": "Subject", "value": "Prüfung"} in result["headers"]
    assert result["received"][-1]["by"] == "mail.example.org"


@pytest.mark.parametrize("version", ["2.3.19.1", "2.4.1"])
@pytest.mark.parametrize(("protocol", "text"), [("imap", "PRIVACYREQUIRED"), ("pop3", "(?i)(clear|plain)text")])
def test_recorded_clear_text_login(version: str, protocol: str, text: str, certificate: pathlib.Path) -> None:
    fetch = {**ALICE, "protocol": protocol, "tls": "none"}
    with speaking(certificate, script_of(f"mail-probe-clear-{protocol}-dovecot-{version}.txt")) as server:
        result = probe(server, certificate, expect="refused", at=["login"], response=text, fetch=[fetch])
    assert result["problems"] == []


def test_open_relay_is_named_and_gets_no_message(certificate: pathlib.Path) -> None:
    script = (
        EHLO
        + "C: MAIL FROM:.*\nS: 250 ok\nC: RCPT TO:.*\nS: 250 ok\nC: RCPT TO:.*\nS: 554 5.7.1 no\nC: QUIT\nS: 221 x\n"
    )
    send = {"tls": "none", "sender": "a@example.net", "recipients": ["b@example.com", "c@example.com"]}
    with speaking(certificate, script) as server:
        result = probe(server, certificate, expect="refused", at=["rcpt"], code=[554], send=send)
    assert result["problems"] == [
        f"127.0.0.1:{server.port} accepted the recipient b@example.com and would take the mail,"
        " but should have refused at rcpt with code 554."
    ]


def test_one_refused_recipient_fails_an_expected_delivery(certificate: pathlib.Path) -> None:
    script = EHLO + "C: MAIL FROM:.*\nS: 250 ok\nC: RCPT TO:.*\nS: 250 ok\nC: RCPT TO:.*\nS: 450 4.2.0 later\n"
    script += "C: DATA\nS: 354 go\nD:\nS: 250 ok\nC: QUIT\nS: 221 bye\n"
    send = {"tls": "none", "sender": "a@example.net", "recipients": ["b@example.com", "c@example.com"]}
    with speaking(certificate, script) as server:
        result = probe(server, certificate, send=send)
    assert len(result["problems"]) == 1
    assert "refused at rcpt <c@example.com>: 450 4.2.0 later" in result["problems"][0]


def test_silence_is_no_refusal(certificate: pathlib.Path) -> None:
    script = EHLO + "C: MAIL FROM:.*\nC: never\n"
    send = {"tls": "none", "sender": "a@example.net"}
    server = ScriptedServer(certificate, [script])
    server.start()
    result = probe(server, certificate, expect="refused", at=["mail"], send=send, reply_timeout=0.2)
    assert "did not reply to the step mail" in result["problems"][0]
    assert result["refused"] is None


def test_hanging_up_is_a_refusal(certificate: pathlib.Path) -> None:
    with speaking(certificate, EHLO + "C: MAIL FROM:.*\n") as server:
        send = {"tls": "none", "sender": "a@example.net"}
        result = probe(server, certificate, expect="refused", at=["mail"], send=send)
    assert result["problems"] == []


def test_name_that_cannot_be_resolved_is_no_refusal() -> None:
    (plan,) = plan_probes({"expect": "refused", "at": ["connect"], "send": {"host": "host.invalid", "port": 25}})
    assert "cannot be resolved" in run_probe(plan).problems[0]


@pytest.mark.parametrize(
    ("settings", "reply"),
    [({"server_name": "wrong.example.org"}, "mismatch"), ({"ca_path": None}, "self.signed")],
)
def test_certificate_is_refused(settings: dict[str, t.Any], reply: str, certificate: pathlib.Path) -> None:
    server = ScriptedServer(certificate, ["T:\n"])
    server.start()
    options: dict[str, t.Any] = {"expect": "refused", "at": ["certificate"], "response": reply, **settings}
    assert probe(server, certificate, send={"tls": "implicit"}, **options)["problems"] == []


def test_certificate_that_is_not_verified_is_reported(certificate: pathlib.Path) -> None:
    script = (
        "T:\nS: * OK ready\nC: p001 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: p001 OK\nC: p002 LOGOUT\nS: p002 OK\n"
    )
    with speaking(certificate, script) as server:
        fetch = [{"tls": "implicit"}]
        result = probe(server, certificate, server_name="wrong.example.org", validate_certs=False, fetch=fetch)
    assert result["problems"] == []
    assert result["fetches"][0]["tls"]["certificate"]["subject"] == "CN=mail.example.org"


def test_clear_text_behind_starttls_is_thrown_away(certificate: pathlib.Path) -> None:
    script = EHLO + "C: STARTTLS\nS: 220 go\nT:\nC: EHLO .*\nS: 250 inside\nC: QUIT\nS: 221 bye\n"
    with speaking(certificate, script) as server:
        result = probe(server, certificate, send={"tls": "starttls", "stop_before": "mail"})
    assert result["problems"] == []
    assert result["capabilities"] == []
    assert result["capabilities_before_tls"] == ["SIZE 1000000"]


def test_password_that_needs_a_literal(certificate: pathlib.Path) -> None:
    script = "S: * OK ready\nC: p001 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: p001 OK\n"
    script += 'C: p002 LOGIN "bob" \\{4\\}\nS: + go\nC: äö\nS: p002 OK in\n'
    script += "C: p003 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: p003 OK\nC: p004 LOGOUT\nS: p004 OK\n"
    with speaking(certificate, script) as server:
        result = probe(server, certificate, fetch=[{"tls": "none", "username": "bob", "password": "äö"}])
    assert result["problems"] == []


@pytest.mark.parametrize(
    ("exchange", "script", "problem"),
    [
        ({"silent": True}, "C: x\n", "got 'connection closed'"),
        ({"closed": True}, "C: x\nS: 421 bye\n", ""),
        ({"expect_code": [250]}, "C: x\nS: 500 what\n", "expected code 250, got '500 what'"),
        ({"expect": "^250"}, "C: x\nS: 250 ok\n", ""),
    ],
)
def test_raw_dialogue(exchange: dict[str, t.Any], script: str, problem: str, certificate: pathlib.Path) -> None:
    exchanges = [{"expect_code": [220]}, {"send": "x\r\n", **exchange}]
    with speaking(certificate, "S: 220 hello\n" + script) as server:
        result = probe(server, certificate, dialogue={"tls": "none", "silence": 0.5, "exchanges": exchanges})
    assert problem in "".join(result["problems"])
    assert bool(result["problems"]) == bool(problem)
