from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _bind_config as bind_config
from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import BindDataError
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import parse_server

PATHS = bind_config.Paths()
SECRET = "c2VjcmV0"
KEY = {"name": "transfer", "secret": SECRET}
NAMED_CONF = """\
// This is the primary configuration file for the BIND DNS server named.
include "/etc/bind/named.conf.options";
include "/etc/bind/named.conf.local";
include "/etc/bind/named.conf.default-zones";
"""


def ours(data: dict[str, t.Any], moved: tuple[str, ...] = ()) -> list[str]:
    text = bind_config.ours_text(parse_server(data), PATHS, moved, str)
    return text.splitlines()[1:]


def test_a_primary_zone_that_is_signed_and_copied() -> None:
    zone = {
        "name": "example.org",
        "nameservers": ["ns1.example.org"],
        "transfer_to": ["key transfer"],
        "notify": [{"address": "192.0.2.54", "port": 5353, "key": "transfer"}, "2001:db8::54"],
        "dnssec_policy": "mail",
        "settings": {"max-transfer-time-out": 10},
    }
    keys = [{"role": "csk", "lifetime": "P1Y", "algorithm": "ed25519"}]
    policy = {"name": "mail", "keys": keys, "nsec3": True, "settings": {"dnskey-ttl": "PT1H"}}
    assert ours({"keys": [KEY], "dnssec_policies": [policy], "acls": {"lan": ["192.0.2.0/24"]}, "zones": [zone]}) == [
        'include "/etc/bind/postmaster-mail.keys";',
        'acl "lan" { 192.0.2.0/24; };',
        'dnssec-policy "mail" {',
        "    keys {",
        "        csk key-directory lifetime P1Y algorithm ed25519;",
        "    };",
        "    nsec3param iterations 0 optout no salt-length 0;",
        "    dnskey-ttl PT1H;",
        "};",
        'zone "example.org" {',
        "    type primary;",
        '    file "/var/lib/bind/postmaster-mail/static/example.org.db";',
        '    allow-transfer { key "transfer"; };',
        "    notify explicit;",
        '    also-notify { 192.0.2.54 port 5353 key "transfer"; 2001:db8::54; };',
        '    dnssec-policy "mail";',
        '    key-directory "/var/lib/bind/postmaster-mail/keys";',
        "    inline-signing yes;",
        "    max-transfer-time-out 10;",
        "};",
    ]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (
            {"type": "secondary", "primaries": ["192.0.2.53@5353"]},
            {"type secondary;", "primaries { 192.0.2.53 port 5353; };", "notify no;", "allow-transfer { none; };"},
        ),
        ({"type": "forward", "forwarders": ["192.0.2.53"]}, {"type forward;", "forward only;"}),
        (
            {"nameservers": ["ns1.example.org"], "update_policy": ["grant ddns zonesub ANY"]},
            {
                "update-policy { grant ddns zonesub ANY; };",
                'file "/var/lib/bind/postmaster-mail/dynamic/example.org.db";',
            },
        ),
        (
            {"nameservers": ["ns1.example.org"], "allow_update": ["192.0.2.1"], "dnssec_policy": "default"},
            {"allow-update { 192.0.2.1; };", "inline-signing no;", 'dnssec-policy "default";'},
        ),
    ],
)
def test_other_zones(zone: dict[str, t.Any], expected: set[str]) -> None:
    lines = {line.strip() for line in ours({"zones": [{"name": "example.org", **zone}]})}
    assert expected <= lines


def test_views_hold_zones_and_what_the_distribution_brings() -> None:
    views = [{"name": "inside", "clients": ["192.0.2.0/24"], "settings": {"recursion": True}}, {"name": "outside"}]
    zones = [
        {"name": "example.org", "view": view, "nameservers": ["ns1.example.org"]} for view in ("inside", "outside")
    ]
    text, moved = bind_config.move_to_views(NAMED_CONF, PATHS, True)
    assert moved == ["/etc/bind/named.conf.default-zones"]
    assert bind_config.move_to_views(text, PATHS, True) == (text, moved)
    assert bind_config.move_to_views(text, PATHS, False) == (NAMED_CONF, [])
    lines = ours({"views": views, "zones": zones}, tuple(moved))
    assert lines[:4] == [
        'view "inside" {',
        "    match-clients { 192.0.2.0/24; };",
        "    recursion yes;",
        '    include "/etc/bind/named.conf.default-zones";',
    ]
    assert '        file "/var/lib/bind/postmaster-mail/static/example.org@outside.db";' in lines
    assert lines.count('    zone "example.org" {') == 2


