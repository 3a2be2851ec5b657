# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl import (
    DEFAULT_REPLIES,
    DnsblError,
    Reply,
    describe,
    entry_names,
    entry_names_ipv6,
    examine,
    make_list,
    parse_reply_filter,
)

# Pattern, addresses it accepts, addresses it does not; the first five are from Postfix's own tests.
FILTERS = [
    ("1.2.3.4", ["1.2.3.4"], ["1.2.3.5", "2.2.3.4"]),
    ("1.2.[3].4", ["1.2.3.4"], ["1.2.2.4"]),
    ("1.2.3.[4]", ["1.2.3.4"], ["1.2.3.3"]),
    ("1.2.[3..11].5", ["1.2.3.5", "1.2.11.5"], ["1.2.2.5", "1.2.12.5", "1.2.11.6"]),
    ("1.2.[3;5;7;9;11].5", ["1.2.3.5", "1.2.11.5"], ["1.2.2.5", "1.2.4.5", "1.2.12.5", "1.2.11.6"]),
    ("127.0.[0;1].[2;4..8]", ["127.0.1.2", "127.0.0.8"], ["127.0.2.2", "127.0.0.3", "127.0.0.9"]),
    ("[127].0.0.[2]", ["127.0.0.2"], ["127.0.0.3"]),
    ("[127.0.0.[2;3]]", ["127.0.0.2"], ["127.0.0.4"]),
    ("127.0.0.007", ["127.0.0.7"], ["127.0.0.70"]),
    ("127.0.0.[2..2]", ["127.0.0.2"], ["127.0.0.3"]),
    (
        DEFAULT_REPLIES,
        ["127.0.0.2", "127.0.1.2", "127.0.0.254", "127.254.255.8"],
        ["127.255.255.254", "127.255.255.2", "127.0.0.1", "127.0.1.255", "127.0.0.0", "192.0.2.4"],
    ),
]


@pytest.mark.parametrize(("text", "accepted", "others"), FILTERS)
def test_a_filter_accepts_what_postfix_accepts(text: str, accepted: list[str], others: list[str]) -> None:
    parsed = parse_reply_filter(text)
    assert [address for address in accepted + others if parsed.accepts(address)] == accepted


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "instead of ''"),
        ("a", "instead of 'a'"),
        ("1.2.300.4", "instead of '300'"),
        ("1.2.3.", "instead of ''"),
        ("1.2.3", "four numbers"),
        ("1.2.3,4", "four numbers"),
        ("1.2.[].4", "instead of ']'"),
        ("1.2.[.4", "instead of '.'"),
        ("1.2.].4", "instead of ']'"),
        ("1.2.[1..127,128..255].5", "apart by ';'"),
        ("1.2.[1-255].5", "apart by ';'"),
        ("1.2.[1..127.128..255].5", "apart by ';'"),
        ("1.2.3.[4..1]", "runs backwards"),
        ("1.2.3.[4.1]", "apart by ';'"),
        ("1.2.3.[4", "apart by ';'"),
        ("1.2.3.[x]", "instead of 'x'"),
        ("1.2.3.[1;]", "instead of ']'"),
        ("1.2.3.4x", "'x' follows"),
        ("1.2.3.4.5", "'.' follows"),
        ("1.2.3.[4]5", "'5' follows"),
        ("[127.0.0.2", "apart by ';'"),
        ("[127.0.0.2]]", "apart by ';'"),
        ("[]", "instead of ''"),
        ("127.0.0.²", "instead of '²'"),
        ("127.0.0.2 ", "' ' follows"),
    ],
)
def test_a_filter_that_postfix_refuses(text: str, fault: str) -> None:
    with pytest.raises(DnsblError, match="is not one that Postfix accepts") as caught:
        parse_reply_filter(text)
    assert fault in str(caught.value)


def test_the_name_of_a_zone_is_lower_case_without_the_last_dot() -> None:
    wanted = make_list("Zen.Example.ORG.", "ip", None)
    assert wanted.zone == "zen.example.org"
    assert wanted.replies.text == DEFAULT_REPLIES


@pytest.mark.parametrize(
    "zone", ["", "example", "a..example.org", "-a.example.org", "a b.example.org", "é.example.org"]
)
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(DnsblError, match="is not the name of a DNS zone"):
        make_list(zone, "ip", None)


def test_a_zone_is_refused_if_the_names_in_it_become_too_long() -> None:
    with pytest.raises(DnsblError, match="is not the name of a DNS zone"):
        make_list(".".join(["a" * 60] * 4), "ip", None)


