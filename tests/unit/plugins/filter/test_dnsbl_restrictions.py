# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter.dnsbl_questions import dnsbl_questions
from ansible_collections.postmaster.mail.plugins.filter.dnsbl_restrictions import FilterModule

dnsbl_restrictions = FilterModule().filters()["dnsbl_restrictions"]
DEFAULT = "127.[0..254].[0..255].[2..254]"
LISTS: list[dict[str, t.Any]] = [
    {"zone": "zen.example.org", "replies": "127.0.0.[2..11]", "weight": 3},
    {"zone": "Bl.example.org.", "kind": "client"},
    {"zone": "smtpd.example.org", "weight": 0},
    {"zone": "allow.example.org", "weight": -2},
    {"zone": "dbl.example.org", "kind": "sender", "mode": "warn"},
    {"zone": "dbl.example.org", "kind": "helo"},
    {"zone": "dbl.example.org", "kind": "reverse_client"},
    {"zone": "dbl.example.org", "kind": "client_name"},
    {"zone": "dbl.example.org", "kind": "recipient"},
    {"zone": "new.example.org", "mode": "warn"},
    {"zone": "refused.example.org"},
]


def answered(lists: list[dict[str, t.Any]], **reasons: str) -> list[dict[str, t.Any]]:
    return [
        {**item, "usable": reason == "ok", "reason": reason, "remedy": "Do it."}
        for item in dnsbl_questions(lists)
        for reason in [reasons.get(item["zone"].partition(".")[0], "ok")]
    ]


def test_each_list_is_asked_for_once() -> None:
    assert dnsbl_questions(LISTS)[:2] == [
        {"zone": "zen.example.org", "kind": "ip", "replies": "127.0.0.[2..11]"},
        {"zone": "bl.example.org", "kind": "ip", "replies": DEFAULT},
    ]
    assert [item["kind"] for item in dnsbl_questions(LISTS) if item["zone"] == "dbl.example.org"] == ["domain"]


def test_restrictions() -> None:
    assert dnsbl_restrictions(LISTS, {"lists": answered(LISTS, refused="refused")}) == {
        "client": [
            "reject_rbl_client zen.example.org=127.0.0.[2..11]",
            f"reject_rbl_client bl.example.org={DEFAULT}",
            f"reject_rbl_client smtpd.example.org={DEFAULT}",
            f"reject_rhsbl_reverse_client dbl.example.org={DEFAULT}",
            f"reject_rhsbl_client dbl.example.org={DEFAULT}",
            f"warn_if_reject reject_rbl_client new.example.org={DEFAULT}",
        ],
        "helo": [f"reject_rhsbl_helo dbl.example.org={DEFAULT}"],
        "sender": [f"warn_if_reject reject_rhsbl_sender dbl.example.org={DEFAULT}"],
        "recipient": [f"reject_rhsbl_recipient dbl.example.org={DEFAULT}"],
        "postscreen_sites": [
            "zen.example.org=127.0.0.[2..11]*3",
            f"bl.example.org={DEFAULT}*1",
            f"allow.example.org={DEFAULT}*-2",
        ],
        "left_out": [{"zone": "refused.example.org", "reason": "refused", "remedy": "Do it."}],
    }


def test_what_was_not_asked_about_is_left_out() -> None:
    lists = [{"zone": "a.example.org"}, {"zone": "a.example.org", "kind": "sender"}]
    result = dnsbl_restrictions(lists, answered(lists[:1]))
    assert result["client"] == [f"reject_rbl_client a.example.org={DEFAULT}"]
    assert result["sender"] == []
    assert [(item["zone"], item["reason"]) for item in result["left_out"]] == [("a.example.org", "not_asked")]


def test_another_filter_was_not_asked_about() -> None:
    lists = [{"zone": "a.example.org", "replies": "127.0.0.2"}]
    result = dnsbl_restrictions(lists, answered([{"zone": "a.example.org"}]))
    assert result["client"] == []
    assert result["left_out"][0]["reason"] == "not_asked"


def test_a_list_that_is_left_out_is_named_once() -> None:
    lists = [{"zone": "a.example.org", "kind": kind} for kind in ("sender", "helo")]
    assert len(dnsbl_restrictions(lists, answered(lists, a="timeout"))["left_out"]) == 1


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("zen.example.org", "is not a list as it is wanted"),
        ({}, "needs a zone"),
        ({"zone": "a.example.org", "replies": ["127.0.0.2"]}, "replies as text"),
        ({"zone": "a.example.org", "kind": "ip"}, "has the kind 'ip'"),
        ({"zone": "a.example.org", "mode": "no"}, "Use reject or warn"),
        ({"zone": "a.example.org", "weight": "2"}, "Write a whole number"),
        ({"zone": "a.example.org", "kind": "helo", "weight": 2}, "postscreen looks up addresses only"),
        ({"zone": "a.example.org", "reply": "127.0.0.2"}, "has reply. It may have kind, mode,"),
        ({"zone": "a.example.org", "replies": "127.0.0.[2,3]"}, "not one that Postfix accepts"),
        ({"zone": "a example"}, "not the name of a DNS zone"),
    ],
)
def test_an_entry_that_cannot_be_understood(entry: t.Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        dnsbl_restrictions([entry], [])
    with pytest.raises(AnsibleFilterError, match=message):
        dnsbl_questions([entry])


@pytest.mark.parametrize("info", [{}, None, {"msg": "x"}])
def test_without_a_result(info: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="Give the result of postmaster.mail.dnsbl_info"):
        dnsbl_restrictions([], info)
