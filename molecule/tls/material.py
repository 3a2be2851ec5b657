"""Make a certificate as others would bring it, with its key, its chain and their root.

Argument: a folder for root.pem, good-key.pem and good-chain.pem; FOLDER.tar has all of it.
"""

from __future__ import annotations

import datetime
import pathlib
import shutil
import sys
import typing as t
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.datetime.now(datetime.timezone.utc)
NAMES = ("mail.example.org", "imap.example.org")


@dataclass(frozen=True)
class Made:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def make(
    subject: str, issuer: Made | None = None, names: t.Sequence[str] = (), days: tuple[int, int] = (-1, 60)
) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=days[0]))
        .not_valid_after(NOW + datetime.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    return Made(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def main(folder: pathlib.Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    root = make("Root of others", days=(-400, 4000))
    above = make("Intermediate of others", root, days=(-400, 2000))
    good = make(NAMES[0], above, NAMES)
    (folder / "root.pem").write_bytes(root.pem)
    (folder / "good-key.pem").write_bytes(good.key_pem)
    (folder / "good-chain.pem").write_bytes(good.pem + above.pem)
    shutil.make_archive(str(folder), "tar", folder)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
