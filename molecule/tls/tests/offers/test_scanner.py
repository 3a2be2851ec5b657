"""What sslscan, which knows nothing of this collection, says of each port."""

from __future__ import annotations

import typing as t
from xml.etree import ElementTree

import pytest
from ports import IMPLICIT, STARTTLS

# sslscan does not speak ManageSieve; testssl.sh looks at it from the client.
SCANNED = {port: kind for port, kind in STARTTLS.items() if kind != "sieve"} | dict.fromkeys(IMPLICIT, "none")
OLD = {("ssl", "2"), ("ssl", "3"), ("tls", "1.0"), ("tls", "1.1")}


def scan(host, port: int, kind: str) -> ElementTree.Element:
    options = [] if kind == "none" else [f"--starttls-{kind}"]
    report = host.check_output(" ".join(["sslscan", "--xml=-", *options, f"127.0.0.1:{port}"]))
    found = ElementTree.fromstring(report).find("ssltest")
    assert found is not None, report
    return found


def enabled(report: ElementTree.Element) -> set[tuple[str | None, str | None]]:
    protocols = report.findall("protocol")
    return {(one.get("type"), one.get("version")) for one in protocols if one.get("enabled") == "1"}


def strengths(report: ElementTree.Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in report.findall("cipher"):
        found.setdefault(str(one.get("strength")), []).append(f"{one.get('sslversion')} {one.get('cipher')}")
    return found


@pytest.mark.parametrize("port", SCANNED)
def test_nothing_weak_is_found(host, port):
    report = scan(host, port, SCANNED[port])
    assert enabled(report) == {("tls", "1.2"), ("tls", "1.3")}
    found = strengths(report)
    assert found
    # Port 25 takes more than the profile, but nothing that is broken. sslscan of Debian 12 marks no TLS 1.3 as strong.
    plain = [] if port == 25 else [name for name in found.get("acceptable", []) if not name.startswith("TLSv1.3")]
    assert plain == []
    assert {name: ciphers for name, ciphers in found.items() if name not in {"strong", "acceptable"}} == {}
    assert [one.get("sslversion") for one in report.findall("heartbleed") if one.get("vulnerable") != "0"] == []
    assert [one.get("supported") for one in report.findall("compression")] in ([], ["0"])
    assert [one.get("secure") for one in report.findall("renegotiation") if one.get("supported") == "1"] in ([], ["1"])


@pytest.fixture
def weak_server(host) -> t.Iterator[int]:
    """A server that offers what OpenSSL still has of old times."""
    folder = "/etc/postmaster/tls/mail.example.org"
    host.check_output(
        f"systemd-run --quiet --unit=weak-server openssl s_server -accept 4433 -quiet -key {folder}/privkey-rsa.pem "
        f"-cert {folder}/fullchain-rsa.pem -cipher ALL:COMPLEMENTOFALL:@SECLEVEL=0 -min_protocol TLSv1"
    )
    yield 4433
    host.check_output("systemctl stop weak-server")


def test_the_scanner_finds_what_is_weak(host, weak_server):
    host.run("for attempt in $(seq 50); do ss -Hltn 'sport = :4433' | grep -q . && break; sleep 0.2; done")
    report = scan(host, weak_server, "none")
    assert enabled(report) & OLD
    assert set(strengths(report)) - {"strong", "acceptable"}
