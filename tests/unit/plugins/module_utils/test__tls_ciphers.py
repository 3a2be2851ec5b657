# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _tls_ciphers as ciphers

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"


def test_names_are_those_of_openssl() -> None:
    """Every suite of a real OpenSSL is in the table with the same two names, unless it needs a shared secret."""
    text = (FIXTURES / "openssl-3.0.19-ciphers-V-stdname.txt").read_text()
    known = 0
    for line in text.splitlines():
        code, _dash, iana, _dash, openssl, *_rest = line.split()
        if "PSK" in iana or "SRP" in iana:
            continue
        known += 1
        number = int(code.replace("0x", "").replace(",", ""), 16)
        assert ciphers.SUITES[number] == ciphers.Suite(number, iana, openssl)
    assert known > 70


@pytest.mark.parametrize(
    ("name", "version", "weaknesses"),
    [
        ("TLS_AES_128_GCM_SHA256", "TLSv1.3", ()),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", ()),
        ("TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", "TLSv1.2", ()),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLSv1.1", ()),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLSv1", ("cbc_with_old_tls",)),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", ("no_forward_secrecy",)),
        ("TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", ("no_forward_secrecy",)),
        ("TLS_DH_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", ("no_forward_secrecy",)),
        ("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "TLSv1.2", ("anonymous",)),
        ("TLS_DH_anon_EXPORT_WITH_RC4_40_MD5", "SSLv3", ("anonymous", "export", "rc4", "md5")),
        ("TLS_RSA_WITH_NULL_MD5", "TLSv1", ("no_encryption", "md5", "no_forward_secrecy")),
        ("TLS_RSA_WITH_DES_CBC_SHA", "TLSv1.1", ("des", "no_forward_secrecy")),
        ("TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA", "TLSv1.1", ("export", "des")),
        ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "SSLv3", ("3des", "cbc_with_old_tls")),
        ("TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", "TLSv1.1", ("export", "rc2", "md5", "no_forward_secrecy")),
        ("TLS_RSA_WITH_IDEA_CBC_SHA", "TLSv1.1", ("idea", "no_forward_secrecy")),
        ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", "TLSv1", ("rc4",)),
    ],
)
def test_weaknesses(name: str, version: str, weaknesses: tuple[str, ...]) -> None:
    [found] = [entry for entry in ciphers.SUITES.values() if entry.iana == name]
    assert found.weaknesses(version) == weaknesses
    assert set(weaknesses) <= set(ciphers.WEAKNESSES)


def test_offers_begin_with_what_is_good() -> None:
    offered = ciphers.offers("TLSv1.2")
    weak = [bool(ciphers.SUITES[code].weaknesses("TLSv1.2")) for code in offered]
    assert weak == sorted(weak)
    assert set(ciphers.offers("TLSv1.2", weak_only=True)) == {code for code, is_weak in zip(offered, weak) if is_weak}
    assert set(ciphers.offers("TLSv1.3")) | set(offered) == set(ciphers.SUITES)
    assert ciphers.offers("TLSv1.3", weak_only=True) == []


def test_what_is_not_in_the_table_is_named_by_its_code() -> None:
    assert ciphers.suite(0x5A5A) == ciphers.Suite(0x5A5A, "0x5A5A", "")
    assert ciphers.suite(0x5A5A).weaknesses("TLSv1") == ()
