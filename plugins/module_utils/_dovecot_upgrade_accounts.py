# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Accounts of a Dovecot 2.3 whose passwords or fields Dovecot 2.4 does not take. No password ever leaves this file."""

from __future__ import annotations

import re
import typing as t
from collections import Counter
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _passwd_file
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import PLUGIN_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import value_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Fault

# Refused at login by Dovecot 2.4 unless auth_allow_weak_schemes is set.
WEAK = frozenset(
    {
        "DES-CRYPT",
        "HMAC-MD5",
        "LDAP-MD5",
        "MD5",
        "MD5-CRYPT",
        "PLAIN-MD4",
        "PLAIN-MD5",
        "PLAIN-TRUNC",
        "SMD5",
    }
)
# Not known to Dovecot 2.4 at all.
GONE = frozenset({"LANMAN", "NTLM", "RPA", "SKEY"})

# What 2.3 takes for the scheme of a password without one; 2.4 would take PLAIN, from 2.4.3 on CRYPT.
DEFAULT_SCHEMES = {"passwd-file": "CRYPT", "sql": "MD5", "ldap": "CRYPT", "dict": "CRYPT", "static": "PLAIN"}
SHADOW_FILE = "/etc/shadow"
SHADOW_DRIVERS = frozenset({"shadow", "passwd"})

_SCHEME = re.compile(r"^\{([^}]*)\}(.*)$", re.DOTALL)
_CRYPT = (("$1$", "MD5-CRYPT"), ("$2", "BLF-CRYPT"), ("$5$", "SHA256-CRYPT"), ("$6$", "SHA512-CRYPT"), ("$", "CRYPT"))
_QUOTA_FIELD = re.compile(r"^quota\d*(_rule\d*)?$")
_SHOWN = 5


@dataclass(frozen=True)
class Source:
    """Where accounts stand: a file, and the scheme of passwords that name none (empty: it is asked for none)."""

    path: str
    driver: str
    default_scheme: str


@dataclass(frozen=True)
class Account:
    """An account that cannot log in to Dovecot 2.4 as it is."""

    user: str
    source: str
    scheme: str

    @property
    def remedy(self) -> str:
        if self.scheme in GONE:
            return "Set a new password: Dovecot 2.4 does not know the scheme."
        if self.source == SHADOW_FILE:
            return "Use passdb pam, which checks the password itself, or set a new one."
        return (
            "Have the password stored in a strong scheme at a login before the upgrade, or set a new one. "
            "auth_allow_weak_schemes = yes lets it in until then."
        )


@dataclass(frozen=True)
class SchemeCount:
    """How many accounts of a source have a scheme; None if they cannot be read."""

    source: str
    scheme: str
    accounts: int | None

    @property
    def refused(self) -> bool:
        return is_refused(self.scheme)


@dataclass(frozen=True)
class Accounts:
    """What was found out about the accounts of one or all sources."""

    refused: tuple[Account, ...] = ()
    schemes: tuple[SchemeCount, ...] = ()
    faults: tuple[Fault, ...] = ()

    def __add__(self, other: Accounts) -> Accounts:
        return Accounts((*self.refused, *other.refused), (*self.schemes, *other.schemes), (*self.faults, *other.faults))


def is_refused(scheme: str) -> bool:
    """Whether Dovecot 2.4 refuses passwords of the scheme by default."""
    return scheme in WEAK or scheme in GONE


def scheme_of(password: str, default: str) -> str:
    """The scheme that a stored password really has: that of crypt(3) shows in its first letters only."""
    match = _SCHEME.match(password)
    scheme, stored = (match.group(1), match.group(2)) if match else (default, password)
    scheme = scheme.partition(".")[0].upper()
    if scheme != "CRYPT":
        return scheme
    return next((name for start, name in _CRYPT if stored.startswith(start)), "DES-CRYPT")


