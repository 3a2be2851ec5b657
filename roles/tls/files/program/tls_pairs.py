# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pairs of key and certificate chain, and what speaks against using them."""

from __future__ import annotations

import datetime
import ipaddress
import pathlib
import re
import typing as t
from dataclasses import dataclass

from cryptography import exceptions, x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from tls_config import Source, TlsError

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Pair:
    """A key and its certificate, followed by those of the authorities that lead to a root."""

    source: Source
    key_pem: bytes
    chain: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def chain_pem(self) -> bytes:
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in self.chain)

    @property
    def kind(self) -> str:
        return key_kind(self.leaf.public_key())


def key_kind(key: object) -> str:
    """Name the kind of a key as it is in the names of files."""
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ecc"
    return "ed"


def serial(certificate: x509.Certificate) -> str:
    digits = f"{certificate.serial_number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


def not_before(certificate: x509.Certificate) -> datetime.datetime:
    return moment_of(certificate, "not_valid_before")


def not_after(certificate: x509.Certificate) -> datetime.datetime:
    return moment_of(certificate, "not_valid_after")


def moment_of(holder: x509.Certificate | x509.CertificateRevocationList, name: str) -> datetime.datetime:
    """Return a time with its zone; cryptography before 42 has it without."""
    if hasattr(holder, f"{name}_utc"):
        moment: datetime.datetime = getattr(holder, f"{name}_utc")
        return moment
    naive: datetime.datetime = getattr(holder, name)
    return naive.replace(tzinfo=datetime.timezone.utc)


def days_left(certificate: x509.Certificate, now: datetime.datetime) -> int:
    return (not_after(certificate) - now).days


def read_bytes(path: pathlib.Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"{what} {path} cannot be read: {error.strerror}; put it there, readable for root") from error


def read_chain(path: pathlib.Path) -> tuple[x509.Certificate, ...]:
    """Read all certificates of a file in PEM form, in their order."""
    text = read_bytes(path, "The certificate")
    chain = []
    for number, block in enumerate(_PEM.findall(text), 1):
        try:
            chain.append(x509.load_pem_x509_certificate(block))
        except ValueError as error:
            raise TlsError(
                f"Certificate {number} in {path} is damaged: {error}; get the file anew from where it came"
            ) from error
    if not chain:
        raise TlsError(f"{path} has no certificate in PEM form; it begins with -----BEGIN CERTIFICATE-----")
    return tuple(chain)


def read_pair(source: Source) -> Pair:
    """Read key and chain, and make sure that they belong together. Raises TlsError."""
    pem = read_bytes(source.privkey, "The private key")
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise TlsError(
            f"The private key {source.privkey} is encrypted, and no daemon knows its passphrase; "
            "write it without one, for example with openssl pkey"
        ) from error
    except (ValueError, exceptions.UnsupportedAlgorithm) as error:
        raise TlsError(f"{source.privkey} has no private key in PEM form that can be read: {error}") from error
    chain = read_chain(source.certificate)
    if _public(key.public_key()) != _public(chain[0].public_key()):
        raise TlsError(_mismatch(source, chain, key.public_key()))
    unencrypted = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(source=source, key_pem=unencrypted, chain=chain)


def _mismatch(source: Source, chain: t.Sequence[x509.Certificate], key: t.Any) -> str:
    for number, other in enumerate(chain[1:], 2):
        if _public(other.public_key()) == _public(key):
            return (
                f"The chain in {source.certificate} is in the wrong order: the certificate of the key "
                f"{source.privkey} is number {number}; put it first and each issuer after what it issued"
            )
    return (
        f"The private key {source.privkey} does not belong to the certificate {source.certificate} "
        f"({_subject(chain[0])}, serial {serial(chain[0])}); give the key that its request was made with"
    )


def _public(key: t.Any) -> bytes:
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded


