# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _postfix_listeners
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import parse_entries
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_listeners import (
    Answer,
    Listener,
    Reply,
    find_listeners,
    prove,
)


class FakeNetwork:
    """A host with one address beside the loopback ones; replies are given out in turn, the last again and again."""

    def __init__(self, *replies: Reply, ipv6: bool = True) -> None:
        self._own = {"127.0.0.1", "192.0.2.1"} | ({"::1"} if ipv6 else set())
        self._replies = list(replies)
        self.timeouts: list[float] = []

    def addresses(self, host: str) -> tuple[str, ...]:
        known = {"localhost": ("127.0.0.1", "::1"), "mail.example.org": ("192.0.2.1", "2001:db8::1")}
        return known.get(host, ())

    def has(self, address: str) -> bool:
        return address in self._own

    def greet(self, listener: Listener, timeout: float) -> Reply:
        assert listener
        self.timeouts.append(timeout)
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


class Ports:
    def port(self, service: str) -> int | None:
        return {"smtp": 25, "submissions": 465}.get(service)

    def has_address(self, host: str) -> bool:
        return bool(host) and host != "nowhere.example.org"

    def in_use(self, host: str, port: int) -> bool:
        return bool(host) and port == 0


@pytest.mark.parametrize(
    ("line", "parameters", "expected"),
    [
        ("smtp inet n - y - - smtpd", {}, ["127.0.0.1:25 smtp", "::1:25 smtp"]),
        ("smtp inet n - y - - smtpd", {"inet_protocols": "ipv4"}, ["127.0.0.1:25 smtp"]),
        ("smtp inet n - y - - smtpd", {"inet_protocols": "ipv6, ipv4"}, ["127.0.0.1:25 smtp", "::1:25 smtp"]),
        ("smtp inet n - y - - smtpd", {"inet_interfaces": "loopback-only"}, ["127.0.0.1:25 smtp", "::1:25 smtp"]),
        ("smtp inet n - y - - smtpd", {"inet_interfaces": "192.0.2.9, [::1]"}, ["192.0.2.9:25 smtp", "::1:25 smtp"]),
        ("smtp inet n - y - - smtpd", {"inet_interfaces": "mail.example.org"}, ["192.0.2.1:25 smtp"]),
        ("smtp inet n - y - - smtpd", {"inet_interfaces": "gone.example.org"}, []),
        ("localhost:10025 inet n - y - - smtpd", {"inet_protocols": "ipv4"}, ["127.0.0.1:10025 smtp"]),
        ("[::1]:10025 inet n - y - - smtpd", {"inet_interfaces": "192.0.2.1"}, ["::1:10025 smtp"]),
        ("127.0.0.1:587 inet n - y - - smtpd -o smtpd_tls_wrappermode=yes", {}, ["127.0.0.1:587 smtp-tls"]),
        ("127.0.0.1:587 inet n - y - - smtpd", {"smtpd_tls_wrappermode": "yes"}, ["127.0.0.1:587 smtp-tls"]),
        (
            "127.0.0.1:587 inet n - y - - smtpd -o smtpd_tls_wrappermode=no",
            {"smtpd_tls_wrappermode": "yes"},
            ["127.0.0.1:587 smtp"],
        ),
        ("127.0.0.1:587 inet n - y - - smtpd", {"smtpd_upstream_proxy_protocol": "haproxy"}, ["127.0.0.1:587 any"]),
        ("127.0.0.1:25 inet n - y - 1 postscreen", {"smtpd_upstream_proxy_protocol": "x"}, ["127.0.0.1:25 postscreen"]),
        ("127.0.0.1:99 inet n - y - - spawn user=x argv=/bin/x", {}, ["127.0.0.1:99 any"]),
        ("nosuchport inet n - y - - smtpd", {}, []),
        ("nowhere.example.org:25 inet n - y - - smtpd", {}, []),
        ("smtpd pass - - y - - smtpd", {}, []),
    ],
)
def test_where_services_listen(line: str, parameters: dict[str, str], expected: list[str]) -> None:
    entries = parse_entries([line]).values()
    found = find_listeners(entries, parameters, FakeNetwork("answered"), Ports())
    assert [f"{item.address}:{item.port} {item.greeting}" for item in found] == expected


def test_a_host_without_ipv6() -> None:
    entries = parse_entries(["smtp inet n - y - - smtpd", "[127.0.0.1]:25 inet n - y - - smtpd"]).values()
    found = find_listeners(entries, {}, FakeNetwork("answered", ipv6=False), Ports())
    assert [(item.service, item.address) for item in found] == [("smtp/inet", "127.0.0.1")]


SMTP = Listener("smtp/inet", "127.0.0.1", 25, "smtp")


@pytest.mark.parametrize(
    ("replies", "alive", "expected", "tries"),
    [
        (["answered"], True, "answered", 1),
        (["refused", "silent", "answered"], True, "answered", 3),
        (["refused"], False, "refused", 1),
    ],
)
def test_proof_is_tried_until_there_is_no_hope(
    monkeypatch: pytest.MonkeyPatch, replies: list[Reply], alive: bool, expected: str, tries: int
) -> None:
    monkeypatch.setattr(_postfix_listeners, "_PAUSE", 0.001)
    network = FakeNetwork(*replies)
    assert prove(network, [SMTP], 5, lambda: alive) == (Answer(SMTP, t.cast(Reply, expected)),)
    assert len(network.timeouts) == tries


def test_proof_ends_in_time() -> None:
    network = FakeNetwork("refused")
    assert prove(network, [SMTP], 0.3, lambda: True)[0].reply == "refused"
    assert 1 <= len(network.timeouts) <= 3
    assert prove(network, [], 0.3, lambda: True) == ()


def test_nobody_tried_is_told_apart() -> None:
    assert [Answer(SMTP, reply).public()["answered"] for reply in (None, "answered", "silent")] == [None, True, False]
