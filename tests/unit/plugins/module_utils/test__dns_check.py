from __future__ import annotations

import copy
import gc
import os
import socket
import threading
import typing as t

import dns.dnssec
import dns.flags
import dns.message
import dns.rdata
import dns.rrset
import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dns_check_ask
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check import judge, questions, resolver_probes
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_ask import (
    Answer,
    Asker,
    Question,
    by_resolver,
    ds_matches,
    exchange,
    read_response,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_expect import (
    find_servers,
    first_questions,
    read_expected,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_findings import describe, spf_lookups, table
from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_report import Expected
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError

_ZONE = "example.org."
_NS1, _NS2, _RESOLVER = "192.0.2.53", "198.51.100.53", "127.0.0.1"
_SERVERS = {_ZONE: (_NS1, _NS2)}
_MX, _HOST, _PTR = "example.org.", "mail.example.org.", "25.2.0.192.in-addr.arpa."
_ALIAS = "autoconfig.example.org."
_SPF = '"v=spf1 mx -all"'
_DKIM = f'"v=DKIM1; k=rsa; p={"A" * 237}" "{"B" * 100}"'
_NOW = 1_800_000_000
_KEY = "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
_WORLD: dict[tuple[str, str], tuple[str, ...]] = {
    (_MX, "SOA"): ("ns1.example.org. hostmaster.example.org. 7 3600 600 86400 300",),
    (_MX, "MX"): ("10 mail.example.org.",),
    (_MX, "TXT"): ('"something else"', _SPF),
    (_HOST, "A"): ("192.0.2.25",),
    ("a._domainkey.example.org.", "TXT"): (_DKIM,),
    ("_imaps._tcp.example.org.", "SRV"): ("0 1 993 mail.example.org.",),
    (_ALIAS, "CNAME"): (_HOST,),
    (_PTR, "PTR"): (_HOST,),
    ("include.example.net.", "TXT"): ('"v=spf1 a mx ptr exists:x.example.net -all"',),
}
_EXPECTED = (
    Expected(_ZONE, _MX, "MX", ("10 mail.example.org.",)),
    Expected(_ZONE, _MX, "TXT", (_SPF,)),
    Expected(_ZONE, _HOST, "A", ("192.0.2.25",)),
    Expected(_ZONE, "a._domainkey.example.org.", "TXT", (_DKIM,)),
    Expected(_ZONE, "_imaps._tcp.example.org.", "SRV", ("0 1 993 mail.example.org.",)),
    Expected(_ZONE, _ALIAS, "CNAME", (_HOST,)),
    Expected("2.0.192.in-addr.arpa.", _PTR, "PTR", (_HOST,)),
)
_SIGNED = (_MX, "DNSKEY")


class World:
    """Servers in memory. What is changed on one of them, or on all, is all that differs from a sound world."""

    def __init__(self) -> None:
        self.data = {server: copy.copy(_WORLD) for server in (_NS1, _NS2, _RESOLVER)}
        self.fixed: dict[str, Answer] = {}
        self.cnames: dict[str, str] = {}
        self.signatures: tuple[int, ...] = ()
        self.unsigned: set[tuple[str, str]] = set()
        self.asked: list[Question] = []

    def put(self, key: tuple[str, str], *value: str, servers: t.Sequence[str] = (_NS1, _NS2, _RESOLVER)) -> None:
        for server in servers:
            self.data[server].pop(key, None)
            if value:
                self.data[server][key] = tuple(sorted(value))

    def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        if question.server in self.fixed:
            return self.fixed[question.server]
        data = self.data[question.server]
        authoritative = question.server != _RESOLVER
        if question.name in self.cnames:
            return Answer("none", authoritative=authoritative, cname=self.cnames[question.name])
        key = (question.name, question.type)
        signatures = () if key in self.unsigned else self.signatures
        if key in data:
            return Answer("found", data[key], authoritative=authoritative, signatures=signatures)
        known = question.name in {name for name, _rtype in data}
        return Answer("none" if known else "no_name", authoritative=authoritative)


def check(world: World, expected: t.Sequence[Expected] = _EXPECTED) -> list[str]:
    findings = judge(expected, _SERVERS, _RESOLVER, world, _NOW)
    assert all(finding.cause.endswith(".") and finding.remedy.endswith(".") for finding in findings)
    return [
        " ".join(part for part in (finding.id, finding.name, finding.type, *finding.servers) if part)
        for finding in findings
    ]


def test_a_sound_world_has_no_findings() -> None:
    assert check(World()) == []


def test_a_host_that_is_a_cname_is_one_finding() -> None:
    world = World()
    world.cnames[_HOST] = "x.example.net."
    own_spf = Expected(_ZONE, _HOST, "TXT", (_SPF,))
    assert check(world, (*_EXPECTED, own_spf)) == [f"cname_at_mx {_MX} MX {_NS1} {_NS2}"]


def test_a_zone_that_nobody_has_says_nothing_of_pointers_to_it() -> None:
    world = World()
    world.put((_HOST, "A"))
    findings = judge(_EXPECTED, {_ZONE: ()}, _RESOLVER, world, _NOW)
    assert [finding.id for finding in findings] == ["no_servers"]


_ALL = f"{_NS1} {_NS2}"
_DK = "a._domainkey.example.org."
_SRV = "_imaps._tcp.example.org."


def _expect_ds(world: World, text: str) -> None:
    world.put((_MX, "DS"), text, servers=(_RESOLVER,))


def _sign(world: World, expires: int) -> None:
    world.put(_SIGNED, _KEY)
    world.signatures = (expires - 5, expires)


_BREAKAGES: list[tuple[str, t.Callable[[World], object], list[str]]] = [
    ("a wrong MX", lambda w: w.put((_MX, "MX"), "20 mail.example.org."), [f"different {_MX} MX {_ALL}"]),
    ("no MX", lambda w: w.put((_MX, "MX")), [f"missing {_MX} MX {_ALL}"]),
    ("no DKIM key", lambda w: w.put((_DK, "TXT")), [f"missing {_DK} TXT {_ALL}"]),
    ("another DKIM key", lambda w: w.put((_DK, "TXT"), '"v=DKIM1; p=C"'), [f"different {_DK} TXT {_ALL}"]),
    ("no SRV", lambda w: w.put((_SRV, "SRV")), [f"missing {_SRV} SRV {_ALL}"]),
    ("no SPF among other texts", lambda w: w.put((_MX, "TXT"), '"x"'), [f"missing {_MX} TXT {_ALL}"]),
    ("another SPF", lambda w: w.put((_MX, "TXT"), '"v=spf1 +all"'), [f"different {_MX} TXT {_ALL}"]),
    ("two SPF", lambda w: w.put((_MX, "TXT"), _SPF, '"v=spf1 a -all"'), [f"second_spf {_MX} TXT {_ALL}"]),
    (
        "an MX that is an address",
        lambda w: w.put((_MX, "MX"), "10 192.0.2.25."),
        [f"mx_address_literal {_MX} MX {_ALL}"],
    ),
    (
        "an MX without address",
        lambda w: w.put((_MX, "MX"), "10 nowhere.example.net."),
        [f"mx_without_address {_MX} MX {_ALL}"],
    ),
    ("our MX without address", lambda w: w.put((_HOST, "A")), [f"mx_without_address {_MX} MX {_ALL}"]),
    ("a CNAME at MX", lambda w: w.cnames.update({_HOST: "x.example.net."}), [f"cname_at_mx {_MX} MX {_ALL}"]),
    ("a CNAME in the way", lambda w: w.cnames.update({_DK: "x.example.net."}), [f"different {_DK} TXT {_ALL}"]),
    ("no PTR", lambda w: w.put((_PTR, "PTR")), [f"no_ptr {_PTR} PTR {_RESOLVER}"]),
    (
        "a PTR of the provider",
        lambda w: w.put((_PTR, "PTR"), "host-25.example.net."),
        [f"ehlo_unlike_ptr {_PTR} PTR {_RESOLVER}"],
    ),
    (
        "another address at the resolver",
        lambda w: w.put((_HOST, "A"), "192.0.2.99", servers=(_RESOLVER,)),
        [f"resolver_differs {_HOST} A {_RESOLVER}"],
    ),
    (
        "a text with inner quotes",
        lambda w: w.put((_DK, "TXT"), f'"\\"v=DKIM1; k=rsa; p={"A" * 237}\\"" "{"B" * 100}"'),
        [f"txt_wrongly_split {_DK} TXT {_ALL}"],
    ),
    (
        "a text in two records",
        lambda w: w.put((_DK, "TXT"), f'"v=DKIM1; k=rsa; p={"A" * 237}"', f'"{"B" * 100}"'),
        [f"txt_wrongly_split {_DK} TXT {_ALL}"],
    ),
    (
        "SPF with too many look-ups",
        lambda w: (
            w.put((_MX, "TXT"), '"v=spf1 mx -all"', servers=(_NS1, _NS2))
            or w.put(("include.example.net.", "TXT"), '"v=spf1 include:include.example.net -all"')
            or w.put((_MX, "TXT"), '"v=spf1 include:include.example.net -all"', servers=(_RESOLVER,))
        ),
        [f"spf_too_many_lookups {_MX} TXT {_RESOLVER}"],
    ),
    (
        "a stale secondary",
        lambda w: w.put((_MX, "SOA"), "a. b. 6 1 1 1 1", servers=(_NS2,)) or w.put((_SRV, "SRV"), servers=(_NS2,)),
        [f"stale_secondary {_MX} SOA {_NS2}"],
    ),
    (
        "serials out of step",
        lambda w: w.put((_MX, "SOA"), "a. b. 4294967295 1 1 1 1", servers=(_NS1,)),
        [f"serials_differ {_MX} SOA {_NS1}"],
    ),
    ("a silent server", lambda w: w.fixed.update({_NS2: Answer("silent")}), [f"server_silent {_NS2}"]),
    ("a server that refuses", lambda w: w.fixed.update({_NS2: Answer("refused")}), [f"lame_server {_NS2}"]),
    ("a lame delegation", lambda w: w.put((_MX, "SOA"), servers=(_NS2,)), [f"lame_server {_NS2}"]),
    ("a silent resolver", lambda w: w.fixed.update({_RESOLVER: Answer("silent")}), [f"resolver_silent {_RESOLVER}"]),
    (
        "a resolver that gives the addresses in place of an alias",
        lambda w: (
            w.put((_ALIAS, "CNAME"), servers=(_RESOLVER,)) or w.put((_ALIAS, "A"), "192.0.2.25", servers=(_RESOLVER,))
        ),
        [],
    ),
    (
        "a resolver that gives other addresses in place of an alias",
        lambda w: (
            w.put((_ALIAS, "CNAME"), servers=(_RESOLVER,)) or w.put((_ALIAS, "A"), "192.0.2.99", servers=(_RESOLVER,))
        ),
        [f"resolver_differs {_ALIAS} CNAME {_RESOLVER}"],
    ),
    (
        "a resolver without an alias",
        lambda w: w.put((_ALIAS, "CNAME"), servers=(_RESOLVER,)),
        [f"resolver_differs {_ALIAS} CNAME {_RESOLVER}"],
    ),
    (
        "a resolver with an old record",
        lambda w: w.put((_MX, "MX"), "5 old.example.org.", servers=(_RESOLVER,)),
        [f"resolver_differs {_MX} MX {_RESOLVER}"],
    ),
    ("expired signatures", lambda w: _sign(w, _NOW - 1), [f"rrsig_expired {_MX} SOA {_ALL}"]),
    (
        "a record without signature",
        lambda w: _sign(w, _NOW + 9) or w.unsigned.add((_HOST, "A")),
        [f"rrsig_missing {_HOST} A {_ALL}"],
    ),
    (
        "DS unlike DNSKEY",
        lambda w: _sign(w, _NOW + 9) or _expect_ds(w, "55648 13 2 " + "00" * 32),
        [f"ds_unlike_dnskey {_MX} DS {_ALL}"],
    ),
]


@pytest.mark.parametrize(("breakage", "findings"), [row[1:] for row in _BREAKAGES], ids=[row[0] for row in _BREAKAGES])
def test_each_breakage_is_found_and_nothing_else(breakage: t.Callable[[World], object], findings: list[str]) -> None:
    world = World()
    breakage(world)
    assert check(world) == findings


def test_a_signed_zone_whose_ds_is_right() -> None:
    world = World()
    _sign(world, _NOW + 9)
    key = dns.rdata.from_text("IN", "DNSKEY", _KEY)
    _expect_ds(world, dns.dnssec.make_ds(_MX, t.cast("t.Any", key), "SHA256").to_text())
    assert check(world) == []
    assert ds_matches(_MX, world.data[_RESOLVER][_MX, "DS"], [_KEY])
    assert not ds_matches(_MX, world.data[_RESOLVER][_MX, "DS"], [])


def test_nobody_answers_is_not_the_same_as_does_not_exist() -> None:
    world = World()
    world.fixed = {server: Answer("silent", detail="no answer within 3 seconds") for server in (_NS1, _NS2, _RESOLVER)}
    assert check(world) == [f"server_silent {_ALL}", f"resolver_silent {_RESOLVER}"]


def test_a_pointer_to_a_host_without_that_address() -> None:
    pointer = Expected("2.0.192.in-addr.arpa.", "26.2.0.192.in-addr.arpa.", "PTR", (_HOST,))
    world = World()
    world.put((pointer.name, "PTR"), _HOST)
    assert check(world, [pointer]) == [f"ptr_without_forward {pointer.name} PTR {_RESOLVER}"]


def test_spf_counts_what_receivers_count() -> None:
    world = World()
    assert spf_lookups("include.example.net.", world, _RESOLVER) == 4
    world.put((_MX, "TXT"), '"v=spf1 ip4:192.0.2.0/24 a:x.example.org/24 include:include.example.net ~all"')
    assert spf_lookups(_MX, world, _RESOLVER) == 6
    assert spf_lookups("none.example.net.", world, _RESOLVER) == 0


def test_findings_as_table_and_as_data() -> None:
    world = World()
    world.put((_MX, "MX"), "20 mail.example.org.")
    findings = judge(_EXPECTED, _SERVERS, _RESOLVER, world, _NOW)
    assert describe(findings[0])["expected"] == ["10 mail.example.org."]
    assert describe(findings[0])["servers"] == [_NS1, _NS2]
    assert table(findings, 6) == (
        "6 record sets checked: 1 errors, 0 warnings.\n\n"
        "ERROR  different  example.org. MX\n"
        "  The server has other records than expected.\n"
        "  expected  10 mail.example.org.\n"
        "  found     20 mail.example.org.\n"
        "  servers   192.0.2.53, 198.51.100.53\n"
        "  remedy    Publish exactly the expected records.\n"
    )


def test_judging_asks_nothing_that_was_not_asked_at_once() -> None:
    world = World()
    judge(_EXPECTED, _SERVERS, _RESOLVER, world, _NOW)
    at_once = {*questions(_EXPECTED, _SERVERS, _RESOLVER), *resolver_probes(_EXPECTED, _RESOLVER)}
    late = {question for question in world.asked if question not in at_once}
    assert {question.type for question in late} <= {"AAAA"}


def test_a_silent_server_costs_two_questions() -> None:
    sent: list[Question] = []

    def exchange(question: Question, _timeout: float) -> Answer:
        sent.append(question)
        return Answer("silent" if question.server == _NS2 else "no_name")

    asker = Asker(3, exchange)
    asker.prefetch(first_questions(_SERVERS))
    asker.prefetch([Question(_NS2, f"n{number}.example.org.", "A") for number in range(500)])
    asker.close()
    assert [question.server for question in sent].count(_NS2) == 2
    assert asker.count == 502


def test_a_resolver_that_answers_other_questions_is_not_silent() -> None:
    def exchange(question: Question, _timeout: float) -> Answer:
        return Answer("silent" if question.name == "dead.example.org." else "found", ("x",))

    asker = Asker(3, exchange)
    for name in ("good.example.org.", "dead.example.org.", "other.example.org."):
        asker(Question(_RESOLVER, name, "A", recursive=True))
    asker.close()
    assert asker(Question(_RESOLVER, "dead.example.org.", "A", recursive=True)).status == "silent"
    assert asker(Question(_RESOLVER, "other.example.org.", "A", recursive=True)).status == "found"


def test_a_zone_whose_servers_do_not_answer_the_resolver_costs_two_questions() -> None:
    sent: list[Question] = []

    def exchange(question: Question, _timeout: float) -> Answer:
        sent.append(question)
        return Answer("silent" if question.zone == "dead.example." else "found", ("x",))

    asker = Asker(3, exchange)
    asker.prefetch(by_resolver(_RESOLVER, zone, "SOA", zone) for zone in ("good.example.", "dead.example."))
    for zone in ("good.example.", "dead.example."):
        asker.prefetch(by_resolver(_RESOLVER, f"n{number}.{zone}", "A", zone) for number in range(100))
    asker.close()
    assert [question.zone for question in sent].count("dead.example.") == 2
    assert [question.zone for question in sent].count("good.example.") == 101


def test_a_zone_of_which_the_resolver_knows_nothing_is_one_finding() -> None:
    world = World()
    silent = Answer("silent", detail="no answer within 3 seconds")

    def ask(question: Question) -> Answer:
        return silent if question.zone == _ZONE else world(question)

    findings = judge(_EXPECTED, _SERVERS, _RESOLVER, ask, _NOW)
    assert [(finding.id, finding.name, finding.type) for finding in findings] == [("resolver_fails", _ZONE, "SOA")]
    assert "no answer within 3 seconds" in findings[0].cause


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Answer("none"), "the resolver has no NS records"),
        (Answer("no_name"), "the resolver has no NS records"),
        (Answer("failed", detail="SERVFAIL"), "SERVFAIL when the resolver is asked"),
        (
            Answer("silent", detail="no answer within 3 seconds"),
            "no answer within 3 seconds when the resolver is asked",
        ),
    ],
)
def test_nobody_says_who_has_the_zone_and_nobody_has_it_are_different(answer: Answer, cause: str) -> None:
    world = World()

    def ask(question: Question) -> Answer:
        return answer if question.type == "NS" else world(question)

    [finding] = judge(_EXPECTED, {_ZONE: ()}, _RESOLVER, ask, _NOW)
    assert finding.id == "no_servers"
    assert cause in finding.cause