def check_pair(
    pair: Pair, names: t.Iterable[str], trust: t.Sequence[pathlib.Path] | None, now: datetime.datetime
) -> None:
    """Make sure that clients will accept the pair. Raises TlsError."""
    path = pair.source.certificate
    for certificate in pair.chain:
        if not_after(certificate) <= now:
            raise TlsError(
                f"{_subject(certificate)} in {path} has expired on {not_after(certificate):%Y-%m-%d}; get a new one"
            )
        if not_before(certificate) > now:
            raise TlsError(
                f"{_subject(certificate)} in {path} is not valid before {not_before(certificate):%Y-%m-%d %H:%M} UTC; "
                "wait for that, or set the clock of this host"
            )
    if _must_staple(pair.leaf):
        raise TlsError(
            f"The certificate {path} demands a stapled OCSP answer (must-staple), which neither Postfix nor Dovecot "
            "can give; get one without this extension"
        )
    missing = [name for name in names if not covers(pair.leaf, name)]
    if missing:
        raise TlsError(
            f"The certificate {path} is not valid for {', '.join(missing)}, only for "
            f"{', '.join(dns_names(pair.leaf)) or 'no name at all'}; get one with these names, or do not ask for them"
        )
    _check_order(pair)
    if trust is not None:
        _check_complete(pair, trust)


def _must_staple(certificate: x509.Certificate) -> bool:
    try:
        features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except x509.ExtensionNotFound:
        return False
    return x509.TLSFeatureType.status_request in features


def _check_order(pair: Pair) -> None:
    for below, above in zip(pair.chain, pair.chain[1:]):
        if not issued(above, below):
            somewhere = any(issued(other, below) for other in pair.chain if other is not below)
            raise TlsError(
                f"The chain in {pair.source.certificate} is in the wrong order: {_subject(above)} follows "
                f"{_subject(below)}, which was issued by {_issuer(below)}; put each issuer after what it issued"
                if somewhere
                else f"The chain in {pair.source.certificate} is incomplete: {_subject(above)} follows "
                f"{_subject(below)}, which was issued by {_issuer(below)}; add the certificate of this issuer"
            )


def _check_complete(pair: Pair, trust: t.Sequence[pathlib.Path]) -> None:
    last = pair.chain[-1]
    if issued(last, last):
        return
    for path in trust:
        if path.exists() and any(issued(root, last) for root in _roots(path, last)):
            return
    raise TlsError(
        f"The chain in {pair.source.certificate} is incomplete: it ends with {_subject(last)}, issued by "
        f"{_issuer(last)}, which is not in {', '.join(map(str, trust)) or 'any file of roots'}; "
        "add the certificates of all issuers below the root, or trust the root on this host"
    )


def _roots(path: pathlib.Path, below: x509.Certificate) -> t.Iterator[x509.Certificate]:
    """Yield the certificates of a file that may have issued the one below; others may be of any kind."""
    for block in _PEM.findall(read_bytes(path, "The file of roots")):
        try:
            root = x509.load_pem_x509_certificate(block)
            if root.subject == below.issuer:
                yield root
        except ValueError:
            continue


def issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether the signature of the certificate is that of the issuer."""
    if issuer.subject != certificate.issuer:
        return False
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            scheme = getattr(certificate, "signature_algorithm_parameters", None)
            key.verify(
                signature,
                signed,
                scheme if isinstance(scheme, padding.AsymmetricPadding) else padding.PKCS1v15(),
                algorithm,
            )
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(signature, signed)
        else:
            return False
    except (exceptions.InvalidSignature, exceptions.UnsupportedAlgorithm):
        return False
    return True


def alternative_names(holder: x509.Certificate | x509.CertificateSigningRequest) -> x509.GeneralNames:
    try:
        return x509.GeneralNames(holder.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return x509.GeneralNames([])


def dns_names(holder: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    return list(alternative_names(holder).get_values_for_type(x509.DNSName))


def covers(certificate: x509.Certificate, name: str) -> bool:
    """Whether a client that wants name accepts the certificate, by RFC 9525."""
    try:
        return ipaddress.ip_address(name) in alternative_names(certificate).get_values_for_type(x509.IPAddress)
    except ValueError:
        wanted = ascii_name(name)
    _first, _dot, parent = wanted.partition(".")
    patterns = [pattern.lower().rstrip(".") for pattern in dns_names(certificate)]
    return wanted in patterns or ("." in parent and f"*.{parent}" in patterns)


def ascii_name(name: str) -> str:
    plain = name.rstrip(".").lower()
    return plain if plain.isascii() else plain.encode("idna").decode("ascii")


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "the certificate without a subject"


def _issuer(certificate: x509.Certificate) -> str:
    return certificate.issuer.rfc4514_string() or "an issuer without a name"
