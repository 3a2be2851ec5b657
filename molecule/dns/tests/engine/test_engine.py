"""BIND in the place of unbound: it validates, for the host and for the network, and unbound does not run."""

from __future__ import annotations

import dns.flags
from ask import ask, texts


def test_bind_answers_and_validates(server, host):
    answer = ask(server, "right.example", "MX", dnssec=True)
    assert texts(answer, "MX") == {"10 mail.right.example."}
    assert answer.flags & dns.flags.AD
    assert not host.service("unbound").is_running
    assert not host.file("/etc/unbound/unbound.conf.d/postmaster-mail.conf").exists


def test_the_host_asks_it(host):
    assert "nameserver 127.0.0.1" in host.check_output("cat /etc/resolv.conf")
    assert host.check_output("getent ahostsv4 mail.left.example").split()[0] == "10.203.17.243"
