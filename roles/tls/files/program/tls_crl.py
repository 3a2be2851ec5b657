# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The revocation list of the intermediate of this host.

It is empty, as the root revokes an intermediate with all that it signed. Clients that check a whole chain want it all
the same.
"""

from __future__ import annotations

import datetime
import pathlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from tls_config import Issuer, Source
from tls_issue import replace
from tls_pairs import moment_of, not_after, read_pair


def keep_crl(issuer: Issuer, reserve: int, now: datetime.datetime) -> None:
    """Sign a new list if there is none, or one of another key, or one with no more days than these. Raises TlsError."""
    if issuer.crl is None:
        return
    authority = read_pair(Source(issuer.certificate, issuer.privkey, None))
    end = min(now + datetime.timedelta(days=issuer.crl_days), not_after(authority.leaf))
    if _lasts(issuer.crl, authority.leaf, min(now + datetime.timedelta(days=reserve), end)):
        return
    key = t.cast("t.Any", serialization.load_pem_private_key(authority.key_pem, password=None))
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.leaf.subject)
        .last_update(now - datetime.timedelta(hours=1))
        .next_update(end)
        .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    replace(issuer.crl, crl.public_bytes(serialization.Encoding.PEM))


def _lasts(path: pathlib.Path, authority: x509.Certificate, moment: datetime.datetime) -> bool:
    try:
        crl = x509.load_pem_x509_crl(path.read_bytes())
    except (OSError, ValueError):
        return False
    key = t.cast("t.Any", authority.public_key())
    return (
        crl.issuer == authority.subject
        and crl.is_signature_valid(key)
        and moment_of(crl, "next_update").replace(microsecond=0) >= moment.replace(microsecond=0)
    )
