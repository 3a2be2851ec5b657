# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""App passwords in a directory: entries below that of their account, of a class of the schema postmaster-mail.ldif.

Each has a slot, the first app password of an account 1, the second 2. Dovecot compares a password with one entry alone,
so it has a passdb for each slot. Both Dovecot and the directory check the password as they check that of the account.
"""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils import _ldif
from ansible_collections.postmaster.mail.plugins.module_utils._account import SERVICES
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import PROTOCOLS
from ansible_collections.postmaster.mail.plugins.module_utils._account_ldap_hashes import from_stored, to_stored
from ansible_collections.postmaster.mail.plugins.module_utils._ldif import LdapEntry
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import AppPassword, Entry

SLOT = "postmasterMailSlot"
ADDRESS = "postmasterMailAddress"
SERVICE = "postmasterMailService"
NETWORKS = "postmasterMailAllowNets"
NAME = "cn"
PASSWORD = "userPassword"
ATTRIBUTES = (SLOT, ADDRESS, SERVICE, NETWORKS, NAME, PASSWORD)
# An empty list would let nobody in, so that there is always one.
ANYWHERE = "0.0.0.0/0,::/0,local"


def by_account(entries: t.Iterable[LdapEntry]) -> dict[str, list[LdapEntry]]:
    """Return the entries of app passwords by the name of the entry that each is right below, in the order of slots."""
    found: dict[str, list[LdapEntry]] = {}
    for entry in sorted(entries, key=_slot):
        found.setdefault(_ldif.parent(entry.dn), []).append(entry)
    return found


def read(entries: t.Iterable[LdapEntry], address: str) -> tuple[AppPassword, ...]:
    """Return the app passwords of an account. An entry that names another address opens nothing."""
    return tuple(_app_password(one) for one in entries if one.first(ADDRESS).lower() == address)


def records(account: Entry, dn: str, object_class: str, stored: t.Sequence[LdapEntry]) -> list[str]:
    """Return what makes the entries below dn those of the account; stored is what there is, whatever dn was before."""
    changes: list[str] = []
    present: dict[int, LdapEntry] = {}
    for entry in stored:
        present.setdefault(_slot(entry), entry)
    kept: list[LdapEntry] = []
    for slot, one in enumerate(account.app_passwords, start=1):
        values = _values(account.user, slot, one)
        found = present.get(slot)
        if found is None:
            changes.append(_ldif.add(f"{SLOT}={slot},{dn}", {"objectClass": (object_class,), **values}))
            continue
        kept.append(found)
        replaced = {name: value for name, value in values.items() if sorted(value) != sorted(found.all(name))}
        if replaced:
            changes.append(_ldif.modify(_moved(found.dn, dn), replaced))
    return changes + [_ldif.delete(_moved(entry.dn, dn)) for entry in stored if entry not in kept]


def _moved(dn: str, above: str) -> str:
    """Return the name of an entry after the one above it got this name."""
    return f"{dn.removesuffix(_ldif.parent(dn))}{above}"


def _slot(entry: LdapEntry) -> int:
    text = entry.first(SLOT)
    return int(text) if text.isdecimal() else 0


def _values(address: str, slot: int, one: AppPassword) -> dict[str, tuple[str, ...]]:
    return {
        SLOT: (str(slot),),
        ADDRESS: (address,),
        NAME: (one.name,),
        PASSWORD: (to_stored(one.password),),
        SERVICE: tuple(protocol for protocol, service in PROTOCOLS.items() if service in one.services),
        NETWORKS: (",".join(one.allow_nets) or ANYWHERE,),
    }


def _app_password(entry: LdapEntry) -> AppPassword:
    services = {PROTOCOLS.get(protocol, "") for protocol in entry.all(SERVICE)}
    networks = entry.first(NETWORKS)
    return AppPassword(
        entry.first(NAME),
        from_stored(entry.first(PASSWORD)),
        tuple(service for service in SERVICES if service in services),
        () if networks == ANYWHERE else tuple(networks.split(",")),
    )
