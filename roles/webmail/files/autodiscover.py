"""Answer Outlook's questions for the settings of an address (Autodiscover, POX and JSON) behind a web server.

Arguments: the settings of the mail domains, a JSON file, and the user that the program becomes. systemd passes the
socket to listen on. Whether an address exists plays no part in the answer.
"""

from __future__ import annotations

import encodings.idna
import html
import http.server
import json
import os
import pathlib
import pwd
import re
import socket
import sys
import typing as t
import urllib.parse
import xml.etree.ElementTree as ET

Settings = t.Mapping[str, t.Mapping[str, t.Any]]

ENVELOPE = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
SCHEMA = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
INVALID_REQUEST = (600, "Invalid Request")
NO_PROVIDER = (601, "Requested schema version is not supported")
UNKNOWN_ADDRESS = (500, "The email address can't be found.")
MAX_BODY = 65536
MAX_ADDRESS = 320
FIRST_PASSED_SOCKET = 3
ELEMENT = r"<(?:[A-Za-z0-9]+:)?{0}(?:\s[^<>]*)?>([^<>]*)</(?:[A-Za-z0-9]+:)?{0}\s*>"
ADDRESS_ELEMENT = re.compile(ELEMENT.format("EMailAddress"), re.IGNORECASE)
SCHEMA_ELEMENT = re.compile(ELEMENT.format("AcceptableResponseSchema"), re.IGNORECASE)
# What an address cannot hold where it is not quoted, and nobody's does; XML could not hold some of it.
ODD = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff<>]")


class Answer(t.NamedTuple):
    """What is sent back."""

    status: int
    kind: str
    body: bytes


def split_address(address: str) -> tuple[str, str] | None:
    """Return local part and domain in A-labels, or None if it is no address."""
    local_part, at, domain = address.rpartition("@")
    if not local_part or not at or len(address) > MAX_ADDRESS or ODD.search(address):
        return None
    try:
        labels = [encodings.idna.ToASCII(label).decode() for label in domain.lower().rstrip(".").split(".")]
    except UnicodeError:
        return None
    return local_part, ".".join(labels).lower()


def login_of(settings: t.Mapping[str, t.Any], local_part: str, domain: str) -> str:
    return local_part if settings["username"] == "local_part" else f"{local_part}@{domain}"


def outlook(settings: t.Mapping[str, t.Any], login: str) -> bytes:
    """Return the settings of a domain; without a login it is left out."""
    root = ET.Element("Autodiscover", xmlns=ENVELOPE)
    response = ET.SubElement(root, "Response", xmlns=SCHEMA)
    add(ET.SubElement(response, "User"), "DisplayName", settings["name"])
    account = ET.SubElement(response, "Account")
    add(account, "AccountType", "email")
    add(account, "Action", "settings")
    for offered in settings["protocols"]:
        protocol = ET.SubElement(account, "Protocol")
        add(protocol, "Type", offered["type"])
        add(protocol, "Server", offered["server"])
        add(protocol, "Port", str(offered["port"]))
        if login:
            add(protocol, "LoginName", login)
        add(protocol, "DomainRequired", "off")
        add(protocol, "SPA", "off")
        # A secure connection is needed; Encryption says which one and has the last word.
        add(protocol, "SSL", "on")
        add(protocol, "Encryption", offered["encryption"])
        add(protocol, "AuthRequired", "on")
        if offered["type"] == "SMTP":
            add(protocol, "UsePOPAuth", "off")
            add(protocol, "SMTPLast", "off")
    return document(root)


def failure(code: int, message: str) -> bytes:
    root = ET.Element("Autodiscover", xmlns=ENVELOPE)
    error = ET.SubElement(ET.SubElement(root, "Response"), "Error", Time="00:00:00.0000000", Id="0")
    add(error, "ErrorCode", str(code))
    add(error, "Message", message)
    ET.SubElement(error, "DebugData")
    return document(root)


def document(root: ET.Element) -> bytes:
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="utf-8") + b"\n"


