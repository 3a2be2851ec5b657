from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dns_hosts import MailHost, parse_host
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_records import (
    RecordOptions,
    RecordPlan,
    plan_records,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_service_records import DkimKey, parse_dkim

_DIGEST = "3 1 1 " + "ab" * 32


def mail_host(hostname: str = "mail.example.org", **more: t.Any) -> MailHost:
    data = {"hostname": hostname, "addresses": ["8.8.8.25"], "domains": ["example.org"], "services": [], **more}
    return parse_host(data, "hosts[0]")


def plan(*hosts: MailHost, **options: t.Any) -> RecordPlan:
    return plan_records(hosts or (mail_host(),), RecordOptions(**options))


def lines(result: RecordPlan, *words: str) -> list[str]:
    found = [f"{record.name} {record.type} {record.value}" for record in result.records]
    return [line for line in found if any(word in line for word in words)]


def test_without_asking_there_is_none_of_these_records() -> None:
    assert lines(plan(), "_domainkey", "_smtp._tls", "sts", "auto", "TLSA", "SSHFP", "CNAME") == []


def test_dkim_keys_of_all_domains_and_of_one() -> None:
    keys = (DkimKey("", "all", "v=DKIM1; p=AAAA"), DkimKey("example.net.", "one", f"v=DKIM1; k=rsa; p={'B' * 400}"))
    result = plan(mail_host(domains=["example.org", "example.net"]), dkim=keys)
    assert lines(result, "_domainkey") == [
        'all._domainkey.example.org. TXT "v=DKIM1; p=AAAA"',
        'all._domainkey.example.net. TXT "v=DKIM1; p=AAAA"',
        f'one._domainkey.example.net. TXT "v=DKIM1; k=rsa; p={"B" * 237}" "{"B" * 163}"',
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"selector": "a"}, r"dkim\[0\] has no value"),
        ({"selector": "a", "value": "v=DKIM1; p=A", "key": "x"}, "unknown key 'key'"),
        ({"selector": "a", "value": "AAAAB3Nza"}, "has no p="),
        ({"selector": "a", "value": "p=A", "domain": "no domain"}, "character that a domain name must not have"),
    ],
)
def test_dkim_keys_that_are_none(entry: dict[str, str], message: str) -> None:
    with pytest.raises(DnsDataError, match=message):
        parse_dkim(entry, "dkim[0]")


def test_dkim_of_an_unknown_domain() -> None:
    key = parse_dkim({"selector": "a", "value": "p=A", "domain": "example.com"}, "dkim[0]")
    with pytest.raises(DnsDataError, match="dkim names example.com., which no host has"):
        plan(dkim=(key,))


def test_tlsrpt_and_mta_sts_with_overrides() -> None:
    result = plan(
        mail_host(domains=["example.org", "example.net"]),
        tlsrpt="v=TLSRPTv1; rua=mailto:tls@{domain}",
        mta_sts_id="20260131",
        overrides={"example.net": {"tlsrpt": "", "mta_sts_id": ""}},
    )
    assert lines(result, "_tls", "sts") == [
        '_smtp._tls.example.org. TXT "v=TLSRPTv1; rua=mailto:tls@example.org"',
        '_mta-sts.example.org. TXT "v=STSv1; id=20260131;"',
        "mta-sts.example.org. CNAME mail.example.org.",
    ]


def test_autoconfig_names_lead_to_the_web_host() -> None:
    assert lines(plan(autoconfig=True, mta_sts_id="1", web_host="web.example.net"), "web.example.net") == [
        "mta-sts.example.org. CNAME web.example.net.",
        "autoconfig.example.org. CNAME web.example.net.",
        "autodiscover.example.org. CNAME web.example.net.",
        "_autodiscover._tcp.example.org. SRV 0 1 443 web.example.net.",
    ]


def test_tlsa_for_every_tls_port() -> None:
    services = {"submissions": True, "submission": True, "imaps": True, "imap": True, "pop3s": 10995, "sieve": True}
    result = plan(mail_host(services=services), tlsa={"Mail.example.org": [_DIGEST.upper()]})
    ports = (25, 465, 587, 993, 143, 10995, 4190)
    assert lines(result, "TLSA") == [f"_{port}._tcp.mail.example.org. TLSA {_DIGEST}" for port in ports]


def test_tlsa_of_a_host_that_takes_no_mail() -> None:
    store = mail_host("store.example.org", addresses=["8.8.8.26"], services=["imaps"], mx=False)
    result = plan(mail_host(), store, tlsa={"store.example.org": [_DIGEST, "2 0 1 " + "cd" * 32]})
    assert [line.split()[0] for line in lines(result, "TLSA")] == ["_993._tcp.store.example.org."] * 2


def test_sshfp() -> None:
    result = plan(sshfp={"mail.example.org": ["4 2 " + "ab" * 32]})
    assert lines(result, "SSHFP") == ["mail.example.org. SSHFP 4 2 " + "ab" * 32]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tlsrpt": "rua=mailto:a@example.org"}, "must begin with 'v=TLSRPTv1"),
        ({"mta_sts_id": "2026-01-31"}, "up to 32 letters and digits"),
        ({"mta_sts_id": "1" * 33}, "up to 32 letters and digits"),
        ({"tlsa": {"www.example.org": [_DIGEST]}}, "tlsa names www.example.org., which is none of the hosts"),
        ({"tlsa": {"mail.example.org": ["3 1 1 abcd"]}}, "digest of that type's length"),
        ({"sshfp": {"www.example.org": ["4 2 abcd"]}}, "sshfp names www.example.org."),
        ({"web_host": "192.0.2.1"}, "looks like an address"),
    ],
)
def test_what_makes_no_record(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(DnsDataError, match=message):
        plan(**options)


def test_every_record_says_why() -> None:
    result = plan(
        mail_host(services=["imaps"]),
        tlsrpt="v=TLSRPTv1; rua=mailto:a@example.org",
        mta_sts_id="1",
        autoconfig=True,
        dkim=(DkimKey("", "a", "p=A"),),
        tlsa={"mail.example.org": [_DIGEST]},
        sshfp={"mail.example.org": ["4 2 " + "ab" * 32]},
    )
    assert all(record.why.endswith(".") and record.why[0].isupper() for record in result.records)
