"""What dig, host and drill of Debian see is what dnspython sees."""

from __future__ import annotations

import dns.rdata
import pytest
from ask import NS12, NS13, ask, texts

# The resolver that believes in the right keys.
RES13 = "10.203.17.244"
COMMANDS = {
    "dig": "dig +noall +answer @{server} {name} {rtype}",
    "host": "host -v -t {rtype} {name} {server}",
    "drill": "drill {name} @{server} {rtype}",
}
RECORDS = [
    ("mail.example.org", "A"),
    ("mail.example.org", "AAAA"),
    ("example.org", "MX"),
    ("example.org", "NS"),
    ("example.org", "TXT"),
    ("host.example.org", "TXT"),
    ("_dmarc.example.org", "TXT"),
    ("_submissions._tcp.example.org", "SRV"),
    ("www.example.net", "CNAME"),
    ("25.2.0.192.in-addr.arpa", "PTR"),
    ("243.17.203.10.in-addr.arpa", "PTR"),
    ("left.example", "DNSKEY"),
    ("right.example", "MX"),
]


def seen(text: str, name: str, rtype: str) -> set[str]:
    """The data of the records of one name and type in an output."""
    lines = [line.split(None, 4) for line in text.splitlines() if not line.startswith(";")]
    found = [line[4] for line in lines if len(line) == 5 and line[0] == f"{name}." and line[2:4] == ["IN", rtype]]
    return {dns.rdata.from_text("IN", rtype, data.partition(" ;")[0]).to_text() for data in found}


@pytest.mark.parametrize("tool", COMMANDS)
@pytest.mark.parametrize("place", [RES13, NS12, NS13])
def test_all_see_the_same(host, place, tool):
    commands = [COMMANDS[tool].format(server=place, name=name, rtype=rtype) for name, rtype in RECORDS]
    printed = host.check_output(" && ".join(commands))
    for name, rtype in RECORDS:
        expected = texts(ask(place, name, rtype), rtype)
        assert expected
        assert seen(printed, name, rtype) == expected
