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


def mail_host(hostname: str = "mail.example.org", **more: t.Any) -> MailHost:
    data = {"hostname": hostname, "addresses": ["8.8.8.25"], "domains": ["example.org"], "services": [], **more}
    return parse_host(data, "hosts[0]")


def lines(plan: RecordPlan, rtype: str = "") -> list[str]:
    return [f"{record.name} {record.type} {record.value}" for record in plan.records if rtype in ("", record.type)]


def plan(*hosts: MailHost, **options: t.Any) -> RecordPlan:
    return plan_records(hosts, RecordOptions(**options))


def extra(name: str, rtype: str, value: t.Any, **more: t.Any) -> dict[str, t.Any]:
    return {"name": name, "type": rtype, "value": value, **more}


def test_the_records_of_one_host_in_order() -> None:
    result = plan(
        mail_host(addresses=["8.8.8.25", "2600::25"], services=["submissions", "submission", "imaps", "sieve"])
    )
    assert lines(result) == [
        "mail.example.org. A 8.8.8.25",
        "mail.example.org. AAAA 2600::25",
        "example.org. MX 10 mail.example.org.",
        'example.org. TXT "v=spf1 mx -all"',
        '_dmarc.example.org. TXT "v=DMARC1; p=none; rua=mailto:postmaster@example.org"',
        "_submissions._tcp.example.org. SRV 0 1 465 mail.example.org.",
        "_submission._tcp.example.org. SRV 10 1 587 mail.example.org.",
        "_imaps._tcp.example.org. SRV 0 1 993 mail.example.org.",
        "_imap._tcp.example.org. SRV 0 0 0 .",
        "_pop3._tcp.example.org. SRV 0 0 0 .",
        "_sieve._tcp.example.org. SRV 0 1 4190 mail.example.org.",
        'mail.example.org. TXT "v=spf1 a -all"',
        "25.8.8.8.in-addr.arpa. PTR mail.example.org.",
        "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.2.ip6.arpa. PTR mail.example.org.",
    ]
    assert result.warnings == ()
    assert {record.ttl for record in result.records} == {3600}
    assert all(record.why.endswith(".") for record in result.records)


def test_several_hosts_of_one_domain() -> None:
    first = mail_host("mx1.example.org", services=["imaps"])
    second = mail_host("mx2.example.org", addresses=["8.8.8.26"], services=["imaps", "imap"])
    result = plan(first, second)
    assert lines(result, "MX") == ["example.org. MX 10 mx1.example.org.", "example.org. MX 20 mx2.example.org."]
    assert lines(result, "SRV") == [
        "_imaps._tcp.example.org. SRV 0 1 993 mx1.example.org.",
        "_imaps._tcp.example.org. SRV 20 1 993 mx2.example.org.",
        "_imap._tcp.example.org. SRV 10 1 143 mx2.example.org.",
        "_pop3._tcp.example.org. SRV 0 0 0 .",
    ]


def test_a_host_that_takes_no_mail_may_send_it() -> None:
    result = plan(mail_host("mx.example.org"), mail_host("out.example.org", addresses=["8.8.8.26"], mx=False))
    assert 'example.org. TXT "v=spf1 mx a:out.example.org -all"' in lines(result)
    assert lines(result, "MX") == ["example.org. MX 10 mx.example.org."]


def test_a_host_named_like_its_domain_has_one_spf_record() -> None:
    assert [line for line in lines(plan(mail_host("example.org")), "TXT") if "spf1" in line] == [
        'example.org. TXT "v=spf1 mx -all"'
    ]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("~all", ['example.org. TXT "v=spf1 mx ~all"']),
        ("v=spf1 include:relay.example.net -all", ['example.org. TXT "v=spf1 include:relay.example.net -all"']),
        ("", []),
    ],
)
def test_spf_policies(policy: str, expected: list[str]) -> None:
    result = plan(mail_host(), overrides={"example.org": {"spf": policy}})
    assert [line for line in lines(result, "TXT") if line.startswith("example.org.")] == expected


def test_dmarc_reports_to_another_domain() -> None:
    hosts = mail_host(domains=["example.org", "example.net"])
    inside = plan(hosts, dmarc="v=DMARC1; p=reject; rua=mailto:d@example.org")
    assert 'example.net._report._dmarc.example.org. TXT "v=DMARC1"' in lines(inside)
    assert not any(line.startswith("example.org._report") for line in lines(inside))
    outside = plan(hosts, dmarc="v=DMARC1; p=reject; rua=mailto:d@reports.example.com!10m")
    assert [warning.split(",")[0] for warning in outside.warnings] == [
        "DMARC reports about example.org. go to reports.example.com.",
        "DMARC reports about example.net. go to reports.example.com.",
    ]


def test_caa_covers_host_names_outside_of_the_domains() -> None:
    result = plan(mail_host("mx.example.net"), caa=("0 issue ca.example.com",))
    assert lines(result, "CAA") == [
        'example.org. CAA 0 issue "ca.example.com"',
        'mx.example.net. CAA 0 issue "ca.example.com"',
    ]


