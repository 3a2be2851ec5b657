# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _tls_check as check

SERVER = {"host": "mail.example.org", "port": 993}


def plan(**params: t.Any) -> check.CheckPlan:
    [only] = check.plan_checks(params)
    return only


@pytest.mark.parametrize(
    ("port", "protocol"),
    [(24, "lmtp"), (25, "smtp"), (587, "smtp"), (465, "none"), (993, "none"), (995, "none"), (443, "none"),
     (143, "imap"), (110, "pop3"), (4190, "sieve"), (389, "ldap"), (5432, "postgresql"), (2525, "none")],
)  # fmt: skip
def test_protocol_of_a_port(port: int, protocol: str) -> None:
    assert plan(host="mail.example.org", port=port).protocol == protocol
    assert plan(host="mail.example.org", port=port, starttls="auto").protocol == protocol
    assert plan(host="mail.example.org", port=port, starttls="pop3").protocol == "pop3"


def test_defaults() -> None:
    planned = plan(**SERVER)
    assert (planned.name, planned.server_names, planned.depth, planned.soon_days) == (
        "mail.example.org:993",
        ("mail.example.org",),
        "weak_ciphers",
        21,
    )
    assert planned.expectation == check.Expectation()
    assert (planned.endpoint.connect_timeout, planned.endpoint.reply_timeout) == (10, 30)
    assert planned.endpoint.family == ""


def test_what_a_check_does_not_set_is_taken_from_the_task() -> None:
    expect = {"serial": "01"}
    first, second = check.plan_checks(
        {
            "host": "[2001:db8::25]",
            "server_names": ["mail.example.org"],
            "address_family": "ipv6",
            "depth": "certificate",
            "expires_soon_days": 0,
            "expect": expect,
            "checks": [{"port": 25}, {"name": "web", "host": "192.0.2.80", "port": 443, "expect": {"trusted": False}}],
        }
    )
    assert (first.name, first.endpoint.host, first.endpoint.family) == ("2001:db8::25:25", "2001:db8::25", "ipv6")
    assert (first.depth, first.soon_days, first.expectation.serial) == ("certificate", 0, 1)
    assert (second.name, second.endpoint.host, second.protocol) == ("web", "192.0.2.80", "none")
    assert second.expectation == check.Expectation(trusted=False)


@pytest.mark.parametrize(
    ("expect", "depth"),
    [
        ({"serial": "1"}, "certificate"),
        ({"versions": ["TLSv1.3"]}, "versions"),
        ({"refused_versions": ["TLSv1"]}, "versions"),
        ({"refused_weaknesses": ["rc4"]}, "weak_ciphers"),
    ],
)
def test_what_is_expected_is_looked_at(expect: dict[str, t.Any], depth: str) -> None:
    assert plan(**SERVER, depth="certificate", expect=expect).depth == depth
    assert plan(**SERVER, depth="ciphers", expect=expect).depth == "ciphers"


@pytest.mark.parametrize("serial", ["4FA1079C", "4f:a1:07:9c", "0x4fa1079c", "004F A107 9C"])
def test_ways_to_write_a_serial(serial: str) -> None:
    assert plan(**SERVER, expect={"serial": serial}).expectation.serial == 0x4FA1079C


def test_ways_to_write_a_fingerprint() -> None:
    colons = ":".join(["AB"] * 32)
    assert plan(**SERVER, expect={"fingerprint": colons}).expectation.fingerprint == "ab" * 32


def test_all_weaknesses() -> None:
    expectation = plan(**SERVER, expect={"refused_weaknesses": ["all"]}).expectation
    assert "no_forward_secrecy" in expectation.refused_weaknesses
    assert "all" not in expectation.refused_weaknesses


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"port": 25}, "host is ''"),
        ({"host": "mail example", "port": 25}, "host is 'mail example'"),
        ({"host": "mail\r\n.example", "port": 25}, "host is"),
        ({"host": "a" * 64 + "ü.example", "port": 25}, "is no host name"),
        ({"host": "mail.example.org"}, "port is None"),
        ({"host": "mail.example.org", "port": 65536}, "port is 65536"),
        ({**SERVER, "server_names": ["mail.example.org", "a b"]}, "server_names has 'a b'"),
        ({**SERVER, "reply_timeout": 0}, "greater than zero"),
        ({**SERVER, "expect": {"serial": "xyz"}}, "the serial 'xyz' is no hexadecimal number"),
        ({**SERVER, "expect": {"fingerprint": "ab"}}, "the fingerprint 'ab' is no SHA-256"),
        ({**SERVER, "expect": {"versions": ["TLSv1"], "refused_versions": ["TLSv1"]}}, "TLSv1 cannot be in versions"),
        ({"checks": [SERVER, SERVER]}, "Several checks have the name 'mail.example.org:993'"),
        ({"checks": [SERVER, {"name": "second", "host": "mail.example.org"}]}, "Check 'second': port is None"),
    ],
)
def test_what_makes_no_sense(params: dict[str, t.Any], text: str) -> None:
    with pytest.raises(check.PlanError) as error:
        check.plan_checks(params)
    assert text in str(error.value)
