from __future__ import annotations

import typing as t

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rrset
import dns.tsig
import dns.update
import dns.zone
import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset import Change, RRset, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset_run import fulfil
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset_server import (
    DnsServerError,
    Server,
    TsigKey,
    divide,
    make_key,
    make_update,
    server_address,
)

_ZONE = "example.org."
_TEXT = """
@ 600 IN SOA ns.example.org. hostmaster.example.org. 1 3600 600 86400 300
@ 600 IN NS ns.example.org.
@ 600 IN MX 10 MX1.example.org.
ns 600 IN A 192.0.2.53
alias 600 IN CNAME ns.example.org.
*.wild 600 IN TXT "wild"
real.wild 600 IN TXT "wild"
"""


class Primary:
    """A primary server in memory that answers with real messages. meddle runs before each update."""

    def __init__(self, meddle: t.Callable[[dns.zone.Zone], None] | None = None) -> None:
        self.zone = dns.zone.from_text(_TEXT, origin=_ZONE, relativize=False)
        self.meddle = meddle
        self.updates: list[dns.message.Message] = []
        self.rcode = dns.rcode.NOERROR
        self.authoritative = True

    def __call__(self, message: dns.message.Message, *, stream: bool) -> dns.message.Message:
        wire = message.to_wire()
        received = dns.message.from_wire(wire)
        answer = dns.message.make_response(received)
        if received.opcode() == dns.opcode.UPDATE:
            assert stream
            answer.set_rcode(self.rcode or self._update(t.cast("dns.update.UpdateMessage", received)))
        else:
            answer.set_rcode(self.rcode or self._query(received, answer))
        return dns.message.from_wire(answer.to_wire())

    def _query(self, question: dns.message.Message, answer: dns.message.Message) -> dns.rcode.Rcode:
        name, rtype = question.question[0].name, question.question[0].rdtype
        if not name.is_subdomain(self.zone.origin):
            return dns.rcode.REFUSED
        if self.authoritative:
            answer.flags |= dns.flags.AA
        owner = name
        if name not in self.zone.nodes and (dns.name.Name((b"*", *name.labels[1:]))) in self.zone.nodes:
            owner = dns.name.Name((b"*", *name.labels[1:]))
        found = self.zone.get_rdataset(owner, rtype) or self.zone.get_rdataset(owner, "CNAME")
        if found:
            answer.answer.append(dns.rrset.from_rdata_list(name, found.ttl, list(found)))
        else:
            soa = self.zone.find_rdataset(_ZONE, "SOA")
            answer.authority.append(dns.rrset.from_rdata_list(self.zone.origin, soa.ttl, list(soa)))
        return dns.rcode.NOERROR if owner in self.zone.nodes else dns.rcode.NXDOMAIN

    def _update(self, message: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        if self.meddle is not None and message.update:
            self.meddle(self.zone)
        for wanted in message.prerequisite:
            found = self.zone.get_rdataset(wanted.name, wanted.rdtype)
            if wanted.deleting == dns.rdataclass.NONE and found:
                return dns.rcode.YXRRSET
            if wanted.deleting == dns.rdataclass.ANY and not found:
                return dns.rcode.NXRRSET
        exact = [wanted for wanted in message.prerequisite if wanted.deleting is None]
        for name, rtype in {(wanted.name, wanted.rdtype) for wanted in exact}:
            wish = {rdata for wanted in exact if (wanted.name, wanted.rdtype) == (name, rtype) for rdata in wanted}
            if wish != set(self.zone.get_rdataset(name, rtype) or ()):
                return dns.rcode.NXRRSET
        for item in message.update:
            self._change(item)
        if message.update:
            self.updates.append(message)
        return dns.rcode.NOERROR

    def _change(self, item: dns.rrset.RRset) -> None:
        if item.deleting == dns.rdataclass.ANY:
            self.zone.delete_rdataset(item.name, item.rdtype)
        elif item.deleting == dns.rdataclass.NONE:
            found = self.zone.find_rdataset(item.name, item.rdtype)
            found.remove(item[0])
        elif not (item.rdtype == dns.rdatatype.CNAME and item.name in self.zone.nodes):
            found = self.zone.find_rdataset(item.name, item.rdtype, create=True)
            found.add(item[0])
            found.ttl = item.ttl


def server(primary: t.Any) -> Server:
    return Server("The server", primary)


def lines(primary: Primary, name: str, rtype: str) -> list[str]:
    return sorted(str(rdata) for rdata in primary.zone.get_rdataset(f"{name}example.org.", rtype) or ())


def wish(name: str, rtype: str, *value: str, state: str = "exact", ttl: int | None = None) -> Wish:
    return Wish(f"{name}example.org.", rtype, state, ttl, value)


def test_new_changed_and_removed_in_one_update() -> None:
    primary = Primary()
    wanted = [
        wish("new.", "A", "192.0.2.1", "192.0.2.2", ttl=60),
        wish("", "MX", "20 mx2.example.org.", state="present"),
        wish("", "NS", "ns.example.net."),
        wish("alias.", "CNAME", state="absent"),
        wish("alias.", "A", "192.0.2.3"),
    ]
    planned = fulfil(server(primary), wanted, None, check_mode=True)
    assert primary.updates == []
    assert fulfil(server(primary), wanted, None, check_mode=False) == planned
    assert [change.changed for change in planned] == [True] * 5
    assert len(primary.updates) == 1
    assert lines(primary, "", "MX") == ["10 MX1.example.org.", "20 mx2.example.org."]
    assert lines(primary, "", "NS") == ["ns.example.net."]
    assert (lines(primary, "alias.", "CNAME"), lines(primary, "alias.", "A")) == ([], ["192.0.2.3"])
    assert not any(change.changed for change in fulfil(server(primary), wanted, _ZONE, check_mode=False))
    assert len(primary.updates) == 1


def test_what_somebody_else_adds_meanwhile_is_kept() -> None:
    def meddle(zone: dns.zone.Zone) -> None:
        rdata = dns.rdata.from_text("IN", "MX", "30 mx3.example.org.")
        zone.find_rdataset(_ZONE, "MX").add(rdata)

    primary = Primary(meddle)
    changes = fulfil(server(primary), [wish("", "MX", "20 mx2.example.org.", state="present")], None, check_mode=False)
    assert lines(primary, "", "MX") == ["10 MX1.example.org.", "20 mx2.example.org.", "30 mx3.example.org."]
    assert changes[0].before == RRset(600, ("10 mx1.example.org.", "30 mx3.example.org."))


def test_a_zone_that_never_stays_still_is_given_up() -> None:
    count = iter(range(1, 9))

    def meddle(zone: dns.zone.Zone) -> None:
        zone.find_rdataset(_ZONE, "MX").add(dns.rdata.from_text("IN", "MX", f"{next(count)} mx.example.org."))

    primary = Primary(meddle)
    with pytest.raises(DnsServerError, match="the records changed 3 times between reading and writing"):
        fulfil(server(primary), [wish("", "MX", "20 mx2.example.org.")], None, check_mode=False)
    assert primary.updates == []


def test_somebody_else_did_it_already() -> None:
    def meddle(zone: dns.zone.Zone) -> None:
        rdata = dns.rdata.from_text("IN", "A", "192.0.2.1")
        zone.find_rdataset("new.example.org.", "A", create=True).add(rdata)
        zone.find_rdataset("new.example.org.", "A").ttl = 3600

    changes = fulfil(server(Primary(meddle)), [wish("new.", "A", "192.0.2.1")], None, check_mode=False)
    assert not changes[0].changed


@pytest.mark.parametrize(("name", "before"), [("some.", None), ("real.", RRset(600, ('"wild"',)))])
def test_a_wildcard_is_no_record_of_the_name(name: str, before: RRset | None) -> None:
    changes = fulfil(server(Primary()), [wish(f"{name}wild.", "TXT", '"wild"')], None, check_mode=True)
    assert changes[0].before == before


def test_what_the_server_silently_leaves_out_is_an_error() -> None:
    with pytest.raises(DnsServerError, match="accepted the change of ns.example.org. CNAME, but has no record"):
        fulfil(server(Primary()), [wish("ns.", "CNAME", "a.example.org.")], None, check_mode=False)


@pytest.mark.parametrize(
    ("rcode", "message"),
    [
        ("REFUSED", r"does not allow it \(REFUSED\)"),
        ("NOTAUTH", r"not authoritative for the zone \(NOTAUTH\)"),
        ("SERVFAIL", r"could not do it \(SERVFAIL\)"),
        ("NOTIMP", r"takes no updates \(NOTIMP\)"),
        ("BADVERS", "answers BADVERS"),
    ],
)
def test_answers_that_are_errors(rcode: str, message: str) -> None:
    primary = Primary()
    primary.rcode = dns.rcode.from_text(rcode)
    change = Change(_ZONE, "a.example.org.", "A", None, RRset(60, ("192.0.2.1",)))
    with pytest.raises(DnsServerError, match=f"^The server .*{message}.*to change a.example.org. A in example.org"):
        server(primary).update(_ZONE, [change])


def test_a_secondary_or_resolver_is_refused() -> None:
    primary = Primary()
    primary.authoritative = False
    with pytest.raises(DnsServerError, match="not authoritative for new.example.org"):
        fulfil(server(primary), [wish("new.", "A", "192.0.2.1")], None, check_mode=False)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (dns.tsig.PeerBadKey(), r"does not know the key writer. with hmac-sha256 \(BADKEY\)"),
        (dns.tsig.PeerBadSignature(), r"another secret for the key writer. \(BADSIG\)"),
        (dns.tsig.PeerBadTime(), r"a clock that differs .* \(BADTIME\). Set both clocks"),
        (dns.tsig.BadTime(), r"a clock that differs .* \(BADTIME\). Set both clocks"),
        (dns.exception.Timeout(), "does not answer. Check address and port"),
        (ConnectionRefusedError(111, "Connection refused"), "cannot be reached: Connection refused"),
        (EOFError(), "gives no valid answer: EOFError"),
        (dns.query.BadResponse(), "gives no valid answer"),
    ],
)
def test_faults_of_the_conversation(fault: Exception, message: str) -> None:
    def transport(*_arguments: object, **_options: object) -> t.NoReturn:
        raise fault

    signed = Server("The server", transport, make_key(TsigKey("writer", "hmac-sha256", "c2VjcmV0")))
    with pytest.raises(DnsServerError, match=f"^The server .*{message}"):
        signed.read("a.example.org.", "A", _ZONE)


