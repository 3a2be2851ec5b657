"""A server that limits its answers cuts a flood, but neither who asks by TCP nor the host itself."""

from __future__ import annotations

import socket

import dns.flags
import dns.message
from ask import ask, texts

ASKED = 200
ASK_INSIDE = """
import socket
question = b"\\x00\\x01\\x00\\x00\\x00\\x01" + bytes(6) + b"\\x04mail\\x07example\\x03org\\x00\\x00\\x01\\x00\\x01"
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(10)
whole = 0
for _number in range(200):
    client.sendto(question, ("127.0.0.1", 53))
    whole += not client.recv(4096)[2] & 2
print(whole)
"""


def test_a_flood_is_cut(server):
    whole, cut = 0, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        for _number in range(ASKED):
            client.sendto(dns.message.make_query("mail.example.org", "A").to_wire(), (server, 53))
        try:
            while True:
                answer = dns.message.from_wire(client.recv(4096), ignore_trailing=True, raise_on_truncation=False)
                if answer.flags & dns.flags.TC:
                    cut += 1
                else:
                    whole += 1
        except TimeoutError:
            pass
    # Some are answered, every second one of the rest is told to come by TCP, and the others get nothing.
    assert 0 < whole < ASKED / 2
    assert 0 < cut < ASKED - whole
    assert texts(ask(server, "mail.example.org", "A"), "A") == {"192.0.2.25"}


def test_who_may_recurse_is_not_limited(host):
    assert host.check_output(f"python3 -c '{ASK_INSIDE}'") == "200"
