# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Unix users as mail accounts: names, what the files of the system say of them, and password hashes of crypt(3)."""

from __future__ import annotations

import datetime
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError

DEFAULT_SCHEME = "SHA512-CRYPT"
# The scheme of Dovecot, and what a hash of it begins with. All others that crypt(3) knows are just CRYPT to Dovecot.
_SCHEMES = {"SHA512-CRYPT": "$6$", "SHA256-CRYPT": "$5$", "BLF-CRYPT": "$2", "MD5-CRYPT": "$1$"}
_CRYPT_HASH = re.compile(r"\$(?:1|2[aby]|5|6|7|y|gy)\$[./0-9A-Za-z$,=-]+")
# What useradd takes on every platform; a name of digits would be read as a number.
_NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
_LOCK = "!"
_SCHEME = re.compile(r"\{([A-Za-z0-9-]+)\}(.*)")


@dataclass(frozen=True)
class UnixUser:
    """A line of passwd(5) with what shadow(5) adds; secret is the field as it is, locked or not."""

    name: str
    uid: int
    gid: int
    gecos: str
    home: str
    secret: str = field(default="", repr=False)
    expires: str | None = None

    @property
    def locked(self) -> bool:
        return self.secret.startswith(_LOCK)

    @property
    def password_hash(self) -> str:
        """The hash as Dovecot writes it, or an empty string if no password fits."""
        return to_dovecot(self.secret.lstrip(_LOCK))


@dataclass(frozen=True)
class UnixUsers:
    """The users of the system; gid is that of the group whose users are mail accounts, or None if there is none."""

    users: t.Mapping[str, UnixUser]
    groups: frozenset[str]
    gid: int | None
    members: frozenset[str]

    def account(self, name: str) -> UnixUser | None:
        """Return a user who may be a mail account."""
        user = self.users.get(name)
        return user if user is not None and (self.owns(user) or name in self.members) else None

    def owns(self, user: UnixUser) -> bool:
        """Tell whether a user is nothing but a mail account: the group is its primary one."""
        return user.gid == self.gid


def parse_unix(passwd: bytes, shadow: bytes, group: bytes, group_name: str) -> UnixUsers:
    """Read passwd(5), shadow(5) and group(5)."""
    secrets = {fields[0]: fields for fields in _lines(shadow, 9)}
    users: dict[str, UnixUser] = {}
    for name, _x, uid, gid, gecos, home, _shell in _lines(passwd, 7):
        if name in users or not uid.isdecimal() or not gid.isdecimal():
            continue
        known = secrets.get(name)
        secret, day = ("", "") if known is None else (known[1], known[7])
        users[name] = UnixUser(name, int(uid), int(gid), gecos, home, secret, _to_date(day))
    groups = {fields[0]: fields for fields in _lines(group, 4)}
    mine = groups.get(group_name)
    return UnixUsers(
        users=users,
        groups=frozenset(groups),
        gid=None if mine is None else int(mine[2]),
        members=frozenset() if mine is None else frozenset(name for name in mine[3].split(",") if name),
    )


def unix_name(address: str) -> str:
    """Return the user that an address belongs to. Raises AccountError for one that no user can be named after."""
    name = address.partition("@")[0]
    if not _NAME.fullmatch(name):
        raise AccountError(
            f"{address}: no Unix user can be called {name}: up to 32 letters, digits, dots, hyphens and underscores, "
            "a letter or underscore first; make it one of the addresses of another account, or use another backend"
        )
    return name


def to_dovecot(password_hash: str) -> str:
    """Return a hash of crypt(3) with its scheme in front, or an empty string for what is no hash."""
    if not _CRYPT_HASH.fullmatch(password_hash):
        return ""
    scheme = next((name for name, start in _SCHEMES.items() if password_hash.startswith(start)), "CRYPT")
    return f"{{{scheme}}}{password_hash}"


def to_unix(password_hash: str) -> str:
    """Return a hash as shadow(5) has it. Raises AccountError for one that crypt(3) cannot check."""
    match = _SCHEME.fullmatch(password_hash)
    scheme, digest = match.groups() if match else ("", "")
    start = "$" if scheme.upper() == "CRYPT" else _SCHEMES.get(scheme.upper())
    if start is None or not digest.startswith(start) or not to_dovecot(digest):
        raise AccountError(
            f"a password hash of scheme {scheme or 'unknown'} cannot be that of a Unix user, whom PAM checks; "
            f"use {', '.join(_SCHEMES)}, or {{CRYPT}} before a hash of yescrypt"
        )
    return digest


def check_scheme(scheme: str | None) -> str:
    """Return the scheme for new hashes. Raises AccountError for one that crypt(3) does not know."""
    if scheme is None:
        return DEFAULT_SCHEME
    if scheme.upper() not in _SCHEMES:
        raise AccountError(f"scheme {scheme} cannot be checked by PAM; use one of {', '.join(_SCHEMES)}")
    return scheme.upper()


def locked_secret(digest: str, *, locked: bool) -> str:
    """Return the field of shadow(5) for a hash."""
    return f"{_LOCK}{digest}" if locked else digest


def _to_date(day: str) -> str | None:
    if not day.isdecimal():
        return None
    try:
        return (datetime.date(1970, 1, 1) + datetime.timedelta(days=int(day))).isoformat()
    except OverflowError:
        return None


def _lines(content: bytes, fields: int) -> t.Iterator[list[str]]:
    for line in content.decode("utf-8", "surrogateescape").split("\n"):
        parts = line.split(":")
        if len(parts) == fields and parts[0]:
            yield parts
