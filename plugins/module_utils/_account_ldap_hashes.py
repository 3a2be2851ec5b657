# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Password hashes as directories spell them."""

from __future__ import annotations

import re

# One that the directory verifies by crypt(3), so that it can check logins itself.
SCHEME = "SHA512-CRYPT"
_CRYPT = {"$6$": "SHA512-CRYPT", "$5$": "SHA256-CRYPT", "$2": "BLF-CRYPT", "$1$": "MD5-CRYPT"}
_ARGON2 = {"$argon2id$": "ARGON2ID", "$argon2i$": "ARGON2I"}
_SCHEME = re.compile(r"\{([^}]*)\}(.*)", re.DOTALL)


def to_stored(password: str) -> str:
    """Return a hash with the scheme as a directory calls it (RFC 2307 and OpenLDAP)."""
    match = _SCHEME.match(password)
    if match is None:
        return password
    scheme, digest = match.group(1).upper(), match.group(2)
    if scheme in _CRYPT.values():
        return f"{{CRYPT}}{digest}"
    if scheme in _ARGON2.values():
        return f"{{ARGON2}}{digest}"
    return password


def from_stored(password: str) -> str:
    """Return a hash with the scheme as Dovecot calls it."""
    match = _SCHEME.match(password)
    if match is None:
        return f"{{PLAIN}}{password}" if password else ""
    scheme, digest = match.group(1).upper(), match.group(2)
    for generic, names in (("CRYPT", _CRYPT), ("ARGON2", _ARGON2)):
        if scheme == generic:
            scheme = next((name for prefix, name in names.items() if digest.startswith(prefix)), scheme)
    return f"{{{scheme}}}{digest}"