def test_an_answer_without_signature_is_not_believed() -> None:
    primary = Primary()

    def strip(message: dns.message.Message, *, stream: bool) -> dns.message.Message:
        plain = dns.message.make_query(message.question[0].name, message.question[0].rdtype, id=message.id)
        return primary(plain, stream=stream)

    signed = Server("The server", strip, make_key(TsigKey("writer", "hmac-sha256", "c2VjcmV0")))
    with pytest.raises(DnsServerError, match="answers without a signature"):
        signed.read("ns.example.org.", "A", _ZONE)


def test_prerequisites_and_order_of_an_update() -> None:
    changes = [
        Change(_ZONE, "a.example.org.", "A", RRset(60, ("192.0.2.1",)), RRset(60, ("192.0.2.2",))),
        Change(_ZONE, "b.example.org.", "CNAME", RRset(60, ("a.example.org.",)), None),
        Change(_ZONE, "c.example.org.", "TXT", None, RRset(60, ('"x"',))),
    ]
    message = t.cast("dns.update.UpdateMessage", dns.message.from_wire(make_update(_ZONE, changes).to_wire()))
    assert [str(item) for item in message.prerequisite] == [
        "a.example.org. 0 IN A 192.0.2.1",
        "b.example.org. 0 IN CNAME a.example.org.",
        "c.example.org. NONE TXT",
    ]
    assert [str(item) for item in message.update] == [
        "b.example.org. ANY CNAME",
        "a.example.org. 60 IN A 192.0.2.2",
        'c.example.org. 60 IN TXT "x"',
        "a.example.org. 0 NONE A 192.0.2.1",
    ]


def test_changes_are_divided_by_zone_and_size() -> None:
    big = RRset(60, (f'"{"x" * 250}"',) * 50)
    changes = [Change(_ZONE, f"n{number}.example.org.", "TXT", None, big) for number in range(5)]
    other = Change("example.net.", "a.example.net.", "TXT", None, big)
    parts = divide([changes[0], other, *changes[1:]])
    assert [(zone, len(part)) for zone, part in parts] == [(_ZONE, 2), ("example.net.", 1), (_ZONE, 2), (_ZONE, 1)]
    for zone, part in parts:
        assert len(make_update(zone, part).to_wire()) < 65535


@pytest.mark.parametrize("secret", ["no base64!", "", "abc"])
def test_secrets_that_are_none_are_not_repeated(secret: str) -> None:
    with pytest.raises(DnsDataError) as caught:
        make_key(TsigKey("writer", "hmac-sha256", secret))
    assert str(caught.value) == ("The secret of the key writer is no base64. Give it as tsig-keygen prints it.")


def test_the_address_of_a_server() -> None:
    assert server_address("192.0.2.53", 53) == "192.0.2.53"
    with pytest.raises(DnsServerError, match="The server no-such.invalid has no address"):
        server_address("no-such.invalid", 53)
