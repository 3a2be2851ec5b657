# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a client of today would complain about, given what was seen of a server."""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._tls_certificate import (
    CertificateDetails,
    covers,
    moment,
)
from ansible_collections.postmaster.mail.plugins.module_utils._tls_ciphers import WEAKNESSES, suite
from ansible_collections.postmaster.mail.plugins.module_utils._tls_look import Ciphers, Handshake, VersionAnswer

SEVERITIES = ("info", "warning", "error")
_OUTDATED = ("SSLv3", "TLSv1", "TLSv1.1")
_NO_ISSUER = (2, 20, 21)
_SELF_SIGNED, _ROOT_UNKNOWN = 18, 19
_DATES = (9, 10)
# Days a certificate of a public CA may be valid, by the day it was issued: the Baseline Requirements of the
# CA/Browser Forum, 6.3.2 (ballots SC31 and SC-081v3).
_PUBLIC_LIFETIMES = (("2029-03-15", 47), ("2027-03-15", 100), ("2026-03-15", 200), ("2020-09-01", 398))
# What Apple's systems accept from any CA since 2019-07-01.
_LONGEST_LIFETIME = 825

_Finding = tuple[str, str, str]


@dataclass(frozen=True)
class Complaint:
    """One thing a client complains about; server_name is empty if it is about the server as a whole."""

    id: str
    severity: str
    text: str
    server_name: str = ""


@dataclass(frozen=True)
class View:
    """With whose eyes the server is looked at."""

    host: str
    now: datetime.datetime
    soon_days: int
    system_trust: bool


def assess_handshake(shaken: Handshake, chain: t.Sequence[CertificateDetails], view: View) -> list[Complaint]:
    """Judge the certificates that one name got."""
    name = shaken.server_name or view.host
    found: list[_Finding] = []
    if shaken.failure:
        found.append(("handshake_failed", "error", f"the handshake cannot be finished: {shaken.failure}"))
    if chain:
        found += _certificates(shaken, chain, name, view)
    return [Complaint(identifier, severity, text, shaken.server_name) for identifier, severity, text in found]


def _certificates(
    shaken: Handshake, chain: t.Sequence[CertificateDetails], name: str, view: View
) -> t.Iterable[_Finding]:
    return [
        *_names(chain[0], name),
        *(complaint for certificate in chain for complaint in _dates(certificate, view)),
        *_strength(chain),
        *_trust(shaken, chain),
        *_order(chain),
        *_purpose(chain[0]),
        *_lifetime(chain[0], public=view.system_trust and shaken.trusted is True),
    ]


def _names(leaf: CertificateDetails, name: str) -> t.Iterator[_Finding]:
    if covers(leaf, name):
        return
    names = [*leaf.dns_names, *leaf.ip_addresses]
    if names:
        yield "name_mismatch", "error", f"the certificate is for {', '.join(names)}, not for {name}"
    else:
        yield "no_names", "error", f"the certificate {leaf.base.subject} has no subjectAltName; the CN does not count"


def _dates(certificate: CertificateDetails, view: View) -> t.Iterator[_Finding]:
    base = certificate.base
    left = certificate.days_left(view.now)
    if moment(base.not_before) > view.now:
        yield "not_yet_valid", "error", f"the certificate {base.subject} is valid from {base.not_before} on"
    elif left < 0:
        yield "expired", "error", f"the certificate {base.subject} expired at {base.not_after}"
    elif left < view.soon_days:
        yield "expires_soon", "warning", f"the certificate {base.subject} expires in {left} days, at {base.not_after}"


def _strength(chain: t.Sequence[CertificateDetails]) -> t.Iterator[_Finding]:
    for number, certificate in enumerate(chain):
        subject = certificate.base.subject
        needed = {"RSA": 2048, "DSA": 2048, "ECDSA": 256}.get(certificate.key_type, 0)
        if certificate.key_bits < needed:
            key = f"{certificate.key_type} with {certificate.key_bits} bits"
            yield "weak_key", "error", f"the key of {subject} is {key}, at least {needed} are needed"
        # Nobody checks how a root signed itself; a certificate that stands for itself is another matter.
        if (number == 0 or not certificate.self_issued) and certificate.signature_algorithm.endswith(
            ("SHA-1", "MD5", "MD2")
        ):
            yield "weak_signature", "error", f"{subject} is signed by {certificate.signature_algorithm}"


