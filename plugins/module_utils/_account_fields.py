# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The extra fields of an account that options of the module maildir_user stand for."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils import _account
from ansible_collections.postmaster.mail.plugins.module_utils._account import State
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry, field_name, with_field

# "nologin" alone is only honoured by Dovecot's own login services. To other clients of the authentication socket,
# Postfix among them, Dovecot answers that the password is right. A network that no client is in refuses them all.
DISABLED = "nologin"
NO_NETWORK = "allow_nets=255.255.255.255/32"
EXPIRES = "expires"
# What Dovecot calls a service that clients log in to, and what people call it: sending is one, whoever does it.
PROTOCOLS = {"imap": "imap", "pop3": "pop3", "smtp": "smtp", "submission": "smtp", "sieve": "sieve"}


def state_of(entry: Entry | None) -> State:
    """Return the state that an entry is in."""
    if entry is None:
        return "absent"
    return "disabled" if is_locked(entry.extra) else "present"


def expires_of(extra: t.Iterable[str]) -> str | None:
    """Return the day from which on logins are refused, or None."""
    return next((token.partition("=")[2] for token in extra if field_name(token) == EXPIRES), None)


def is_locked(extra: t.Iterable[str]) -> bool:
    """Tell whether the fields refuse all logins."""
    return any(field_name(token) == DISABLED for token in extra)


def with_lock(extra: tuple[str, ...]) -> tuple[str, ...]:
    """Return fields that refuse all logins."""
    locks = [token for token in extra if token == NO_NETWORK]
    extra = tuple(token for token in extra if token != NO_NETWORK)
    if not is_locked(extra):
        extra = (*extra, DISABLED)
    return (*extra, *(locks[:1] or [NO_NETWORK]))


def without_lock(extra: tuple[str, ...]) -> tuple[str, ...]:
    """Return fields that refuse no login on behalf of the account's state."""
    return with_field(tuple(token for token in extra if token != NO_NETWORK), {DISABLED}, None)


def networks_of(extra: t.Iterable[str]) -> tuple[str, ...]:
    """Return the networks that logins may come from; all if there are none."""
    value = next((token for token in extra if field_name(token) == "allow_nets" and token != NO_NETWORK), "")
    return tuple(network for network in value.partition("=")[2].split(",") if network)


def with_networks(extra: tuple[str, ...], networks: t.Sequence[str]) -> tuple[str, ...]:
    """Return fields with these networks in place of others. The lock of a disabled account must not be among them."""
    return with_field(extra, {"allow_nets"}, f"allow_nets={','.join(networks)}" if networks else None)


def with_quota(extra: tuple[str, ...], wished: int | None, *, grammar_2_4: bool) -> tuple[str, ...]:
    """Return fields with a storage limit in the form that the daemon reads; None keeps the limit there is."""
    name = _account.QUOTA_SIZE_2_4 if grammar_2_4 else _account.QUOTA_RULE_2_3
    limits = {
        field_name(token): _account.read_quota(token) for token in extra if field_name(token) in _account.QUOTA_FIELDS
    }
    if name in limits and (wished is None or limits[name] == wished):
        return extra
    limit = wished
    if limit is None:
        # Left by the daemon that was here before an upgrade in place.
        limit = next((value for value in limits.values() if value is not None), None)
    if limit is None:
        return extra
    return with_field(extra, _account.QUOTA_FIELDS, _account.quota_token(limit, grammar_2_4=grammar_2_4))
