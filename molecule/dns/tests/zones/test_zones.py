"""What two name servers tell everybody, what only each other, and what is on their disks."""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.rcode
import pytest
from ask import NS12, NS13, TRANSFER, UPDATE, ask, serial, texts, transfer, update, wait_for

ZONES = {
    "example.org": NS12,
    "dynamic.example.org": NS12,
    "2.0.192.in-addr.arpa": NS12,
    "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": NS12,
    "example.net": NS13,
    "100.51.198.in-addr.arpa": NS13,
    "left.example": NS12,
    "right.example": NS12,
    "17.203.10.in-addr.arpa": NS12,
}
SIGNED = ["example.org", "example.net", "2.0.192.in-addr.arpa", "left.example", "right.example"]


@pytest.mark.parametrize("zone", ZONES)
def test_both_servers_have_the_same_zone(server, zone):
    assert wait_for(lambda: serial(NS12, zone) == serial(NS13, zone))
    answer = ask(server, zone, "SOA")
    assert answer.flags & dns.flags.AA
    assert texts(answer, "SOA").pop().startswith("ns12.example.org. hostmaster.example.org. ")
    assert texts(ask(server, zone, "NS"), "NS") == {"ns12.example.org.", "ns13.example.org."}


@pytest.mark.parametrize(
    ("name", "rtype", "expected"),
    [
        ("mail.example.org", "A", {"192.0.2.25"}),
        ("mail.example.org", "AAAA", {"2001:db8::25"}),
        ("example.org", "MX", {"10 mail.example.org."}),
        ("example.org", "TXT", {'"v=spf1 mx -all"'}),
        ("host.example.org", "TXT", {'"Gr\\195\\188\\195\\159e"'}),
        ("_submissions._tcp.example.org", "SRV", {"0 1 465 mail.example.org."}),
        ("example.net", "MX", {"10 mail.example.net."}),
        ("www.example.net", "CNAME", {"mail.example.net."}),
        ("first.dynamic.example.org", "A", {"192.0.2.1"}),
        ("25.2.0.192.in-addr.arpa", "PTR", {"mail.example.org."}),
        ("25.100.51.198.in-addr.arpa", "PTR", {"mail.example.net."}),
        ("left.example", "MX", {"10 mail.left.example."}),
        ("243.17.203.10.in-addr.arpa", "PTR", {"mail.left.example."}),
        (
            "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
            "PTR",
            {"mail.example.org."},
        ),
    ],
)
def test_records_are_served_by_both(server, name, rtype, expected):
    assert texts(ask(server, name, rtype), rtype) == expected


def test_what_does_not_exist_is_denied_with_authority(server):
    answer = ask(server, "nobody.example.org", "A")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.flags & dns.flags.AA


def test_strangers_get_no_recursion(server):
    answer = ask(server, "www.example.com", "A")
    assert answer.rcode() == dns.rcode.REFUSED
    assert not answer.flags & dns.flags.RA
    assert texts(ask(server, "mail.example.org", "A"), "A")


@pytest.mark.parametrize("zone", ["example.org", "example.net"])
def test_a_whole_zone_is_for_who_has_the_key(zone):
    primary = ZONES[zone]
    secondary = {NS12: NS13, NS13: NS12}[primary]
    assert len(transfer(primary, zone, TRANSFER).nodes) > 5
    for server, secret in ((primary, ""), (primary, UPDATE), (secondary, ""), (secondary, TRANSFER)):
        with pytest.raises(dns.exception.DNSException):
            transfer(server, zone, secret)


@pytest.mark.parametrize("zone", SIGNED)
def test_signed_zones_have_signatures_on_both(server, zone):
    # named signs in the background, and the secondary follows.
    assert wait_for(lambda: bool(texts(ask(server, zone, "SOA", dnssec=True), "RRSIG")))
    assert texts(ask(server, zone, "DNSKEY"), "DNSKEY")


def test_denials_are_hashed_where_the_policy_says_so(server):
    def denial(name: str) -> set[str]:
        answer = ask(server, name, "A", dnssec=True)
        return {dns.rdatatype.to_text(rrset.rdtype) for rrset in answer.authority}

    assert wait_for(lambda: "NSEC3" in denial("nobody.example.org"))
    assert "NSEC" not in denial("nobody.example.org")
    assert wait_for(lambda: "NSEC" in denial("nobody.example.net"))


def test_unsigned_zones_have_no_signatures(server):
    assert not texts(ask(server, "dynamic.example.org", "SOA", dnssec=True), "RRSIG")


def test_updates_need_the_key_and_reach_the_secondary(server):
    name = f"host-{server.rpartition('.')[2]}"

    def add(message):
        message.replace(name, 60, "A", "192.0.2.99")

    assert update(NS12, "dynamic.example.org", UPDATE, add) == dns.rcode.NOERROR
    assert wait_for(lambda: texts(ask(NS13, f"{name}.dynamic.example.org", "A"), "A") == {"192.0.2.99"})
    with pytest.raises(dns.exception.DNSException):
        update(NS12, "dynamic.example.org", TRANSFER, add)
    assert update(NS12, "example.org", UPDATE, add) == dns.rcode.REFUSED


def test_secrets_are_for_named_alone(host):
    assert host.check_output("stat -c '%a %U %G' /etc/bind/postmaster-mail.keys") == "640 root bind"
    found = host.check_output(f"grep -rlE '{TRANSFER}|{UPDATE}' /etc/bind /var/lib/bind")
    assert found == "/etc/bind/postmaster-mail.keys"
    assert host.run("runuser -u nobody -- cat /etc/bind/postmaster-mail.keys").rc != 0
    assert host.run("runuser -u nobody -- ls /var/lib/bind/postmaster-mail/keys").rc != 0


def test_nothing_says_which_version_it_is(server):
    query = dns.message.make_query("version.bind", "TXT", "CH")
    assert not dns.query.tcp(query, server, timeout=10).answer


def test_the_host_itself_asks_its_own_server(server, host):
    if server == NS13:
        assert "nameserver 127.0.0.1" in host.check_output("cat /etc/resolv.conf")
        assert host.check_output("getent ahostsv4 mail.example.org").split()[0] == "192.0.2.25"
