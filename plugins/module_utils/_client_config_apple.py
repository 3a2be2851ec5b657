# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The settings as a configuration profile for the mail programs of Apple."""

from __future__ import annotations

import plistlib
import uuid

from ansible_collections.postmaster.mail.plugins.module_utils._client_config import AccountType, ClientDomain

_ACCOUNT_TYPES = {"imap": "EmailTypeIMAP", "pop3": "EmailTypePOP"}


def profile(domain: ClientDomain, account_type: AccountType) -> str:
    """Return the profile of a domain for accounts of that type.

    Address, user name and password are not in it: the device asks for them.
    """
    incoming, outgoing = domain.incoming(account_type)[0], domain.outgoing[0]
    identifier = ".".join([*reversed(domain.domain.split(".")), "mail", account_type])
    account = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.account",
        "PayloadUUID": _uuid(f"{identifier}.account"),
        "PayloadDisplayName": domain.name,
        "EmailAccountDescription": domain.name,
        "EmailAccountType": _ACCOUNT_TYPES[account_type],
        "IncomingMailServerHostName": incoming.hostname[:-1],
        "IncomingMailServerPortNumber": incoming.port,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": outgoing.hostname[:-1],
        "OutgoingMailServerPortNumber": outgoing.port,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    whole = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": _uuid(identifier),
        "PayloadDisplayName": f"{domain.name} ({account_type.upper()})",
        "PayloadOrganization": domain.name,
        "PayloadDescription": f"{domain.text}: {incoming.hostname[:-1]}, {outgoing.hostname[:-1]}",
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [account],
    }
    return plistlib.dumps(whole, sort_keys=True).decode()


def _uuid(identifier: str) -> str:
    # A profile replaces the one of the same identifier and UUID, so neither may change with the settings.
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, identifier)).upper()