def sources_of(body: Body, externals: t.Mapping[str, Body]) -> list[Source]:
    """The sources of accounts that a 2.3 configuration names, passdbs first. Paths may hold variables."""
    found: list[Source] = []
    blocks = [entry for entry in body if isinstance(entry, Block) and entry.name in ("passdb", "userdb")]
    for entry in sorted(blocks, key=lambda block: block.name):
        driver = value_of(entry.body, "driver")
        arguments = value_of(entry.body, "args")
        if value_of(entry.body, "deny") == "yes":
            continue
        if driver == "passwd-file":
            path = arguments.split()[-1] if arguments else ""
            options = dict(word.partition("=")[::2] for word in arguments.split()[:-1])
            scheme = options.get("scheme", DEFAULT_SCHEMES[driver]) if entry.name == "passdb" else ""
            if entry.name == "passdb" or path not in {source.path for source in found}:
                found.append(Source(path, driver, scheme))
        elif entry.name == "userdb":
            continue
        elif driver in SHADOW_DRIVERS:
            found.append(Source(SHADOW_FILE, driver, "CRYPT"))
        elif driver in ("sql", "ldap", "dict"):
            external = externals.get(arguments, ())
            if value_of(external, "auth_bind") != "yes":
                scheme = value_of(external, "default_pass_scheme") or DEFAULT_SCHEMES[driver]
                found.append(Source(arguments, driver, scheme))
    return list(dict.fromkeys(found))


def judge_database(source: Source) -> Accounts:
    """A database is not read: its default scheme stands for the passwords that name none."""
    scheme = source.default_scheme.partition(".")[0].upper()
    faults: tuple[Fault, ...] = ()
    if is_refused(scheme):
        cause = f"is {scheme}, which Dovecot 2.4 refuses, for passwords that name no scheme"
        remedy = "Store better hashes. Until they are, auth_allow_weak_schemes = yes lets the users in."
        faults = (Fault(f"{source.path}: default_pass_scheme", cause, remedy),)
    return Accounts(schemes=(SchemeCount(source.path, scheme, None),), faults=faults)


def judge_passwd_file(source: Source, path: str, content: bytes) -> Accounts:
    """The accounts of one passwd-file, with the fields that mean nothing to 2.4."""
    try:
        entries = _passwd_file.parse(content).accounts
    except _passwd_file.PasswdFileError as error:
        return Accounts(faults=(Fault(path, f"cannot be judged: {error}", "Correct the file."),))
    passwords = {user: entry.password for user, entry in entries.items() if source.default_scheme}
    found = _judge(passwords, path, source.default_scheme)
    fields: dict[str, list[str]] = {}
    for user, entry in entries.items():
        for token in entry.extra:
            name = _passwd_file.field_name(token)
            if name.startswith("userdb_") and successor_of_field(name[len("userdb_") :]):
                fields.setdefault(name, []).append(user)
    return found + Accounts(faults=tuple(_field_fault(path, name, users) for name, users in fields.items()))


def judge_shadow(content: bytes) -> Accounts:
    """The accounts of shadow(5); locked ones and those without a password are left out."""
    passwords: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        user, _colon, rest = line.partition(":")
        password = rest.partition(":")[0]
        if user and password and password[0] not in "!*":
            passwords[user] = password
    return _judge(passwords, SHADOW_FILE, "CRYPT")


def successor_of_field(name: str) -> str:
    """What to write in 2.4 for a userdb field of 2.3 that 2.4 ignores; empty if the field stays as it is."""
    if _QUOTA_FIELD.match(name):
        return "userdb_quota_storage_size with the size alone (1G for *:storage=1G)"
    if name in ("mail", "mail_location"):
        return "userdb_mail_driver and userdb_mail_path"
    if name == "sieve":
        return "a sieve_script block whose path is made of variables"
    rows = {row.old: row.new for row in PLUGIN_ROWS if row.old != row.new}
    return f"userdb_{rows[name]}" if name in rows else ""


def _judge(passwords: t.Mapping[str, str], path: str, default: str) -> Accounts:
    schemes = {user: scheme_of(password, default) for user, password in passwords.items() if password}
    refused = [Account(user, path, scheme) for user, scheme in schemes.items() if is_refused(scheme)]
    counts = sorted(Counter(schemes.values()).items())
    return Accounts(tuple(refused), tuple(SchemeCount(path, scheme, number) for scheme, number in counts))


def _field_fault(path: str, name: str, users: t.Sequence[str]) -> Fault:
    shown = ", ".join(users[:_SHOWN]) + (", and more" if len(users) > _SHOWN else "")
    accounts = "1 account" if len(users) == 1 else f"{len(users)} accounts"
    return Fault(
        f"{path}: {name}",
        f"is a field that Dovecot 2.4 ignores, in {accounts} ({shown})",
        f"Write {successor_of_field(name[len('userdb_') :])}.",
    )
