# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Cipher suites and what is wrong with them.

The judgement follows RFC 9325 (section 4.1: no NULL, no RC4, no keys below 112 bits, no key exchange without forward
secrecy), RFC 7465 (RC4), RFC 5469 (DES and IDEA) and RFC 8996 (TLS 1.0 and 1.1, where CBC suites chain their vectors).
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._tls_cipher_table import TABLE

VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
WEAKNESSES: t.Mapping[str, str] = {
    "anonymous": "nobody proves who the server is",
    "no_encryption": "nothing is encrypted",
    "export": "a key short enough to be broken at once",
    "des": "a key of 56 bits",
    "rc2": "an outdated cipher",
    "rc4": "a cipher that leaks what it encrypts (RFC 7465)",
    "3des": "blocks of 64 bits and keys of 112 bits (Sweet32)",
    "idea": "blocks of 64 bits (RFC 5469)",
    "md5": "MD5 protects the records",
    "no_forward_secrecy": "who gets the key later can read what was recorded",
    "cbc_with_old_tls": "CBC with SSL 3.0 or TLS 1.0 (POODLE, BEAST)",
}
_SIGNS = (
    ("anonymous", re.compile(r"_anon_")),
    ("no_encryption", re.compile(r"_WITH_NULL_")),
    ("export", re.compile(r"_EXPORT")),
    ("des", re.compile(r"_DES_|_DES40_")),
    ("rc2", re.compile(r"_RC2_")),
    ("rc4", re.compile(r"_RC4_")),
    ("3des", re.compile(r"_3DES_")),
    ("idea", re.compile(r"_IDEA_")),
    ("md5", re.compile(r"_MD5$")),
)
_WITHOUT_VECTOR = re.compile(r"_GCM_|_CCM|POLY1305|_RC4_|_WITH_NULL_")
_EPHEMERAL = re.compile(r"^TLS_(?:EC)?DHE_|_anon_")


@dataclass(frozen=True)
class Suite:
    """A cipher suite; openssl is empty where OpenSSL never had it."""

    code: int
    iana: str
    openssl: str

    @property
    def tls13(self) -> bool:
        return self.code >> 8 == 0x13

    def weaknesses(self, version: str) -> tuple[str, ...]:
        """Return what is wrong with the suite in that protocol version."""
        if self.tls13 or self.code not in SUITES:
            return ()
        found = [name for name, sign in _SIGNS if sign.search(self.iana)]
        if not _EPHEMERAL.search(self.iana):
            found.append("no_forward_secrecy")
        if version in ("SSLv3", "TLSv1") and not _WITHOUT_VECTOR.search(self.iana):
            found.append("cbc_with_old_tls")
        return tuple(found)


def _read(table: str) -> dict[int, Suite]:
    suites = {}
    for line in table.split("\n"):
        if line:
            code, iana, openssl = line.split(" ")
            suites[int(code, 16)] = Suite(int(code, 16), iana, "" if openssl == "-" else openssl)
    return suites


SUITES: t.Mapping[int, Suite] = _read(TABLE)


def suite(code: int) -> Suite:
    """Return the suite with that code; one that is not in the table is named by its code."""
    return SUITES.get(code) or Suite(code, f"0x{code:04X}", "")


def offers(version: str, *, weak_only: bool = False) -> list[int]:
    """Return the codes to offer in a version, the good ones first."""
    fitting = [entry for entry in SUITES.values() if entry.tls13 == (version == "TLSv1.3")]
    if weak_only:
        fitting = [entry for entry in fitting if entry.weaknesses(version)]
    return [entry.code for entry in sorted(fitting, key=lambda entry: (len(entry.weaknesses(version)), entry.code))]
