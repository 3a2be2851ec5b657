# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import plistlib
import re
import typing as t
import uuid
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter.mail_client_config import mail_client_config
from ansible_collections.postmaster.mail.plugins.filter.mail_dns_records import mail_dns_records
from ansible_collections.postmaster.mail.plugins.module_utils._mail_services import SERVICE_PORTS

ALL = ("submissions", "submission", "imaps", "imap", "pop3s", "pop3", "sieve")
PROTOCOLS = {
    "imaps": "imap",
    "imap": "imap",
    "pop3s": "pop3",
    "pop3": "pop3",
    "submissions": "smtp",
    "submission": "smtp",
}
HOSTILE = [
    "</displayName><x>",
    '"><script>alert(1)</script>',
    "A & B",
    "]]>",
    "%EMAILADDRESS%",
    "{domain}",
    "{{ 7 * 7 }}",
    "Søren's 郵便 🐎",
]
IDN = "bücher.example"
A_LABELS = "xn--bcher-kva.example"
LABELS = ("autoconfig", "autodiscover", "mta-sts")
CERTIFICATES = [
    {
        "name": "mail.example.org",
        "names": [f"{label}.{domain}" for label in LABELS for domain in ("example.org", IDN)],
    },
]
VOID = {"meta", "link", "br"}


def mail_hosts(services: t.Iterable[str] = ALL, **more: t.Any) -> list[dict[str, t.Any]]:
    return [{"hostname": "mail.example.org", "domains": ["example.org", IDN], "services": list(services), **more}]


def settings(mail: t.Sequence[t.Mapping[str, t.Any]] | None = None, **options: t.Any) -> dict[str, t.Any]:
    return mail_client_config(
        mail or mail_hosts(),
        hosts=options.pop("hosts", [{"name": "mail.example.org", "domain": "example.org"}]),
        certificates=options.pop("certificates", CERTIFICATES),
        warn=False,
        **options,
    )


def autoconfig(found: t.Mapping[str, t.Any], domain: str) -> ET.Element:
    root = ET.fromstring(found["files"][f"autoconfig/{domain}.xml"].encode())
    assert (root.tag, root.get("version")) == ("clientConfig", "1.1")
    provider = root.find("emailProvider")
    assert provider is not None
    return provider


def servers(provider: ET.Element) -> list[tuple[str, str, str, str, str]]:
    found = []
    for element in provider:
        if element.tag in ("incomingServer", "outgoingServer"):
            assert [child.tag for child in element] == ["hostname", "port", "socketType", "authentication", "username"]
            text = {child.tag: child.text or "" for child in element}
            assert text["authentication"] == "password-cleartext"
            assert (element.tag == "outgoingServer") == (element.get("type") == "smtp")
            kind = element.get("type") or ""
            found.append((kind, text["hostname"], text["port"], text["socketType"], text["username"]))
    return found