def test_a_silent_resolver_is_not_said_again_of_each_zone() -> None:
    findings = judge(_EXPECTED, {_ZONE: ()}, _RESOLVER, lambda _question: Answer("silent", detail="nothing"), _NOW)
    assert [finding.id for finding in findings] == ["resolver_silent"]


def test_tcp_has_what_udp_left_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    left: list[float] = []

    def datagram(_server: str, _port: int, query: bytes, deadline: float, _read: object) -> t.NoReturn:
        left.append(deadline - clock[0])
        clock[0] += 2
        raise dns.message.Truncated(message=dns.message.from_wire(query))

    def stream(_server: str, _port: int, _query: bytes, deadline: float) -> t.NoReturn:
        left.append(deadline - clock[0])
        raise socket.timeout

    monkeypatch.setattr(_dns_check_ask.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(_dns_check_ask, "by_datagram", datagram)
    monkeypatch.setattr(_dns_check_ask, "by_stream", stream)
    answer = exchange(Question(_NS1, _HOST, "A"), 3)
    assert (answer.status, answer.detail) == ("silent", "no answer within 3 seconds")
    assert left == [3, 1]


class Loopback:
    """A name server on the loopback interface that cuts its answers by UDP off, and has the address by TCP."""

    def __init__(self) -> None:
        self.stream = socket.create_server(("127.0.0.1", 0))
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(self.stream.getsockname())
        self.stray = b""
        self.name = f"127.0.0.1@{self.stream.getsockname()[1]}"
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._udp, self._tcp)]
        for thread in self._threads:
            thread.start()

    def _udp(self) -> None:
        while True:
            query, client = self.datagrams.recvfrom(4096)
            if self.stray:
                self.datagrams.sendto(self.stray, client)
            response = dns.message.make_response(dns.message.from_wire(query))
            response.flags |= dns.flags.TC
            self.datagrams.sendto(response.to_wire(), client)

    def _tcp(self) -> None:
        while True:
            connection, _client = self.stream.accept()
            with connection, connection.makefile("rwb") as pipe:
                query = dns.message.from_wire(pipe.read(int.from_bytes(pipe.read(2), "big")))
                response = dns.message.make_response(query)
                response.answer = [dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.25")]
                answer = response.to_wire()
                pipe.write(len(answer).to_bytes(2, "big") + answer)


def test_thousands_of_questions_leave_nothing_open() -> None:
    server = Loopback()
    before = len(os.listdir("/proc/self/fd"))
    gc.disable()
    try:
        for _question in range(50):
            answer = exchange(Question(server.name, _HOST, "A"), 5)
            assert (answer.status, answer.value) == ("found", ("192.0.2.25",))
    finally:
        gc.enable()
    # The server may still have its end of the last connection.
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_an_answer_to_another_question_is_passed_over() -> None:
    server = Loopback()
    server.stray = dns.message.make_response(dns.message.make_query("other.example.", "A")).to_wire()
    assert exchange(Question(server.name, _HOST, "A"), 5).value == ("192.0.2.25",)


def test_what_is_no_message_is_no_valid_answer() -> None:
    server = Loopback()
    server.stray = b"nothing"
    answer = exchange(Question(server.name, _HOST, "A"), 5)
    assert answer.status == "failed"
    assert answer.detail.startswith("no valid answer")


def test_a_port_that_is_closed_is_said_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert exchange(Question(f"127.0.0.1@{port}", _HOST, "A"), 60) == Answer("silent", detail="Connection refused")


def test_servers_of_a_zone_by_the_resolver() -> None:
    world = World()
    world.put((_MX, "NS"), "ns1.example.org.", "ns6.example.org.", "gone.example.org.")
    world.put(("ns1.example.org.", "A"), _NS1)
    world.put(("ns6.example.org.", "AAAA"), "2001:db8::53")
    asker = Asker(3, lambda question, _timeout: world(question))
    assert find_servers(_EXPECTED, [], _RESOLVER, asker) == {_ZONE: (_NS1, "2001:db8::53")}
    assert find_servers(_EXPECTED, ["192.0.2.1@5353"], _RESOLVER, asker) == {_ZONE: ("192.0.2.1@5353",)}
    for text in ("ns1.example.org", "192.0.2.1@0", "192.0.2.1@x"):
        with pytest.raises(DnsDataError, match="is no server"):
            find_servers(_EXPECTED, [text], _RESOLVER, asker)
    asker.close()


def test_records_of_one_name_and_type_are_one_set() -> None:
    record = {"zone": _ZONE, "name": _MX, "type": "MX", "ttl": 60, "why": "x"}
    records = [{**record, "value": "20 B.example.org."}, {**record, "value": "10 a.example.org."}]
    assert read_expected(records) == [Expected(_ZONE, _MX, "MX", ("10 a.example.org.", "20 b.example.org."))]
    with pytest.raises(DnsDataError, match=r"records\[0\].*is no record"):
        read_expected([{**record, "value": "nothing"}])


def test_a_real_message_is_read() -> None:
    text = """id 1
opcode QUERY
rcode NOERROR
flags QR AA
;QUESTION
mail.example.org. IN A
;ANSWER
mail.example.org. 60 IN CNAME Host.example.org.
host.example.org. 60 IN A 192.0.2.25
host.example.org. 60 IN RRSIG A 13 3 60 20260201000000 20260101000000 1 example.org. AAAA
"""
    answer = read_response(Question(_NS1, _HOST, "A"), dns.message.from_text(text))
    assert answer == Answer(
        "found", ("192.0.2.25",), authoritative=True, cname="host.example.org.", signatures=(1769904000,)
    )
    refused = dns.message.from_text(text.replace("NOERROR", "REFUSED"))
    assert read_response(Question(_NS1, _HOST, "A"), refused) == Answer("refused", detail="REFUSED")