def _trust(shaken: Handshake, chain: t.Sequence[CertificateDetails]) -> t.Iterator[_Finding]:
    if shaken.trusted is not False or shaken.trust_code in _DATES:
        return
    last = _path(chain)[-1]
    if shaken.trust_code == _SELF_SIGNED:
        yield "self_signed", "error", f"the certificate {chain[0].base.subject} is signed by itself"
    elif shaken.trust_code == _ROOT_UNKNOWN:
        yield "untrusted", "error", f"the CA {last.base.subject} is not one of those that are trusted"
    elif shaken.trust_code in _NO_ISSUER and not last.self_issued:
        yield (
            "chain_incomplete",
            "error",
            f"the issuer {last.base.issuer} is neither sent nor trusted: the server has to send every certificate"
            " between its own and the root, and the root has to be a trusted one",
        )
    else:
        yield "untrusted", "error", f"the certificate {chain[0].base.subject} is not trusted: {shaken.trust_error}"


def _path(chain: t.Sequence[CertificateDetails]) -> list[CertificateDetails]:
    """Return the certificates from the server's own to the last issuer that was sent, whatever their order."""
    path, left = [chain[0]], list(chain[1:])
    while not path[-1].self_issued:
        issuer = next((entry for entry in left if entry.subject_name == path[-1].issuer_name), None)
        if issuer is None:
            break
        left.remove(issuer)
        path.append(issuer)
    return path


def _order(chain: t.Sequence[CertificateDetails]) -> t.Iterator[_Finding]:
    path = _path(chain)
    needless = [entry.base.subject for entry in chain if entry not in path]
    if needless:
        yield "chain_needless", "info", f"certificates are sent that nobody needs: {'; '.join(needless)}"
    if [entry for entry in chain if entry in path] != path:
        yield "chain_order", "warning", "the certificates are not sent in order, each followed by its issuer's"
    if len(path) > 1 and path[-1].self_issued:
        yield "root_sent", "info", f"the root {path[-1].base.subject} is sent; a client has it or does not trust it"


def _purpose(leaf: CertificateDetails) -> t.Iterator[_Finding]:
    if not leaf.server_auth:
        yield "no_server_auth", "error", "the certificate is not meant for servers (extendedKeyUsage)"
    if leaf.is_ca and not leaf.self_issued:
        yield "ca_as_server", "error", "the server uses the certificate of a CA (basicConstraints)"
    if leaf.must_staple:
        yield (
            "must_staple",
            "warning",
            "the certificate demands a stapled OCSP answer; Postfix and Dovecot cannot staple one",
        )


def _lifetime(leaf: CertificateDetails, *, public: bool) -> t.Iterator[_Finding]:
    limit = _LONGEST_LIFETIME
    if public:
        limit = next((days for since, days in _PUBLIC_LIFETIMES if leaf.base.not_before >= since), limit)
    if leaf.lifetime_days > limit:
        text = f"the certificate is valid for {leaf.lifetime_days} days; some clients accept no more than {limit}"
        yield "long_lifetime", "warning", text + (" from a public CA" if public else "")


def assess_protocol(versions: t.Sequence[VersionAnswer], ciphers: t.Sequence[Ciphers]) -> list[Complaint]:
    """Judge versions and cipher suites."""
    accepted = [entry.version for entry in versions if entry.accepted]
    hellos = [entry.hello for entry in versions if entry.accepted and entry.hello is not None]
    found: list[_Finding] = []
    if accepted and not {"TLSv1.2", "TLSv1.3"} & set(accepted):
        found.append(("tls_too_old", "error", f"nothing newer than {accepted[-1]} is accepted (RFC 8996)"))
    old = [version for version in accepted if version in _OUTDATED]
    if old:
        found.append(("outdated_versions", "warning", f"{', '.join(old)} accepted (RFC 7568, RFC 8996)"))
    if any(entry.version == "TLSv1.3" and entry.accepted is False for entry in versions):
        found.append(("no_tls13", "info", "TLSv1.3 is not accepted"))
    if any(hello.compression for hello in hellos):
        found.append(("compression", "warning", "TLS compression is on (CRIME)"))
    if any(hello.secure_renegotiation is False for hello in hellos):
        found.append(("insecure_renegotiation", "warning", "renegotiation is not protected (RFC 5746)"))
    weak = weak_suites(ciphers)
    found += [
        (f"cipher_{weakness}", "warning", f"{', '.join(weak[weakness])}: {meaning}")
        for weakness, meaning in WEAKNESSES.items()
        if weakness in weak
    ]
    return [Complaint(*finding) for finding in found]


def weak_suites(ciphers: t.Sequence[Ciphers]) -> dict[str, list[str]]:
    """Return the names of the accepted suites (OpenSSL's if there are) for each weakness that occurs."""
    found: dict[str, list[str]] = {}
    for entry in ciphers:
        for code in entry.codes:
            chosen = suite(code)
            for weakness in chosen.weaknesses(entry.version):
                names = found.setdefault(weakness, [])
                if (chosen.openssl or chosen.iana) not in names:
                    names.append(chosen.openssl or chosen.iana)
    return found
