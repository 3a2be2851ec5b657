# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a person may ask of a mail account, checked before anything is touched."""

from __future__ import annotations

import datetime
import ipaddress
import os
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_address

State = t.Literal["present", "absent", "disabled"]
OnRemove = t.Literal["keep", "archive", "delete"]
UpdatePassword = t.Literal["always", "on_create"]

QUOTA_RULE_2_3 = "userdb_quota_rule"
QUOTA_SIZE_2_4 = "userdb_quota_storage_size"
QUOTA_FIELDS = frozenset({QUOTA_RULE_2_3, QUOTA_SIZE_2_4})
UNLIMITED = 0
NEVER = "never"
SERVICES = ("imap", "pop3", "smtp", "sieve")

_HASH = re.compile(r"\{[A-Za-z0-9.-]+\}[^:\x00-\x1f\x7f]+")
_FIELD_NAME = re.compile(r"[A-Za-z0-9_]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_QUOTA = re.compile(r"([0-9]+)([BKMGT]?)", re.IGNORECASE)
_MANAGED_FIELDS = {
    "nologin": "state: disabled",
    "allow_nets": "allow_nets",
    "expires": "expires",
    QUOTA_RULE_2_3: "quota",
    QUOTA_SIZE_2_4: "quota",
    "pass": "password or password_hash",
    "password": "password or password_hash",
}


class AccountError(Exception):
    """A wish that cannot be carried out, with its cause."""


@dataclass(frozen=True)
class AppPasswordWish:
    """A further password as asked for. Without password and password_hash it keeps the one it has."""

    name: str
    password: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)
    services: tuple[str, ...] = SERVICES
    allow_nets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wish:
    """One account as asked for. None means: leave it as it is."""

    address: str
    state: State = "present"
    password: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)
    update_password: UpdatePassword = "always"
    quota: int | None = None
    home: str | None = None
    on_remove: OnRemove = "keep"
    name: str | None = None
    allow_nets: tuple[str, ...] | None = None
    extra_fields: tuple[tuple[str, str | None], ...] = ()
    rename_from: str | None = None
    expires: str | None = None
    app_passwords: tuple[AppPasswordWish, ...] | None = None

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]

    @property
    def local_part(self) -> str:
        return self.address.partition("@")[0]


def parse_wish(options: t.Mapping[str, t.Any], *, update_password: UpdatePassword, on_remove: OnRemove) -> Wish:
    """Check one account's options; the two keywords are the defaults of the whole task. Raises AccountError."""
    address = parse_address(options["address"])
    try:
        return Wish(
            address=address,
            state=options["state"],
            password=_parse_password(options["password"]),
            password_hash=_parse_hash(options["password_hash"]),
            update_password=options["update_password"] or update_password,
            quota=None if options["quota"] is None else parse_quota(options["quota"]),
            home=_parse_home(options["home"]),
            on_remove=options["on_remove"] or on_remove,
            name=_parse_name(options["name"]),
            allow_nets=None if options["allow_nets"] is None else parse_networks(options["allow_nets"]),
            extra_fields=parse_extra_fields(options["extra_fields"] or {}),
            rename_from=_parse_rename(options["rename_from"], address),
            expires=None if options["expires"] is None else parse_day(options["expires"]),
            app_passwords=None if options["app_passwords"] is None else parse_app_passwords(options["app_passwords"]),
        )
    except AccountError as error:
        raise AccountError(f"{address}: {error}") from error


def check_duplicates(wishes: t.Iterable[Wish]) -> None:
    """Raise AccountError when an address is asked for twice, or as an account and as the former name of another."""
    seen: set[str] = set()
    former: dict[str, str] = {}
    for wish in wishes:
        if wish.address in seen:
            raise AccountError(f"{wish.address} is named twice; addresses are compared in lower case")
        seen.add(wish.address)
        if wish.rename_from is not None:
            if wish.rename_from in former:
                raise AccountError(
                    f"{wish.rename_from} is rename_from of both {former[wish.rename_from]} and {wish.address}; "
                    "its mail can only go to one of them"
                )
            former[wish.rename_from] = wish.address
    for address in sorted(seen & set(former)):
        raise AccountError(
            f"{address} is an account of its own and rename_from of {former[address]}; leave one of the two out"
        )


def parse_address(text: str) -> str:
    """Return the address as accounts are named. Raises AccountError for one that the mail store cannot carry."""
    try:
        return _mail_address.parse_address(text)
    except _mail_address.AddressError as error:
        raise AccountError(str(error)) from error


def parse_quota(text: str) -> int:
    """Return bytes; 0 is no limit. Raises AccountError."""
    match = _QUOTA.fullmatch(text.strip())
    if match is None:
        raise AccountError(f"quota {text!r} is not a size; write for example 500M or 1G, or 0 for no limit")
    return int(match.group(1)) * _UNITS[match.group(2).upper()]


