from __future__ import annotations

import re

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_probe_judge as judge
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe import Expectation
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import Endpoint, Step

ENDPOINT = Endpoint("192.0.2.25", 25, "none")
RELAY = Step("rcpt", False, "5.7.1 <v@example.com>: Relay access denied", 0.0, 554, "5.7.1", "v@example.com")
UNKNOWN = Step("rcpt", False, "5.1.1 <x@example.org>: User unknown", 0.0, 550, "5.1.1", "x@example.org")
VIRUS = Step("message", False, "5.7.1 virus", 0.0, 550, "5.7.1")
GONE = Step("connect", False, "[Errno 111] Connection refused", 0.0)

JUDGED = [
    (Expectation("refused", ("rcpt",), (554,), "5.7.1", "[Rr]elay"), RELAY, [], [RELAY], []),
    (Expectation("refused", ("rcpt",)), RELAY, [], [UNKNOWN, RELAY], []),
    (Expectation("refused", ("message",)), VIRUS, ["b@example.org"], [], []),
    (Expectation("refused", ("rcpt", "message")), VIRUS, ["b@example.org"], [], []),
    (Expectation("refused", ("rcpt",)), None, [], [], ["accepted everything"]),
    (Expectation("refused", ("rcpt",)), None, ["b@example.com"], [RELAY], ["accepted the recipient b@example.com"]),
    (Expectation("refused", ("rcpt",), (554,)), UNKNOWN, [], [UNKNOWN, RELAY], ["another code.*code 554.*550 5.1.1"]),
    (Expectation("refused", ("rcpt",), (), "5.1.1"), RELAY, [], [RELAY], ["another enhanced code"]),
    (Expectation("refused", ("rcpt",), (), "", "greylisted"), RELAY, [], [RELAY], ["another reply"]),
    (Expectation("refused", ("rcpt",)), GONE, [], [], ["another step.*Nothing listens there"]),
]


@pytest.mark.parametrize(("expectation", "refusal", "accepted", "refused", "problems"), JUDGED)
def test_refusal(
    expectation: Expectation, refusal: Step | None, accepted: list[str], refused: list[Step], problems: list[str]
) -> None:
    found = judge.judge_refusal(expectation, refusal, ENDPOINT, accepted=accepted, refused=refused)
    assert len(found) == len(problems)
    for text, pattern in zip(found, problems):
        assert re.search(pattern, text)


@pytest.mark.parametrize(
    ("step", "text", "advice"),
    [
        ("certificate", "Hostname mismatch, certificate is not valid for 'x'.", "set server_name"),
        ("certificate", "self-signed certificate", "set ca_path"),
        ("certificate", "unable to get local issuer certificate", "set ca_path"),
        ("certificate", "certificate has expired", "Renew"),
        ("tls", "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "tls=starttls"),
        ("connect", "timed out", "packet filter"),
        ("auth", "5.5.1 Error: authentication not enabled", "TLS first"),
        ("auth", "5.7.8 Error: authentication failed", "user name and password"),
        ("auth", "4.7.0 Temporary authentication failure", "authentication service"),
        ("login", "NO [PRIVACYREQUIRED] Cleartext authentication disallowed", "TLS first"),
        ("rcpt", "5.7.1 Relay access denied", "does not relay"),
        ("ehlo", "whatever", ""),
    ],
)
def test_remedy(step: str, text: str, advice: str) -> None:
    remedy = judge.remedy(Step(step, False, text, 0.0))
    assert advice in remedy
    assert bool(remedy) == bool(advice)