def test_a_main_file_that_does_not_include_ours_is_refused() -> None:
    with pytest.raises(BindDataError, match=r'Add the line: include "/etc/bind/named.conf.local";'):
        bind_config.move_to_views(NAMED_CONF.replace("named.conf.local", "mine"), PATHS, False)


def test_zones_of_somebody_else_stay() -> None:
    before = 'zone "example.com" { type primary; file "x"; };'
    after = bind_config.with_include(before, PATHS.ours)
    assert after.startswith(before + "\n// BEGIN ")
    assert bind_config.with_include(after, PATHS.ours) == after
    assert bind_config.with_include(after + "// more\n", PATHS.ours) == after + "// more\n"


def test_includes_are_read_from_elsewhere() -> None:
    text = bind_config.relocate_includes(NAMED_CONF, lambda path: path.replace("/etc/bind", "/stage"))
    assert 'include "/stage/named.conf.options";' in text
    assert "/etc/bind" not in text


def test_secrets_are_hidden_where_people_look() -> None:
    keys = parse_server({"keys": [KEY]}).keys
    assert f'secret "{SECRET}";' in bind_config.keys_text(keys)
    assert SECRET not in bind_config.keys_text(keys, "(hidden)")


PRIMARY = {"name": "example.org", "nameservers": ["ns1.example.org"]}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"zones": [{"name": "example.org"}]}, "Zone example.org: it has no name server"),
        ({"zones": [PRIMARY, PRIMARY]}, "'example.org' more than once"),
        ({"zones": [{**PRIMARY, "view": "inside"}]}, "there are no views"),
        ({"views": [{"name": "inside"}], "zones": [PRIMARY]}, "must be one of inside"),
        ({"zones": [{**PRIMARY, "dnssec_policy": "mine"}]}, "no policy 'mine'"),
        ({"zones": [{**PRIMARY, "transfer_to": ["key transfer"]}]}, "'transfer' is not among the keys"),
        ({"zones": [{**PRIMARY, "allow_update": ["any"], "update_policy": ["grant x zonesub ANY"]}]}, "Keep one"),
        ({"zones": [{"name": "example.org", "type": "secondary"}]}, "Set primaries"),
        ({"zones": [{"name": "example.org", "type": "forward"}]}, "Set forwarders"),
        ({"zones": [{"name": "x.example", "type": "hint"}]}, "'hint' is no type"),
        ({"zones": [{**PRIMARY, "type": "secondary", "primaries": ["192.0.2.1"], "allow_update": ["any"]}]}, "primary"),
        ({"zones": [{**PRIMARY, "notify": ["ns2.example.org"]}]}, "no IPv4 or IPv6 address"),
        ({"zones": [{**PRIMARY, "notify": [{"adress": "192.0.2.1"}]}]}, "needs an address"),
        ({"keys": [{"name": "x", "secret": "not base64"}]}, "not in base64"),
        ({"keys": [{"name": "x", "secret": ""}]}, "not in base64"),
        ({"keys": [KEY, KEY]}, "'transfer' more than once"),
        ({"dnssec_policies": [{"name": "default"}]}, "policy of named itself"),
        (
            {"dnssec_policies": [{"name": "x", "keys": [{"role": "ksk", "lifetime": "1;", "algorithm": "rsa"}]}]},
            "no lifetime",
        ),
        ({"acls": {"a b": ["any"]}}, "is no name"),
    ],
)
def test_what_contradicts_itself_is_refused(data: dict[str, t.Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_server(data)


def test_a_record_of_another_zone_is_refused() -> None:
    record = {
        "zone": "example.org.",
        "name": "x.badexample.org.",
        "type": "A",
        "ttl": 1,
        "value": "192.0.2.1",
        "why": "",
    }
    with pytest.raises(BindDataError, match="is not within it"):
        parse_server({"zones": [{**PRIMARY, "records": [record]}]})
