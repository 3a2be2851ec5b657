"""What a mail server knows of the other one comes from the zones, is validated, and is known nowhere else."""

from __future__ import annotations

import dns.flags
import pytest
from ask import ask, texts

OTHERS = {
    "10.203.17.243": ("right.example", "mail.right.example", "10.203.17.244"),
    "10.203.17.244": ("left.example", "mail.left.example", "10.203.17.243"),
}


@pytest.fixture
def other(server: str) -> tuple[str, str, str]:
    return OTHERS[server]


def test_its_resolver_believes_what_the_zones_say(server, other):
    domain, name, address = other
    pointer = ".".join([*reversed(address.split(".")), "in-addr.arpa"])
    for asked, rtype, data in ((domain, "MX", f"10 {name}."), (name, "A", address), (pointer, "PTR", f"{name}.")):
        answer = ask(server, asked, rtype, dnssec=True)
        assert texts(answer, rtype) == {data}
        assert answer.flags & dns.flags.AD


def test_the_host_asks_its_resolver_and_knows_nothing_by_itself(host, other):
    _domain, name, address = other
    assert "nameserver 127.0.0.1" in host.check_output("cat /etc/resolv.conf")
    assert host.run(f"getent --service=files ahosts {name}").rc == 2
    assert host.check_output(f"getent ahostsv4 {name}").split()[0] == address


def test_postfix_has_no_other_way_to_it(host):
    assert host.check_output("postconf -h relayhost transport_maps") == ""
    assert host.check_output("postconf -h smtp_host_lookup") == "dns"
