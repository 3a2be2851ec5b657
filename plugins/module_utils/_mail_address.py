# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Addresses that this collection creates mailboxes and aliases for: lower case, and domains as A-labels (RFC 5890)."""

from __future__ import annotations

import re

# RFC 5321 dot-atom without the characters that mean something to the passwd-file (# :), to paths (/), to the masks of
# "doveadm kick" (* ?), to variables of Dovecot and lookup tables ($ % { }), and without the quote and pipe of shells.
_LOCAL_PART = re.compile(r"[a-z0-9!&'+=^_~][a-z0-9!&'+=^_~-]*(?:\.[a-z0-9!&'+=^_~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
# IDNA 2003, which Python has, maps these to other letters or to nothing; IDNA 2008 and browsers do not.
_DEVIATIONS = frozenset("\u00df\u03c2\u200c\u200d")


class AddressError(Exception):
    """Not an address that mail can be kept for, with the cause."""


def parse_address(text: str) -> str:
    """Return the address in lower case with the domain as A-labels. Raises AddressError."""
    address = text.strip()
    local_part, at, domain = address.rpartition("@")
    if not at or not local_part or not domain:
        raise AddressError(f"{text!r} is not a full address; write local-part@domain")
    local_part = local_part.lower()
    if not local_part.isascii():
        raise AddressError(
            f"the local part of {text!r} has characters outside ASCII, which most servers cannot send mail to; "
            "only the domain may have such characters"
        )
    if len(local_part) > 64 or not _LOCAL_PART.fullmatch(local_part):
        raise AddressError(
            f"the local part of {text!r} cannot name a mailbox; use up to 64 letters, digits and the characters "
            "! & ' + - = ^ _ ~ with single dots between them, and no hyphen first"
        )
    result = f"{local_part}@{_parse_domain(domain, text)}"
    if len(result) > 254:
        raise AddressError(f"{text!r} is longer than 254 characters")
    return result


def parse_domain(text: str) -> str:
    """Return a domain in lower case as A-labels. Raises AddressError."""
    return _parse_domain(text.strip(), text)


def domain_of(address: str) -> str:
    """Return the part after the last @."""
    return address.rpartition("@")[2]


def _parse_domain(domain: str, text: str) -> str:
    if not domain.isascii():
        if _DEVIATIONS & set(domain):
            raise AddressError(f"the domain of {text!r} has letters that releases of IDNA differ in; write xn-- labels")
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise AddressError(f"the domain of {text!r} is no internationalised domain: {error}") from error
    domain = domain.lower()
    if len(domain) > 253 or any(len(label) > 63 or not _LABEL.fullmatch(label) for label in domain.split(".")):
        raise AddressError(f"the domain of {text!r} is not a host name of letters, digits and hyphens")
    return domain
