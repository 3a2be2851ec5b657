"""Nobody relays without a login, on any port and over either family, and with one only under an address of the own."""

from __future__ import annotations

import pytest
from dialogue import LISTENERS, ask, connect, log_in

SUBMISSION = [port for port, tls in LISTENERS.items() if tls != "none"]
# Takes what the users of another server write, bounces among it.
FOR_PARTNER = 2587
REFUSED = {501, 530, 550, 553, 554}


@pytest.mark.parametrize("port", LISTENERS)
def test_a_stranger_cannot_relay(server, address, port):
    forms = [
        "victim@elsewhere.example",
        f"victim%elsewhere.example@{server.domain}",
        f'"victim@elsewhere.example"@{server.domain}',
        f"@{server.domain}:victim@elsewhere.example",
        f"elsewhere.example!victim@{server.domain}",
        f"victim@elsewhere.example@{server.domain}",
        f"victim@sub.{server.domain}",
        "victim@[192.0.2.1]",
    ]
    with connect(address, port) as session:
        _sender, *replies = ask(session, "", *forms)
        _sender, under_our_name = ask(session, f"alice@{server.domain}", forms[0])
        _sender, for_our_users = ask(session, "friend@friend.example", f"alice@{server.domain}")
    assert {form: text for form, (code, text) in zip(forms, replies) if code not in REFUSED} == {}
    assert under_our_name[0] in REFUSED
    assert (for_our_users[0] in REFUSED) == (port in SUBMISSION)


@pytest.mark.parametrize("port", [port for port in SUBMISSION if port != FOR_PARTNER])
def test_a_user_relays_after_login_under_an_own_address_alone(server, port):
    with log_in(server.ipv4, port, f"bob@{server.domain}") as session:
        own = ask(session, f"bob@{server.domain}", "somebody@elsewhere.example")[-1]
        others = {
            sender: ask(session, sender, f"alice@{server.domain}")[-1]
            for sender in ("", f"alice@{server.domain}", "stranger@elsewhere.example")
        }
    assert own[0] == 250
    assert {sender: text for sender, (code, text) in others.items() if code not in REFUSED} == {}


def test_a_wrong_password_is_refused(server):
    with connect(server.ipv4, 587) as session:
        assert session.docmd("AUTH PLAIN AGJvYkBleGFtcGxlLm9yZwB3cm9uZw==")[0] == 535


def test_there_is_no_login_on_port_25(server):
    with connect(server.ipv4, 25) as session:
        assert not session.has_extn("auth")


def test_a_relay_domain_is_relayed_and_its_neighbour_is_not(server, partner):
    with connect(server.ipv4, 25) as session:
        replies = ask(session, "", f"guest@backup.{partner.domain}", f"guest@other.{partner.domain}")
    assert [code for code, _text in replies] == [250, 250, 554]
