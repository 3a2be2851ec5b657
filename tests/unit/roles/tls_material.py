"""Keys and certificates for the tests of the program that installs them."""

from __future__ import annotations

import datetime
import importlib
import pathlib
import sys
import types
import typing as t
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "tls" / "files" / "program"
NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.timezone.utc)


def load(name: str) -> types.ModuleType:
    """Import a module of the program, which finds its neighbours by their plain names."""
    if str(PROGRAM) not in sys.path:
        sys.path.insert(0, str(PROGRAM))
    return importlib.import_module(name)


@dataclass(frozen=True)
class Made:
    certificate: x509.Certificate
    key: t.Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def new_key(kind: str = "ecc") -> t.Any:
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ecc" else rsa.generate_private_key(65537, 2048)


def make(
    subject: str,
    issuer: Made | None = None,
    *,
    names: t.Sequence[str] = (),
    days: tuple[float, float] = (-1, 90),
    key: t.Any = None,
) -> Made:
    """Make a certificate, signed by its own key without an issuer; days are counted from NOW."""
    key = key or new_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=days[0]))
        .not_valid_after(NOW + datetime.timedelta(days=days[1]))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
    return Made(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def request(key: t.Any, subject: str, names: t.Sequence[str]) -> bytes:
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
