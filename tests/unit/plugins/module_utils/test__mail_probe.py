from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe import PlanError, plan_probes

SEND = {"host": "192.0.2.25", "sender": "a@example.org", "recipients": ["b@example.org"]}
FETCH = {"host": "192.0.2.25", "username": "b@example.org", "password": "secret-b"}

PORTS: list[tuple[dict[str, t.Any], str, int, str]] = [
    ({}, "send", 25, "starttls"),
    ({"username": "a", "password": "b"}, "send", 587, "starttls"),
    ({"username": "a", "password": "b", "tls": "implicit"}, "send", 465, "implicit"),
    ({"port": 465}, "send", 465, "implicit"),
    ({"tls": "none"}, "send", 25, "none"),
    ({}, "fetch", 993, "implicit"),
    ({"tls": "starttls"}, "fetch", 143, "starttls"),
    ({"port": 143}, "fetch", 143, "starttls"),
    ({"protocol": "pop3"}, "fetch", 995, "implicit"),
    ({"protocol": "pop3", "tls": "none"}, "fetch", 110, "none"),
]


@pytest.mark.parametrize(("options", "kind", "port", "tls"), PORTS)
def test_port_and_tls(options: dict[str, t.Any], kind: str, port: int, tls: str) -> None:
    if kind == "send":
        (plan,) = plan_probes({"send": {**SEND, **options}})
        assert plan.send is not None
        endpoint = plan.send.endpoint
    else:
        (plan,) = plan_probes({"fetch": [{**FETCH, **options}]})
        endpoint = plan.fetches[0].endpoint
    assert (endpoint.port, endpoint.tls) == (port, tls)
    assert "secret-b" not in repr(plan)


@pytest.mark.parametrize(
    ("parameters", "outcome"),
    [
        ({"send": SEND}, "accepted"),
        ({"send": SEND, "fetch": [FETCH]}, "delivered"),
        ({"fetch": [FETCH]}, "login"),
        ({"fetch": [FETCH], "message_id": "<x@example.org>"}, "delivered"),
        ({"dialogue": {"host": "192.0.2.25", "exchanges": [{"expect_code": [220]}]}}, "accepted"),
    ],
)
def test_default_expectation(parameters: dict[str, t.Any], outcome: str) -> None:
    assert plan_probes(parameters)[0].expectation.outcome == outcome


@pytest.mark.parametrize(
    ("at", "own", "stop"),
    [
        (["connect"], None, "ehlo"),
        (["greeting"], None, "ehlo"),
        (["tls"], None, "auth"),
        (["mail"], None, "rcpt"),
        (["rcpt"], None, "data"),
        (["mail", "rcpt"], None, "data"),
        (["rcpt"], "mail", "mail"),
        (["data"], None, ""),
        (["message"], None, ""),
    ],
)
def test_refusals_stop_behind_their_step(at: list[str], own: str | None, stop: str) -> None:
    (plan,) = plan_probes({"expect": "refused", "at": at, "send": {**SEND, "stop_before": own}})
    assert plan.send is not None
    assert plan.send.stop_before == stop


def test_inner_options_win() -> None:
    plans = plan_probes(
        {
            "host": "one.example.org",
            "ca_path": "/module.pem",
            "timeout": 5.0,
            "probes": [
                {"fetch": [{"ca_path": "/fetch.pem"}, {"host": "[2001:db8::1]"}], "timeout": 7.0},
                {"name": "second", "ca_path": "/probe.pem", "validate_certs": False, "fetch": [{}]},
            ],
        }
    )
    first, second = (plan.fetches[0].endpoint for plan in plans)
    assert [plan.name for plan in plans] == ["probe 1", "second"]
    assert [plan.timeout for plan in plans] == [7.0, 5.0]
    assert (first.host, first.settings.ca_path, first.settings.validate) == ("one.example.org", "/fetch.pem", True)
    assert (second.settings.ca_path, second.settings.validate) == ("/probe.pem", False)
    assert str(plans[0].fetches[1].endpoint) == "[2001:db8::1]:993"


WRONG: list[tuple[dict[str, t.Any], str]] = [
    ({}, "nothing to do"),
    ({"send": {"recipients": ["b@example.org"]}}, "host is missing"),
    ({"send": {"host": "192.0.2.25"}}, "recipients is empty"),
    ({"send": {**SEND, "username": "a"}}, "username and password belong together"),
    ({"send": {**SEND, "recipients": ["b@example.org>\r\nDATA"]}}, "control character"),
    ({"fetch": [{**FETCH, "password": "a\r\nb"}]}, "password has a control character"),
    ({"send": SEND, "dialogue": {"exchanges": []}}, "cannot be combined"),
    ({"dialogue": {"host": "192.0.2.25", "exchanges": []}}, "no exchanges"),
    ({"dialogue": {"host": "192.0.2.25", "exchanges": [{"silent": True, "expect": "x"}]}}, "exclude each other"),
    ({"dialogue": {"host": "192.0.2.25", "exchanges": [{"expect": "("}]}}, "no regular expression"),
    ({"dialogue": {"host": "192.0.2.25", "protocol": "imap", "exchanges": [{"expect_code": [1]}]}}, "is for SMTP"),
    ({"expect": "refused", "send": SEND}, "needs at"),
    ({"expect": "refused", "at": ["login"], "send": SEND}, "send has no step 'login'"),
    ({"expect": "refused", "at": ["rcpt"], "fetch": [FETCH]}, "fetch has no step 'rcpt'"),
    ({"expect": "refused", "at": ["auth"], "send": SEND}, "needs a username"),
    ({"expect": "refused", "at": ["login"], "code": [535], "fetch": [FETCH]}, "code is for SMTP"),
    ({"expect": "refused", "at": ["rcpt"], "response": "(", "send": SEND}, "no regular expression"),
    ({"expect": "refused", "at": ["rcpt"], "send": SEND, "fetch": [FETCH]}, "make two probes"),
    ({"expect": "accepted", "code": [250], "send": SEND}, "belong to expect=refused"),
    ({"at": ["rcpt"], "send": SEND}, "belong to expect=refused"),
    ({"expect": "login", "send": SEND}, "does not fit"),
    ({"expect": "delivered", "fetch": [FETCH]}, "looks for a message"),
    ({"fetch": [{**FETCH, "absent": True}]}, "absent needs a message"),
    ({"fetch": [{**FETCH, "protocol": "pop3", "mailbox": "Junk"}]}, "no mailbox but INBOX"),
    ({"send": SEND, "message_id": "<x@example.org>"}, "put it into headers"),
    ({"send": {**SEND, "size": 10}}, "without any padding"),
    ({"send": {**SEND, "attachments": [{"name": "x", "path": "/nonexistent"}]}}, "cannot be read"),
    ({"send": {**SEND, "stop_before": "data"}, "fetch": [FETCH]}, "nothing to fetch"),
    ({"send": SEND, "interval": 0.0}, "greater than zero"),
    ({"probes": [{"name": "x", "send": SEND}, {"name": "x", "send": SEND}]}, "Several probes have the name 'x'"),
]


@pytest.mark.parametrize(("parameters", "message"), WRONG, ids=[row[1] for row in WRONG])
def test_what_makes_no_sense_is_refused(parameters: dict[str, t.Any], message: str) -> None:
    with pytest.raises(PlanError, match=message.replace("(", r"\(")):
        plan_probes(parameters)
