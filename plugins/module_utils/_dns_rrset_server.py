# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Messages to and from a name server by dnspython: questions, updates with prerequisites, and what answers mean."""

from __future__ import annotations

import base64
import functools
import socket
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError, is_within
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset import Change, RRset

DNSPYTHON_MISSING: ImportError | None = None
try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
    import dns.tsig
    import dns.update
except ImportError as _error:
    DNSPYTHON_MISSING = _error

ALGORITHMS = ("hmac-sha256", "hmac-sha512", "hmac-sha384", "hmac-sha224", "hmac-sha1", "hmac-md5")

# Well below the 65535 bytes of a message over TCP, because a set is never divided.
_MOST_BYTES: t.Final = 32000
_FIXED_BYTES: t.Final = 16
_UNSIGNED: t.Final = "answers without a signature, though the question had one. Something in between answers for it"
_REASONS: t.Final[t.Mapping[str, str]] = {
    "NOTAUTH": "is not authoritative for the zone (NOTAUTH). Give its primary server, and the right zone",
    "REFUSED": "does not allow it (REFUSED). Permit it there, in BIND by update-policy or allow-update of the zone and "
    "for the name of the key, and ask the primary server. BIND also refuses MX, SRV and NS records to names of the "
    "zone that have no address",
    "NOTZONE": "says that a name is outside of the zone (NOTZONE). Give the right zone, or none",
    "NOTIMP": "takes no updates (NOTIMP). Give the primary server",
    "SERVFAIL": "could not do it (SERVFAIL). Its log says why; often it may not write the zone's journal, or the zone "
    "is frozen",
    "FORMERR": "does not understand the message (FORMERR)",
}


class DnsServerError(Exception):
    """A server that does not answer, or not as it must; the text names server, cause and remedy."""


class DnsConflictError(Exception):
    """The prerequisites of an update do not hold: somebody else changed the records meanwhile."""


@dataclass(frozen=True)
class TsigKey:
    """Name, algorithm and base64 secret of a key that signs messages."""

    name: str
    algorithm: str
    secret: str


def make_key(key: TsigKey | None) -> dns.tsig.Key | None:
    """Return the key for dnspython. Raises DnsDataError without repeating the secret."""
    if key is None:
        return None
    try:
        secret = base64.b64decode(key.secret.strip(), validate=True)
        if not secret:
            raise ValueError("empty")
        return dns.tsig.Key(dns.name.from_text(key.name.lower()), secret, dns.name.from_text(key.algorithm))
    except (ValueError, dns.exception.DNSException):
        raise DnsDataError(
            f"The secret of the key {key.name} is no base64. Give it as tsig-keygen prints it."
        ) from None


# Most records of many domains say the same: where mail goes, who may send it.
@functools.lru_cache(maxsize=4096)
def canonical(rtype: str, text: str) -> str:
    """Return the value of a record as dnspython writes it, names in lower case. Raises ValueError."""
    try:
        return rdata_text(make_rdata(rtype, text))
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def make_rdata(rtype: str, text: str) -> dns.rdata.Rdata:
    """Return the data of a record."""
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(rtype), text, relativize=False)


def rdata_text(rdata: dns.rdata.Rdata) -> str:
    """Return the data of a record as text, the same for data that DNSSEC takes for equal."""
    wire = rdata.to_digestable()
    return dns.rdata.from_wire(rdata.rdclass, rdata.rdtype, wire, 0, len(wire)).to_text()


def divide(changes: t.Sequence[Change]) -> list[tuple[str, list[Change]]]:
    """Return the changes for each message: one zone, and not more than fits."""
    parts: list[tuple[str, list[Change]]] = []
    sizes: dict[str, int] = {}
    latest: dict[str, list[Change]] = {}
    for change in changes:
        texts = (*(change.before.value if change.before else ()), *change.added, *change.removed)
        size = sum(len(change.name) + len(text) + _FIXED_BYTES for text in texts)
        if change.zone not in latest or sizes[change.zone] + size > _MOST_BYTES:
            latest[change.zone] = []
            sizes[change.zone] = 0
            parts.append((change.zone, latest[change.zone]))
        latest[change.zone].append(change)
        sizes[change.zone] += size
    return parts


def make_update(zone: str, changes: t.Sequence[Change]) -> dns.update.UpdateMessage:
    """Return the update that makes changes of one zone, and only if the sets are still as they were read."""
    update = dns.update.UpdateMessage(zone)
    for change in changes:
        if change.before is None:
            update.absent(change.name, change.type)
        else:
            for text in change.before.value:
                update.present(change.name, make_rdata(change.type, text))
    # What goes altogether goes first, because a CNAME and other records keep each other out. Elsewhere what is new
    # comes first, because servers do not delete the last NS record of a zone.
    for change in changes:
        if change.after is None:
            update.delete(change.name, change.type)
    for change in changes:
        if change.after is not None:
            for text in change.added:
                update.add(change.name, change.after.ttl, make_rdata(change.type, text))
    for change in changes:
        if change.after is not None:
            for text in change.removed:
                update.delete(change.name, make_rdata(change.type, text))
    return update


class Transport(t.Protocol):
    """Carries one message to a server and its answer back."""

    def __call__(self, message: dns.message.Message, *, stream: bool) -> dns.message.Message: ...


@dataclass(frozen=True)
class NetworkTransport:
    """Questions go by UDP, and by TCP where the answer is cut off; updates go by TCP."""

    address: str
    port: int
    timeout: float

    def __call__(self, message: dns.message.Message, *, stream: bool) -> dns.message.Message:
        if stream:
            return dns.query.tcp(message, self.address, timeout=self.timeout, port=self.port)
        answer, _by_tcp = dns.query.udp_with_fallback(
            message, self.address, timeout=self.timeout, port=self.port, ignore_unexpected=True
        )
        return answer


