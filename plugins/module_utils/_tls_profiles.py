# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What servers of this collection offer in TLS: profiles after Mozilla's Server Side TLS, and certificates by name."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ._role_variables import RoleVariables
from ._tls_certificate import ascii_name

VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

_FORWARD_SECRET = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "DHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "DHE-RSA-CHACHA20-POLY1305",
)
_OUTDATED = (
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "DHE-RSA-AES128-SHA256",
    "DHE-RSA-AES256-SHA256",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA256",
    "AES256-SHA256",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
)


@dataclass(frozen=True)
class TlsProfile:
    """What a server offers. ciphers are those up to TLS 1.2, as OpenSSL names them; suites are those of TLS 1.3."""

    versions: tuple[str, ...]
    ciphers: tuple[str, ...]
    server_chooses: bool = False
    # The level below which OpenSSL takes TLS 1.0 and 1.1 for broken, whatever versions are allowed.
    security_level: str = ""
    suites: tuple[str, ...] = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
    groups: tuple[str, ...] = ("X25519", "prime256v1", "secp384r1")

    @property
    def cipher_list(self) -> str:
        """The ciphers in the form that OpenSSL reads; empty if there are none."""
        return ":".join([*self.ciphers, *([self.security_level] if self.security_level else [])])

    @property
    def refused_versions(self) -> tuple[str, ...]:
        """The versions that are not offered."""
        return tuple(version for version in VERSIONS if version not in self.versions)


# Version 5.7 of the guidelines, https://ssl-config.mozilla.org/guidelines/5.7.json; legacy is what they call old.
PROFILES: t.Mapping[str, TlsProfile] = {
    "modern": TlsProfile(versions=("TLSv1.3",), ciphers=()),
    "intermediate": TlsProfile(versions=("TLSv1.2", "TLSv1.3"), ciphers=_FORWARD_SECRET),
    "legacy": TlsProfile(
        versions=VERSIONS, ciphers=(*_FORWARD_SECRET, *_OUTDATED), server_chooses=True, security_level="@SECLEVEL=0"
    ),
}


@dataclass(frozen=True)
class NamedCertificate:
    """A certificate that is served to those who ask for one of the names; entry is what the variable says of it."""

    name: str
    names: tuple[str, ...]
    entry: t.Mapping[str, t.Any]


def profile_of(wishes: RoleVariables) -> TlsProfile:
    """Return the profile that variable tls_profile names, or the default if there is no such profile."""
    name = wishes.text("tls_profile")
    if name not in PROFILES:
        wishes.refuse("tls_profile", name, f"one of {', '.join(PROFILES)}")
        return PROFILES["intermediate"]
    return PROFILES[name]


def named_certificates(wishes: RoleVariables) -> list[NamedCertificate]:
    """Return what variable tls_certificates says, with names as clients send them."""
    found: list[NamedCertificate] = []
    for entry in wishes.entries("tls_certificates"):
        name = str(entry.get("name") or "")
        if not name:
            wishes.fault(f"{wishes.prefix}tls_certificates: an entry has no name")
            continue
        names = dict.fromkeys(_ascii(wishes, text) for text in (name, *map(str, entry.get("names") or ())))
        found.append(NamedCertificate(name, tuple(names), entry))
    wishes.check_unique("tls_certificates", [name for certificate in found for name in certificate.names])
    return found


def default_file(directory: str, name: str, kind: str, key_type: str = "") -> str:
    """Return the path at which role tls keeps a file of a certificate; key_type is that of a second pair."""
    return f"{directory}/{name}/{kind}{f'-{key_type.lower()}' if key_type else ''}.pem"


def _ascii(wishes: RoleVariables, name: str) -> str:
    try:
        return ascii_name(name)
    except UnicodeError:
        wishes.fault(f"{wishes.prefix}tls_certificates: {name!r} is no name of a host")
        return name
