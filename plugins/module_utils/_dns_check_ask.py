# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Ask name servers many questions at once; whatever happens is an answer, and a silent server costs little time."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
import typing as t
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset_server import rdata_text
from ansible_collections.postmaster.mail.plugins.module_utils._dns_transport import by_datagram, by_stream

DNSPYTHON_MISSING: ImportError | None = None
try:
    import dns.dnssec
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.rcode
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
except ImportError as _error:
    DNSPYTHON_MISSING = _error

ATTEMPTS: t.Final = 2
_MOST_AT_ONCE: t.Final = 64
_DIGESTS: t.Final[t.Mapping[int, str]] = {1: "sha1", 2: "sha256", 4: "sha384"}


@dataclass(frozen=True)
class Question:
    """What one server is asked. recursive is for resolvers, of which zone says on whom the answer depends."""

    server: str
    name: str
    type: str
    recursive: bool = False
    zone: str = field(default="", compare=False)


def by_resolver(resolver: str, name: str, rtype: str, zone: str = "") -> Question:
    """Return the question for a resolver; without a zone the name stands for itself."""
    return Question(resolver, name, rtype, recursive=True, zone=zone or name)


@dataclass(frozen=True)
class Answer:
    """What came of a question.

    status is found, none (the name has no such record), no_name, refused, failed or silent; "nobody answers" and "does
    not exist" are never the same. signatures are the times at which each signature of the records expires.
    """

    status: str
    value: tuple[str, ...] = ()
    authoritative: bool = False
    cname: str = ""
    signatures: tuple[int, ...] = ()
    detail: str = ""

    @property
    def known(self) -> bool:
        """Whether the server said what there is."""
        return self.status in ("found", "none", "no_name")


class Ask(t.Protocol):
    """Answers a question."""

    def __call__(self, question: Question) -> Answer: ...


class Asker:
    """Asks each question once, many at the same time.

    A server that has never answered is not asked on and on, nor is a resolver about a zone that it had no answer for.
    """

    def __init__(self, timeout: float, exchange: t.Callable[[Question, float], Answer]) -> None:
        self._timeout = timeout
        self._exchange = exchange
        self._pool = ThreadPoolExecutor(max_workers=_MOST_AT_ONCE)
        self._asked: dict[Question, Future[Answer]] = {}
        self._silent: dict[tuple[str, bool, str], Answer] = {}
        self._alive: set[tuple[str, bool, str]] = set()
        self._lock = threading.Lock()

    def __call__(self, question: Question) -> Answer:
        return self._submit(question).result()

    def prefetch(self, questions: t.Iterable[Question]) -> None:
        """Ask all of these at once and wait until each has its answer."""
        for future in [self._submit(question) for question in questions]:
            future.result()

    def close(self) -> None:
        """Stop."""
        self._pool.shutdown()

    @property
    def count(self) -> int:
        """How many different questions there were."""
        return len(self._asked)

    def _submit(self, question: Question) -> Future[Answer]:
        with self._lock:
            if question not in self._asked:
                self._asked[question] = self._pool.submit(self._ask, question)
            return self._asked[question]

    def _ask(self, question: Question) -> Answer:
        # A resolver may answer for one zone and wait in vain for the servers of another.
        places = [(question.server, question.recursive, zone) for zone in dict.fromkeys(("", question.zone))]
        answer = Answer("silent")
        for _attempt in range(ATTEMPTS):
            for place in places:
                if place in self._silent:
                    return self._silent[place]
            answer = self._exchange(question, self._timeout)
            if answer.status != "silent":
                self._alive.update(places)
                return answer
        for place in places:
            if place not in self._alive:
                self._silent[place] = answer
        return answer


def exchange(question: Question, timeout: float) -> Answer:
    """Ask over the network, by TCP where UDP cuts the answer off; both together have the time."""
    host, _at, port = question.server.partition("@")
    message = dns.message.make_query(question.name, question.type, want_dnssec=True)
    if not question.recursive:
        message.flags &= ~dns.flags.RD
    wire, where, deadline = message.to_wire(), int(port or 53), time.monotonic() + timeout

    def read(data: bytes) -> dns.message.Message | None:
        response = dns.message.from_wire(data, raise_on_truncation=True)
        return response if message.is_response(response) else None

    try:
        try:
            response = by_datagram(host, where, wire, deadline, read)
        except dns.message.Truncated:
            response = dns.message.from_wire(by_stream(host, where, wire, deadline))
    except socket.timeout:
        return Answer("silent", detail=f"no answer within {timeout:g} seconds")
    except OSError as error:
        return Answer("silent", detail=str(error.strerror or error))
    except (dns.exception.DNSException, ValueError) as error:
        return Answer("failed", detail=f"no valid answer: {str(error) or type(error).__name__}")
    return read_response(question, response)


def read_response(question: Question, response: dns.message.Message) -> Answer:
    """Return the answer that a message holds."""
    rcode = dns.rcode.to_text(response.rcode())
    authoritative = bool(response.flags & dns.flags.AA)
    if rcode == "NXDOMAIN":
        return Answer("no_name", authoritative=authoritative)
    if rcode != "NOERROR":
        return Answer("refused" if rcode == "REFUSED" else "failed", detail=rcode)
    rtype = dns.rdatatype.from_text(question.type)
    value: list[str] = []
    signatures: list[int] = []
    cname = ""
    for rrset in response.answer:
        if rrset.rdtype == rtype:
            value += [rdata_text(rdata) for rdata in rrset]
        elif rrset.rdtype == dns.rdatatype.RRSIG and rrset.covers == rtype:
            signatures += [rdata.expiration for rdata in rrset]
        elif rrset.rdtype == dns.rdatatype.CNAME and not cname:
            cname = rrset[0].target.to_text().lower()
    return Answer(
        "found" if value else "none",
        value=tuple(sorted(value)),
        authoritative=authoritative,
        cname=cname,
        signatures=tuple(signatures),
    )


def ds_matches(zone: str, ds: t.Sequence[str], dnskeys: t.Sequence[str]) -> bool:
    """Tell whether one of the DS records stands for one of the keys."""
    owner = dns.name.from_text(zone).to_digestable()
    for text in dnskeys:
        key = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DNSKEY, text)
        wire = key.to_digestable()
        tag = dns.dnssec.key_id(t.cast("t.Any", key))
        for number, name in _DIGESTS.items():
            digest = hashlib.new(name, owner + wire).hexdigest()
            if f"{tag} {int(t.cast('t.Any', key).algorithm)} {number} {digest}" in ds:
                return True
    return False
