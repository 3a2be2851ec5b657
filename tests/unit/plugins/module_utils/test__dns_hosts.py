from __future__ import annotations

import ipaddress
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dns_hosts as hosts
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError

BAD = [
    ({}, "no hostname"),
    ({"hostname": "mail"}, "single label"),
    ({"hostname": "mail.example.org", "domain": "example.org"}, "unknown key 'domain'"),
    ({"hostname": "mail.example.org", "addresses": "192.0.2.1"}, "must be a list"),
    ({"hostname": "mail.example.org", "addresses": ["mail"]}, "no IPv4 or IPv6"),
    ({"hostname": "mail.example.org", "services": ["smtp"]}, "'smtp' is no service"),
    ({"hostname": "mail.example.org", "services": {"imaps": "yes"}}, "true, false or a port"),
    ({"hostname": "mail.example.org", "services": {"imaps": 70000}}, "true, false or a port"),
]


def variables(name: str, *groups: str, **more: t.Any) -> dict[str, t.Any]:
    return {"inventory_hostname": name, "group_names": list(groups), "mail_domain": "example.org", **more}


def test_parse_host() -> None:
    host = hosts.parse_host(
        {
            "hostname": "Mail.example.org",
            "addresses": ["192.0.2.1", "192.0.2.1"],
            "domains": ["example.org", "EXAMPLE.org."],
            "services": {"imap": False, "imaps": True, "submission": 2587},
        },
        "hosts[0]",
    )
    assert host == hosts.MailHost(
        hostname="mail.example.org.",
        addresses=(ipaddress.ip_address("192.0.2.1"),),
        domains=("example.org.",),
        services=(("submission", 2587), ("imaps", 993)),
        mx=True,
    )


@pytest.mark.parametrize(("data", "message"), BAD)
def test_parse_host_refuses(data: dict[str, t.Any], message: str) -> None:
    with pytest.raises(DnsDataError, match=message) as error:
        hosts.parse_host(data, "hosts[0]")
    assert "hosts[0]" in str(error.value)


def test_the_smallest_inventory() -> None:
    assert hosts.hosts_from_variables([variables("mx", "mail", ansible_host="192.0.2.25")]) == [
        {
            "hostname": "mail.example.org",
            "addresses": ["192.0.2.25"],
            "domains": ["example.org"],
            "services": {
                "submissions": 465,
                "submission": 587,
                "imaps": 993,
                "imap": 143,
                "pop3s": 995,
                "pop3": 110,
            },
            "mx": True,
        }
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "mx.example.net", None])
def test_connection_that_is_no_public_address_is_not_taken(host: str | None) -> None:
    assert hosts.hosts_from_variables([variables("mx", ansible_host=host)])[0]["addresses"] == []


def test_hosts_without_a_domain_are_left_out() -> None:
    assert hosts.hosts_from_variables([{"inventory_hostname": "db", "group_names": []}]) == []


def test_hosts_of_one_name_become_one() -> None:
    found = hosts.hosts_from_variables(
        [
            variables("a", mail_addresses=["192.0.2.1"]),
            variables("b", mail_addresses=["192.0.2.2"], mail_services=["pop3s"]),
        ]
    )
    assert [host["addresses"] for host in found] == [["192.0.2.1", "192.0.2.2"]]
    assert found[0]["services"]["pop3s"] == 995


def test_a_host_gets_what_its_groups_serve() -> None:
    found = hosts.hosts_from_variables(
        [
            variables("mx", "mail", "mail_mx", mail_hostname="mx.example.org"),
            variables("out", "mail", "mail_submission", mail_hostname="out.example.org"),
            variables("box", "mail", "mail_store", mail_hostname="imap.example.org"),
            variables("db", "mail", "mail_db", mail_hostname="db.example.org"),
            variables("ns", "mail", "mail_dns", mail_hostname="ns.example.org"),
        ]
    )
    assert [(host["hostname"], list(host["services"]), host["mx"]) for host in found] == [
        ("mx.example.org", [], True),
        ("out.example.org", ["submissions", "submission"], False),
        ("imap.example.org", ["imaps", "imap", "pop3s", "pop3"], False),
    ]


@pytest.mark.parametrize("preference", [-1, 65536, "10", 1.5])
def test_preferences_that_are_none(preference: object) -> None:
    with pytest.raises(DnsDataError, match="give true, false or a preference from 0 to 65535"):
        hosts.parse_host({"hostname": "mail.example.org", "mx": preference}, "hosts[0]")


def test_the_inventory_may_name_a_preference() -> None:
    variables = [
        {"mail_domain": "example.org", "mail_hostname": "a.example.org", "mail_mx_preference": "0"},
        {"mail_domain": "example.org", "mail_hostname": "b.example.org"},
        {"mail_domain": "example.org", "mail_hostname": "a.example.org", "group_names": ["mail"]},
    ]
    entries = hosts.hosts_from_variables(variables)
    assert [host["mx"] for host in entries] == [0, True]
    assert hosts.parse_host(entries[0], "hosts[0]").mx
    assert hosts.parse_host(entries[0], "hosts[0]").preference == 0
