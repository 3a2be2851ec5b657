# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The results of checks as plain data, and as the text of a failure."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._tls_certificate import CertificateDetails, covers
from ansible_collections.postmaster.mail.plugins.module_utils._tls_check_run import CheckResult, Presented
from ansible_collections.postmaster.mail.plugins.module_utils._tls_ciphers import suite

_Data = dict[str, t.Any]


def report(result: CheckResult) -> _Data:
    """Return everything that was seen of a server."""
    plan = result.plan
    return {
        "name": plan.name,
        "host": plan.endpoint.host,
        "port": plan.endpoint.port,
        "address": result.address,
        "starttls": plan.protocol,
        "met": not result.problems,
        "problems": list(result.problems),
        "presented": [_presented(entry, plan.endpoint.host, result.now) for entry in result.presented],
        "versions": [
            {"version": entry.version, "accepted": entry.accepted, "answer": entry.answer} for entry in result.versions
        ],
        "accepted_versions": [entry.version for entry in result.versions if entry.accepted],
        "ciphers": [_cipher(entry.version, code) for entry in result.ciphers for code in entry.codes],
        "ciphers_complete": plan.goes("ciphers") and all(entry.complete for entry in result.ciphers),
        "client_warnings": [dataclasses.asdict(complaint) for complaint in result.complaints],
    }


def failure(results: t.Sequence[CheckResult]) -> str:
    """Return the text that names every check that failed, or an empty one."""
    failed = [result for result in results if result.problems]
    if not failed:
        return ""
    lines = [_named(result.plan.name, problem) for result in failed for problem in result.problems]
    if len(results) == 1:
        return "\n".join(lines)
    return "\n".join([f"{len(failed)} of {len(results)} checks did not come out as expected:", *lines])


def _named(name: str, problem: str) -> str:
    return problem if problem.startswith(name) else f"{name}: {problem}"


def _cipher(version: str, code: int) -> _Data:
    chosen = suite(code)
    return {
        "version": version,
        "code": f"0x{code:04X}",
        "iana": chosen.iana,
        "openssl": chosen.openssl,
        "weaknesses": list(chosen.weaknesses(version)),
    }


def _presented(entry: Presented, host: str, now: datetime.datetime) -> _Data:
    shaken = entry.handshake
    chain = [_certificate(certificate, now) for certificate in entry.chain]
    return {
        "server_name": shaken.server_name,
        "version": shaken.version,
        "cipher": shaken.cipher,
        "bits": shaken.bits,
        "name_matches": covers(entry.chain[0], shaken.server_name or host) if entry.chain else None,
        "trusted": shaken.trusted,
        "trust_error": shaken.trust_error,
        "failure": shaken.failure,
        "certificate": chain[0] if chain else None,
        "chain": chain,
    }


def _certificate(certificate: CertificateDetails, now: datetime.datetime) -> _Data:
    base = certificate.base
    return {
        "subject": base.subject,
        "issuer": base.issuer,
        "san": list(base.san),
        "dns_names": list(certificate.dns_names),
        "ip_addresses": list(certificate.ip_addresses),
        "serial": base.serial,
        "not_before": base.not_before,
        "not_after": base.not_after,
        "days_left": certificate.days_left(now),
        "lifetime_days": certificate.lifetime_days,
        "fingerprint": base.fingerprint,
        "spki_sha256": certificate.spki_sha256,
        "key_type": certificate.key_type,
        "key_bits": certificate.key_bits,
        "curve": certificate.curve,
        "signature_algorithm": certificate.signature_algorithm,
        "self_issued": certificate.self_issued,
        "is_ca": certificate.is_ca,
        "must_staple": certificate.must_staple,
        "ocsp_urls": list(certificate.ocsp_urls),
        "crl_urls": list(certificate.crl_urls),
        "ca_issuers_urls": list(certificate.ca_issuers_urls),
    }
