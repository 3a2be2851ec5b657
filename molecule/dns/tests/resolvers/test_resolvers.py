"""Two resolvers in front: one has the right keys of both zones, the other a wrong one of example.net."""

from __future__ import annotations

import dns.flags
import dns.rcode
import pytest
from ask import ask, texts, wait_for

RES12, RES13 = "10.203.17.243", "10.203.17.244"


@pytest.mark.parametrize(
    ("name", "rtype"),
    [("mail.example.org", "A"), ("mail.example.net", "A"), ("example.org", "MX"), ("25.2.0.192.in-addr.arpa", "PTR")],
)
def test_what_bind_signed_is_secure(name, rtype):
    def is_secure() -> bool:
        return bool(ask(RES13, name, rtype, dnssec=True).flags & dns.flags.AD)

    assert wait_for(is_secure)
    assert texts(ask(RES13, name, rtype), rtype)


def test_a_denial_is_secure_as_well():
    answer = ask(RES13, "nobody.example.net", "A", dnssec=True)
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.flags & dns.flags.AD


def test_an_unsigned_zone_is_not_called_secure():
    answer = ask(RES13, "first.dynamic.example.org", "A", dnssec=True)
    assert texts(answer, "A") == {"192.0.2.1"}
    assert not answer.flags & dns.flags.AD


def test_what_another_key_signed_is_bogus():
    assert ask(RES12, "mail.example.net", "A").rcode() == dns.rcode.SERVFAIL
    # It is there, and only the signature is wrong.
    assert texts(ask(RES12, "mail.example.net", "A", checking=False), "A") == {"198.51.100.25"}
