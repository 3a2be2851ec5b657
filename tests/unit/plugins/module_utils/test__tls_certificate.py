# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import hashlib
import ipaddress
import pathlib
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from ansible_collections.postmaster.mail.plugins.module_utils import _tls_certificate as certificates
from ansible_collections.postmaster.mail.plugins.module_utils._mail_certificate import CertificateError

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.org")])
ISSUER = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example CA")])


def make(
    key: t.Any,
    *,
    extensions: t.Sequence[x509.ExtensionType] = (),
    algorithm: t.Any = None,
    issuer: x509.Name = ISSUER,
    pss: bool = False,
) -> bytes:
    builder = x509.CertificateBuilder(
        issuer, NAME, key.public_key(), 7, datetime.datetime(2026, 1, 1), datetime.datetime(2026, 4, 1)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    scheme = padding.PSS(padding.MGF1(hashes.SHA384()), 48) if pss else None
    return builder.sign(key, algorithm, rsa_padding=scheme).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    ("make_key", "algorithm", "pss", "expected"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), hashes.SHA256(), False, ("RSA", 2048, "", "RSA with SHA-256")),
        (lambda: rsa.generate_private_key(65537, 1024), hashes.SHA512(), False, ("RSA", 1024, "", "RSA with SHA-512")),
        (lambda: rsa.generate_private_key(65537, 2048), hashes.SHA384(), True,
         ("RSA", 2048, "", "RSA-PSS with SHA-384")),
        (lambda: ec.generate_private_key(ec.SECP256R1()), hashes.SHA256(), False,
         ("ECDSA", 256, "P-256", "ECDSA with SHA-256")),
        (lambda: ec.generate_private_key(ec.SECP521R1()), hashes.SHA512(), False,
         ("ECDSA", 521, "P-521", "ECDSA with SHA-512")),
        (ed25519.Ed25519PrivateKey.generate, None, False, ("Ed25519", 256, "", "Ed25519")),
        (ed448.Ed448PrivateKey.generate, None, False, ("Ed448", 456, "", "Ed448")),
        (lambda: dsa.generate_private_key(1024), hashes.SHA256(), False, ("DSA", 1024, "", "DSA with SHA-256")),
    ],
)  # fmt: skip
def test_keys_and_signatures(
    make_key: t.Callable[[], t.Any], algorithm: t.Any, pss: bool, expected: tuple[str, int, str, str]
) -> None:
    key = make_key()
    read = certificates.read_certificate(make(key, algorithm=algorithm, pss=pss))
    assert (read.key_type, read.key_bits, read.curve, read.signature_algorithm) == expected
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert read.spki_sha256 == hashlib.sha256(public).hexdigest()


def test_extensions() -> None:
    names = [x509.DNSName("mail.example.org"), x509.IPAddress(ipaddress.ip_address("2001:db8::25"))]
    point = x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.example.com/1.crl")], None, None, None)
    access = [
        x509.AccessDescription(oid, x509.UniformResourceIdentifier(url))
        for oid, url in (
            (x509.AuthorityInformationAccessOID.OCSP, "http://ocsp.example.com"),
            (x509.AuthorityInformationAccessOID.CA_ISSUERS, "http://example.com/ca.der"),
        )
    ]
    extensions = [
        x509.SubjectAlternativeName(names),
        x509.BasicConstraints(ca=False, path_length=None),
        x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]),
        x509.CRLDistributionPoints([point]),
        x509.AuthorityInformationAccess(access),
        x509.TLSFeature([x509.TLSFeatureType.status_request]),
    ]
    key = ec.generate_private_key(ec.SECP256R1())
    read = certificates.read_certificate(make(key, extensions=extensions, algorithm=hashes.SHA256()))
    assert (read.dns_names, read.ip_addresses) == (("mail.example.org",), ("2001:db8::25",))
    assert (read.is_ca, read.server_auth, read.must_staple, read.self_issued) == (False, True, True, False)
    assert read.ocsp_urls == ("http://ocsp.example.com",)
    assert read.crl_urls == ("http://crl.example.com/1.crl",)
    assert read.ca_issuers_urls == ("http://example.com/ca.der",)
    assert read.lifetime_days == 90


@pytest.mark.parametrize(
    ("extensions", "is_ca", "server_auth"),
    [
        ((), False, True),
        ((x509.BasicConstraints(ca=True, path_length=3),), True, True),
        ((x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]),), False, False),
        ((x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),), False, True),
    ],
)
def test_purpose(extensions: t.Sequence[x509.ExtensionType], is_ca: bool, server_auth: bool) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    read = certificates.read_certificate(make(key, extensions=extensions, issuer=NAME))
    assert (read.is_ca, read.server_auth, read.must_staple, read.self_issued) == (is_ca, server_auth, False, True)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime.datetime(2026, 3, 1, 0, 0, 1), 30),
        (datetime.datetime(2026, 3, 31, 0, 0, 0), 1),
        (datetime.datetime(2026, 3, 31, 12, 0, 0), 0),
        (datetime.datetime(2026, 4, 1, 0, 0, 1), -1),
    ],
)
def test_days_left(now: datetime.datetime, left: int) -> None:
    read = certificates.read_certificate(make(ed25519.Ed25519PrivateKey.generate()))
    assert read.days_left(now.replace(tzinfo=datetime.timezone.utc)) == left


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("mail.example.org", True),
        ("MAIL.example.org.", True),
        ("imap.example.net", True),
        ("example.net", False),
        ("a.b.example.net", False),
        ("xn--bcher-kva.example.com", True),
        ("Bücher.example.com", True),
        ("com", False),
        ("192.0.2.25", True),
        ("192.0.2.26", False),
        ("2001:DB8:0:0::25", True),
        ("cn.example.org", False),
    ],
)
def test_names_that_are_covered(name: str, covered: bool) -> None:
    listed: list[x509.GeneralName] = [
        x509.DNSName(entry) for entry in ("Mail.example.org", "*.example.net", "xn--bcher-kva.example.com", "*")
    ]
    listed += [x509.IPAddress(ipaddress.ip_address(entry)) for entry in ("192.0.2.25", "2001:db8::25")]
    read = certificates.read_certificate(
        make(ed25519.Ed25519PrivateKey.generate(), extensions=[x509.SubjectAlternativeName(listed)])
    )
    assert certificates.covers(read, name) is covered


def test_a_certificate_that_is_cut_off() -> None:
    whole = make(ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(CertificateError):
        certificates.read_certificate(whole[: len(whole) // 2])
