"""A client that asks one server, with and without a key."""

from __future__ import annotations

import time
import typing as t

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update
import dns.xfr
import dns.zone

NS12, NS13 = "10.203.17.241", "10.203.17.242"
TRANSFER = "a2V5IG9mIHRoZSBsYWIgZm9yIHRyYW5zZmVycyAtLS0="
UPDATE = "a2V5IG9mIHRoZSBsYWIgZm9yIHVwZGF0ZXMgLS0tLS0="
TIMEOUT = 10


def ask(server: str, name: str, rtype: str, *, dnssec: bool = False, checking: bool = True) -> dns.message.Message:
    """The answer over TCP, which no limit and no size cuts short."""
    query = dns.message.make_query(name, rtype, want_dnssec=dnssec)
    if not checking:
        query.flags |= dns.flags.CD
    return dns.query.tcp(query, server, timeout=TIMEOUT)


def texts(answer: dns.message.Message, rtype: str) -> set[str]:
    """The data of all answers of one type."""
    wanted = dns.rdatatype.from_text(rtype)
    return {data.to_text() for rrset in answer.answer if rrset.rdtype == wanted for data in rrset}


def serial(server: str, zone: str) -> int:
    return int(texts(ask(server, zone, "SOA"), "SOA").pop().split()[2])


def transfer(server: str, zone: str, secret: str = "", key: str = "transfer") -> dns.zone.Zone:
    """The whole zone, or an exception of dnspython where it is refused."""
    keys: dict[str, t.Any] = {}
    if secret:
        keys = {"keyring": dns.tsigkeyring.from_text({key: secret}), "keyname": key}
    found = dns.zone.Zone(zone)
    query, _serial = dns.xfr.make_query(found, **keys)
    dns.query.inbound_xfr(server, found, query, timeout=TIMEOUT)
    return found


def update(server: str, zone: str, secret: str, change: t.Callable[[dns.update.UpdateMessage], None]) -> int:
    """Send an update and return the response code."""
    message = dns.update.UpdateMessage(zone, keyring=dns.tsig.Key("update", secret, dns.tsig.HMAC_SHA512))
    change(message)
    return dns.query.tcp(message, server, timeout=TIMEOUT).rcode()


def wait_for(what: t.Callable[[], bool], patience: float = 60) -> bool:
    """Whether it became true before patience ran out."""
    deadline = time.monotonic() + patience
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
