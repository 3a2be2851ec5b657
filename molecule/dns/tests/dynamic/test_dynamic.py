"""Hosts whose addresses changed are found under the new ones, and no longer under the old ones."""

from __future__ import annotations

import pytest
from ask import NS12, NS13, ask, texts, wait_for

NAMES = {"243": "res12.dynamic.example.org", "244": "res13.dynamic.example.org"}


@pytest.mark.parametrize("number", NAMES)
@pytest.mark.parametrize("place", [NS12, NS13, "the resolver"])
def test_it_is_found_under_the_new_addresses(server, place, number):
    def found(rtype: str) -> set[str]:
        return texts(ask(server if place == "the resolver" else place, NAMES[number], rtype), rtype)

    assert wait_for(lambda: found("A") == {f"203.0.113.1{number[1:]}"})
    assert wait_for(lambda: found("AAAA") == {f"2001:db8:113:1::{number}"})


def test_other_names_of_the_zone_stay():
    assert texts(ask(NS12, "first.dynamic.example.org", "A"), "A") == {"192.0.2.1"}


def test_the_key_is_for_root_alone(host):
    found = host.file("/etc/postmaster/dns_dynamic.key")
    assert (found.user, found.mode) == ("root", 0o600)
    assert host.run("runuser -u postmaster-dns -- cat /etc/postmaster/dns_dynamic.key").rc != 0
