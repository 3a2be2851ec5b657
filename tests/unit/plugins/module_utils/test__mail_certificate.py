from __future__ import annotations

import datetime
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_certificate as certificates


def make(serial: int, until: datetime.datetime, *, names: bool = True) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Prüfung"),
            x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, "7"),
        ]
    )
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), serial, datetime.datetime(2026, 1, 2, 3, 4, 5), until
    )
    if names:
        listed = [
            x509.DNSName("mail.example.org"),
            x509.IPAddress(ipaddress.ip_address("2001:db8::25")),
            x509.RFC822Name("postmaster@example.org"),
            x509.UniformResourceIdentifier("https://example.org/"),
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(listed), critical=True)
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize("serial", [1, 0x80, 0x80A, 2**155 - 1, 2**159 - 1])
@pytest.mark.parametrize("year", [2027, 2049, 2050, 2126])
def test_description(serial: int, year: int) -> None:
    signed = make(serial, datetime.datetime(year, 1, 1))
    der = signed.public_bytes(serialization.Encoding.DER)
    described = certificates.describe(der)
    assert described.subject == described.issuer == "C=DE,CN=Prüfung,2.5.4.5=7"
    assert described.serial == serial.to_bytes((serial.bit_length() + 7) // 8, "big").hex().upper()
    assert described.not_before == "2026-01-02T03:04:05Z"
    assert described.not_after == f"{year}-01-01T00:00:00Z"
    assert described.fingerprint == signed.fingerprint(hashes.SHA256()).hex()
    assert described.san == (
        "DNS:mail.example.org",
        "IP:2001:db8::25",
        "email:postmaster@example.org",
        "URI:https://example.org/",
    )


def test_no_alternative_names() -> None:
    der = make(5, datetime.datetime(2027, 1, 1), names=False).public_bytes(serialization.Encoding.DER)
    assert certificates.describe(der).san == ()


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x82\xff\xff\x00", b"\x02\x01\x01", b"\x30\x03\x02\x01\x01"])
def test_no_certificate(der: bytes) -> None:
    with pytest.raises(certificates.CertificateError):
        certificates.describe(der)
