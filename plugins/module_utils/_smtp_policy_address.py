# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Where Postfix would deliver an address, and whether it lists it."""

from __future__ import annotations

import ipaddress
import typing as t

from ._smtp_policy_access import without_extension
from ._smtp_policy_config import Settings, Tables, in_domains

AddressClass = t.Literal["local", "virtual alias", "virtual mailbox", "relay", "remote"]

_DOMAIN_LISTS: t.Final[tuple[tuple[str, AddressClass], ...]] = (
    ("mydestination", "local"),
    ("virtual_alias_domains", "virtual alias"),
    ("virtual_mailbox_domains", "virtual mailbox"),
    ("relay_domains", "relay"),
)
_RECIPIENT_MAPS: t.Final[t.Mapping[AddressClass, str]] = {
    "local": "local_recipient_maps",
    "virtual mailbox": "virtual_mailbox_maps",
    "relay": "relay_recipient_maps",
}


def split_address(address: str) -> tuple[str, str]:
    """Return local part and domain; the domain is empty for a bare name."""
    local, at, domain = address.rpartition("@")
    return (local, domain.lower()) if at else (address, "")


def classify(address: str, settings: Settings, tables: Tables) -> tuple[AddressClass, str]:
    """Return the class of an address and the parameter that says so. Raises LookupFailedError."""
    domain = split_address(address)[1]
    if not domain:
        return "local", "mydestination"
    if domain.startswith("[") and _is_own_address(domain, settings):
        return "local", "inet_interfaces"
    for name, address_class in _DOMAIN_LISTS:
        subdomains = settings.subdomains_match(name)
        if in_domains(domain, settings.words(name), tables, subdomains=subdomains):
            return address_class, name
    return "remote", ""


def _is_own_address(domain: str, settings: Settings) -> bool:
    literal = domain.strip("[]")
    if literal.lower().startswith("ipv6:"):
        literal = literal[5:]
    try:
        address = ipaddress.ip_address(literal)
    except ValueError:
        return False
    own = settings.words("inet_interfaces") + settings.words("proxy_interfaces")
    return address.is_loopback or str(address) in own


def is_routed(address: str, settings: Settings) -> bool:
    """Whether the local part names a further hop, which smtpd does not count as an authorized destination."""
    local = split_address(address)[0].strip('"')
    return not settings.flag("allow_untrusted_routing", default=False) and any(mark in local for mark in "@%!")


def find_listing(address: str, settings: Settings, tables: Tables) -> tuple[bool, str]:
    """Say whether Postfix knows the address, and the parameter that decides. Raises LookupFailedError."""
    address_class, parameter = classify(address, settings, tables)
    local, domain = split_address(address)
    delimiters = settings.parameters.get("recipient_delimiter", "")
    locals_ = [local, *without_extension(local, delimiters)]
    full = [f"{part}@{domain}" for part in locals_] if domain else []
    bare = locals_ if address_class == "local" else []
    if address_class == "remote":
        return True, ""
    if _any(settings.words("virtual_alias_maps"), [*full, *bare, f"@{domain}"], tables):
        return True, "virtual_alias_maps"
    if address_class == "virtual alias":
        return False, "virtual_alias_maps"
    name = _RECIPIENT_MAPS[address_class]
    if not settings.words(name):
        return True, parameter
    keys = [*full, *bare, *([f"@{domain}"] if domain else [])]
    return _any(settings.words(name), keys, tables), name


def _any(words: t.Iterable[str], keys: t.Sequence[str], tables: Tables) -> bool:
    return any(tables.find(table, key) is not None for table in words for key in keys)
