# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postconf import Postconf
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy import Answer, attribute
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy_access import (
    client_keys,
    effect_of,
    mail_keys,
)
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy_config import (
    LookupFailedError,
    Settings,
    Tables,
    in_domains,
    in_networks,
    read_settings,
)
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy_rules import (
    Decision,
    Evaluator,
    Outcome,
    Session,
    Unknown,
)

CONTENT = {
    "hash:/client": {"192.0.2": "REJECT", "example.net": "DEFER"},
    "hash:/sender": {"blocked.example": "REJECT no", "classy@example.net": "strict", "<>": "DUNNO"},
    "hash:/rcpt": {"closed@": "554 closed", "open@example.org": "OK"},
    "hash:/virtual": {"alice@example.org": "root", "open@example.org": "root", "closed@example.org": "root"},
    "hash:/logins": {"alice@example.org": "alice"},
    "unix:passwd.byname": {"root": "x"},
}


class FakePostmap:
    def __init__(self) -> None:
        self.calls = 0

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        self.calls += 1
        if argv[-1] not in CONTENT:
            return CommandResult(1, "", f"postmap: fatal: open {argv[-1]}: No such file or directory")
        key = (data or "").rstrip("\n")
        answer = CONTENT[argv[-1]].get(key)
        return CommandResult(1, "", "") if answer is None else CommandResult(0, f"{key}\t{answer}\n", "")


BASE = {
    "mydestination": "localhost, mail.example.org",
    "mynetworks": "127.0.0.0/8 [::1]/128",
    "virtual_alias_domains": "example.org",
    "virtual_alias_maps": "proxy:hash:/virtual",
    "local_recipient_maps": "proxy:unix:passwd.byname",
    "parent_domain_matches_subdomains": "smtpd_access_maps,relay_domains",
    "relay_domains": "example.com",
    "recipient_delimiter": "+",
    "smtpd_null_access_lookup_key": "<>",
    "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
    "smtpd_reject_unlisted_recipient": "yes",
    "smtpd_relay_before_recipient_restrictions": "yes",
    "smtpd_restriction_classes": "strict",
    "strict": "reject_plaintext_session",
    "smtpd_sender_login_maps": "hash:/logins",
}
STRANGER = Session(
    "198.51.100.7", "client.example.edu", "client.example.edu", "bob@example.net", "alice@example.org", None, False
)


def evaluate(parameters: dict[str, str], **changes: t.Any) -> Outcome:
    settings = Settings("smtp/inet", {**BASE, **parameters})
    tables = Tables(FakePostmap(), "postmap", None)
    return Evaluator(settings, tables, dataclasses.replace(STRANGER, **changes)).run()


