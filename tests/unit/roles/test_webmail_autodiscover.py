# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import http.client
import importlib.util
import json
import pathlib
import socket
import threading
import types
import typing as t
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

import pytest

_PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "webmail" / "files" / "autodiscover.py"
_OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_MOBILE = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
_ENVELOPE = "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}"
_PATH = "/autodiscover/autodiscover.xml"
_SETTINGS = {
    domain: {
        "name": 'A & "B" <C>',
        "username": username,
        "url": f"https://autodiscover.{domain}{_PATH}",
        "protocols": [
            {"type": "IMAP", "server": "mail.example.org", "port": 993, "encryption": "SSL"},
            {"type": "SMTP", "server": "mail.example.org", "port": 587, "encryption": "TLS"},
        ],
    }
    for domain, username in (
        ("example.org", "address"),
        ("example.net", "local_part"),
        ("xn--bcher-kva.example", "address"),
    )
}
_LOGINS = [
    ("alice@example.org", "alice@example.org"),
    ("Alice@EXAMPLE.ORG", "Alice@example.org"),
    ("o'brien+tag=x@example.org", "o'brien+tag=x@example.org"),
    ("a&b@example.org", "a&b@example.org"),
    ("bob@example.net", "bob"),
    ("grace@bücher.example", "grace@xn--bcher-kva.example"),
    ("grace@BÜCHER.example", "grace@xn--bcher-kva.example"),
    ("grace@xn--bcher-kva.example", "grace@xn--bcher-kva.example"),
]
_NO_ADDRESS = ["", "alice", "@example.org", "a b@example.org", "a@b@@", f"{'x' * 330}@example.org", "a\x01@example.org"]


