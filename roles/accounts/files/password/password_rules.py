# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names can be those of accounts, and which new passwords are taken."""

from __future__ import annotations

import re

# What Dovecot, PAM and crypt(3) all take whole.
LONGEST = 256

# As the module maildir_user names accounts: nothing in it means something to Dovecot, to a filter or to a command line.
_LOCAL_PART = re.compile(r"[a-z0-9!&'+=^_~][a-z0-9!&'+=^_~-]*(?:\.[a-z0-9!&'+=^_~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class RefusedError(Exception):
    """Why the password stays as it is, for the person who asked; nothing was changed."""


def account(text: str) -> str | None:
    """Return the name of the account that a login name stands for, or None if there can be none."""
    local_part, _at, domain = text.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    address = f"{local_part}@{domain}".lower()
    local_part, _at, domain = address.rpartition("@")
    labels = domain.split(".")
    good = len(local_part) <= 64 and _LOCAL_PART.fullmatch(local_part) and all(map(_LABEL.fullmatch, labels))
    return address if good and len(address) <= 254 else None


def check_new(new: str, old: str, name: str, minimum: int) -> None:
    """Raise RefusedError for a new password that is not taken."""
    if _CONTROL.search(new):
        raise RefusedError("The new password has a character that cannot be typed.")
    if len(new) < minimum:
        raise RefusedError(f"The new password is too short: it needs {minimum} characters.")
    if len(new.encode()) > LONGEST:
        raise RefusedError(f"The new password is too long: it has room for {LONGEST} bytes.")
    if new == old:
        raise RefusedError("The new password is the old one.")
    if new.lower() in (name, name.partition("@")[0]):
        raise RefusedError("The new password is the address.")
