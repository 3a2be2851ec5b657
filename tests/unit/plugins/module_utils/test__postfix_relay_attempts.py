"""What a stranger would try."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_relay_attempts import Attempt, relay_attempts


def _attempts(**changes: t.Any) -> list[Attempt]:
    options: dict[str, t.Any] = {
        "services": ["smtp"],
        "addresses": ["198.51.100.1", "127.0.0.1", "fe80::1", "::1", "2001:db8:1::1"],
        "domains": ["example.com", "mail.example.com"],
        "tls": {},
        "trusted": ["127.0.0.0/8"],
    }
    return relay_attempts(**{**options, **changes})


def test_every_address_but_those_a_stranger_cannot_reach() -> None:
    assert {(a.host, a.port, a.tls, a.config_client) for a in _attempts()} == {
        ("198.51.100.1", 25, "none", "192.0.2.25"),
        ("2001:db8:1::1", 25, "none", "2001:db8::25"),
    }


def test_recipients_are_in_no_domain_of_the_host() -> None:
    attempt = _attempts()[0]
    assert attempt.recipients[0] == "stranger@example.net"
    assert "stranger%example.net@example.com" in attempt.recipients
    assert [a.sender for a in _attempts()] == ["", "postmaster@example.com", ""]


@pytest.mark.parametrize(
    ("service", "tls", "port", "way"),
    [
        ("submission", {"submission": "starttls"}, 587, "starttls"),
        ("smtps", {}, 465, "implicit"),
        ("2525", {}, 2525, "none"),
        ("198.51.100.1:2525", {"198.51.100.1:2525": "implicit"}, 2525, "implicit"),
    ],
)
def test_ports(service: str, tls: dict[str, str], port: int, way: str) -> None:
    attempt = _attempts(services=[service], tls=tls)[0]
    assert (attempt.port, attempt.tls) == (port, way)


@pytest.mark.parametrize("service", ["127.0.0.1:10025", "[::1]:10025", "nobody-knows"])
def test_listeners_out_of_reach(service: str) -> None:
    assert _attempts(services=[service]) == []


def test_a_service_that_cannot_answer_yet_is_judged_by_its_configuration() -> None:
    attempts = _attempts(services=["smtp", "submission"], unasked=["submission"])
    assert {(attempt.port, attempt.dialogue) for attempt in attempts} == {(25, True), (587, False)}


@pytest.mark.parametrize(
    ("trusted", "dialogue"),
    [(["127.0.0.0/8"], True), (["198.51.100.0/24"], False), (["hash:/etc/x"], False), (["[2001:db8::]/32"], True)],
)
def test_a_host_that_trusts_itself_is_no_stranger(trusted: list[str], dialogue: bool) -> None:
    assert _attempts(trusted=trusted)[0].dialogue is dialogue
