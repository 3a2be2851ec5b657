from __future__ import annotations

import json

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dns_render as dns_render
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_records import Record

RECORDS = [
    Record("2.0.192.in-addr.arpa.", "1.2.0.192.in-addr.arpa.", "PTR", 3600, "mail.example.org.", "Back."),
    Record("example.org.", "example.org.", "MX", 300, "10 mail.example.org.", "Mail\ngoes  there."),
    Record("example.org.", "x.example.org.", "TXT", 3600, '"it\'s"', "Text."),
]

TABLE = """\
Zone example.org.
-----------------
example.org.     300  MX   10 mail.example.org.
    Mail goes there.
x.example.org.  3600  TXT  "it's"
    Text.

Zone 2.0.192.in-addr.arpa.  (kept by whoever gave out the addresses)
--------------------------------------------------------------------
1.2.0.192.in-addr.arpa.  3600  PTR  mail.example.org.
    Back.
"""

ZONE = """\
; zone example.org.
example.org. 300 IN MX 10 mail.example.org.
x.example.org. 3600 IN TXT "it's"

; zone 2.0.192.in-addr.arpa.
1.2.0.192.in-addr.arpa. 3600 IN PTR mail.example.org.
"""


def test_table_puts_reverse_zones_last() -> None:
    assert dns_render.render(RECORDS, "table") == TABLE


def test_zone() -> None:
    assert dns_render.render(RECORDS, "zone", explain=False) == ZONE
    assert "; Mail goes there.\nexample.org. 300 IN MX" in dns_render.render(RECORDS, "zone")


def test_json_is_read_back() -> None:
    data = json.loads(dns_render.render(RECORDS, "json"))
    assert [dns_render.record_from_dict(item, "records") for item in data] == RECORDS


@pytest.mark.parametrize("style", ["table", "zone"])
def test_nothing_is_rendered_as_nothing(style: str) -> None:
    assert dns_render.render([], style) == ""


def test_unknown_style() -> None:
    with pytest.raises(DnsDataError, match="table, zone, json"):
        dns_render.render(RECORDS, "yaml")


def test_record_from_dict_names_what_is_missing() -> None:
    with pytest.raises(DnsDataError, match=r"records\[3\] has no zone"):
        dns_render.record_from_dict({"name": "example.org."}, "records[3]")


def test_unbound_lines() -> None:
    assert dns_render.unbound_lines(RECORDS, "static") == [
        'local-zone: "example.org." static',
        "local-data: '1.2.0.192.in-addr.arpa. 3600 IN PTR mail.example.org.'",
        "local-data: 'example.org. 300 IN MX 10 mail.example.org.'",
        "local-data: 'x.example.org. 3600 IN TXT \"it\\039s\"'",
    ]


def test_unbound_gets_addresses_for_aliases() -> None:
    records = [
        Record("example.org.", "mail.example.org.", "A", 300, "192.0.2.25", ""),
        Record("example.org.", "mail.example.org.", "AAAA", 300, "2001:db8::25", ""),
        Record("example.org.", "autoconfig.example.org.", "CNAME", 60, "mail.example.org.", ""),
        Record("example.org.", "www.example.org.", "CNAME", 60, "www.example.net.", ""),
    ]
    assert dns_render.unbound_lines(records, "none")[2:] == [
        "local-data: 'autoconfig.example.org. 60 IN A 192.0.2.25'",
        "local-data: 'autoconfig.example.org. 60 IN AAAA 2001:db8::25'",
        "local-data: 'www.example.org. 60 IN CNAME www.example.net.'",
    ]


def test_unbound_lines_without_zones() -> None:
    assert not any(line.startswith("local-zone") for line in dns_render.unbound_lines(RECORDS, "none"))


def test_unbound_lines_refuse_types_without_data() -> None:
    with pytest.raises(DnsDataError, match="no type of a local zone"):
        dns_render.unbound_lines(RECORDS, "nodefault")
