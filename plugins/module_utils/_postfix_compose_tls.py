# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""TLS of role postfix: what is offered, which certificate is served, and who relays with a certificate of its own."""

from __future__ import annotations

import hashlib
import re
import ssl
import typing as t
from dataclasses import dataclass

from ._postfix_compose import TRUSTED, Share, Tables, Wishes
from ._tls_profiles import PROFILES, TlsProfile, default_file, named_certificates, profile_of

_NO_OLD_PROTOCOLS = "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1"
_WEAK_CIPHERS = ("aNULL", "eNULL", "EXPORT", "DES", "3DES", "RC4", "MD5", "PSK", "SRP")
# Postfix warns of certificates apart from chain files at each start of a process, and of the others in its commands.
_OLD_SPELLINGS = (
    "smtpd_tls_cert_file",
    "smtpd_tls_key_file",
    "smtpd_tls_eccert_file",
    "smtpd_tls_eckey_file",
    "smtpd_tls_dcert_file",
    "smtpd_tls_dkey_file",
    "smtpd_tls_dh1024_param_file",
    "smtpd_tls_dh512_param_file",
    "smtpd_tls_eecdh_grade",
    "smtpd_use_tls",
    "smtpd_enforce_tls",
    "smtp_use_tls",
    "smtp_enforce_tls",
)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_SHA256 = re.compile(r"(?:[0-9a-f]{2}:){31}[0-9a-f]{2}|[0-9a-f]{64}")
# The lists that a client of port 25 goes through.
_TRUSTING = ("client", "helo", "sender", "relay", "recipient")


@dataclass(frozen=True)
class ClientCertificates:
    """The listeners that ask for a certificate, by the name of their variable or entry."""

    listeners: frozenset[str] = frozenset()

    def options(self, listener: str) -> dict[str, t.Any]:
        """Return what a listener needs for it."""
        return {"smtpd_tls_ask_ccert": True} if listener in self.listeners else {}

    def permit(self, listener: str) -> list[str]:
        """Return what lets a known certificate pass a list of a listener."""
        return ["permit_tls_clientcerts"] if listener in self.listeners else []


def compose_tls(wishes: Wishes, tables: Tables, platform: t.Mapping[str, t.Any]) -> Share:
    """Return what holds for every connection unless a service or a policy for a domain says otherwise."""
    profile = profile_of(wishes)
    share = Share(
        "tls",
        params={
            "smtpd_tls_auth_only": True,
            "smtpd_tls_security_level": "may",
            "smtpd_tls_chain_files": wishes.texts("tls_chain_files"),
            **{name: {"state": "absent"} for name in _OLD_SPELLINGS},
            "smtpd_tls_received_header": True,
            "smtpd_tls_loglevel": 1,
            **_offer(profile),
            "smtp_tls_security_level": "may",
            "smtp_tls_protocols": _NO_OLD_PROTOCOLS,
            "smtp_tls_CAfile": platform["ca_file"],
            "smtp_tls_loglevel": 1,
        },
    )
    names = _certificates_by_name(wishes, platform)
    if names:
        entries = {name: ", ".join(files) for name, files in names.items()}
        share.params["tls_server_sni_maps"] = tables.add("tls_names", entries, kind="texthash")
    return share


def certificate_files(wishes: Wishes, platform: t.Mapping[str, t.Any]) -> list[str]:
    """Return all files with certificates that smtpd opens."""
    named = _certificates_by_name(wishes, platform).values()
    return list(dict.fromkeys([*wishes.texts("tls_chain_files"), *(file for files in named for file in files)]))


def compose_client_certificates(
    wishes: Wishes, tables: Tables, files: t.Mapping[str, str]
) -> tuple[Share | None, ClientCertificates]:
    """Return what clients with a known certificate need, and who asks for it. files are certificates by path."""
    entries = wishes.entries("relay_clientcerts")
    if not entries:
        return None, ClientCertificates()
    asking = ClientCertificates(frozenset(wishes.texts("relay_clientcerts_listeners")))
    _check_listeners(wishes, asking)
    known: dict[str, str] = {}
    for entry in entries:
        name, fingerprint = str(entry.get("name") or ""), _fingerprint(wishes, entry, files)
        if not name:
            wishes.fault("postfix_relay_clientcerts: an entry has no name")
        elif fingerprint in known:
            wishes.fault(f"postfix_relay_clientcerts: {name} has the certificate of {known[fingerprint]}")
        elif fingerprint:
            known[fingerprint] = name
    share = Share("clientcerts")
    share.params["relay_clientcerts"] = tables.add("relay_clientcerts", known)
    share.params["smtpd_tls_fingerprint_digest"] = "sha256"
    incoming = {"smtp", *(str(entry.get("name")) for entry in wishes.entries("listeners") if _is_incoming(entry))}
    if asking.listeners & incoming:
        for kind in _TRUSTING:
            share.extend(f"smtpd_{kind}_restrictions", ["permit_tls_clientcerts"], order=TRUSTED)
    if "smtp" in asking.listeners:
        service = ("smtpd", "pass") if wishes.flag("postscreen") else ("smtp", "inet")
        share.serve(*service, options=asking.options("smtp"))
    return share, asking


