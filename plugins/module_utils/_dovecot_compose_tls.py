# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""TLS of role dovecot: what is offered, and which certificate is served to whom."""

from __future__ import annotations

from ._dovecot_compose import Tree, Work
from ._tls_profiles import default_file, named_certificates, profile_of


def compose_tls(work: Work) -> None:
    """Say what is offered in TLS, and by which certificates."""
    wishes = work.wishes
    profile = profile_of(wishes)
    work.add(
        {
            "ssl": "required",
            "ssl_min_protocol": profile.versions[0],
            "ssl_cipher_suites": ":".join(profile.suites),
            "ssl_curve_list": ":".join([*profile.groups, *map(str, work.host["hybrid_groups"])]),
            "ssl_server_prefer_ciphers": "server" if profile.server_chooses else "client",
            # Only the process that wrote a ticket could read it, and few sessions come back to the same process.
            "ssl_options": "no_ticket",
            **_files(wishes.text("tls_certificate"), wishes.text("tls_key")),
        }
    )
    alternative = wishes.text("tls_alt_certificate"), wishes.text("tls_alt_key")
    if all(alternative):
        work.add(_alternative(*alternative))
    elif any(alternative):
        wishes.fault("dovecot_tls_alt_certificate and dovecot_tls_alt_key belong together: set both or none")
    if profile.cipher_list:
        work.add({"ssl_cipher_list": profile.cipher_list})
    if any(cipher.startswith("DHE-") for cipher in profile.ciphers) and work.host["dh_file"]:
        work.add({"ssl_server_dh_file": work.host["dh_file"]})
    _named(work, alternative=any(alternative))


def _named(work: Work, *, alternative: bool) -> None:
    directory, key_types = str(work.host["tls_directory"]), work.host["tls_key_types"]
    for certificate in named_certificates(work.wishes):
        entry = {key: str(value or "") for key, value in certificate.entry.items() if key != "names"}
        own = entry.get("certificate", ""), entry.get("key", "")
        second = entry.get("alt_certificate", ""), entry.get("alt_key", "")
        if any(bool(pair[0]) != bool(pair[1]) for pair in (own, second)):
            work.wishes.fault(
                f"dovecot_tls_certificates: {certificate.name} has a certificate without its key, or a key alone"
            )
        if not any(own):
            own = _pair(directory, certificate.name)
            second = _pair(directory, certificate.name, key_types[1]) if len(key_types) > 1 else second
        block = _files(*own)
        if all(second):
            block.update(_alternative(*second))
        elif alternative:
            # Otherwise that of the other names would be served to who prefers its kind of key.
            block.update(_alternative("", ""))
        for name in certificate.names:
            work.add({f"local_name {name}": block})


def _pair(directory: str, name: str, key_type: str = "") -> tuple[str, str]:
    return default_file(directory, name, "fullchain", key_type), default_file(directory, name, "privkey", key_type)


def _files(certificate: str, key: str) -> Tree:
    return {"ssl_server_cert_file": certificate, "ssl_server_key_file": key}


def _alternative(certificate: str, key: str) -> Tree:
    return {"ssl_server_alt_cert_file": certificate, "ssl_server_alt_key_file": key}
