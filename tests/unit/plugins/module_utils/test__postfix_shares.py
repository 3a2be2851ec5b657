# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import EntryError
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import WishError
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_shares import (
    Contribution,
    contribution,
    contributions,
    document,
    open_parameters,
    parameter_targets,
    secret_values,
    service_targets,
)

Raw = dict[str, t.Any]


def said(*raw: tuple[str, Raw]) -> list[Contribution]:
    return [contribution(owner, {"name": "n", **item}) for owner, item in raw]


def targets(
    *raw: tuple[str, Raw], earlier: dict[str, str | None] | None = None, **defaults: str
) -> dict[str, str | None]:
    values, _notes = parameter_targets(said(*raw), earlier or {}, defaults)
    return values


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"order": 0, "params": {"a": "x, y", "b": {"state": "absent"}, "c": ""}},
        {"params": {"a": {"value": ["check_x unix:y", "z"], "elements": "present"}}},
        {"lists": {"a": ["x", {"value": "y z", "order": -1}], "b": {"elements": [], "earlier": "last"}}},
        {
            "services": [
                {"name": "587", "type": "inet", "command": "smtpd -v", "options": {"a": "b, c", "d": True}},
                {"name": "smtp", "type": "unix", "maxproc": "5", "options": {}},
                {"name": "smtps", "type": "inet", "state": "absent"},
            ]
        },
    ],
)
def test_the_ledger_keeps_what_was_said(raw: Raw) -> None:
    (share,) = said(("a", raw))
    assert document(contribution("a", document(share))) == document(share)


def test_list_elements_come_in_order_and_once() -> None:
    late = ("a", {"order": 900, "lists": {"l": ["reject", {"value": "first", "order": 1}]}})
    twin = ("b", {"order": 500, "lists": {"l": ["permit_mynetworks", "reject_unauth_destination, permit"]}})
    tied = ("a", {"order": 500, "lists": {"l": ["x", "permit_mynetworks", ""]}})
    value = "first, x, permit_mynetworks, reject_unauth_destination, permit, reject"
    assert targets(late, twin, tied) == {"l": value}
    assert targets(tied, late, twin) == {"l": value}


@pytest.mark.parametrize(
    ("places", "earlier", "expected"),
    [
        (["drop"], "hash:/a, x", "x, y"),
        (["first"], "hash:/a, x", "hash:/a, x, y"),
        (["first"], "a b", "a b x y"),
        (["last"], "hash:/a, x", "x, y, hash:/a"),
        (["last"], "check_client_access hash:/a check_helo_access hash:/a", None),
        (["last", "drop"], "z", "x, y, z"),
        (["last", "first"], "z", "z, x, y"),
        (["first"], None, "x, y"),
        (["last"], "", "x, y"),
    ],
)
def test_elements_of_the_host(places: list[str], earlier: str | None, expected: str | None) -> None:
    shares = [
        ("a", {"order": number, "lists": {"l": {"elements": ["x", "y"], "earlier": place}}})
        for number, place in enumerate(places)
    ]
    assert targets(*shares, earlier={"l": earlier}) == {"l": expected or f"x, y, {earlier}"}


def test_nothing_but_dropping_what_the_host_had() -> None:
    assert targets(("a", {"lists": {"l": []}}), earlier={"l": "x"}) == {"l": ""}


def test_a_whole_value_beats_lists_and_lower_values() -> None:
    shares = said(
        ("a", {"order": 999, "lists": {"p": ["x"]}}),
        ("b", {"order": 1, "params": {"p": "low"}}),
        ("c", {"order": 2, "params": {"p": ["high", "est"]}}),
    )
    values, notes = parameter_targets(shares, {"p": "host"}, {})
    assert values == {"p": "high, est"}
    assert len(notes) == 1
    assert "'p' has a whole value" in notes[0]


@pytest.mark.parametrize(
    ("shares", "earlier", "expected"),
    [
        ([{"params": {"p": {"value": "x", "elements": "present"}}}], "host", "host, x"),
        ([{"params": {"p": {"value": "x", "elements": "present"}}}], None, "default, x"),
        ([{"params": {"p": {"value": "default", "elements": "present"}}}], None, None),
        ([{"params": {"p": {"value": "host", "elements": "absent"}}}], "a, host", "a"),
        ([{"params": {"p": {"value": "x", "elements": "present"}}, "lists": {"p": ["l"]}}], "host", "l, x"),
        ([{"params": {"p": {"value": "x", "elements": "present"}}}, {"params": {"p": "whole"}}], "host", "whole"),
        ([{"params": {"p": "whole"}}, {"params": {"p": {"value": "x", "elements": "present"}}}], "host", "whole, x"),
        ([{"params": {"p": {"state": "absent"}}}], "host", None),
    ],
)
def test_editing_goes_by_rank(shares: list[Raw], earlier: str | None, expected: str | None) -> None:
    ordered = [("a", {"order": number, **share}) for number, share in enumerate(shares)]
    assert targets(*ordered, earlier={"p": earlier}, p="default") == {"p": expected}


