"""What the documents for mail programs say, read as these programs do."""

from __future__ import annotations

import plistlib
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

from web import PEOPLE, Endpoint

OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"


def local_part_of(domain: str) -> str:
    return PEOPLE[domain]


def address_of(domain: str) -> str:
    """Return the address as its owner types it."""
    return f"{PEOPLE[domain]}@{domain.encode('ascii').decode('idna')}"


def of_autoconfig(body: bytes, domain: str) -> list[Endpoint]:
    """Return what Thunderbird makes of a document for somebody of the domain."""
    root = ET.fromstring(body)
    assert (root.tag, root.get("version")) == ("clientConfig", "1.1")
    (provider,) = root.findall("emailProvider")
    assert provider.get("id") == domain
    assert domain in [element.text for element in provider.findall("domain")]
    found = []
    for element in [*provider.findall("incomingServer"), *provider.findall("outgoingServer")]:
        text = {child.tag: child.text or "" for child in element}
        assert text["authentication"] == "password-cleartext"
        login = text["username"].replace("%EMAILADDRESS%", address_of(domain))
        login = login.replace("%EMAILLOCALPART%", local_part_of(domain))
        tls = {"SSL": True, "STARTTLS": False}[text["socketType"]]
        found.append(Endpoint(element.get("type") or "", text["hostname"], int(text["port"]), tls, login))
    return found


def outlook_request(address: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
        f"<EMailAddress>{address}</EMailAddress>"
        f"<AcceptableResponseSchema>{OUTLOOK[1:-1]}</AcceptableResponseSchema></Request></Autodiscover>"
    ).encode()


def of_autodiscover(body: bytes) -> list[Endpoint]:
    """Return what Outlook makes of an answer."""
    found = []
    for protocol in ET.fromstring(body).iter(f"{OUTLOOK}Protocol"):
        text = {child.tag[len(OUTLOOK) :]: child.text or "" for child in protocol}
        assert (text["SSL"], text["SPA"], text["AuthRequired"]) == ("on", "off", "on")
        tls = {"SSL": True, "TLS": False}[text["Encryption"]]
        login = text.get("LoginName", "")
        found.append(Endpoint(text["Type"].lower(), text["Server"], int(text["Port"]), tls, login))
    return found


def of_profile(content: bytes, domain: str, well_known: dict[int, bool]) -> list[Endpoint]:
    """Return what a device of Apple makes of a profile; its owner types the user name that the pages say."""
    (account,) = plistlib.loads(content)["PayloadContent"]
    assert account["PayloadType"] == "com.apple.mail.managed"
    found = []
    kind = {"EmailTypeIMAP": "imap", "EmailTypePOP": "pop3"}[account["EmailAccountType"]]
    for side, protocol in (("Incoming", kind), ("Outgoing", "smtp")):
        assert account[f"{side}MailServerUseSSL"] is True
        port = account[f"{side}MailServerPortNumber"]
        login = f"{local_part_of(domain)}@{domain}"
        found.append(Endpoint(protocol, account[f"{side}MailServerHostName"], port, well_known[port], login))
    return found


class Page(HTMLParser):
    """A page for people: its links, and the tables of what to type."""

    def __init__(self, body: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.language = ""
        self.tables: list[list[str]] = []
        self.feed(body.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.language = given.get("lang") or "" if tag == "html" else self.language
        self.links += [value for name, value in attrs if name in ("href", "src") and value]
        if tag == "table":
            self.tables.append([])
        if tag == "td":
            self.tables[-1].append("")
        self.in_cell = tag == "td"

    def handle_endtag(self, _tag: str) -> None:
        self.in_cell = False

    def handle_data(self, data: str) -> None:
        if self.tables and self.in_cell:
            self.tables[-1][-1] += data

    def endpoints(self, domain: str) -> list[Endpoint]:
        """Return what somebody of the domain reads: type, server, port and encryption are the first cells."""
        found = []
        for kind, server, port, encryption, *_others in self.tables:
            protocol = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp", "ManageSieve": "sieve"}[kind]
            tls = {"SSL/TLS": True, "STARTTLS": False}[encryption]
            found.append(Endpoint(protocol, server, int(port), tls, f"{local_part_of(domain)}@{domain}"))
        return found
