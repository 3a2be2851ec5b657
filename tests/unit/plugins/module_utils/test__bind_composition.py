from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter import bind_composition
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import parse_server

ANCHOR = "example.org. 3600 IN DS 12345 13 2 00AA 11BB"


def record(zone: str, name: str, rtype: str, value: str) -> dict[str, t.Any]:
    return {"zone": zone, "name": name, "type": rtype, "ttl": 3600, "value": value, "why": "So."}


RECORDS = [
    record("example.org.", "mail.example.org.", "A", "192.0.2.25"),
    record("example.org.", "example.org.", "TXT", '"v=spf1 mx -all"'),
    record("2.0.192.in-addr.arpa.", "25.2.0.192.in-addr.arpa.", "PTR", "mail.example.org."),
]
SETTINGS: dict[str, t.Any] = {
    "directory": "/var/cache/bind",
    "listen": ["0.0.0.0", "::"],
    "records": RECORDS,
    "mail_zones": True,
    "nameservers": ["ns1.example.org."],
}


def compose(**settings: t.Any) -> dict[str, t.Any]:
    name, function = next(iter(bind_composition.FilterModule().filters().items()))
    assert name == "bind_composition"
    composed: dict[str, t.Any] = function({**SETTINGS, **settings})
    # Whatever it returns, the module takes.
    known = parse_server({**composed, "keys": [{"name": "transfer", "secret": "c2VjcmV0"}]})
    assert len(known.zones) == len(composed["zones"])
    return composed


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {},
            {
                "listen-on port 53": ["any"],
                "listen-on-v6 port 53": ["any"],
                "recursion": False,
                "allow-recursion": None,
                "dnssec-validation": "auto",
            },
        ),
        (
            {"listen": ["192.0.2.53", "127.0.0.1@5353"]},
            {
                "listen-on port 53": ["192.0.2.53"],
                "listen-on port 5353": ["127.0.0.1"],
                "listen-on-v6": ["none"],
            },
        ),
        (
            {
                "access_control": [
                    {"network": "192.0.2.0/24", "action": "allow"},
                    {"network": "192.0.2.7/32", "action": "refuse"},
                    {"network": "::1/128", "action": "allow_snoop"},
                ]
            },
            {"recursion": True, "allow-recursion": ["!192.0.2.7/32", "192.0.2.0/24", "::1/128"]},
        ),
        ({"access_control": [{"network": "0.0.0.0/0", "action": "deny"}]}, {"recursion": False}),
        (
            {"dnssec": False, "insecure_domains": ["lan.example.org"]},
            {"dnssec-validation": False, "validate-except": ['"lan.example.org"']},
        ),
        (
            {"forwarders": ["192.0.2.1", "192.0.2.2@5353", {"address": "192.0.2.3"}]},
            {"forwarders": ["192.0.2.1", "192.0.2.2 port 5353", "192.0.2.3"], "forward": "only"},
        ),
        (
            {
                "rate_limit": {"responses-per-second": 5},
                "access_control": [{"network": "192.0.2.0/24", "action": "allow"}],
            },
            {"rate-limit": {"exempt-clients": ["192.0.2.0/24"], "responses-per-second": 5}},
        ),
        ({"options": {"version": '"1"', "recursion": True}}, {"version": '"1"', "recursion": True}),
    ],
)
def test_options(settings: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    options = compose(**settings)["options"]
    assert {name: options.get(name) for name in expected} == expected


def test_anchors_become_statements() -> None:
    statements = compose(trust_anchors=[ANCHOR], statements={"logging": {}})["statements"]
    assert statements == {"trust-anchors": ['"example.org." static-ds 12345 13 2 "00AA11BB"'], "logging": {}}


def names(composed: dict[str, t.Any]) -> list[tuple[str, str, str]]:
    return [(zone["name"], zone["type"], zone["view"]) for zone in composed["zones"]]


def test_records_of_the_mail_system_make_zones() -> None:
    composed = compose()
    assert names(composed) == [("example.org", "primary", ""), ("2.0.192.in-addr.arpa", "primary", "")]
    assert {item["name"]: item["value"] for item in composed["zones"][0]["records"]} == {
        "mail.example.org.": "192.0.2.25",
        "example.org.": '"v=spf1 mx -all"',
    }
    assert compose(mail_zones=False)["zones"] == []


def test_records_go_to_the_smallest_zone_that_holds_them() -> None:
    own = [{"name": "www.example.org", "type": "CNAME", "value": "mail.example.org"}]
    zones = [{"name": "192.in-addr.arpa"}, {"name": "mail.example.org"}, {"name": "example.org", "records": own}]
    composed = compose(zones=zones)
    found = {zone["name"]: [item["name"] for item in zone["records"]] for zone in composed["zones"]}
    assert found == {
        "192.in-addr.arpa": ["25.2.0.192.in-addr.arpa."],
        "mail.example.org": ["mail.example.org."],
        "example.org": ["www.example.org.", "example.org."],
    }
    assert compose(zones=[{"name": "example.org", "mail_records": False}])["zones"][0]["records"] == []


def test_a_server_with_primaries_is_a_secondary_unless_a_zone_says_otherwise() -> None:
    zones = [{"name": "example.net", "type": "primary"}, {"name": "lan.example", "type": "forward", "forwarders": []}]
    zones[1]["forwarders"] = ["192.0.2.1"]
    composed = compose(primaries=[{"address": "192.0.2.53", "key": "transfer"}], zones=zones)
    assert names(composed) == [
        ("example.net", "primary", ""),
        ("lan.example", "forward", ""),
        ("example.org", "secondary", ""),
        ("2.0.192.in-addr.arpa", "secondary", ""),
    ]
    assert "records" not in composed["zones"][2]


def test_secondaries_are_told_and_may_copy() -> None:
    peers = [{"address": "192.0.2.54", "key": "transfer"}, "192.0.2.55"]
    zone = compose(secondaries=peers)["zones"][0]
    assert zone["transfer_to"] == ["key transfer", "192.0.2.55"]
    assert zone["notify"] == peers


def test_zones_are_in_all_views_or_in_some() -> None:
    views = [{"name": "inside", "clients": ["192.0.2.0/24"], "recursion": True}, {"name": "outside"}]
    zones = [
        {"name": "example.org", "views": ["inside"]},
        {"name": "example.org", "views": ["outside"], "mail_records": False},
        {"name": "example.net"},
    ]
    composed = compose(views=views, zones=zones, mail_zones=False)
    assert names(composed) == [
        ("example.org", "primary", "inside"),
        ("example.org", "primary", "outside"),
        ("example.net", "primary", "inside"),
        ("example.net", "primary", "outside"),
    ]
    assert [bool(zone["records"]) for zone in composed["zones"]] == [True, False, False, False]
    assert composed["views"][0]["settings"] == {"recursion": True}
    assert composed["views"][1] == {"name": "outside", "clients": ["any"], "settings": {}}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"zone": []}, "unknown key 'zone'"),
        ({"zones": [{"name": "example.org", "recods": []}]}, "Zone example.org has an unknown key 'recods'"),
        ({"zones": [{"name": "example.org", "views": ["inside"]}]}, "no view 'inside'"),
        ({"views": [{"clients": []}]}, "has no name"),
        ({"views": [{"name": "x", "networks": []}]}, "unknown key 'networks'"),
        ({"trust_anchors": ["example.org. DNSKEY 257"]}, "no DS record"),
        ({"access_control": [{"network": "192.0.2.1/24", "action": "allow"}]}, "no network"),
        ({"listen": ["localhost"]}, "no IPv4 or IPv6 address"),
        ({"forwarders": [{"address": "192.0.2.1", "tls_name": "dns.example"}]}, "over TLS"),
        (
            {
                "zones": [
                    {
                        "name": "example.org",
                        "records": [{"name": "mail.example.org", "type": "CNAME", "value": "x.example.org"}],
                    }
                ]
            },
            "A CNAME allows no other record",
        ),
        (
            {"zones": [{"name": "example.org", "records": [{"name": "example.org", "type": "SOA", "value": "x"}]}]},
            "SOA records are made by the name server",
        ),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, t.Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=said):
        compose(**settings)