def _offer(profile: TlsProfile) -> dict[str, t.Any]:
    """Return what smtpd offers.

    Where TLS is required, that is the profile. Port 25 also takes what is not encrypted at all, so there a strict
    profile would not protect anybody, but make mail travel in clear or not at all: it is never stricter than
    intermediate in its versions, and has the wider ciphers of Postfix without the broken ones.
    """
    old = bool(profile.security_level)
    opportunistic = profile if old else PROFILES["intermediate"]
    ciphers = {"tls_high_cipherlist": profile.cipher_list} if profile.cipher_list else {}
    weak = [name for name in _WEAK_CIPHERS if not (old and name == "3DES")]
    return {
        "smtpd_tls_protocols": _without(opportunistic),
        "smtpd_tls_mandatory_protocols": _without(profile),
        "smtpd_tls_ciphers": "high" if old else "medium",
        "smtpd_tls_mandatory_ciphers": "high",
        **ciphers,
        "smtpd_tls_exclude_ciphers": weak,
        "tls_preempt_cipherlist": profile.server_chooses,
        # Postfix warns at each handshake of a group that its OpenSSL does not have.
        "tls_eecdh_auto_curves": list(profile.groups),
    }


def _without(profile: TlsProfile) -> str:
    # The form with a lowest version is unknown to Postfix 3.5.
    return ", ".join(f"!{version}" for version in ("SSLv2", "SSLv3", *profile.refused_versions))


def _certificates_by_name(wishes: Wishes, platform: t.Mapping[str, t.Any]) -> dict[str, list[str]]:
    """Return the chain files for each name; a name that starts with a dot stands for all below it."""
    found: dict[str, list[str]] = {}
    key_types = ["", *platform["tls_key_types"][1:]]
    for certificate in named_certificates(wishes):
        files = [str(file) for file in certificate.entry.get("chain_files") or ()]
        if not files:
            files = [default_file(platform["tls_directory"], certificate.name, "combined", kind) for kind in key_types]
        for file in files:
            if re.search(r"[\s,]", file) or not file.startswith("/"):
                wishes.fault(f"postfix_tls_certificates: {file!r} must be an absolute path without blanks and commas")
        for name in certificate.names:
            found[name[1:] if name.startswith("*.") else name] = files
    return found


def _fingerprint(wishes: Wishes, entry: t.Mapping[str, t.Any], files: t.Mapping[str, str]) -> str:
    """Return the SHA-256 of a certificate in the form of Postfix, or nothing after noting a fault."""
    text, file, name = str(entry.get("fingerprint") or ""), str(entry.get("file") or ""), entry.get("name")
    if bool(text) == bool(file):
        wishes.fault(f"postfix_relay_clientcerts: {name} needs either a fingerprint or a file")
        return ""
    if file:
        match = _CERTIFICATE.search(files.get(file, ""))
        try:
            text = hashlib.sha256(ssl.PEM_cert_to_DER_cert(match.group())).hexdigest() if match else ""
        except ValueError:
            text = ""
        if not text:
            wishes.fault(f"postfix_relay_clientcerts: {file} of {name} holds no certificate in PEM form")
            return ""
    text = text.lower()
    if not _SHA256.fullmatch(text):
        wishes.fault(
            f"postfix_relay_clientcerts: the fingerprint of {name} must be SHA-256, 32 pairs of hexadecimal digits, as "
            "openssl x509 -noout -fingerprint -sha256 prints it"
        )
        return ""
    digits = text.replace(":", "").upper()
    return ":".join(digits[position : position + 2] for position in range(0, len(digits), 2))


def _check_listeners(wishes: Wishes, asking: ClientCertificates) -> None:
    wanted = {name for name in ("submission", "submissions") if wishes.flag(name)}
    further = {str(entry.get("name")) for entry in wishes.entries("listeners") if entry.get("state") != "absent"}
    there = sorted({"smtp", *wanted, *further})
    for name in sorted(asking.listeners.difference(there)):
        wishes.fault(f"postfix_relay_clientcerts_listeners: there is no {name}; use {', '.join(there)}")
    if not asking.listeners:
        wishes.fault("postfix_relay_clientcerts_listeners is empty: nobody would be asked for a certificate")


def _is_incoming(entry: t.Mapping[str, t.Any]) -> bool:
    return (entry.get("role") or "mta") == "mta"
