"""What is said depends on who asks."""

from __future__ import annotations

import dns.flags
import dns.rcode
from ask import ask, texts

ASK_INSIDE = """
import socket
question = b"\\x00\\x01\\x01\\x00\\x00\\x01" + bytes(6) + b"\\x05split\\x07example\\x00\\x00\\x10\\x00\\x01"
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(10)
client.sendto(question, ("127.0.0.1", 53))
answer = client.recv(4096)
print(b"inside" in answer, b"outside" in answer)
"""


def test_outside_gets_the_outer_zone_and_no_recursion(server):
    assert texts(ask(server, "split.example", "TXT"), "TXT") == {'"outside"'}
    answer = ask(server, "www.example.com", "A")
    assert answer.rcode() == dns.rcode.REFUSED
    assert not answer.flags & dns.flags.RA


def test_inside_gets_the_inner_zone(host):
    assert host.check_output(f"python3 -c '{ASK_INSIDE}'") == "True False"


def test_zones_of_the_distribution_are_still_there(host):
    for view in ("inside", "outside"):
        found = host.run(f"rndc zonestatus localhost IN {view}")
        assert (found.rc == 0) is (host.file("/etc/bind/named.conf.default-zones").exists)
