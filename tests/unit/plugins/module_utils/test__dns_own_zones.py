# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dns_own_zones import with_own_zones
from ansible_collections.postmaster.mail.plugins.module_utils._dns_render import FORMATS, render

_MX = {
    "zone": "example.org.",
    "name": "example.org.",
    "type": "MX",
    "ttl": 60,
    "value": "10 mail.example.org.",
    "why": "a",
}
_AWAY = {
    "zone": "example.net.",
    "name": "example.net.",
    "type": "MX",
    "ttl": 60,
    "value": "10 mail.example.org.",
    "why": "b",
}
_WWW = {"zone": "example.org.", "name": "www.example.org.", "type": "A", "ttl": 60, "value": "192.0.2.80", "why": ""}


def zone(name: str = "example.org", *records: dict[str, t.Any], **changes: t.Any) -> dict[str, t.Any]:
    wanted = {
        "name": name,
        "type": "primary",
        "records": list(records),
        "nameservers": ["ns1.example.net", "ns2.example.net"],
    }
    return {**wanted, "contact": "dns.admin@example.net", "ttl": 3600, "soa": {"minimum": 60}, **changes}


def test_a_zone_of_its_own_is_shown_whole() -> None:
    found = with_own_zones([_MX, _AWAY], [zone("example.org", _MX, _WWW)], "zone", "", 20260101)
    assert [str(record) for record in found] == [
        "example.org. SOA ns1.example.net. dns\\.admin.example.net. 2026010101 3600 600 1209600 60",
        "example.org. NS ns1.example.net.",
        "example.org. NS ns2.example.net.",
        "example.org. MX 10 mail.example.org.",
        "www.example.org. A 192.0.2.80",
        "example.net. MX 10 mail.example.org.",
    ]


def test_without_zones_nothing_is_added() -> None:
    secondary = {"name": "example.org", "type": "secondary", "primaries": ["192.0.2.53"]}
    assert [str(record) for record in with_own_zones([_MX], [secondary], "zone", "", 20260101)] == [
        "example.org. MX 10 mail.example.org."
    ]


def test_the_last_view_counts() -> None:
    views = [zone("example.org", _WWW, view="inside"), zone("example.org", _MX, view="outside")]
    found = with_own_zones([], views, "zone", "", 20260101)
    assert [record.type for record in found] == ["SOA", "NS", "NS", "MX"]
    assert {record.zone for record in found} == {"example.org."}


@pytest.mark.parametrize("style", FORMATS)
def test_the_serial_moves_where_something_changed(style: str) -> None:
    def serials(present: str, today: int, *more: dict[str, t.Any]) -> tuple[list[str], str]:
        zones = [zone("example.org", _MX, *more), zone("example.com")]
        found = with_own_zones([], zones, style, present, today)
        return [record.value.split()[2] for record in found if record.type == "SOA"], render(found, style)

    first, text = serials("", 20260101)
    assert first == ["2026010101", "2026010101"]
    assert serials(text, 20260301) == (first, text)
    changed, text = serials(text, 20260101, _WWW)
    assert changed == ["2026010102", "2026010101"]
    assert serials(text, 20260301, _WWW) == (changed, text)
    assert serials(text, 20260301)[0] == ["2026030101", "2026010101"]


def test_what_was_written_in_another_style_tells_a_serial_to_go_beyond() -> None:
    table = render(with_own_zones([], [zone()], "table", "", 20260301), "table")
    found = with_own_zones([], [zone()], "json", table, 20260101)
    assert found[0].value.split()[2] == "2026030102"