def add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def answer_xml(settings: Settings, host: str, query: str, body: str | None) -> Answer:
    """Answer a request for autodiscover.xml; body is None if it came without one, by GET."""
    if body is None:
        parameters = {key.lower(): found[0] for key, found in urllib.parse.parse_qs(query).items()}
        address = parameters.get("emailaddress") or parameters.get("email") or ""
        own = domain_of_host(settings, host)
        if not address and own:
            return xml(outlook(settings[own], ""))
    else:
        schema = SCHEMA_ELEMENT.search(body)
        if schema and html.unescape(schema.group(1)).strip() != SCHEMA:
            return xml(failure(*NO_PROVIDER))
        found = ADDRESS_ELEMENT.search(body)
        address = html.unescape(found.group(1)).strip() if found else ""
    parts = split_address(address)
    if parts is None:
        return xml(failure(*INVALID_REQUEST))
    local_part, domain = parts
    if domain not in settings:
        return xml(failure(*UNKNOWN_ADDRESS))
    return xml(outlook(settings[domain], login_of(settings[domain], local_part, domain)))


def answer_json(settings: Settings, host: str, path: str, query: str) -> Answer:
    """Answer a request for autodiscover.json, which says where the settings of a protocol are."""
    parameters = {key.lower(): found[0] for key, found in urllib.parse.parse_qs(query).items()}
    _before, _version, asked = path.lower().partition("/v1.0/")
    parts = split_address(urllib.parse.unquote(asked) or parameters.get("email", ""))
    domain = parts[1] if parts else domain_of_host(settings, host)
    if parameters.get("protocol", "").lower() != "autodiscoverv1":
        return as_json(404, {"ErrorCode": "ProtocolNotSupported", "ErrorMessage": "Only AutodiscoverV1 is offered."})
    if domain not in settings:
        return as_json(
            404, {"ErrorCode": "UserNotFound", "ErrorMessage": "The address is in no domain of this server."}
        )
    return as_json(200, {"Protocol": "AutodiscoverV1", "Url": settings[domain]["url"]})


def domain_of_host(settings: Settings, host: str) -> str:
    name = host.lower().partition(":")[0].rstrip(".")
    first, _dot, rest = name.partition(".")
    return rest if first == "autodiscover" and rest in settings else name if name in settings else ""


def xml(body: bytes) -> Answer:
    return Answer(200, "text/xml; charset=utf-8", body)


def as_json(status: int, data: t.Mapping[str, str]) -> Answer:
    return Answer(status, "application/json", json.dumps(data).encode())


def text_of(body: bytes) -> str:
    """Return the text of an XML document in one of the encodings that each program has to know."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    return body.decode("utf-8", "replace")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request; the web server in front has checked path and size."""

    settings: t.ClassVar[Settings] = {}
    timeout = 10
    server_version = "autodiscover"
    sys_version = ""

    def do_GET(self) -> None:
        self.answer(None)

    def do_HEAD(self) -> None:
        self.answer(None)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            self.send(Answer(413, "text/plain", b"The request is too long or of unknown length.\n"))
            return
        self.answer(text_of(self.rfile.read(int(length))))

    def answer(self, body: str | None) -> None:
        url = urllib.parse.urlsplit(self.path)
        host = self.headers.get("Host", "")
        path = url.path.lower()
        if path == "/autodiscover/autodiscover.xml":
            self.send(answer_xml(self.settings, host, url.query, body))
        elif path == "/autodiscover/autodiscover.json" or path.startswith("/autodiscover/autodiscover.json/v1.0/"):
            self.send(answer_json(self.settings, host, url.path, url.query))
        else:
            self.send(Answer(404, "text/plain", b"There is nothing here.\n"))

    def send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def address_string(self) -> str:
        # Requests come by a socket file, whose other end has no address.
        return "web"

    def log_message(self, *_arguments: t.Any) -> None:
        # The web server in front keeps the log; addresses of people belong in none.
        return


class Server(http.server.ThreadingHTTPServer):
    """Serves the socket that systemd has opened."""

    # The service may open no other kind.
    address_family = socket.AF_UNIX
    daemon_threads = True

    def __init__(self, listening: socket.socket) -> None:
        super().__init__("", Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening

    def get_request(self) -> tuple[socket.socket, t.Any]:
        connection, _address = self.socket.accept()
        return connection, ("web", 0)


def become(user: str) -> None:
    """Give up the rights of root. systemd could do so, but not in every container together with its filters."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def main() -> None:
    become(sys.argv[2])
    Handler.settings = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    Server(socket.socket(fileno=FIRST_PASSED_SOCKET)).serve_forever()


if __name__ == "__main__":
    main()
