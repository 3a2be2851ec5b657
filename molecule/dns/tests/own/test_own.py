"""What a resolver answers by itself, and what it leaves to the name servers."""

from __future__ import annotations

import dns.rcode
from ask import ask, texts


def test_a_static_zone_has_nothing_else(server):
    assert texts(ask(server, "one.printers.example", "A"), "A") == {"192.0.2.61"}
    assert ask(server, "two.printers.example", "A").rcode() == dns.rcode.NXDOMAIN


def test_a_transparent_zone_leaves_other_names(server):
    assert texts(ask(server, "inside.example.org", "A"), "A") == {"192.0.2.62"}
    assert texts(ask(server, "mail.example.org", "A"), "A") == {"192.0.2.25"}


def test_a_typetransparent_zone_leaves_other_types_of_a_name(server):
    assert texts(ask(server, "mail.right.example", "TXT"), "TXT") == {'"inside"'}
    assert texts(ask(server, "mail.right.example", "A"), "A") == {"10.203.17.244"}