def test_entries() -> None:
    assert entry_names("l.example.org", "ip") == ("2.0.0.127.l.example.org", "1.0.0.127.l.example.org")
    assert entry_names("l.example.org", "domain") == ("TEST.l.example.org", "INVALID.l.example.org")
    listed, unlisted = entry_names_ipv6("l.example.org")
    assert listed == "2.0.0.0.0.0.f.7.f.f.f.f." + "0." * 20 + "l.example.org"
    assert unlisted == "1" + listed[1:]


NONE = Reply("answered")
LATE = Reply("timeout", detail="192.0.2.53 has not answered within 5 seconds")
BAD = Reply("error", detail="192.0.2.53 says SERVFAIL")


def listed(*addresses: str) -> Reply:
    return Reply("answered", addresses)


# What is said about the test entry and about the one that must not be; filter; reason; part of the remedy.
VERDICTS = [
    (listed("127.0.0.2"), NONE, None, "ok", "Nothing"),
    (listed("127.0.0.2", "127.0.0.10"), NONE, "127.0.0.10", "ok", "Nothing"),
    (listed("127.255.255.254"), NONE, None, "refused", "it answers 127.255.255.254"),
    (listed("127.255.255.254"), listed("127.255.255.254"), None, "refused", "without forwarding"),
    (NONE, listed("127.255.255.255"), None, "refused", "it answers 127.255.255.255"),
    (listed("127.0.0.1"), listed("127.0.0.1"), None, "refused", "it answers 127.0.0.1"),
    (listed("127.0.0.1"), NONE, "127.0.0.[1..3]", "ok", "Nothing"),
    (listed("127.0.0.2"), listed("127.0.0.2"), None, "lists_everything", "1.0.0.127.l.example.org is listed"),
    (listed("192.0.2.80"), listed("192.0.2.80"), None, "lists_everything", "makes up answers"),
    (NONE, NONE, None, "not_answering", "2.0.0.127.l.example.org is not listed"),
    (listed("127.0.0.2"), NONE, "127.0.0.[3..9]", "unexpected_answer", "accepts none of the answers (127.0.0.2)"),
    (listed("192.0.2.80"), NONE, None, "unexpected_answer", "accepts none of the answers (192.0.2.80)"),
    (LATE, NONE, None, "timeout", "within 5 seconds"),
    (listed("127.0.0.2"), LATE, None, "timeout", "within 5 seconds"),
    (BAD, BAD, None, "dns_error", "SERVFAIL"),
    (listed("127.0.0.2"), BAD, None, "dns_error", "SERVFAIL"),
]


@pytest.mark.parametrize(("test", "control", "replies", "reason", "remedy"), VERDICTS)
def test_judge(test: Reply, control: Reply, replies: str | None, reason: str, remedy: str) -> None:
    answers = {"2.0.0.127.l.example.org": test, "1.0.0.127.l.example.org": control}
    verdict = examine(make_list("l.example.org", "ip", replies), lambda name: answers.get(name, NONE))
    assert verdict.reason == reason
    assert verdict.usable == (reason == "ok")
    assert remedy in verdict.remedy
    assert verdict.answers == test.addresses


def test_a_list_of_domains_is_asked_for_names() -> None:
    answers = {"TEST.l.example.org": listed("127.0.1.2")}
    verdict = examine(make_list("l.example.org", "domain", None), lambda name: answers.get(name, NONE))
    assert describe(verdict) == {
        "zone": "l.example.org",
        "kind": "domain",
        "replies": DEFAULT_REPLIES,
        "usable": True,
        "reason": "ok",
        "test_entry": "TEST.l.example.org",
        "answers": ["127.0.1.2"],
        "remedy": "Nothing to do.",
    }


def test_a_list_of_ipv6_addresses() -> None:
    entry, control = entry_names_ipv6("l.example.org")
    wanted = make_list("l.example.org", "ip", None)
    verdict = examine(wanted, lambda name: listed("127.0.0.2") if name == entry else NONE)
    assert (verdict.reason, verdict.entry) == ("ok", entry)
    verdict = examine(wanted, lambda name: listed("127.0.0.2") if name in (entry, control) else NONE)
    assert verdict.reason == "lists_everything"


def test_a_silent_list_is_named_by_its_entry_for_ipv4() -> None:
    verdict = examine(make_list("l.example.org", "ip", None), lambda _name: NONE)
    assert verdict.entry == "2.0.0.127.l.example.org"