def server_address(server: str, port: int) -> str:
    """Return the address of a server that is given by address or name. Raises DnsServerError."""
    try:
        return str(socket.getaddrinfo(server, port, type=socket.SOCK_DGRAM)[0][4][0])
    except OSError as error:
        raise DnsServerError(f"The server {server} has no address: {error.strerror or error}.") from error


@dataclass(frozen=True)
class Server:
    """A primary server, as its clients see it. Its methods raise DnsServerError."""

    label: str
    transport: Transport
    key: dns.tsig.Key | None = None

    def find_zone(self, name: str) -> str:
        """Return the zone of the server that holds name."""
        labels = name.split(".")
        for start in range(len(labels) - 1):
            asked = ".".join(labels[start:])
            answer = self._ask(asked, "SOA")
            for section in (answer.answer, answer.authority):
                for rrset in section:
                    zone = rrset.name.to_text().lower()
                    if rrset.rdtype == dns.rdatatype.SOA and is_within(asked, zone):
                        self._require_authority(answer, asked)
                        return zone
        raise DnsServerError(f"{self.label} names no zone that holds {name}. Give the zone, and its primary server.")

    def read(self, name: str, rtype: str, zone: str) -> RRset | None:
        """Return the records of name and type that the zone itself has."""
        found = self._lookup(name, rtype)
        if found is None or not self._may_be_wildcard(name, rtype, zone, found):
            return found
        return found if self._exists(name, rtype, zone) else None

    def update(self, zone: str, changes: t.Sequence[Change]) -> None:
        """Make the changes, all or none. Raises DnsConflictError too."""
        answer = self._talk(make_update(zone, changes), stream=True)
        rcode = dns.rcode.to_text(answer.rcode())
        if rcode in ("YXDOMAIN", "YXRRSET", "NXDOMAIN", "NXRRSET"):
            raise DnsConflictError(rcode)
        self._require_success(rcode, f"to change {', '.join(str(change) for change in changes[:3])} in {zone}")

    def _lookup(self, name: str, rtype: str) -> RRset | None:
        answer = self._ask(name, rtype)
        self._require_authority(answer, name)
        wanted = dns.name.from_text(name)
        for rrset in answer.answer:
            if rrset.name == wanted and rrset.rdtype == dns.rdatatype.from_text(rtype):
                return RRset(ttl=rrset.ttl, value=tuple(sorted(rdata_text(rdata) for rdata in rrset)))
        return None

    def _may_be_wildcard(self, name: str, rtype: str, zone: str, found: RRset) -> bool:
        labels = name.split(".")
        if labels[0] == "*" or name == zone:
            return False
        for start in range(1, len(labels) - len(zone.split(".")) + 1):
            above = self._lookup(".".join(["*", *labels[start:]]), rtype)
            if above is not None and above.value == found.value:
                return True
        return False

    def _exists(self, name: str, rtype: str, zone: str) -> bool:
        # Prerequisites see what the zone holds, while an answer may have been made from a wildcard.
        question = dns.update.UpdateMessage(zone)
        question.present(name, rtype)
        rcode = dns.rcode.to_text(self._talk(question, stream=True).rcode())
        if rcode in ("NXRRSET", "NXDOMAIN"):
            return False
        self._require_success(rcode, f"to ask for {name} {rtype} in {zone}")
        return True

    def _ask(self, name: str, rtype: str) -> dns.message.Message:
        question = dns.message.make_query(name, rtype)
        question.flags &= ~dns.flags.RD
        answer = self._talk(question, stream=False)
        rcode = dns.rcode.to_text(answer.rcode())
        if rcode != "NXDOMAIN":
            self._require_success(rcode, f"to ask for {name} {rtype}")
        return answer

    def _talk(self, message: dns.message.Message, *, stream: bool) -> dns.message.Message:
        if self.key is not None:
            message.use_tsig(self.key)
        key = self.key.name.to_text() if self.key is not None else ""
        try:
            answer = self.transport(message, stream=stream)
        except dns.tsig.PeerBadKey as error:
            algorithm = self.key.algorithm.to_text()[:-1] if self.key is not None else ""
            raise self._error(
                f"does not know the key {key} with {algorithm} (BADKEY). Compare name and algorithm with its files"
            ) from error
        except (dns.tsig.PeerBadSignature, dns.tsig.BadSignature) as error:
            raise self._error(f"has another secret for the key {key} (BADSIG). Compare the secrets") from error
        except (dns.tsig.PeerBadTime, dns.tsig.BadTime) as error:
            raise self._error(
                "has a clock that differs too much from this host's (BADTIME). Set both clocks"
            ) from error
        except (dns.exception.Timeout, socket.timeout) as error:
            raise self._error("does not answer. Check address and port, and firewalls for UDP and TCP") from error
        except OSError as error:
            raise self._error(f"cannot be reached: {error.strerror or error}. Check address and port") from error
        except (dns.exception.DNSException, EOFError) as error:
            raise self._error(f"gives no valid answer: {str(error) or type(error).__name__}") from error
        if self.key is not None and not answer.had_tsig:
            rcode = dns.rcode.to_text(answer.rcode())
            raise self._error(_REASONS.get(rcode, _UNSIGNED))
        return answer

    def _require_authority(self, answer: dns.message.Message, name: str) -> None:
        if not answer.flags & dns.flags.AA:
            raise self._error(f"is not authoritative for {name}. Give the primary server of its zone")

    def _require_success(self, rcode: str, action: str) -> None:
        if rcode != "NOERROR":
            raise self._error(f"{_REASONS.get(rcode, f'answers {rcode}')} (asked {action})")

    def _error(self, text: str) -> DnsServerError:
        return DnsServerError(f"{self.label} {text}.")
