# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make certificates out of signing requests: signed by their own key, or by an authority whose key is here."""

from __future__ import annotations

import datetime
import os
import pathlib
import subprocess
import tempfile
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from tls_config import Config, Issuer, Source, TlsError
from tls_pairs import (
    alternative_names,
    days_left,
    issued,
    not_after,
    not_before,
    read_bytes,
    read_chain,
    read_pair,
)

_SKEW = datetime.timedelta(hours=1)


def due(config: Config, source: Source, now: datetime.datetime) -> str:
    """Say why a new certificate is needed, or nothing if it is not. Raises TlsError."""
    if not source.certificate.exists():
        return "there is none yet"
    request = _request(source)
    chain = read_chain(source.certificate)
    if _public(chain[0]) != _public(request) or chain[0].subject != request.subject:
        return "its key or subject changed"
    if set(alternative_names(chain[0])) != set(alternative_names(request)):
        return "its names changed"
    if config.issuer.kind == "ca":
        authority = read_chain(config.issuer.certificate)
        if chain[1:] != authority or not issued(authority[0], chain[0]):
            return "its authority changed"
    elif not issued(chain[0], chain[0]):
        return "it is not signed by its own key"
    left = days_left(chain[0], now)
    return f"{left} days are left" if left < config.renew_before_days else ""


def make(config: Config, source: Source, now: datetime.datetime) -> None:
    """Make a new certificate of the request of a source. Raises TlsError."""
    request = _request(source)
    key = _key(source.privkey)
    if config.issuer.kind == "ca":
        authority = _authority(config.issuer, config.renew_before_days, now)
        chain = (_sign(request, config.issuer, authority[0], _key(config.issuer.privkey), now), *authority)
    else:
        chain = (_sign(request, config.issuer, None, key, now),)
    replace(source.certificate, b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain))


def _authority(issuer: Issuer, reserve: int, now: datetime.datetime) -> tuple[x509.Certificate, ...]:
    authority = read_chain(issuer.certificate)
    if days_left(authority[0], now) <= reserve:
        raise TlsError(
            f"The intermediate {issuer.certificate} ends on {not_after(authority[0]):%Y-%m-%d}: run role "
            "postmaster.mail.tls, which makes it anew, before this host can make certificates again"
        )
    # The key and the certificate of an intermediate come in two steps.
    read_pair(Source(issuer.certificate, issuer.privkey, None))
    return authority


def _request(source: Source) -> x509.CertificateSigningRequest:
    if source.request is None:
        raise TlsError(f"There is no signing request for {source.certificate}")
    try:
        return x509.load_pem_x509_csr(read_bytes(source.request, "The signing request"))
    except ValueError as error:
        raise TlsError(f"The signing request {source.request} is damaged: {error}") from error


def _key(path: pathlib.Path) -> t.Any:
    try:
        return serialization.load_pem_private_key(read_bytes(path, "The private key"), password=None)
    except (TypeError, ValueError) as error:
        raise TlsError(f"The private key {path} cannot be used: {error}") from error


def _public(holder: t.Any) -> bytes:
    encoded: bytes = holder.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _sign(
    request: x509.CertificateSigningRequest,
    issuer: Issuer,
    authority: x509.Certificate | None,
    key: t.Any,
    now: datetime.datetime,
) -> x509.Certificate:
    start = now.replace(microsecond=0) - _SKEW
    end = now.replace(microsecond=0) + datetime.timedelta(days=issuer.valid_days)
    if authority is not None:
        start, end = max(start, not_before(authority)), min(end, not_after(authority))
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(request.subject if authority is None else authority.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension in request.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(request.public_key()), critical=False)
    if authority is not None:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(t.cast("t.Any", authority.public_key()))
        builder = builder.add_extension(identifier, critical=False)
    edwards = isinstance(key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    return builder.sign(key, None if edwards else hashes.SHA256())


def replace(path: pathlib.Path, content: bytes) -> None:
    """Put a public file in place at once."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as sink:
            os.fchmod(sink.fileno(), 0o644)
            sink.write(content)
            sink.flush()
            os.fsync(sink.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def ask(issuer: Issuer) -> None:
    """Run the command that keeps the sources current. Raises TlsError."""
    try:
        ended = subprocess.run(
            issuer.argv, capture_output=True, text=True, errors="replace", check=False, timeout=issuer.timeout
        )
    except subprocess.TimeoutExpired as error:
        raise TlsError(f"{issuer.argv[0]} did not end within {issuer.timeout} seconds") from error
    except OSError as error:
        raise TlsError(f"{issuer.argv[0]} cannot be started: {error.strerror}") from error
    if ended.returncode:
        said = [line for line in (ended.stderr + "\n" + ended.stdout).splitlines() if line.strip()][-8:]
        raise TlsError(f"{issuer.argv[0]} failed ({ended.returncode}): {' / '.join(said)}")
