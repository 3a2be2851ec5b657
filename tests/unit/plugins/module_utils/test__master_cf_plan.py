# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import EntryError, MasterEntry, parse_entries
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_plan import (
    endpoint,
    plan_services,
    planned_afresh,
    public_diff,
    service_wish,
    taken_ports,
)

ENTRIES = [
    "smtp inet n - y - - smtpd",
    "smtps inet n - y - - smtpd -o smtpd_tls_wrappermode=yes",
    "127.0.0.1:10025 inet n - n - - smtpd",
    "smtp unix - - y - - smtp",
    "relay unix - - y - - smtp -o syslog_name=x -o va_password=word",
    "lists unix - n n - - pipe flags=R user=list argv=/bin/x -o y",
]


class FakeResolver:
    def port(self, service: str) -> int | None:
        return {"smtp": 25, "smtps": 465, "submissions": 465, "submission": 587}.get(service)

    def has_address(self, host: str) -> bool:
        return host.lower() == "mail.example.org"

    def in_use(self, host: str, port: int) -> bool:
        return port in (25, 587) and not host


def request(**given: t.Any) -> dict[str, t.Any]:
    keys = ("name", "type", "command", "options", "private", "unpriv", "chroot", "wakeup", "maxproc")
    return {**dict.fromkeys(keys), "state": "present", **given}


def plan(*requests: dict[str, t.Any]) -> dict[str, dict[str, str | None]]:
    changes = plan_services([service_wish(item) for item in requests], current(), FakeResolver())
    return {change.service: change.public() for change in changes}


def current() -> dict[str, MasterEntry]:
    return parse_entries(ENTRIES)


@pytest.mark.parametrize(
    "given",
    [
        request(name="smtp", type="inet"),
        request(name="smtp", type="inet", command="smtpd", options={}, private="n", chroot="y", maxproc="-"),
        request(name="smtps", type="inet", options={"smtpd_tls_wrappermode": True}),
        request(name="relay", type="unix", options={"va_password": "word", "syslog_name": "x"}),
        request(name="lists", type="unix", command="pipe flags=R user=list argv=/bin/x -o y"),
        request(name="nosuch", type="inet", state="absent"),
        request(name="lists", type="inet", state="absent"),
    ],
)
def test_what_is_so_already_stays(given: dict[str, t.Any]) -> None:
    assert plan(given) == {}


@pytest.mark.parametrize(
    ("given", "after"),
    [
        (request(name="smtp", type="unix", maxproc="7"), "smtp unix - - y - 7 smtp"),
        (request(name="smtp", type="inet", command="postscreen", maxproc="1"), "smtp inet n - y - 1 postscreen"),
        (request(name="smtps", type="inet", options={}), "smtps inet n - y - - smtpd"),
        (
            request(name="smtps", type="inet", options={"a": ["b", "c"], "smtpd_tls_wrappermode": True}),
            "smtps inet n - y - - smtpd -o smtpd_tls_wrappermode=yes -o {a=b, c}",
        ),
        (request(name="smtps", type="inet", state="absent"), None),
        (request(name="submission", type="inet", command="smtpd"), "submission inet n - - - - smtpd"),
        (
            request(name="[2001:db8::1]:25", type="inet", command="smtpd -v", wakeup="60?"),
            "[2001:db8::1]:25 inet n - - 60? - smtpd -v",
        ),
        (request(name="policy", type="unix", command="spawn argv=/x"), "policy unix - - - - - spawn argv=/x"),
        (request(name="mail.example.org:25", type="inet", command="smtpd"), "mail.example.org:25 inet n - - - - smtpd"),
    ],
)
def test_changes(given: dict[str, t.Any], after: str | None) -> None:
    changed = plan(given)
    assert list(changed) == [f"{given['name']}/{given['type']}"]
    assert changed[f"{given['name']}/{given['type']}"]["after"] == after


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (request(name="nosuch", type="inet", command="smtpd"), "'nosuch/inet' has the port 'nosuch'.*no name in"),
        (request(name="70000", type="inet", command="smtpd"), "port '70000'"),
        (request(name=":25", type="inet", command="smtpd"), "no host before the colon"),
        (request(name="mail.example.org:", type="inet", command="smtpd"), "port ''"),
        (request(name="x.example.org:26", type="inet", command="smtpd"), "host 'x.example.org', which is no address"),
        (request(name="192.0.2.999:26", type="inet", command="smtpd"), "host '192.0.2.999'"),
        (request(name="-x:26", type="inet", command="smtpd"), "host '-x'"),
        (request(name="submissions", type="inet", command="smtpd"), "port 465 of all interfaces, as 'smtps/inet'"),
        (request(name="25", type="inet", command="smtpd"), "as 'smtp/inet' does"),
        (request(name="127.0.0.1:10025", type="fifo"), "does not exist yet and has no command"),
        (request(name="x", type="unix"), "'x/unix' does not exist yet and has no command"),
        (request(name="26", type="inet", command="smtpd", private="-"), "cannot be private"),
        (request(name="26", type="inet", command="smtpd", maxproc="many"), "maxproc 'many'"),
        (request(name="26", type="inet", command="smtpd", wakeup="1m"), "wakeup '1m'"),
        (request(name="26", type="inet", command="smtpd", chroot="yes"), "chroot 'yes'"),
        (request(name="26", type="inet", command="smtpd -o a=b"), "holds -o"),
        (request(name="a b", type="unix", command="x"), "'a b' is not possible"),
        (request(name="a/b", type="unix", command="x"), "'a/b' is not possible"),
        (request(name="26", type="inet", command="smtpd", options={"a": {"value": 1}}), "is a dictionary"),
        (request(name="26", type="inet", command="smtpd", options={"a": "{b"}), "braces do not pair"),
    ],
)
def test_refusals_name_the_service_or_cause(given: dict[str, t.Any], message: str) -> None:
    with pytest.raises(EntryError, match=message):
        plan(given)