def format_quota(limit: int) -> str:
    """Return the shortest exact spelling of a size."""
    for unit in ("T", "G", "M", "K"):
        if limit and limit % _UNITS[unit] == 0:
            return f"{limit // _UNITS[unit]}{unit}"
    return f"{limit}B"


def quota_token(limit: int, *, grammar_2_4: bool) -> str:
    """Return the extra field that the daemon understands."""
    if grammar_2_4:
        # Releases differ in what 0 means, all know the word.
        return f"{QUOTA_SIZE_2_4}={format_quota(limit) if limit else 'unlimited'}"
    return f"{QUOTA_RULE_2_3}=*:storage={format_quota(limit) if limit else '0'}"


def read_quota(token: str) -> int | None:
    """Return the limit that an extra field sets, or None if it is no storage limit or one of another form."""
    name, _separator, value = token.partition("=")
    if name == QUOTA_SIZE_2_4:
        if value == "unlimited":
            return UNLIMITED
        match = _QUOTA.fullmatch(value)
        return int(match.group(1)) * _UNITS[match.group(2).upper()] if match else None
    if name == QUOTA_RULE_2_3 and value.startswith("*:storage="):
        match = _QUOTA.fullmatch(value[len("*:storage=") :])
        # A quota rule counts in kilobytes where no unit is given.
        return int(match.group(1)) * _UNITS[match.group(2).upper() or "K"] if match else None
    return None


def parse_day(text: str) -> str:
    """Return a day as YYYY-MM-DD, or the word for no day. Raises AccountError."""
    if text == NEVER:
        return text
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise AccountError(f"expires {text!r} is no day; write it as YYYY-MM-DD, or never") from error


def parse_app_passwords(entries: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[AppPasswordWish, ...]:
    """Return the further passwords that an account shall have. Raises AccountError."""
    result: dict[str, AppPasswordWish] = {}
    seen: set[str] = set()
    for entry in entries:
        name = str(entry["name"])
        if not name.strip() or ":" in name or _CONTROL.search(name):
            raise AccountError(f"app_passwords: {name!r} is no name; it is empty or holds a colon or control character")
        if name in seen:
            raise AccountError(f"app_passwords: {name!r} is named twice")
        seen.add(name)
        services = tuple(service for service in SERVICES if service in (entry["services"] or SERVICES))
        try:
            wish = AppPasswordWish(
                name=name,
                password=_parse_password(entry["password"]),
                password_hash=_parse_hash(entry["password_hash"]),
                services=services,
                allow_nets=parse_networks(entry["allow_nets"] or ()),
            )
        except AccountError as error:
            raise AccountError(f"app_passwords: {name}: {error}") from error
        if entry["state"] == "present":
            result[name] = wish
    return tuple(result.values())


def parse_networks(networks: t.Sequence[str]) -> tuple[str, ...]:
    """Check addresses and networks that an account may log in from. Raises AccountError."""
    for network in networks:
        if network == "local":
            continue
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise AccountError(f"allow_nets: {network!r} is neither a network nor 'local': {error}") from error
    return tuple(networks)


def parse_extra_fields(fields: t.Mapping[str, object]) -> tuple[tuple[str, str | None], ...]:
    """Return name and whole token of each field, None for one to remove. Raises AccountError."""
    result: list[tuple[str, str | None]] = []
    for name, value in fields.items():
        if not _FIELD_NAME.fullmatch(name):
            raise AccountError(f"extra_fields: {name!r} is not a field name; use letters, digits and underscores")
        if name in _MANAGED_FIELDS:
            raise AccountError(f"extra_fields: {name!r} belongs to another option; use {_MANAGED_FIELDS[name]}")
        if value is None:
            result.append((name, None))
            continue
        text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        if " " in text or _CONTROL.search(text):
            raise AccountError(f"extra_fields: {name!r} holds a blank or control character; it has no quoting for them")
        result.append((name, f"{name}={text}" if text else name))
    return tuple(result)


def _parse_rename(text: str | None, address: str) -> str | None:
    if text is None:
        return None
    former = parse_address(text)
    if former == address:
        raise AccountError("rename_from is the address itself; name the address that the account had before")
    return former


def _parse_password(password: str | None) -> str | None:
    if password is not None and (not password or _CONTROL.search(password)):
        raise AccountError("password is empty or holds a control character")
    return password


def _parse_hash(password_hash: str | None) -> str | None:
    if password_hash is not None and not _HASH.fullmatch(password_hash):
        raise AccountError("password_hash is not of the form {SCHEME}hash without colons; make one with 'doveadm pw'")
    return password_hash


def _parse_home(home: str | None) -> str | None:
    if home is None:
        return None
    if not home.startswith("/") or ":" in home or _CONTROL.search(home):
        raise AccountError(f"home {home!r} is not an absolute path without colons, which a passwd-file cannot carry")
    return os.path.normpath(home)


def _parse_name(name: str | None) -> str | None:
    if name is not None and (":" in name or _CONTROL.search(name)):
        raise AccountError(f"name {name!r} holds a colon or control character, which a passwd-file cannot carry")
    return name