@pytest.mark.parametrize(
    ("name", "options", "zone"),
    [
        ("a.b.example.org", {}, "example.org."),
        ("mail.example.net", {}, "example.net."),
        ("example.net", {}, "example.net."),
        ("_25._tcp.mail.example.net", {}, "example.net."),
        ("a.b.example.org", {"zones": ("b.example.org",)}, "b.example.org."),
        ("a.b.example.org", {"zones": ("org.",)}, "org."),
    ],
)
def test_the_zone_of_a_name(name: str, options: dict[str, t.Any], zone: str) -> None:
    result = plan(mail_host(), extra=(extra(name, "TXT", "x"),), **options)
    assert [record.zone for record in result.records if record.name == f"{name}."] == [zone]


def test_equal_records_are_merged_and_a_set_has_one_ttl() -> None:
    result = plan(
        mail_host(),
        extra=(
            extra("mail.example.org", "a", "8.8.8.25", ttl=300),
            extra("mail.example.org", "A", "8.8.8.26", ttl=300),
        ),
    )
    assert [(record.value, record.ttl) for record in result.records if record.type == "A"] == [
        ("8.8.8.25", 300),
        ("8.8.8.26", 300),
    ]


@pytest.mark.parametrize(
    ("records", "both"),
    [
        ([extra("mail.example.org", "CNAME", "a.example.net")], ("mail.example.org. CNAME", "mail.example.org. ")),
        ([extra("example.org", "TXT", "v=spf1 ~all")], ('"v=spf1 mx -all"', '"v=spf1 ~all"')),
        ([extra("_dmarc.example.org", "TXT", "v=DMARC1;p=none")], ("p=none; rua", '"v=DMARC1;p=none"')),
        (
            [extra("www.example.org", "CNAME", "a.example.net"), extra("www.example.org", "CNAME", "b.example.net")],
            ("a.example.net.", "b.example.net."),
        ),
        (
            [extra("mx.example.org", "CNAME", "a.example.net"), extra("example.org", "MX", "30 mx.example.org")],
            ("MX 30 mx.example.org.", "mx.example.org. CNAME"),
        ),
    ],
)
def test_records_that_contradict_each_other(records: list[dict[str, t.Any]], both: tuple[str, str]) -> None:
    with pytest.raises(DnsDataError) as error:
        plan(mail_host(), extra=tuple(records))
    assert all(text in str(error.value) for text in both)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spf": "all"}, "neither -all"),
        ({"dmarc": "p=none"}, "must begin with"),
        ({"ttl": -1}, "seconds"),
        ({"ttl": True}, "seconds"),
        ({"overrides": {"example.com": {}}}, "which no host has"),
        ({"overrides": {"example.org": {"dkim": ""}}}, "unknown key 'dkim'"),
        ({"extra": ({"name": "example.org", "type": "A"},)}, r"extra\[0\] has no value"),
        ({"extra": (extra("example.org", "A", "8.8.8.8", prio=1),)}, "unknown key 'prio'"),
        ({"extra": (extra("example.org", "A", "8.8.8.8", zone="example.net"),)}, "not within the zone"),
        ({"extra": (extra("www", "A", "8.8.8.8"),)}, "single label"),
    ],
)
def test_options_that_make_no_record(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(DnsDataError, match=message):
        plan(mail_host(), **options)


def test_a_host_given_twice_is_refused() -> None:
    with pytest.raises(DnsDataError, match="more than once"):
        plan(mail_host(), mail_host())


@pytest.mark.parametrize(
    ("address", "published", "warning"),
    [
        ("127.0.0.1", False, "means nothing on another host"),
        ("fe80::1", False, "means nothing on another host"),
        ("10.0.0.1", True, "private or reserved"),
        ("192.0.2.1", True, "private or reserved"),
        ("fd00::1", True, "private or reserved"),
    ],
)
def test_addresses_that_only_a_laboratory_has(address: str, published: bool, warning: str) -> None:
    result = plan(mail_host(addresses=[address, "8.8.8.25"]))
    assert any(line.endswith(f" {address}") for line in lines(result)) is published
    assert len(lines(result, "PTR")) == (2 if published else 1)
    assert len(result.warnings) == 1
    assert warning in result.warnings[0]


def test_warnings_about_what_is_missing() -> None:
    result = plan(mail_host(addresses=[], mx=False))
    assert [warning.split(":")[0] for warning in result.warnings] == [
        "mail.example.org. has no address that others can reach. Set mail_addresses of that host.",
        "example.org. has no host that takes its mail",
    ]


def test_an_address_of_two_hosts_has_one_pointer() -> None:
    result = plan(mail_host("a.example.org"), mail_host("b.example.org"))
    assert lines(result, "PTR") == ["25.8.8.8.in-addr.arpa. PTR a.example.org."]
    assert "names the first only" in result.warnings[0]


@pytest.mark.parametrize(
    ("preferences", "expected"),
    [
        ((True, True), ["10 mx1.example.org.", "20 mx2.example.org."]),
        ((5, True), ["5 mx1.example.org.", "20 mx2.example.org."]),
        ((50, 0), ["50 mx1.example.org.", "0 mx2.example.org."]),
        ((10, 10), ["10 mx1.example.org.", "10 mx2.example.org."]),
        ((False, 7), ["7 mx2.example.org."]),
    ],
)
def test_preferences_of_mail_exchangers(preferences: tuple[t.Any, t.Any], expected: list[str]) -> None:
    first, second = preferences
    result = plan(
        mail_host("mx1.example.org", mx=first), mail_host("mx2.example.org", addresses=["8.8.8.26"], mx=second)
    )
    assert lines(result, "MX") == [f"example.org. MX {value}" for value in expected]
