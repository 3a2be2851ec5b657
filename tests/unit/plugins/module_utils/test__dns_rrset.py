from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset import (
    Change,
    RRset,
    Wish,
    describe,
    plan_change,
    read_wishes,
    zone_lines,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset_server import canonical

_ZONE = "example.org."


def wishes(*sets: dict[str, t.Any], state: str = "exact") -> list[Wish]:
    return read_wishes(sets, state, canonical)


def wish(
    name: str = "a.example.org.", rtype: str = "A", state: str = "exact", ttl: int | None = None, **more: t.Any
) -> Wish:
    return Wish(name, rtype, state, ttl, tuple(more.get("value", ())))


def test_entries_of_one_name_and_type_are_one_wish() -> None:
    assert wishes(
        {"name": "Example.org", "type": "mx", "value": "10 MX1.example.org", "ttl": 600, "why": "x", "zone": "y"},
        {"name": "a.example.org", "type": "A", "value": ["192.0.2.1"], "state": "present"},
        {"name": "example.org.", "type": "MX", "value": ["5 mx0.example.org."], "ttl": 300},
    ) == [
        Wish("example.org.", "MX", "exact", 300, ("10 mx1.example.org.", "5 mx0.example.org.")),
        Wish("a.example.org.", "A", "present", None, ("192.0.2.1",)),
    ]


@pytest.mark.parametrize(
    ("rtype", "value", "expected"),
    [
        ("TXT", "a" * 300, f'"{"a" * 255}" "{"a" * 45}"'),
        ("TXT", 'say "x" \\ é', '"say \\"x\\" \\\\ \\195\\169"'),
        ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("TLSA", "3 1 1 " + "AB" * 32, "3 1 1 " + "ab" * 32),
        ("SRV", "0 1 993 Mail.Example.ORG", "0 1 993 mail.example.org."),
        ("CAA", '0 issue "ca.example.net"', '0 issue "ca.example.net"'),
        ("SSHFP", "4 2 " + "AB" * 32, "4 2 " + "ab" * 32),
        ("PTR", "b\u00fccher.example.org", "xn--bcher-kva.example.org."),
    ],
)
def test_values_in_one_form(rtype: str, value: str, expected: str) -> None:
    assert wishes({"name": "a.example.org", "type": rtype, "value": value})[0].value == (expected,)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ([{"name": "a.example.org", "type": "A"}], "has no value"),
        ([{"name": "a.example.org", "type": "A", "value": []}], "has no value"),
        ([{"name": "a.example.org", "type": "A", "value": "192.0.2.1", "ttl": -1}], r"rrsets\[0\].ttl is -1"),
        ([{"name": "a.example.org", "type": "RRSIG", "value": "x"}], "made by the name server"),
        ([{"name": "a.example.org", "type": "SSHFP", "value": "4 2 zz"}], "no value of a record of type SSHFP"),
        ([{"name": "a.example.org", "type": "WHAT", "value": "zz"}], "type WHAT"),
        ([{"name": "a.example.org", "type": "CNAME", "value": ["b.example.org", "c.example.org"]}], "one CNAME record"),
        (
            [
                {"name": "a.example.org", "type": "A", "value": "192.0.2.1"},
                {"name": "a.example.org", "type": "A", "value": "192.0.2.2", "state": "absent"},
            ],
            "with state exact and with absent",
        ),
        (
            [
                {"name": "a.example.org", "type": "A", "state": "absent"},
                {"name": "a.example.org", "type": "A", "value": "192.0.2.2", "state": "absent"},
            ],
            "with values and",
        ),
    ],
)
def test_refused_wishes(sets: list[dict[str, t.Any]], message: str) -> None:
    with pytest.raises(DnsDataError, match=message):
        wishes(*sets)


_TWO = RRset(600, ("192.0.2.1", "192.0.2.2"))


@pytest.mark.parametrize(
    ("wanted", "before", "after"),
    [
        (wish(value=["192.0.2.1"]), None, RRset(3600, ("192.0.2.1",))),
        (wish(value=["192.0.2.1"]), _TWO, RRset(600, ("192.0.2.1",))),
        (wish(value=["192.0.2.1", "192.0.2.2"], ttl=60), _TWO, RRset(60, _TWO.value)),
        (wish(state="present", value=["192.0.2.0"]), _TWO, RRset(600, ("192.0.2.0", *_TWO.value))),
        (wish(state="present", value=["192.0.2.1"]), _TWO, _TWO),
        (wish(state="absent", value=["192.0.2.1"]), _TWO, RRset(600, ("192.0.2.2",))),
        (wish(state="absent", value=["192.0.2.9"], ttl=60), _TWO, _TWO),
        (wish(state="absent", value=_TWO.value), _TWO, None),
        (wish(state="absent"), _TWO, None),
        (wish(state="absent"), None, None),
        (
            wish(rtype="CNAME", state="present", value=["b.example.org."]),
            RRset(600, ("c.example.org.",)),
            RRset(600, ("b.example.org.",)),
        ),
    ],
)
def test_plans(wanted: Wish, before: RRset | None, after: RRset | None) -> None:
    change = plan_change(wanted, _ZONE, before)
    assert change.after == after
    assert change.changed == (before != after)


def test_a_new_ttl_is_set_by_adding_all_values_again() -> None:
    change = Change(_ZONE, "a.example.org.", "A", _TWO, RRset(60, ("192.0.2.2", "192.0.2.3")))
    assert change.added == ("192.0.2.2", "192.0.2.3")
    assert change.removed == ("192.0.2.1",)


@pytest.mark.parametrize("name", ["example.org.", "below.example.org."])
def test_a_zone_keeps_its_last_name_server(name: str) -> None:
    wanted, before = wish(name=name, rtype="NS", state="absent"), RRset(600, ("ns.example.org.",))
    if name == _ZONE:
        with pytest.raises(DnsDataError, match="at least one NS record"):
            plan_change(wanted, _ZONE, before)
    else:
        assert plan_change(wanted, _ZONE, before).after is None


def test_changes_as_lines_and_as_data() -> None:
    changed = Change(_ZONE, "a.example.org.", "A", None, _TWO)
    same = Change(_ZONE, "b.example.org.", "A", _TWO, _TWO)
    assert zone_lines([changed, same], "before") == ""
    assert zone_lines([changed, same], "after") == (
        "a.example.org. 600 IN A 192.0.2.1\na.example.org. 600 IN A 192.0.2.2\n"
    )
    assert describe(changed) == {
        "zone": _ZONE,
        "name": "a.example.org.",
        "type": "A",
        "changed": True,
        "before": {"ttl": None, "value": []},
        "after": {"ttl": 600, "value": ["192.0.2.1", "192.0.2.2"]},
    }