class Page(HTMLParser):
    """Reads a page and refuses tags that do not match, scripts, and what is loaded from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.feed(text)
        self.close()
        assert not self.open
        assert text.startswith("<!DOCTYPE html>\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "iframe", "style", "img", "x")
        assert not any(name.startswith("on") or name == "style" for name, _value in attrs)
        self.attributes.setdefault(tag, dict(attrs))
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def test_autoconfig_lists_all_that_is_open() -> None:
    provider = autoconfig(settings(), "example.org")
    assert provider.get("id") == "example.org"
    assert servers(provider) == [
        ("imap", "mail.example.org", "993", "SSL", "%EMAILADDRESS%"),
        ("imap", "mail.example.org", "143", "STARTTLS", "%EMAILADDRESS%"),
        ("pop3", "mail.example.org", "995", "SSL", "%EMAILADDRESS%"),
        ("pop3", "mail.example.org", "110", "STARTTLS", "%EMAILADDRESS%"),
        ("smtp", "mail.example.org", "465", "SSL", "%EMAILADDRESS%"),
        ("smtp", "mail.example.org", "587", "STARTTLS", "%EMAILADDRESS%"),
    ]


@pytest.mark.parametrize(
    "services",
    [
        chosen
        for size in range(1, len(ALL) + 1)
        for chosen in itertools.combinations(ALL, size)
        if {"imaps", "imap", "pop3s", "pop3"} & set(chosen) and {"submissions", "submission"} & set(chosen)
    ],
)
def test_all_documents_and_the_dns_say_the_same(services: tuple[str, ...]) -> None:
    found = settings(mail_hosts(services))
    expected = {name for name in services if name != "sieve"}
    for domain in ("example.org", A_LABELS):
        offered = servers(autoconfig(found, domain))
        tls = {"SSL": True, "STARTTLS": False}
        assert {(kind, tls[socket]) for kind, _host, _port, socket, _user in offered} == {
            (PROTOCOLS[name], name.endswith("s")) for name in expected
        }
        kinds = [kind for kind, *_rest in offered]
        assert kinds == sorted(kinds)
        types = sorted({PROTOCOLS[name] for name in expected} - {"smtp"})
        assert sorted(path for path in found["profiles"] if f"/{domain}/" in path) == [
            f"setup/{domain}/{kind}.mobileconfig" for kind in types
        ]
        protocols = found["autodiscover"][domain]["protocols"]
        assert [one["type"].lower() for one in protocols] == [*types, "smtp"]
        for one in protocols:
            best = next(entry for entry in offered if entry[0] == one["type"].lower())
            assert (one["server"], str(one["port"])) == best[1:3]
            assert one["encryption"] == {"SSL": "SSL", "STARTTLS": "TLS"}[best[3]]
        for language in ("en", "de"):
            for kind in ("imap", "pop3"):
                path = f"setup/{domain}/{language}/{kind}.html"
                assert (path in found["files"]) == (kind in types)
                if kind in types:
                    assert ("ManageSieve" in Page(found["files"][path]).text) == ("sieve" in services)
    published = {
        (record["name"].split(".")[0][1:], int(record["value"].split()[2]), record["value"].split()[3])
        for record in mail_dns_records(mail_hosts(services), warn=False)
        if record["type"] == "SRV" and record["name"].endswith(".example.org.") and record["value"] != "0 0 0 ."
    }
    assert published == {(name, SERVICE_PORTS[name], "mail.example.org.") for name in services}


def test_two_hosts_in_the_order_of_the_records() -> None:
    second = {"hostname": "two.example.org", "domains": ["example.org"], "services": ["imaps", "submissions"]}
    provider = autoconfig(settings([*mail_hosts(["imaps", "imap", "submissions"]), second]), "example.org")
    assert [entry[:3] for entry in servers(provider) if entry[0] == "imap"] == [
        ("imap", "mail.example.org", "993"),
        ("imap", "mail.example.org", "143"),
        ("imap", "two.example.org", "993"),
    ]


@pytest.mark.parametrize(
    ("username", "domain", "expected"),
    [
        ("address", "example.org", "%EMAILADDRESS%"),
        ("address", A_LABELS, f"%EMAILLOCALPART%@{A_LABELS}"),
        ("local_part", "example.org", "%EMAILLOCALPART%"),
        ("local_part", A_LABELS, "%EMAILLOCALPART%"),
    ],
)
def test_user_names(username: str, domain: str, expected: str) -> None:
    found = settings(username=username)
    assert {entry[4] for entry in servers(autoconfig(found, domain))} == {expected}
    assert found["autodiscover"][domain]["username"] == username
    example = "name" if username == "local_part" else f"name@{domain}"
    assert any(f"(for example {example})" in text for text in Page(found["files"][f"setup/{domain}/en/imap.html"]).text)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    found = settings(names={"example.org": name})
    assert autoconfig(found, "example.org").findtext("displayName") == name
    for path, text in found["files"].items():
        if path.endswith(".html"):
            page = Page(text)
            assert ("/example.org/" not in path) or any(name in one for one in page.text)
    for path, text in found["profiles"].items():
        if "/example.org/" in path:
            assert plistlib.loads(text.encode())["PayloadContent"][0]["EmailAccountDescription"] == name
    assert found["autodiscover"]["example.org"]["name"] == name


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "bell\a", "\ud800", "\u2028", "\uffff", "x" * 201])
def test_names_that_no_document_can_hold(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match="name of example.org"):
        settings(names={"example.org": name})


def test_pages() -> None:
    found = settings()
    pages = {path: Page(text) for path, text in found["files"].items() if path.endswith(".html")}
    assert {path.rpartition("/")[2] for path in pages} == {"index.html", "imap.html", "pop3.html"}
    for path, page in pages.items():
        folder, language = path.split("/")[:2], path.split("/")[2]
        assert page.attributes["html"] == {"lang": language, "dir": "ltr"}
        assert page.attributes["meta"] == {"charset": "utf-8"}
        for link in page.links:
            parts = [*folder, language]
            for part in link.split("/"):
                parts = parts[:-1] if part == ".." else [*parts, part]
            assert "/".join(parts) in {*found["files"], *found["profiles"]}, (path, link)


def test_a_language_of_ones_own_from_right_to_left() -> None:
    found = settings(
        languages=["ar", "de"], texts={"ar": {"language": "العربية", "direction": "rtl", "back": "<رجوع>"}}
    )
    page = Page(found["files"]["setup/example.org/ar/imap.html"])
    assert page.attributes["html"] == {"lang": "ar", "dir": "rtl"}
    assert "<رجوع>" in page.text
    assert "Incoming mail" in page.text


def test_profiles() -> None:
    found = settings(mail_hosts(["imap", "pop3s", "submission"]))
    profile = plistlib.loads(found["profiles"]["setup/example.org/imap.mobileconfig"].encode())
    assert (profile["PayloadType"], profile["PayloadVersion"]) == ("Configuration", 1)
    (account,) = profile["PayloadContent"]
    assert account["PayloadType"] == "com.apple.mail.managed"
    assert account["EmailAccountType"] == "EmailTypeIMAP"
    assert (account["IncomingMailServerPortNumber"], account["OutgoingMailServerPortNumber"]) == (143, 587)
    assert account["IncomingMailServerUseSSL"] is account["OutgoingMailServerUseSSL"] is True
    assert not [key for key in account if key.endswith("Password") and account[key] is not True]
    pop3 = plistlib.loads(found["profiles"]["setup/example.org/pop3.mobileconfig"].encode())
    assert pop3["PayloadContent"][0]["EmailAccountType"] == "EmailTypePOP"
    everything = [plistlib.loads(text.encode()) for text in found["profiles"].values()]
    for key in ("PayloadUUID", "PayloadIdentifier"):
        values = [one[key] for whole in everything for one in (whole, *whole["PayloadContent"])]
        assert len(set(values)) == len(values) == 8


def test_uuids_never_change() -> None:
    def uuids(found: t.Mapping[str, t.Any]) -> list[str]:
        return re.findall(r"<key>PayloadUUID</key>\s*<string>(.*)</string>", "".join(found["profiles"].values()))

    before = uuids(settings())
    assert before == uuids(settings(mail_hosts(["imap", "pop3", "submission"]), names={"example.org": "Another"}))
    assert [str(uuid.UUID(one)).upper() for one in before] == before
    assert str(uuid.uuid5(uuid.NAMESPACE_DNS, "org.example.mail.imap")).upper() in before


def test_sites_with_and_without_certificates() -> None:
    found = settings(certificates=[{"name": "mail.example.org", "names": ["*.example.org"]}])
    by_name = {site["hostname"]: site for site in found["sites"]}
    assert {name: site["certificate"] for name, site in by_name.items()} == {
        "autoconfig.example.org": "mail.example.org",
        "autodiscover.example.org": "mail.example.org",
        f"autoconfig.{A_LABELS}": "",
        f"autodiscover.{A_LABELS}": "",
    }
    # A client is sent on by a name that has a certificate.
    path = "autodiscover/autodiscover.xml"
    assert by_name["autodiscover.example.org"]["redirect"] == f"https://autodiscover.example.org/{path}"
    assert by_name[f"autodiscover.{A_LABELS}"]["redirect"] == f"https://mail.example.org/{path}"
    assert found["autodiscover"][A_LABELS]["url"] == f"https://mail.example.org/{path}"
    assert by_name[f"autoconfig.{A_LABELS}"]["redirect"] == f"https://mail.example.org/setup/{A_LABELS}/en/index.html"


def test_warns_of_names_without_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        "ansible.utils.display.Display.warning", lambda _display, text, **_more: said.append(text), raising=True
    )
    mail_client_config(mail_hosts(), hosts=[{"name": "mail.example.org"}], domains=["example.org"])
    assert len(said) == 2
    assert all("tls_domain_labels" in text and "example.org" in text for text in said)


def test_hosts_of_further_domains() -> None:
    found = settings(
        hosts=[
            {"name": "mail.example.org", "domain": "example.org"},
            {"name": "post.bücher.example", "domain": IDN},
            {"name": "elsewhere.example.net", "domain": "example.net"},
        ]
    )
    assert found["hosts"] == {"mail.example.org": "example.org", f"post.{A_LABELS}": A_LABELS}
    assert (
        f'url="https://post.{A_LABELS}/setup/{A_LABELS}/en/index.html"' in found["files"][f"autoconfig/{A_LABELS}.xml"]
    )


def records(**more: t.Any) -> list[dict[str, t.Any]]:
    return mail_dns_records(mail_hosts(addresses=["192.0.2.1"]), warn=False, **more)


def test_policies_of_mta_sts_are_those_of_the_records() -> None:
    extra = [{"name": "example.org", "type": "MX", "value": "90 backup.example.net."}]
    found = settings(
        records=records(overrides={"example.org": {"mta_sts_id": "a1"}}, extra=extra), mta_sts_mode="enforce"
    )
    policies = {path: text for path, text in found["files"].items() if path.startswith("mta-sts/")}
    assert policies == {
        "mta-sts/example.org.txt": "version: STSv1\nmode: enforce\nmx: mail.example.org\nmx: backup.example.net\n"
        "max_age: 604800\n"
    }
    assert [site["hostname"] for site in found["sites"] if site["kind"] == "mta-sts"] == ["mta-sts.example.org"]
    assert not [site for site in settings(records=records())["sites"] if site["kind"] == "mta-sts"]


def test_bare_domains() -> None:
    certificates = [{"name": "mail.example.org", "names": ["example.org", "*.example.org", f"*.{A_LABELS}"]}]
    sites = settings(certificates=certificates, bare_domains=["Example.org"])["sites"]
    assert [site["hostname"] for site in sites if site["kind"] == "domain"] == ["example.org"]


REFUSED: list[tuple[dict[str, t.Any], str]] = [
    ({"mail": mail_hosts(["submissions", "sieve"])}, "neither IMAP nor POP3 .* dovecot_protocols, .* webmail_clients"),
    ({"mail": mail_hosts(["imaps"])}, "no submissions .* postfix_submission"),
    ({"domains": ["example.net"]}, "No host has example.net among its domains"),
    ({"mail": [{"hostname": "mail.example.org", "domains": []}]}, "There is no mail domain. Set mail_domain"),
    ({"domains": ["exa mple.org"]}, "domains"),
    ({"names": {"example.net": "Net"}}, "names has example.net, which is none of the domains"),
    ({"username": "nickname"}, "give address or local_part"),
    ({"languages": []}, "languages is empty"),
    ({"languages": ["fr"]}, "of which no texts are known"),
    ({"languages": ["../x"]}, "give tags such as en"),
    ({"texts": {"en": {"colour": "red"}}}, "'colour', which no page shows"),
    ({"texts": {"en": {"direction": "up"}}}, "give ltr or rtl"),
    ({"hosts": []}, "Set webmail_domain"),
    ({"hosts": [{"name": "mail.example.net", "domain": "example.net"}]}, "Set webmail_domain"),
    ({"certificates": [{"names": ["example.org"]}]}, "an entry without a name"),
    ({"bare_domains": ["example.net"]}, "bare_domains has example.net"),
    ({"bare_domains": ["example.org"]}, "No certificate of this host is for example.org, .* tls_names"),
    (
        {"records": records(mta_sts_id="a1"), "certificates": []},
        "for mta-sts.example.org, which the DNS records promise. Add mta-sts to tls_domain_labels",
    ),
    ({"records": records(mta_sts_id="a1"), "mta_sts_mode": "on"}, "give enforce, testing, none"),
    ({"records": records(mta_sts_id="a1"), "mta_sts_max_age": -1}, "seconds from 0"),
    (
        {"records": mail_dns_records(mail_hosts(mx=False), mta_sts_id="a1", warn=False)},
        "has no MX record",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=[case[1] for case in REFUSED])
def test_refuses(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        settings(**options)
