from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _bind_zone as bind_zone
from ansible_collections.postmaster.mail.plugins.module_utils._bind_grammar import BindDataError
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import Zone, parse_server

TODAY = 20260131
TEXT = """\
; banner
$TTL 3600
example.org. 3600 IN SOA ns1.example.org. hostmaster.example.org. (
    2026013101 ; serial
    3600 ; refresh
    600 ; retry
    1209600 ; expire
    300 ; minimum
)
; zone example.org.
example.org. 600 IN NS ns1.example.org.
example.org. 600 IN NS ns2.example.org.
example.org. 300 IN MX 10 mail.example.org.
mail.example.org. 3600 IN A 192.0.2.25
"""


def record(name: str, rtype: str, value: str, ttl: int = 3600) -> dict[str, t.Any]:
    return {"zone": "example.org.", "name": name, "type": rtype, "ttl": ttl, "value": value, "why": "So."}


RECORDS = (
    record("mail.example.org.", "A", "192.0.2.25"),
    record("example.org.", "MX", "10 mail.example.org.", 300),
    record("example.org.", "NS", "ns2.example.org.", 600),
)


def zone(records: t.Sequence[dict[str, t.Any]] = RECORDS, **options: t.Any) -> Zone:
    names = ["ns1.example.org", "ns2.example.org"]
    data = {"name": "example.org", "records": records, "nameservers": names, **options}
    return parse_server({"zones": [data]}).zones[0]


def test_the_text_of_a_zone() -> None:
    assert bind_zone.zone_text(zone(), "banner", None, TODAY) == bind_zone.ZoneText(TEXT, 2026013101)


def test_nothing_moves_without_a_change_whatever_the_day_and_the_order() -> None:
    shuffled = zone(list(reversed(RECORDS)))
    assert bind_zone.zone_text(shuffled, "banner", TEXT, TODAY + 100) == bind_zone.ZoneText(TEXT, 2026013101)


@pytest.mark.parametrize(
    ("changed", "today", "serial"),
    [
        (zone(RECORDS[:2]), TODAY, 2026013102),
        (zone(RECORDS[:2]), 20260201, 2026020101),
        (zone(RECORDS[:2]), 20250101, 2026013102),
        (zone(soa={"minimum": 60}), TODAY, 2026013102),
        (zone(contact="dns@example.org"), TODAY, 2026013102),
    ],
)
def test_a_change_moves_the_serial_once(changed: Zone, today: int, serial: int) -> None:
    found = bind_zone.zone_text(changed, "banner", TEXT, today)
    assert found.serial == serial
    assert bind_zone.zone_text(changed, "banner", found.text, today) == found


def test_a_file_that_somebody_edited_is_written_again() -> None:
    edited = TEXT.replace("192.0.2.25", "192.0.2.26").replace("2026013101", "2026013150")
    assert bind_zone.zone_text(zone(), "banner", edited, TODAY).serial == 2026013151


@pytest.mark.parametrize(
    ("before", "expected"), [(None, 2026013101), (2026013199, 2026013200), (4294967295, 1), (4294967294, 4294967295)]
)
def test_next_serial(before: int | None, expected: int) -> None:
    assert bind_zone.next_serial(before, TODAY) == expected


@pytest.mark.parametrize(
    ("contact", "name"),
    [
        ("hostmaster@example.org", "hostmaster.example.org."),
        ("dns.admin@example.org", "dns\\.admin.example.org."),
        ("dns.example.org", "dns.example.org."),
    ],
)
def test_the_contact_as_a_name(contact: str, name: str) -> None:
    assert bind_zone.mailbox_name(contact, "contact") == name


def test_a_contact_that_no_record_holds() -> None:
    with pytest.raises(BindDataError, match="^contact: "):
        bind_zone.mailbox_name("a b@example.org", "contact")


def test_ten_thousand_records_are_one_pass() -> None:
    many = [record(f"h{number}.example.org.", "A", "192.0.2.1") for number in range(10_000)]
    text = bind_zone.zone_text(zone(many), "banner", None, TODAY).text
    assert text.count(" IN A ") == 10_000