RELAY = "smtpd_relay_restrictions"
CASES: list[tuple[dict[str, str], dict[str, t.Any], str, tuple[str, str] | None]] = [
    ({}, {}, "accepted", None),
    ({}, {"recipient": "alice+x@example.org"}, "accepted", None),
    ({}, {"recipient": "root"}, "accepted", None),
    ({}, {"recipient": "x@sub.example.com"}, "accepted", None),
    ({}, {"recipient": "x@example.net"}, "refused", (RELAY, "reject_unauth_destination")),
    ({}, {"recipient": "x%example.net@example.org"}, "refused", (RELAY, "reject_unauth_destination")),
    ({}, {"recipient": "x@example.net", "address": "127.0.0.1"}, "accepted", (RELAY, "permit_mynetworks")),
    ({}, {"recipient": "x@example.net", "address": "::1"}, "accepted", (RELAY, "permit_mynetworks")),
    ({}, {"recipient": "x@example.net", "login": "alice"}, "accepted", (RELAY, "permit_sasl_authenticated")),
    ({}, {"recipient": "nobody@example.org"}, "refused", ("smtpd_reject_unlisted_recipient",) * 2),
    ({"smtpd_reject_unlisted_recipient": "no"}, {"recipient": "nobody@example.org"}, "accepted", None),
    (
        {RELAY: "defer_unauth_destination"},
        {"recipient": "x@example.net"},
        "deferred",
        (RELAY, "defer_unauth_destination"),
    ),
    (
        {"smtpd_client_restrictions": "check_client_access hash:/client"},
        {"address": "192.0.2.5", "name": "unknown"},
        "refused",
        ("smtpd_client_restrictions", "check_client_access hash:/client"),
    ),
    (
        {"smtpd_client_restrictions": "hash:/client"},
        {"name": "a.b.example.net"},
        "deferred",
        ("smtpd_client_restrictions", "hash:/client"),
    ),
    ({"smtpd_client_restrictions": "warn_if_reject reject"}, {}, "accepted", None),
    (
        {"smtpd_sender_restrictions": "check_sender_access hash:/sender"},
        {"sender": "x@a.blocked.example"},
        "refused",
        ("smtpd_sender_restrictions", "check_sender_access hash:/sender"),
    ),
    (
        {"smtpd_sender_restrictions": "check_sender_access hash:/sender"},
        {"sender": "classy@example.net"},
        "refused",
        ("smtpd_sender_restrictions", "check_sender_access hash:/sender"),
    ),
    (
        {"smtpd_sender_restrictions": "check_sender_access hash:/sender"},
        {"sender": "classy@example.net", "tls": True},
        "accepted",
        None,
    ),
    ({"smtpd_sender_restrictions": "strict"}, {}, "refused", ("smtpd_sender_restrictions", "reject_plaintext_session")),
    (
        {"smtpd_recipient_restrictions": "check_recipient_access hash:/rcpt, reject"},
        {"recipient": "open@example.org"},
        "accepted",
        ("smtpd_recipient_restrictions", "check_recipient_access hash:/rcpt"),
    ),
    (
        {"smtpd_recipient_restrictions": "hash:/rcpt"},
        {"recipient": "closed+x@example.org"},
        "refused",
        ("smtpd_recipient_restrictions", "hash:/rcpt"),
    ),
    (
        {"smtpd_helo_restrictions": "reject_invalid_helo_hostname"},
        {"helo": "-x"},
        "refused",
        ("smtpd_helo_restrictions", "reject_invalid_helo_hostname"),
    ),
    (
        {"smtpd_helo_restrictions": "reject_non_fqdn_helo_hostname"},
        {"helo": "host"},
        "refused",
        ("smtpd_helo_restrictions", "reject_non_fqdn_helo_hostname"),
    ),
    ({"smtpd_helo_restrictions": "reject_non_fqdn_helo_hostname"}, {"helo": "[192.0.2.1]"}, "accepted", None),
    (
        {"smtpd_sender_restrictions": "reject_non_fqdn_sender"},
        {"sender": "bob@host"},
        "refused",
        ("smtpd_sender_restrictions", "reject_non_fqdn_sender"),
    ),
    ({"smtpd_sender_restrictions": "reject_non_fqdn_sender"}, {"sender": ""}, "accepted", None),
    (
        {"smtpd_sender_restrictions": "reject_sender_login_mismatch"},
        {"sender": "alice@example.org", "login": "bob"},
        "refused",
        ("smtpd_sender_restrictions", "reject_sender_login_mismatch"),
    ),
    (
        {"smtpd_sender_restrictions": "reject_sender_login_mismatch"},
        {"sender": "alice@example.org", "login": "alice"},
        "accepted",
        (RELAY, "permit_sasl_authenticated"),
    ),
    (
        {"smtpd_sender_restrictions": "reject_sender_login_mismatch"},
        {"sender": "alice@example.org"},
        "refused",
        ("smtpd_sender_restrictions", "reject_sender_login_mismatch"),
    ),
    ({"smtpd_sender_restrictions": "reject_authenticated_sender_login_mismatch"}, {}, "accepted", None),
]


@pytest.mark.parametrize(("parameters", "changes", "verdict", "decided_by"), CASES)
def test_evaluator(
    parameters: dict[str, str], changes: dict[str, t.Any], verdict: str, decided_by: tuple[str, str] | None
) -> None:
    outcome = evaluate(parameters, **changes)
    assert outcome.unknown == ()
    assert outcome.verdict == verdict
    decision = outcome.decision
    assert (None if decision is None else (decision.parameter, decision.restriction)) == decided_by


UNKNOWN = [
    "reject_unknown_sender_domain",
    "reject_rbl_client dnsbl.example",
    "check_policy_service inet:127.0.0.1:9",
    "check_sender_mx_access hash:/client",
    "check_sender_access hash:/missing",
    "reject_unheard_of",
]


@pytest.mark.parametrize("restriction", UNKNOWN)
def test_what_cannot_be_told_is_unknown(restriction: str) -> None:
    outcome = evaluate({"smtpd_sender_restrictions": f"{restriction}, permit"})
    assert (outcome.verdict, outcome.presumed) == ("unknown", "accepted")
    assert [item.restriction for item in outcome.unknown] == [restriction]


def test_a_decision_before_the_unknown_is_certain() -> None:
    outcome = evaluate(
        {"smtpd_client_restrictions": "reject", "smtpd_sender_restrictions": "reject_unknown_sender_domain"}
    )
    assert outcome.verdict == "refused"


def test_classes_that_refer_to_each_other_end() -> None:
    outcome = evaluate({"strict": "strict", "smtpd_sender_restrictions": "strict"})
    assert outcome.verdict == "unknown"


