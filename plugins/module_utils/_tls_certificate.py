# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Everything about a certificate that a client of TLS looks at: names, key, signature, purpose, addresses of its CA."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._der import (
    BOOLEAN,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    elements,
    oid,
    only,
)
from ansible_collections.postmaster.mail.plugins.module_utils._mail_certificate import (
    Certificate,
    CertificateError,
    describe,
)

_CONTEXT_0, _CONTEXT_3, _URI = 0xA0, 0xA3, 0x86
_SIGNATURES = {
    "1.2.840.113549.1.1.2": "RSA with MD2",
    "1.2.840.113549.1.1.4": "RSA with MD5",
    "1.2.840.113549.1.1.5": "RSA with SHA-1",
    "1.2.840.113549.1.1.14": "RSA with SHA-224",
    "1.2.840.113549.1.1.11": "RSA with SHA-256",
    "1.2.840.113549.1.1.12": "RSA with SHA-384",
    "1.2.840.113549.1.1.13": "RSA with SHA-512",
    "1.2.840.10040.4.3": "DSA with SHA-1",
    "2.16.840.1.101.3.4.3.2": "DSA with SHA-256",
    "1.2.840.10045.4.1": "ECDSA with SHA-1",
    "1.2.840.10045.4.3.1": "ECDSA with SHA-224",
    "1.2.840.10045.4.3.2": "ECDSA with SHA-256",
    "1.2.840.10045.4.3.3": "ECDSA with SHA-384",
    "1.2.840.10045.4.3.4": "ECDSA with SHA-512",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}
_PSS = "1.2.840.113549.1.1.10"
_HASHES = {
    "1.3.14.3.2.26": "SHA-1",
    "2.16.840.1.101.3.4.2.1": "SHA-256",
    "2.16.840.1.101.3.4.2.2": "SHA-384",
    "2.16.840.1.101.3.4.2.3": "SHA-512",
}
_RSA_KEYS = ("1.2.840.113549.1.1.1", _PSS)
_EC_KEY, _DSA_KEY = "1.2.840.10045.2.1", "1.2.840.10040.4.1"
_CURVES = {
    "1.2.840.10045.3.1.1": ("P-192", 192),
    "1.3.132.0.33": ("P-224", 224),
    "1.2.840.10045.3.1.7": ("P-256", 256),
    "1.3.132.0.34": ("P-384", 384),
    "1.3.132.0.35": ("P-521", 521),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
}
_FIXED_KEYS = {"1.3.101.112": ("Ed25519", 256), "1.3.101.113": ("Ed448", 456)}
_BASIC_CONSTRAINTS, _EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.37"
_CRL_POINTS, _AUTHORITY_ACCESS, _TLS_FEATURE = "2.5.29.31", "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.24"
_OCSP, _CA_ISSUERS = "1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2"
_SERVER_AUTH, _ANY_USAGE = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
_STATUS_REQUEST = (b"\x05", b"\x11")


@dataclass(frozen=True)
class CertificateDetails:
    """A certificate with key, signature and extensions; issuer_name and subject_name are the DER of both names."""

    base: Certificate
    subject_name: bytes
    issuer_name: bytes
    dns_names: tuple[str, ...]
    ip_addresses: tuple[str, ...]
    key_type: str
    key_bits: int
    curve: str
    spki_sha256: str
    signature_algorithm: str
    is_ca: bool
    server_auth: bool
    must_staple: bool
    ocsp_urls: tuple[str, ...]
    crl_urls: tuple[str, ...]
    ca_issuers_urls: tuple[str, ...]

    @property
    def self_issued(self) -> bool:
        return self.subject_name == self.issuer_name

    @property
    def lifetime_days(self) -> int:
        return (moment(self.base.not_after) - moment(self.base.not_before)).days

    def days_left(self, now: datetime.datetime) -> int:
        """Full days until it expires; negative as soon as it has."""
        return (moment(self.base.not_after) - now).days


def moment(text: str) -> datetime.datetime:
    """Turn a time as a certificate's description has it into one that can be compared."""
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


def read_certificate(der: bytes) -> CertificateDetails:
    """Read a certificate in DER form. Raises CertificateError."""
    base = describe(der)
    try:
        return _read(der, base)
    except (IndexError, KeyError, StopIteration, ValueError) as error:
        raise CertificateError(f"The certificate {base.subject} cannot be read: {error}.") from error