def test_the_default_is_only_asked_for_where_it_is_the_start() -> None:
    edit = {"value": "x", "elements": "present"}
    shares = said(("a", {"params": {"p": edit, "q": edit, "r": "x"}}), ("b", {"params": {"q": edit}}))
    assert open_parameters(shares, {"p": "set", "q": None}) == ["q"]


def entry(name: str = "587", kind: str = "inet", **fields: t.Any) -> Raw:
    return {"services": [{"name": name, "type": kind, **fields}]}


def lines(*raw: tuple[str, Raw], owner: str = "a", **earlier: str) -> dict[str, str | None]:
    kept = {key.replace("_", "/"): line for key, line in earlier.items()}
    entries, _notes = service_targets(said(*raw), kept, owner)
    return {name: None if item is None else item.render() for name, item in entries.items()}


def test_services_are_laid_over_each_other() -> None:
    low = ("a", {"order": 1, **entry(command="smtpd -v", maxproc="5", chroot="y", options={"a": 1, "b": 2})})
    high = ("b", {"order": 2, **entry(maxproc="7", options={"b": "x y"})})
    assert lines(high, low) == {"587/inet": "587 inet n - y - 7 smtpd -v -o a=1 -o {b=x y}"}
    gone = ("c", {"order": 3, **entry(state="absent")})
    assert lines(low, gone) == {"587/inet": None}
    again = ("d", {"order": 4, **entry(command="postscreen")})
    assert lines(low, gone, again) == {"587/inet": "587 inet n - - - - postscreen"}


def test_services_start_from_what_the_host_had() -> None:
    fields = entry("smtp", "unix", maxproc="9")
    assert lines(("a", fields), smtp_unix="smtp unix - - y - - smtp -o a=b") == {
        "smtp/unix": "smtp unix - - y - 9 smtp -o a=b"
    }
    options = entry("smtp", "unix", options={"c": "d"})
    assert lines(("a", options), smtp_unix="smtp unix - - y - - smtp -o a=b") == {
        "smtp/unix": "smtp unix - - y - - smtp -o c=d"
    }


def test_a_service_that_lost_its_command() -> None:
    rest = said(("b", entry(maxproc="7")))
    entries, notes = service_targets(rest, {}, "a")
    assert entries == {"587/inet": None}
    assert "what b says" in notes[0]
    with pytest.raises(EntryError, match="no command"):
        service_targets(rest, {}, "b")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"params": {"a b": 1}}, "is not possible"),
        ({"params": {"a": 1.5}}, "decimal"),
        ({"lists": {"a b": []}}, "is not possible"),
        ({"lists": {"a": 5}}, "is no list"),
        ({"lists": {"a": {"elements": [], "place": 1}}}, "unknown key 'place'"),
        ({"lists": {"a": {"elements": [], "earlier": "middle"}}}, "drop, first or last"),
        ({"lists": {"a": [{"order": 5}]}}, "without value"),
        ({"lists": {"a": [{"value": "x", "rank": 5}]}}, "more than order"),
        ({"lists": {"a": [{"value": "x", "order": "soon"}]}}, "whole number"),
        ({"lists": {"a": [{"value": "x", "order": True}]}}, "whole number"),
        ({"lists": {"a": ["${x"]}}, "never closed"),
        ({"lists": {"a": [None]}}, "no value"),
        (entry(private="y"), "cannot be private"),
        ({"services": [*entry()["services"], *entry()["services"]]}, "'587/inet' twice"),
    ],
)
def test_what_cannot_be_meant(raw: Raw, message: str) -> None:
    with pytest.raises((WishError, EntryError), match=message):
        said(("a", raw))


def test_an_element_order_may_come_from_a_template() -> None:
    assert targets(("a", {"lists": {"l": [{"value": "x", "order": "900"}, "y"]}})) == {"l": "y, x"}


def test_names_are_unique_within_a_call() -> None:
    with pytest.raises(WishError, match="'n' is named twice"):
        contributions("a", [{"name": "n"}, {"name": "n"}])


def test_secrets_are_found_everywhere() -> None:
    shares = said(
        (
            "a",
            {
                "params": {"x_password": "one", "biff": "no"},
                "lists": {"smtp_sasl_password_maps": ["static:two", "hash:/etc/p"]},
                **entry(command="smtpd", options={"y_secret": "three", "biff": "no"}),
            },
        )
    )
    assert secret_values(shares) == {"one", "static:two", "three"}
