# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the program that answers Outlook (Autodiscover) has to know of each mail domain."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._client_config import ClientDomain

_TYPES = {"imap": "IMAP", "pop3": "POP3", "submission": "SMTP"}


def autodiscover_data(domains: t.Sequence[tuple[ClientDomain, str]]) -> dict[str, t.Any]:
    """Return, by domain, its protocols and the address at which its settings are asked for."""
    return {
        domain.domain: {
            "name": domain.name,
            "username": domain.username,
            "url": url,
            "protocols": [
                {
                    "type": _TYPES[endpoints[0].protocol],
                    "server": endpoints[0].hostname[:-1],
                    "port": endpoints[0].port,
                    "encryption": "SSL" if endpoints[0].implicit_tls else "TLS",
                }
                # Outlook takes one of each kind.
                for endpoints in (*(domain.incoming(kind) for kind in domain.account_types), domain.outgoing)
            ],
        }
        for domain, url in domains
    }
