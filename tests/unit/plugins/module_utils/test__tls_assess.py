# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _tls_assess as assess
from ansible_collections.postmaster.mail.plugins.module_utils._mail_certificate import Certificate
from ansible_collections.postmaster.mail.plugins.module_utils._tls_certificate import CertificateDetails
from ansible_collections.postmaster.mail.plugins.module_utils._tls_hello import ServerHello
from ansible_collections.postmaster.mail.plugins.module_utils._tls_look import Ciphers, Handshake, VersionAnswer

NOW = datetime.datetime(2026, 7, 1, tzinfo=datetime.timezone.utc)
VIEW = assess.View("192.0.2.25", NOW, 21, system_trust=True)


def certificate(subject: str, issuer: str, **changes: t.Any) -> CertificateDetails:
    base = {"not_before": "2026-06-01T00:00:00Z", "not_after": "2026-09-01T00:00:00Z"}
    base.update({name: changes.pop(name) for name in ("not_before", "not_after") if name in changes})
    read = CertificateDetails(
        base=Certificate(subject, issuer, (), "1", fingerprint=f"{subject} by {issuer}", **base),
        subject_name=subject.encode(),
        issuer_name=issuer.encode(),
        dns_names=("mail.example.org",),
        ip_addresses=(),
        key_type="ECDSA",
        key_bits=256,
        curve="P-256",
        spki_sha256="",
        signature_algorithm="ECDSA with SHA-256",
        is_ca=False,
        server_auth=True,
        must_staple=False,
        ocsp_urls=(),
        crl_urls=(),
        ca_issuers_urls=(),
    )
    return dataclasses.replace(read, **changes)


LEAF = certificate("CN=leaf", "CN=issuing")
ISSUING = certificate("CN=issuing", "CN=root", is_ca=True)
ROOT = certificate("CN=root", "CN=root", is_ca=True, signature_algorithm="RSA with SHA-1")
OTHER = certificate("CN=other", "CN=root")
ALONE = certificate("CN=leaf", "CN=leaf", is_ca=True)
TRUSTED = Handshake("mail.example.org", (), "TLSv1.3", "x", 256, trusted=True)


def untrusted(code: int) -> Handshake:
    return dataclasses.replace(TRUSTED, trusted=False, trust_code=code, trust_error=f"reason {code}")


def ids(complaints: t.Iterable[assess.Complaint]) -> list[str]:
    return [f"{complaint.severity} {complaint.id}" for complaint in complaints]


@pytest.mark.parametrize(
    ("handshake", "chain", "expected"),
    [
        (TRUSTED, [LEAF, ISSUING], []),
        (TRUSTED, [LEAF, ISSUING, ROOT], ["info root_sent"]),
        (TRUSTED, [LEAF, ROOT, ISSUING], ["warning chain_order", "info root_sent"]),
        (TRUSTED, [LEAF, ISSUING, OTHER], ["info chain_needless"]),
        (TRUSTED, [ALONE], []),
        (untrusted(18), [ALONE], ["error self_signed"]),
        (untrusted(20), [LEAF], ["error chain_incomplete"]),
        (untrusted(21), [LEAF, ISSUING], ["error chain_incomplete"]),
        (untrusted(19), [LEAF, ISSUING, ROOT], ["error untrusted", "info root_sent"]),
        (untrusted(20), [LEAF, ISSUING, ROOT], ["error untrusted", "info root_sent"]),
        (untrusted(7), [LEAF, ISSUING], ["error untrusted"]),
        (untrusted(10), [LEAF, ISSUING], []),
        (Handshake("mail.example.org", (), failure="cut"), [], ["error handshake_failed"]),
        (Handshake("mail.example.org", (), failure="cut"), [LEAF], ["error handshake_failed"]),
    ],
)
def test_trust_and_order(
    handshake: Handshake, chain: t.Sequence[CertificateDetails], expected: t.Sequence[str]
) -> None:
    assert ids(assess.assess_handshake(handshake, chain, VIEW)) == list(expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"dns_names": ("smtp.example.org",)}, ["error name_mismatch"]),
        ({"dns_names": ()}, ["error no_names"]),
        ({"dns_names": ("*.example.org",)}, []),
        ({"not_before": "2026-07-02T00:00:00Z"}, ["error not_yet_valid"]),
        ({"not_after": "2026-06-30T23:59:59Z"}, ["error expired"]),
        ({"not_after": "2026-07-21T23:59:59Z"}, ["warning expires_soon"]),
        ({"not_after": "2026-07-22T00:00:00Z"}, []),
        ({"key_type": "RSA", "key_bits": 1024}, ["error weak_key"]),
        ({"key_type": "RSA", "key_bits": 2048}, []),
        ({"key_bits": 224}, ["error weak_key"]),
        ({"key_type": "Ed25519"}, []),
        ({"signature_algorithm": "RSA with SHA-1"}, ["error weak_signature"]),
        ({"signature_algorithm": "RSA-PSS with SHA-1"}, ["error weak_signature"]),
        ({"signature_algorithm": "RSA with MD5"}, ["error weak_signature"]),
        ({"server_auth": False}, ["error no_server_auth"]),
        ({"is_ca": True}, ["error ca_as_server"]),
        ({"must_staple": True}, ["warning must_staple"]),
        ({"not_after": "2026-12-18T00:00:00Z"}, []),
        ({"not_after": "2026-12-19T00:00:00Z"}, ["warning long_lifetime"]),
        ({"not_before": "2026-03-01T00:00:00Z", "not_after": "2027-04-03T00:00:00Z"}, []),
        ({"not_before": "2026-03-01T00:00:00Z", "not_after": "2027-04-04T00:00:00Z"}, ["warning long_lifetime"]),
        ({"not_before": "2020-08-01T00:00:00Z", "not_after": "2026-09-01T00:00:00Z"}, ["warning long_lifetime"]),
    ],
)
def test_certificates(changes: dict[str, t.Any], expected: t.Sequence[str]) -> None:
    leaf = certificate("CN=leaf", "CN=issuing", **changes)
    assert ids(assess.assess_handshake(TRUSTED, [leaf, ISSUING], VIEW)) == list(expected)