@pytest.fixture
def program() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("autodiscover", _PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Client:
    """Asks by a socket file, as the web server does."""

    def __init__(self, path: str) -> None:
        self.path = path

    def ask(
        self, method: str, url: str, body: bytes | None = None, host: str = "autodiscover.example.org", **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
        connection.request(method, url, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response, content

    def outlook(self, address: str, schema: str = _OUTLOOK) -> ET.Element:
        request = (
            '<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/'
            'autodiscover/outlook/requestschema/2006"><Request>'
            f"<EMailAddress>{escape(address)}</EMailAddress>"
            f"<AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>"
        )
        return self.document(self.ask("POST", "/Autodiscover/Autodiscover.xml", request.encode()))

    def document(self, answer: tuple[http.client.HTTPResponse, bytes]) -> ET.Element:
        response, content = answer
        assert (response.status, response.getheader("Content-Type")) == (200, "text/xml; charset=utf-8")
        root = ET.fromstring(content)
        assert root.tag == f"{_ENVELOPE}Autodiscover"
        return root


@pytest.fixture
def client(program: types.ModuleType, tmp_path: pathlib.Path) -> t.Iterator[Client]:
    path = str(tmp_path / "socket")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    program.Handler.settings = _SETTINGS
    server = program.Server(listening)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Client(path)
    server.shutdown()
    thread.join()
    server.server_close()


def texts(root: ET.Element, tag: str) -> list[str | None]:
    return [element.text for element in root.iter(f"{{{_OUTLOOK}}}{tag}")]


@pytest.mark.parametrize(("address", "login"), _LOGINS)
def test_answers_for_any_address(client: Client, address: str, login: str) -> None:
    root = client.outlook(address)
    assert texts(root, "LoginName") == [login, login]
    assert texts(root, "Type") == ["IMAP", "SMTP"]
    assert texts(root, "Port") == ["993", "587"]
    assert texts(root, "Encryption") == ["SSL", "TLS"]
    assert texts(root, "SSL") == ["on", "on"]
    assert texts(root, "SPA") == ["off", "off"]
    assert texts(root, "AccountType") == ["email"]
    assert texts(root, "Action") == ["settings"]
    assert texts(root, "DisplayName") == ['A & "B" <C>']


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("start", ["<EMailAddress>", '<r:EMailAddress xmlns:r="x">', "<EMAILADDRESS\n>  "])
def test_reads_what_programs_write(client: Client, start: str, encoding: str) -> None:
    end = start.split()[0].strip("<>")
    body = f"<Request>{start}grace@bücher.example </{end}></Request>".encode(encoding)
    assert texts(client.document(client.ask("POST", _PATH, body)), "LoginName")[0] == "grace@xn--bcher-kva.example"


@pytest.mark.parametrize("address", _NO_ADDRESS)
def test_refuses_what_is_no_address(client: Client, address: str) -> None:
    root = client.outlook(address)
    assert [element.text for element in root.iter(f"{_ENVELOPE}ErrorCode")] == ["600"]


@pytest.mark.parametrize("address", ["alice@example.com", "alice@sub.example.org", "alice@ex\u00adample..org"])
def test_knows_its_own_domains_alone(client: Client, address: str) -> None:
    root = client.outlook(address)
    assert next(element.text for element in root.iter(f"{_ENVELOPE}ErrorCode")) in ("500", "600")


def test_has_settings_for_outlook_alone(client: Client) -> None:
    root = client.outlook("alice@example.org", _MOBILE)
    assert [element.text for element in root.iter(f"{_ENVELOPE}ErrorCode")] == ["601"]


@pytest.mark.parametrize(
    "body",
    [b"", b"<", b"\xff\xfe\x00", b"\xff" * 100, b"<!DOCTYPE x [<!ENTITY a 'b'>]><EMailAddress>&a;<"],
)
def test_nonsense_is_answered(client: Client, body: bytes) -> None:
    root = client.document(client.ask("POST", _PATH, body))
    assert [element.text for element in root.iter(f"{_ENVELOPE}ErrorCode")] == ["600"]


def test_long_requests_are_not_read(client: Client) -> None:
    response, _content = client.ask("POST", _PATH, None, **{"Content-Length": "65537"})
    assert response.status == 413
    response, _content = client.ask("POST", _PATH, None, **{"Content-Length": "-1"})
    assert response.status == 413


def test_get_without_and_with_an_address(client: Client) -> None:
    assert texts(client.document(client.ask("GET", _PATH)), "LoginName") == []
    assert texts(client.document(client.ask("GET", _PATH)), "Server") == ["mail.example.org"] * 2
    found = client.document(client.ask("GET", f"{_PATH}?EmailAddress=alice%40example.org"))
    assert texts(found, "LoginName") == ["alice@example.org"] * 2
    root = client.document(client.ask("GET", _PATH, host="mail.example.com"))
    assert [element.text for element in root.iter(f"{_ENVELOPE}ErrorCode")] == ["600"]


@pytest.mark.parametrize(
    "url",
    [
        "/autodiscover/autodiscover.json?Email=alice%40example.org&Protocol=AutodiscoverV1",
        "/Autodiscover/Autodiscover.json/v1.0/alice%40example.org?Protocol=autodiscoverv1",
        "/autodiscover/autodiscover.json?Protocol=AutodiscoverV1",
    ],
)
def test_json_leads_to_the_settings(client: Client, url: str) -> None:
    response, content = client.ask("GET", url)
    assert (response.status, response.getheader("Content-Type")) == (200, "application/json")
    assert json.loads(content) == {"Protocol": "AutodiscoverV1", "Url": f"https://autodiscover.example.org{_PATH}"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/autodiscover/autodiscover.json?Email=a%40example.org&Protocol=ActiveSync", "ProtocolNotSupported"),
        ("/autodiscover/autodiscover.json?Email=a%40example.org", "ProtocolNotSupported"),
        ("/autodiscover/autodiscover.json?Email=a%40example.com&Protocol=AutodiscoverV1", "UserNotFound"),
    ],
)
def test_json_refuses(client: Client, url: str, code: str) -> None:
    response, content = client.ask("GET", url)
    assert response.status == 404
    assert json.loads(content)["ErrorCode"] == code


def test_other_paths_and_methods(client: Client) -> None:
    assert client.ask("GET", "/")[0].status == 404
    assert client.ask("GET", "/autodiscover/autodiscover.svc")[0].status == 404
    assert client.ask("PUT", _PATH)[0].status == 501
    response, content = client.ask("HEAD", _PATH)
    assert (response.status, content) == (200, b"")