def test_a_port_is_free_once_its_holder_goes() -> None:
    changed = plan(
        request(name="smtps", type="inet", state="absent"),
        request(name="submissions", type="inet", command="smtpd"),
    )
    assert set(changed) == {"smtps/inet", "submissions/inet"}


def test_the_same_port_of_another_host_is_another_endpoint() -> None:
    assert plan(request(name="127.0.0.1:25", type="inet", command="smtpd"))
    with pytest.raises(EntryError, match="port 10025 of 127.0.0.1"):
        plan(request(name="[127.0.0.1]:10025", type="inet", command="smtpd"))


def test_a_service_is_named_once() -> None:
    with pytest.raises(EntryError, match="named twice"):
        plan(request(name="smtp", type="inet"), request(name="smtp", type="inet", maxproc="1"))


def test_an_old_unresolvable_neighbour_is_not_held_against_us() -> None:
    entries = parse_entries([*ENTRIES, "nosuch inet n - n - - smtpd"])
    wishes = [service_wish(request(name="submission", type="inet", command="smtpd"))]
    assert len(plan_services(wishes, entries, FakeResolver())) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smtps", ("", 465)),
        ("465", ("", 465)),
        ("127.0.0.1:25", ("127.0.0.1", 25)),
        ("[2001:DB8::1]:smtp", ("2001:db8::1", 25)),
        ("Mail.example.org:25", ("mail.example.org", 25)),
    ],
)
def test_endpoint(name: str, expected: tuple[str, int]) -> None:
    assert endpoint(name, FakeResolver()) == expected


def test_passwords_are_not_shown() -> None:
    wishes = [service_wish(request(name="relay", type="unix", maxproc="3"))]
    diff = public_diff(plan_services(wishes, current(), FakeResolver()))
    assert diff["before"] == "relay unix - - y - - smtp -o syslog_name=x -o va_password=(hidden)\n"
    assert diff["after"] == "relay unix - - y - 3 smtp -o syslog_name=x -o va_password=(hidden)\n"


def test_a_host_without_postfix_gets_everything_wished() -> None:
    wishes = [
        service_wish(request(name="submission", type="inet", command="smtpd")),
        service_wish(request(name="smtp", type="unix", maxproc="3")),
        service_wish(request(name="smtps", type="inet", state="absent")),
    ]
    assert {change.service: change.public() for change in planned_afresh(wishes)} == {
        "submission/inet": {"before": None, "after": "submission inet n - - - - smtpd"},
        "smtp/unix": {"before": None, "after": None},
    }


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (request(name="submission", type="inet", command="smtpd"), 1),
        (request(name="127.0.0.1:587", type="inet", command="smtpd"), 0),
        (request(name="26", type="inet", command="smtpd"), 0),
        (request(name="smtp", type="inet", maxproc="2"), 0),
        (request(name="submission", type="unix", command="smtp"), 0),
    ],
)
def test_a_port_that_another_program_holds_is_told(given: dict[str, t.Any], count: int) -> None:
    changes = plan_services([service_wish(given)], current(), FakeResolver())
    notes = taken_ports(changes, current(), FakeResolver())
    assert len(notes) == count
    assert all("listens on port 587 already" in note and "'submission/inet'" in note for note in notes)