def _read(der: bytes, base: Certificate) -> CertificateDetails:
    body = only(only(der, SEQUENCE), SEQUENCE)
    fields = [(tag, content) for tag, content in elements(body) if tag != _CONTEXT_0]
    _serial, algorithm, issuer, _validity, subject, key = (content for _tag, content in fields[:6])
    extensions = _extensions(next((content for tag, content in fields[6:] if tag == _CONTEXT_3), b""))
    kind, bits, curve = _key(key)
    access = _authority_access(extensions.get(_AUTHORITY_ACCESS, b""))
    usages = _oids(extensions.get(_EXTENDED_KEY_USAGE, b""))
    return CertificateDetails(
        base=base,
        subject_name=subject,
        issuer_name=issuer,
        dns_names=tuple(entry[4:] for entry in base.san if entry.startswith("DNS:")),
        ip_addresses=tuple(entry[3:] for entry in base.san if entry.startswith("IP:")),
        key_type=kind,
        key_bits=bits,
        curve=curve,
        spki_sha256=hashlib.sha256(_whole(SEQUENCE, key)).hexdigest(),
        signature_algorithm=_signature(algorithm),
        is_ca=any(tag == BOOLEAN and value != b"\0" for tag, value in _inside(extensions.get(_BASIC_CONSTRAINTS, b""))),
        server_auth=not usages or _SERVER_AUTH in usages or _ANY_USAGE in usages,
        must_staple=any(value in _STATUS_REQUEST for _tag, value in _inside(extensions.get(_TLS_FEATURE, b""))),
        ocsp_urls=tuple(url for method, url in access if method == _OCSP),
        crl_urls=tuple(_uris(extensions.get(_CRL_POINTS, b""))),
        ca_issuers_urls=tuple(url for method, url in access if method == _CA_ISSUERS),
    )


def _extensions(content: bytes) -> dict[str, bytes]:
    found = {}
    for _tag, extension in elements(only(content, SEQUENCE)) if content else ():
        parts = list(elements(extension))
        found[oid(parts[0][1])] = next(value for tag, value in parts[1:] if tag == OCTET_STRING)
    return found


def _inside(content: bytes) -> t.Iterator[tuple[int, bytes]]:
    return elements(only(content, SEQUENCE)) if content else iter(())


def _oids(content: bytes) -> list[str]:
    return [oid(value) for _tag, value in _inside(content)]


def _authority_access(content: bytes) -> list[tuple[str, str]]:
    found = []
    for _tag, description in _inside(content):
        (_oid_tag, method), (kind, location) = list(elements(description))[:2]
        if kind == _URI:
            found.append((oid(method), location.decode("ascii", "replace")))
    return found


def _uris(content: bytes) -> t.Iterator[str]:
    """Yield each URI among the general names, however deep they are wrapped."""
    for tag, value in elements(content):
        if tag == _URI:
            yield value.decode("ascii", "replace")
        elif tag in (SEQUENCE, _CONTEXT_0):
            yield from _uris(value)


def _whole(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _key(content: bytes) -> tuple[str, int, str]:
    (_tag, algorithm), (_bits_tag, bits) = list(elements(content))[:2]
    parts = list(elements(algorithm))
    kind = oid(parts[0][1])
    if kind in _RSA_KEYS:
        modulus = next(elements(only(bits[1:], SEQUENCE)))[1]
        return "RSA", int.from_bytes(modulus, "big").bit_length(), ""
    if kind == _EC_KEY:
        curve = oid(parts[1][1])
        name, size = _CURVES.get(curve, (curve, (len(bits) - 2) // 2 * 8))
        return "ECDSA", size, name
    if kind == _DSA_KEY:
        prime = next(elements(parts[1][1]))[1]
        return "DSA", int.from_bytes(prime, "big").bit_length(), ""
    name, size = _FIXED_KEYS.get(kind, (_SIGNATURES.get(kind, kind), (len(bits) - 1) * 8))
    return name, size, ""


def _signature(algorithm: bytes) -> str:
    parts = list(elements(algorithm))
    kind = oid(parts[0][1])
    if kind != _PSS:
        return _SIGNATURES.get(kind, kind)
    # RFC 4055: without a parameter the hash is SHA-1.
    wrapped = next((value for tag, value in elements(parts[1][1]) if tag == _CONTEXT_0), b"") if parts[1:] else b""
    used = oid(only(only(wrapped, SEQUENCE), OBJECT_IDENTIFIER)) if wrapped else "1.3.14.3.2.26"
    return f"RSA-PSS with {_HASHES.get(used, used)}"


def covers(certificate: CertificateDetails, name: str) -> bool:
    """Whether the certificate is valid for a host name or address, by the rules of RFC 9525: the CN does not count."""
    try:
        address = str(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        wanted = ascii_name(name).split(".")
        return any(_matches(pattern.lower().rstrip(".").split("."), wanted) for pattern in certificate.dns_names)
    return address in certificate.ip_addresses


def _matches(pattern: t.Sequence[str], wanted: t.Sequence[str]) -> bool:
    if pattern == wanted:
        return True
    return len(wanted) > 2 and pattern[0] == "*" and list(pattern[1:]) == list(wanted[1:])


def ascii_name(name: str) -> str:
    """Write a host name as DNS and certificates have it."""
    plain = name.rstrip(".").lower()
    return plain if plain.isascii() else plain.encode("idna").decode("ascii")
