# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import typing as t

import pytest
import yaml

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_services as services
from ansible_collections.postmaster.mail.plugins.module_utils._dns_hosts import parse_host

USUAL = {"submissions": 465, "submission": 587, "imaps": 993, "imap": 143, "pop3s": 995, "pop3": 110}
READ_OF_DOVECOT = ("protocols", "listen", "listeners", "settings")
READ_OF_POSTFIX = ("inet_interfaces", "listeners", "services", "submission", "submissions")


def without(*names: str) -> dict[str, int]:
    return {name: port for name, port in USUAL.items() if name not in names}


CASES: list[tuple[str, dict[str, t.Any], dict[str, int]]] = [
    ("nothing said", {}, USUAL),
    ("no POP3", {"dovecot_protocols": ["imap", "lmtp"]}, without("pop3", "pop3s")),
    ("no IMAP", {"dovecot_protocols": ["pop3"]}, without("imap", "imaps")),
    ("ManageSieve", {"dovecot_protocols": ["imap", "pop3", "sieve"]}, {**USUAL, "sieve": 4190}),
    ("Sieve at delivery alone", {"dovecot_sieve": True}, USUAL),
    ("no submissions", {"postfix_submissions": False}, without("submissions")),
    ("no submission, as text", {"postfix_submission": "no"}, without("submission")),
    ("Postfix for this host alone", {"postfix_inet_interfaces": "loopback-only"}, without("submission", "submissions")),
    (
        "a loopback address",
        {"postfix_inet_interfaces": "127.0.0.1, [::1]", "dovecot_listen": ["127.0.0.1", "::1"]},
        {},
    ),
    ("one more address", {"dovecot_listen": ["127.0.0.1", "192.0.2.1"]}, USUAL),
    ("service withdrawn", {"postfix_services": [{"name": "submission", "state": "absent"}]}, without("submission")),
    ("a closed listener", {"dovecot_listeners": [{"name": "imap", "port": 0}]}, without("imap")),
    ("another port", {"dovecot_listeners": [{"name": "imaps", "port": 9993}]}, {**USUAL, "imaps": 9993}),
    ("for the host alone", {"dovecot_listeners": [{"name": "imap", "addresses": ["127.0.0.1"]}]}, without("imap")),
    ("behind a proxy", {"dovecot_listeners": [{"name": "imaps", "haproxy": True}]}, without("imaps")),
    (
        "a listener that is filled with nothing",
        {"dovecot_listeners": [{"name": "imaps", "port": None, "tls": None, "addresses": None, "haproxy": None}]},
        USUAL,
    ),
    (
        "a listener of one's own beside the usual one",
        {"dovecot_listeners": [{"name": "more", "protocol": "imap", "port": 9993, "tls": True}]},
        USUAL,
    ),
    (
        "a listener of one's own instead",
        {
            "dovecot_listeners": [
                {"name": "imaps", "port": 0},
                {"name": "more", "protocol": "imap", "port": 9993, "tls": True},
            ]
        },
        {**USUAL, "imaps": 9993},
    ),
    (
        "TLS first at the port of STARTTLS",
        {"dovecot_listeners": [{"name": "imap", "tls": True}]},
        {**without("imap"), "imaps": 143},
    ),
    ("LMTP is nothing for clients", {"dovecot_listeners": [{"name": "in", "protocol": "lmtp", "port": 24}]}, USUAL),
    ("a port that is none", {"dovecot_listeners": [{"name": "imap", "port": "often"}]}, without("imap")),
    ("no TLS at all", {"dovecot_settings": {"ssl": "no"}}, {"submissions": 465, "submission": 587}),
    ("settings win", {"dovecot_settings": {"protocols": ["imap"]}}, without("pop3", "pop3s")),
    ("settings win as text", {"dovecot_settings": {"protocols": "imap lmtp"}}, without("pop3", "pop3s")),
    (
        "settings close a listener",
        {"dovecot_settings": {"service pop3-login": {"inet_listener pop3": {"port": 0}}}},
        without("pop3"),
    ),
    (
        "submission by Dovecot",
        {
            "postfix_submission": False,
            "postfix_submissions": False,
            "dovecot_protocols": ["imap", "submission"],
            "dovecot_listeners": [{"name": "submissions", "port": 4650}],
        },
        {"submissions": 4650, "submission": 587, "imaps": 993, "imap": 143},
    ),
    (
        "submission at another port alone",
        {
            "postfix_submission": False,
            "postfix_submissions": False,
            "postfix_listeners": [
                {"name": "192.0.2.1:2465", "role": "submission", "wrappermode": True},
                {"name": "2587", "role": "submission"},
                {"name": "127.0.0.1:2588", "role": "submission"},
                {"name": "2525", "role": "mta"},
            ],
        },
        {**USUAL, "submissions": 2465, "submission": 2587},
    ),
    (
        "submission for the host alone",
        {"postfix_submission": False, "postfix_listeners": [{"name": "[::1]:2587", "role": "submission"}]},
        without("submission"),
    ),
    (
        "a listener that is gone",
        {"postfix_submission": False, "postfix_listeners": [{"name": "2587", "role": "submission", "state": "absent"}]},
        without("submission"),
    ),
]


@pytest.mark.parametrize(("variables", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_services_of_an_inventory(variables: dict[str, t.Any], expected: dict[str, int]) -> None:
    found = services.services_from_variables(variables)
    assert found == expected
    assert list(found) == [name for name in services.SERVICE_PORTS if name in found]


def test_defaults_are_those_of_the_roles(checkout_defaults: t.Callable[[str], dict[str, t.Any]]) -> None:
    named = {
        **{f"dovecot_{name}": checkout_defaults("dovecot")[f"dovecot_{name}"] for name in READ_OF_DOVECOT},
        **{f"postfix_{name}": checkout_defaults("postfix")[f"postfix_{name}"] for name in READ_OF_POSTFIX},
    }
    assert services.services_from_variables(named) == services.services_from_variables({})


@pytest.mark.parametrize("off", [named for size in range(5) for named in itertools.combinations(USUAL, size)])
def test_nothing_is_offered_that_is_off(off: tuple[str, ...]) -> None:
    hosts = [
        parse_host({"hostname": name, "domains": ["example.org"], "services": without(*off)}, name)
        for name in ("mx1.example.org", "mx2.example.org")
    ]
    endpoints = services.endpoints_of(hosts)
    assert {endpoint.service for endpoint in endpoints} == set(USUAL) - set(off)
    assert len(endpoints) == 2 * len(without(*off))
    for protocol in ("imap", "pop3", "submission"):
        order = [(one.hostname, not one.implicit_tls) for one in endpoints if one.protocol == protocol]
        assert order == sorted(order)


@pytest.fixture
def checkout_defaults(pytestconfig: pytest.Config) -> t.Callable[[str], dict[str, t.Any]]:
    def read(role: str) -> dict[str, t.Any]:
        return dict(yaml.safe_load((pytestconfig.rootpath / "roles" / role / "defaults" / "main.yml").read_text()))

    return read