@pytest.mark.parametrize(("days", "expected"), [(825, []), (826, ["warning long_lifetime"])])
def test_own_authorities_may_issue_for_longer(days: int, expected: list[str]) -> None:
    until = (NOW + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    leaf = certificate("CN=leaf", "CN=issuing", not_before="2026-07-01T00:00:00Z", not_after=until)
    view = dataclasses.replace(VIEW, system_trust=False)
    assert ids(assess.assess_handshake(TRUSTED, [leaf, ISSUING], view)) == expected


def test_the_issuers_count_as_well() -> None:
    issuing = certificate("CN=issuing", "CN=root", not_after="2026-06-30T00:00:00Z", key_type="RSA", key_bits=1024)
    found = assess.assess_handshake(TRUSTED, [LEAF, issuing], VIEW)
    assert ids(found) == ["error expired", "error weak_key"]
    assert all("CN=issuing" in complaint.text for complaint in found)
    assert all(complaint.server_name == "mail.example.org" for complaint in found)


def test_without_a_name_the_host_has_to_be_covered() -> None:
    handshake = dataclasses.replace(TRUSTED, server_name="")
    assert ids(assess.assess_handshake(handshake, [LEAF, ISSUING], VIEW)) == ["error name_mismatch"]
    leaf = dataclasses.replace(LEAF, ip_addresses=("192.0.2.25",))
    assert assess.assess_handshake(handshake, [leaf, ISSUING], VIEW) == []


def answers(*accepted: str, compression: int = 0, secure: bool = True) -> list[VersionAnswer]:
    return [
        VersionAnswer(version, True, "", ServerHello(version, 0xC02F, compression, secure))
        if version in accepted
        else VersionAnswer(version, False, "protocol_version")
        for version in ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    ]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (answers("TLSv1.2", "TLSv1.3"), []),
        (answers("TLSv1.2"), ["info no_tls13"]),
        (answers("TLSv1.1", "TLSv1.2", "TLSv1.3"), ["warning outdated_versions"]),
        (answers("SSLv3", "TLSv1"), ["error tls_too_old", "warning outdated_versions", "info no_tls13"]),
        (answers("TLSv1.2", "TLSv1.3", compression=1), ["warning compression"]),
        (answers("TLSv1.2", "TLSv1.3", secure=False), ["warning insecure_renegotiation"]),
        ([], []),
        ([VersionAnswer("TLSv1.3", None, "silence")], []),
    ],
)
def test_versions(versions: list[VersionAnswer], expected: list[str]) -> None:
    assert ids(assess.assess_protocol(versions, [])) == expected


def test_suites_are_named_once_for_each_weakness() -> None:
    ciphers = [
        Ciphers("TLSv1", (0xC013, 0x002F), True),
        Ciphers("TLSv1.1", (0xC013, 0x002F, 0x0018), True),
        Ciphers("TLSv1.2", (0xC02F, 0x002F), True),
    ]
    assert assess.weak_suites(ciphers) == {
        "cbc_with_old_tls": ["ECDHE-RSA-AES128-SHA", "AES128-SHA"],
        "no_forward_secrecy": ["AES128-SHA"],
        "anonymous": ["ADH-RC4-MD5"],
        "rc4": ["ADH-RC4-MD5"],
        "md5": ["ADH-RC4-MD5"],
    }
    assert ids(assess.assess_protocol([], ciphers)) == [
        "warning cipher_anonymous",
        "warning cipher_rc4",
        "warning cipher_md5",
        "warning cipher_no_forward_secrecy",
        "warning cipher_cbc_with_old_tls",
    ]