RBL = Unknown("smtpd_recipient_restrictions", "reject_rbl_client dnsbl.example", "only a dialogue can tell")
POLICY = Unknown("smtpd_recipient_restrictions", "check_policy_service inet:127.0.0.1:9", "only a dialogue can tell")
END = Decision("smtpd_relay_restrictions", "reject_unauth_destination")
ATTRIBUTED: list[tuple[str, str, str, Outcome, str | None]] = [
    ("refused", "rcpt", "Relay access denied", Outcome("refused", END, ()), "reject_unauth_destination"),
    ("refused", "rcpt", "blocked using dnsbl.example", Outcome("accepted", None, (RBL,)), RBL.restriction),
    ("refused", "rcpt", "Relay access denied", Outcome("refused", END, (RBL,)), "reject_unauth_destination"),
    ("refused", "rcpt", "who knows", Outcome("refused", END, (POLICY,)), None),
    ("refused", "rcpt", "who knows", Outcome("accepted", None, ()), None),
    ("refused", "mail", "who knows", Outcome("refused", END, ()), None),
    ("accepted", "rcpt", "Ok", Outcome("accepted", Decision("a", "permit"), (RBL,)), "permit"),
    ("accepted", "rcpt", "Ok", Outcome("refused", END, ()), None),
]


@pytest.mark.parametrize(("verdict", "step", "text", "outcome", "expected"), ATTRIBUTED)
def test_attribute(verdict: t.Any, step: str, text: str, outcome: Outcome, expected: str | None) -> None:
    code = 250 if verdict == "accepted" else 554
    decision = attribute(Answer("a@example.org", verdict, step, code, "", text), outcome)
    assert (None if decision is None else decision.restriction) == expected


def test_keys() -> None:
    assert client_keys("a.example.net", "192.0.2.1", "hash:x", subdomains=True) == [
        *("a.example.net", "example.net", "net"),
        *("192.0.2.1", "192.0.2", "192.0", "192"),
    ]
    assert client_keys("a.example.net", "192.0.2.1", "proxy:pcre:x", subdomains=True) == ["a.example.net", "192.0.2.1"]
    options: dict[str, t.Any] = {"delimiters": "+", "null_key": "<>"}
    assert mail_keys("a+b@example.net", "hash:x", subdomains=False, **options) == [
        *("a+b@example.net", "a@example.net", "example.net", ".net", "a+b@", "a@"),
    ]
    assert mail_keys("", "hash:x", subdomains=True, **options) == ["<>"]
    assert mail_keys("root", "hash:x", subdomains=True, **options) == ["root", "root@"]


EFFECTS = [
    ("REJECT text", "reject"),
    ("554 5.7.1 no", "reject"),
    ("450 later", "defer"),
    ("OK", "permit"),
    ("1", "permit"),
    ("DUNNO", "continue"),
    ("PREPEND X: y", "continue"),
    ("permit_mynetworks, reject", "restrictions"),
]


@pytest.mark.parametrize(("answer", "expected"), EFFECTS)
def test_effect_of(answer: str, expected: str) -> None:
    assert effect_of(answer) == expected


def test_lists() -> None:
    tables = Tables(FakePostmap(), "postmap", None)
    assert not in_networks("192.0.2.1", ["!192.0.2.1", "192.0.2.0/24"], tables)
    assert in_networks("192.0.2.2", ["!192.0.2.1", "192.0.2.0/24"], tables)
    assert not in_networks("unknown", ["0.0.0.0/0"], tables)
    assert in_domains("a.example.com", [".example.com"], tables, subdomains=False)
    assert not in_domains("a.example.com", ["example.com"], tables, subdomains=False)
    with pytest.raises(LookupFailedError, match="the file /etc/list"):
        in_domains("example.com", ["/etc/list"], tables, subdomains=False)


def test_answers_are_remembered() -> None:
    postmap = FakePostmap()
    tables = Tables(postmap, "postmap", None)
    assert tables.find("hash:/rcpt", "closed@") == tables.find("hash:/rcpt", "closed@") == "554 closed"
    assert postmap.calls == 1


class FakePostconf:
    def __init__(self) -> None:
        self.argv: list[str] = []

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        assert data is None
        if argv[-1] == "-M":
            line = "10025 inet n - n - - smtpd -o {smtpd_client_restrictions=a b} -o smtpd_restriction_classes=strict\n"
            return CommandResult(0, f"smtp inet n - y - - smtpd\n{line}", "")
        self.argv = list(argv)
        return CommandResult(0, "smtpd_restriction_classes = strict\nstrict = reject\n", "")


def test_settings_of_a_service() -> None:
    runner = FakePostconf()
    settings = read_settings(Postconf(runner), 10025)
    assert settings.service == "10025/inet"
    assert settings.words("strict") == ["reject"]
    assert "smtpd_client_restrictions=a b" in runner.argv
    assert read_settings(Postconf(runner), 4711).service is None
