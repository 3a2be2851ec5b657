"""Each document is fetched as the program does that it is for, and each endpoint in it is used."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest
from documents import (
    Page,
    address_of,
    of_autoconfig,
    of_autodiscover,
    of_profile,
    outlook_request,
)
from web import Endpoint, Web

WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
SERVICES = {
    "imaps": ("imap", True),
    "imap": ("imap", False),
    "pop3s": ("pop3", True),
    "pop3": ("pop3", False),
    "submissions": ("smtp", True),
    "submission": ("smtp", False),
    "sieve": ("sieve", False),
}
TLS_PORTS = {993: True, 995: True, 465: True, 143: False, 110: False, 587: False}


def thunderbird(web: Web, domain: str) -> list[Endpoint]:
    answer = web.fetch(f"https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress=x%40{domain}")
    assert (answer.status, answer.kind) == (200, "text/xml")
    return of_autoconfig(answer.body, domain)


def test_thunderbird(web: Web) -> None:
    assert web.domains
    for domain in web.domains:
        endpoints = thunderbird(web, domain)
        assert {endpoint.protocol for endpoint in endpoints} >= {"imap", "smtp"}
        for endpoint in endpoints:
            web.log_in(endpoint)
        assert endpoints[0].implicit_tls


def test_thunderbird_finds_the_same_everywhere(web: Web) -> None:
    for domain in web.domains:
        document = web.fetch(f"https://autoconfig.{domain}/mail/config-v1.1.xml").body
        for url in (f"http://autoconfig.{domain}/mail/config-v1.1.xml", f"https://autoconfig.{domain}{WELL_KNOWN}"):
            assert web.fetch(url).body == document
    own = web.fetch(f"https://{web.hostname}{WELL_KNOWN}")
    assert (own.status, own.kind) == (200, "text/xml")
    for endpoint in of_autoconfig(own.body, web.domains[0]):
        web.log_in(endpoint)


def test_a_wrong_password_does_not_do(web: Web) -> None:
    for endpoint in thunderbird(web, web.domains[0]):
        with pytest.raises(Exception, match=r"(?i)auth|login|535"):
            web.log_in(endpoint, "Wrong-Horse-1")


@pytest.mark.parametrize(
    "path", ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AUTODISCOVER/AUTODISCOVER.XML"]
)
def test_outlook(web: Web, path: str) -> None:
    for domain in web.domains:
        for name in (f"autodiscover.{domain}", web.hostname):
            answer = web.fetch(f"https://{name}{path}", outlook_request(address_of(domain)))
            assert (answer.status, answer.kind) == (200, "text/xml")
            endpoints = of_autodiscover(answer.body)
            assert {endpoint.protocol for endpoint in endpoints} >= {"imap", "smtp"}
            for endpoint in endpoints:
                web.log_in(endpoint)


def test_outlook_is_led_to_tls(web: Web) -> None:
    for domain in web.domains:
        answer = web.fetch(f"http://autodiscover.{domain}/autodiscover/autodiscover.xml")
        assert (answer.status, answer.location) == (302, f"https://autodiscover.{domain}/autodiscover/autodiscover.xml")
        assert of_autodiscover(web.fetch(answer.location).body)
        answer = web.fetch(
            f"https://autodiscover.{domain}/autodiscover/autodiscover.json?Email=x%40{domain}&Protocol=AutodiscoverV1"
        )
        assert (answer.status, answer.kind) == (200, "application/json")
        url = json.loads(answer.body)["Url"]
        assert [endpoint.login for endpoint in of_autodiscover(web.fetch(url, outlook_request(f"x@{domain}")).body)]


def test_outlook_is_told_what_is_wrong(web: Web) -> None:
    url = f"https://autodiscover.{web.domains[0]}/autodiscover/autodiscover.xml"
    for body in (outlook_request("x@example.com"), outlook_request("x"), b"<"):
        answer = web.fetch(url, body)
        codes = [element.text for element in ET.fromstring(answer.body).iter() if element.tag.endswith("ErrorCode")]
        assert codes in (["500"], ["600"])
    assert web.fetch(url, b"x" * 70000).status == 413


def test_nobody_learns_who_has_an_account(web: Web) -> None:
    domain = web.domains[0]
    url = f"https://autodiscover.{domain}/autodiscover/autodiscover.xml"
    known, unknown = (web.fetch(url, outlook_request(f"{name}@{domain}")).body for name in ("alice", "nobody"))
    assert known.replace(b"alice@", b"nobody@") == unknown


def test_apple(web: Web) -> None:
    for domain in web.domains:
        for kind in {endpoint.protocol for endpoint in thunderbird(web, domain)} - {"smtp"}:
            answer = web.fetch(f"https://{web.hostname}/setup/{domain}/{kind}.mobileconfig")
            assert (answer.status, answer.kind) == (200, "application/x-apple-aspen-config")
            profile, serial = web.unsigned(answer.body)
            assert serial == web.serial_of(web.hostname)
            for endpoint in of_profile(profile, domain, TLS_PORTS):
                web.log_in(endpoint)


def test_people(web: Web) -> None:
    for domain in web.domains:
        offered = {endpoint[:4] for endpoint in thunderbird(web, domain)}
        read: set[tuple[str, str, int, bool]] = set()
        for language in ("en", "de"):
            start = f"https://{web.hostname}/setup/{domain}/{language}/index.html"
            pages = {start: web.fetch(start)}
            for link in Page(pages[start].body).links:
                if link.endswith(".html") and "/" not in link:
                    pages[start.replace("index.html", link)] = web.fetch(start.replace("index.html", link))
            for url, answer in pages.items():
                assert (answer.status, answer.kind) == (200, "text/html")
                assert answer.headers["content-security-policy"].startswith(
                    "default-src 'none'; style-src 'self'; base-uri"
                )
                assert "strict-transport-security" in answer.headers
                page = Page(answer.body)
                assert page.language == language
                assert not page.tags & {"script", "style", "iframe", "img", "form"}
                assert all(web.fetch(f"{url.rpartition('/')[0]}/{link}").status == 200 for link in page.links)
                for endpoint in page.endpoints(domain):
                    web.log_in(endpoint)
                    read.add(endpoint[:4])
        assert {one for one in read if one[0] != "sieve"} == offered


def test_people_are_led_to_their_pages(web: Web) -> None:
    for domain in web.domains:
        answer = web.fetch(f"https://autoconfig.{domain}/")
        # The second domain has a webmail under a name of its own.
        host = web.hostname if domain == web.domains[0] else f"post.{domain}"
        assert (answer.status, answer.location) == (302, f"https://{host}/setup/{domain}/en/index.html")
        assert web.fetch(answer.location).status == 200
    answer = web.fetch(f"https://{web.hostname}/setup/")
    assert (answer.status, answer.location) == (302, f"https://{web.hostname}/setup/{web.domains[0]}/en/index.html")


def test_the_dns_says_the_same(web: Web) -> None:
    for domain in web.domains:
        published = set()
        for service, (protocol, tls) in SERVICES.items():
            for record in web.ask(f"_{service}._tcp.{domain}", "SRV"):
                _priority, _weight, port, target = record.split()
                if target != ".":
                    published.add((protocol, target.rstrip("."), int(port), tls))
        offered = {endpoint[:4] for endpoint in thunderbird(web, domain)}
        assert {one for one in published if one[0] != "sieve"} == offered
        assert {one[2] for one in published} == web.open_ports()
        assert web.ask(f"_autodiscover._tcp.{domain}", "SRV") == [f"0 1 443 {web.hostname}."]
        for label in ("autoconfig", "autodiscover", "mta-sts"):
            # A resolver that answers by itself gives the address at once.
            assert web.ask(f"{label}.{domain}", "A") == [web.address]
    assert web.ask(web.hostname, "A") == [web.address]


def test_policies_of_mta_sts(web: Web) -> None:
    for domain in web.domains:
        assert [text for text in web.ask(f"_mta-sts.{domain}", "TXT") if "v=STSv1" in text]
        answer = web.fetch(f"https://mta-sts.{domain}/.well-known/mta-sts.txt")
        assert (answer.status, answer.kind) == (200, "text/plain")
        policy = [re.split(r":\s*", line) for line in answer.body.decode("ascii").splitlines()]
        exchangers = [record.split()[1].rstrip(".") for record in web.ask(domain, "MX")]
        assert policy == [
            ["version", "STSv1"],
            ["mode", "testing"],
            *(["mx", name] for name in exchangers),
            ["max_age", "604800"],
        ]
        assert exchangers
        assert web.fetch(f"http://mta-sts.{domain}/.well-known/mta-sts.txt").status != 200


def test_nothing_else_is_served(web: Web) -> None:
    domain = web.domains[0]
    for url in (
        f"https://autoconfig.{domain}/autoconfig/{domain}.xml",
        f"https://autoconfig.{domain}/setup/",
        f"https://autoconfig.{domain}/profiles.json",
        f"https://autodiscover.{domain}/",
        f"https://autodiscover.{domain}/autodiscover/autodiscover.svc",
        f"https://mta-sts.{domain}/",
        f"https://mta-sts.{domain}{WELL_KNOWN}",
        f"https://{web.hostname}/setup/{domain}/",
        f"https://{web.hostname}/setup/../autoconfig/{domain}.xml",
        f"https://{web.hostname}/setup/%2e%2e/%2e%2e/profiles.json",
        f"http://autoconfig.{domain}/setup/{domain}/en/index.html",
        f"http://autodiscover.{domain}/",
    ):
        answer = web.fetch(url)
        assert answer.status in (302, 400, 403, 404), url
        assert answer.status != 302 or url.endswith("/setup/"), url
