# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Mail accounts in a directory. What an entry has besides the attributes of an account is nobody's business here."""

from __future__ import annotations

import contextlib
import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _account, _ldif
from ansible_collections.postmaster.mail.plugins.module_utils import _account_ldap_app_passwords as app_passwords
from ansible_collections.postmaster.mail.plugins.module_utils._account import NEVER, AccountError, Wish
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import (
    AccountBackendError,
    Changes,
    Records,
    Upkeep,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import (
    EXPIRES,
    expires_of,
    is_locked,
    networks_of,
    with_lock,
    with_networks,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_ldap_compose import NO_LIMIT, everybody
from ansible_collections.postmaster.mail.plugins.module_utils._account_ldap_hashes import from_stored, to_stored
from ansible_collections.postmaster.mail.plugins.module_utils._ldap_client import Directory, LdapClient, LdapError
from ansible_collections.postmaster.mail.plugins.module_utils._ldif import LdapEntry
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_plan import default_home
from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import Entry, field_name
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

# What is not called as its option, or is no attribute.
_NAMED = {"disabled": ("state: disabled", "attribute"), "app_passwords": ("app_passwords", "object class")}
_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})[0-9]{2}")


@dataclass(frozen=True)
class Layout:
    """Which entries are accounts, and the names of their attributes; an empty one is for what there is none for."""

    user_filter: str
    attributes: t.Mapping[str, str]
    object_classes: tuple[str, ...]


def directory_option() -> dict[str, t.Any]:
    """Return the part of an argument_spec that names a directory."""
    attributes: dict[str, t.Any] = {
        "address": {"type": "str", "default": "mail"},
        "name": {"type": "str", "default": "displayName"},
        "password": {"type": "str", "default": "userPassword", "no_log": False},
        **{name: {"type": "str", "default": ""} for name in ("home", "quota", "disabled", "allow_nets", "expires")},
        "app_passwords": {"type": "str", "default": "", "no_log": False},
    }
    return {
        "type": "dict",
        "options": {
            "uris": {"type": "list", "elements": "str", "required": True},
            "base": {"type": "str", "required": True},
            "starttls": {"type": "bool", "default": True},
            "ca_file": {"type": "path"},
            "bind_dn": {"type": "str"},
            "bind_password": {"type": "str", "no_log": True},
            "user_filter": {"type": "str", "default": "(&(objectClass=inetOrgPerson)(mail=%s))"},
            "object_classes": {"type": "list", "elements": "str", "default": ["inetOrgPerson"]},
            "attributes": {"type": "dict", "options": attributes, "apply_defaults": True},
        },
        "required_together": [("bind_dn", "bind_password")],
    }


def parse_directory(options: t.Mapping[str, t.Any]) -> tuple[Directory, Layout]:
    """Read what directory_option takes. Raises AccountBackendError for what cannot be."""
    attributes = options["attributes"]
    for key in ("address", "password"):
        if not attributes[key]:
            raise AccountBackendError(f"directory.attributes.{key} is empty; an account needs it")
    try:
        everybody(options["user_filter"])
    except KeyError as error:
        raise AccountBackendError(f"directory.user_filter has %{error.args[0]}; write %s, %u, %d or %%") from error
    directory = Directory(
        uris=tuple(options["uris"]),
        base=options["base"],
        starttls=options["starttls"],
        ca_file=options["ca_file"] or "",
        bind_dn=options["bind_dn"] or "",
        bind_password=options["bind_password"] or "",
    )
    return directory, Layout(options["user_filter"], attributes, tuple(options["object_classes"]))


class LdapBackend:
    """An AccountBackend over the entries that a filter finds below the base of a directory."""

    def __init__(
        self,
        directory: Directory,
        layout: Layout,
        runner: CommandRunner,
        *,
        mail_root: str,
        grammar_2_4: bool,
    ) -> None:
        """mail_root is the folder below which homes are, or empty where nobody asks for homes."""
        self.place = str(directory)
        self._base = directory.base
        self._client = LdapClient(directory, runner)
        self._question = everybody(layout.user_filter)
        self._names = layout.attributes
        self._object_classes = layout.object_classes
        self._mail_root = os.path.normpath(mail_root) if mail_root else ""
        self._grammar_2_4 = grammar_2_4
        self._entries: dict[str, LdapEntry] = {}
        self._app_passwords: dict[str, list[LdapEntry]] = {}

    def check(self, wishes: t.Iterable[Wish]) -> None:
        """Raise AccountError for what no attribute of the directory holds."""
        for wish in wishes:
            lacking = {
                "quota": wish.quota is not None,
                "disabled": wish.state == "disabled",
                "allow_nets": bool(wish.allow_nets),
                "name": bool(wish.name),
                "home": wish.home is not None and wish.home != default_home(self._mail_root, wish.address),
                "expires": wish.expires not in (None, NEVER),
                "app_passwords": bool(wish.app_passwords),
            }
            for key, wanted in lacking.items():
                if wanted and not self._names.get(key):
                    what, kind = _NAMED.get(key, (key, "attribute"))
                    raise AccountError(
                        f"{wish.address}: {what} has no {kind} in the directory; name one in attributes.{key}"
                    )
            if lacking["expires"] and not self._names.get("disabled"):
                raise AccountError(
                    f"{wish.address}: expires needs an attribute that refuses logins when the day has come; "
                    "name one in attributes.disabled"
                )
            if wish.extra_fields:
                raise AccountError(f"{wish.address}: extra_fields cannot be kept in a directory; leave them out")

    def lacks(self) -> tuple[str, ...]:
        return self._client.lacks()

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Each change of an entry is made as a whole by the server."""
        return contextlib.nullcontext()

    def read(self) -> Records:
        if self._mail_root and self._client.lacks():
            # Before the tools are there, a run in check mode goes on, and any other fails before it changes something.
            return {}
        wanted = ["objectClass", *(name for key, name in self._names.items() if name and key != "app_passwords")]
        kind = self._names.get("app_passwords", "")
        try:
            found = self._client.search(self._question, dict.fromkeys(wanted))
            further = self._client.search(f"(objectClass={kind})", app_passwords.ATTRIBUTES) if kind else []
        except LdapError as error:
            raise AccountBackendError(str(error)) from error
        self._entries = {}
        for one in found:
            addresses = one.all(self._names["address"])
            if not addresses:
                continue
            if len(addresses) > 1:
                raise AccountBackendError(
                    f"{self.place}: {one.dn} has several values of {self._names['address']}, and an account has one "
                    "address: move the others to another attribute, or name another one in attributes.address"
                )
            address = addresses[0].lower()
            if address in self._entries:
                raise AccountBackendError(
                    f"{self.place}: both {self._entries[address].dn} and {one.dn} have the address {address}; "
                    "remove it from one of them"
                )
            self._entries[address] = one
        self._app_passwords = app_passwords.by_account(further)
        return {address: self._to_entry(address, one) for address, one in self._entries.items()}

    def passdbs(self, _entries: t.Iterable[Entry], /) -> list[dict[str, str]]:
        """One filter serves any account."""
        return []

    def upkeep(self) -> Upkeep | None:
        return None

    def write(self, changes: Changes) -> None:
        renamed = {entry.former for address, entry in changes.items() if entry is not None and entry.former != address}
        records: list[str] = []
        for address, entry in changes.items():
            if entry is not None:
                records += self._records(entry)
            elif address not in renamed:
                dn = self._entries[address].dn
                records += [_ldif.delete(one.dn) for one in self._app_passwords.get(dn, [])]
                records.append(_ldif.delete(dn))
        try:
            self._client.change(records)
        except LdapError as error:
            raise AccountBackendError(str(error)) from error

    def settle(self) -> None:
        """Dovecot asks the directory anew each time."""

    def _to_entry(self, address: str, one: LdapEntry) -> Entry:
        names = self._names
        extra: tuple[str, ...] = ()
        quota = one.first(names.get("quota", ""))
        if quota:
            if not quota.isdecimal():
                raise AccountBackendError(f"{self.place}: {names['quota']} of {one.dn} is {quota!r}, not bytes")
            limit = int(quota) if int(quota) < NO_LIMIT else _account.UNLIMITED
            extra = (_account.quota_token(limit, grammar_2_4=self._grammar_2_4),)
        networks = one.first(names.get("allow_nets", ""))
        if networks:
            extra = with_networks(extra, networks.split(","))
        expires = one.first(names.get("expires", ""))
        if expires:
            extra = (*extra, f"{EXPIRES}={self._day(one.dn, expires)}")
        if one.first(names.get("disabled", "")).upper() == "TRUE":
            extra = with_lock(extra)
        return Entry(
            user=address,
            password=from_stored(one.first(names["password"])),
            gecos=one.first(names.get("name", "")),
            home=one.first(names.get("home", "")) or self._default_home(address),
            extra=extra,
            app_passwords=app_passwords.read(self._app_passwords.get(one.dn, []), address),
        )

    def _day(self, dn: str, time: str) -> str:
        match = _TIME.match(time)
        if match is None:
            raise AccountBackendError(f"{self.place}: {self._names['expires']} of {dn} is {time!r}, not a time")
        return "-".join(match.groups())

    def _default_home(self, address: str) -> str:
        return default_home(self._mail_root, address) if self._mail_root else ""

    def _values(self, entry: Entry) -> dict[str, tuple[str, ...]]:
        """Return the values of all attributes of an account, by what attributes calls them."""
        limits = [_account.read_quota(token) for token in entry.extra if field_name(token) in _account.QUOTA_FIELDS]
        limit = next((limit for limit in limits if limit is not None), None)
        networks = networks_of(entry.extra)
        expires = expires_of(entry.extra)
        values = {
            "address": entry.user,
            "password": to_stored(entry.password),
            "name": entry.gecos,
            "home": "" if entry.home == self._default_home(entry.user) else entry.home,
            "quota": "" if limit is None else str(limit or NO_LIMIT),
            "disabled": "TRUE" if is_locked(entry.extra) else "",
            "allow_nets": ",".join(networks),
            "expires": f"{expires.replace('-', '')}000000Z" if expires is not None else "",
        }
        return {key: (value,) if value else () for key, value in values.items() if self._names.get(key)}

    def _records(self, entry: Entry) -> list[str]:
        address_name = self._names["address"]
        values = self._values(entry)
        one = self._entries.get(entry.former or entry.user)
        if one is None:
            name = entry.gecos or entry.user.partition("@")[0]
            attributes: dict[str, tuple[str, ...]] = {
                "objectClass": tuple(self._object_classes),
                "cn": (name,),
                "sn": (name,),
                **{self._names[key]: value for key, value in values.items() if value},
            }
            dn = f"{_ldif.rdn(address_name, entry.user)},{self._base}"
            return [_ldif.add(dn, attributes), *self._further(entry, dn, [])]
        records: list[str] = []
        dn = one.dn
        before = self._values(self._to_entry(entry.former or entry.user, one))
        replaced = {self._names[key]: value for key, value in values.items() if value != before[key]}
        if address_name in replaced and _ldif.rdn_attribute(dn) == address_name.lower():
            new = _ldif.rdn(address_name, entry.user)
            records.append(_ldif.rename(dn, new))
            dn = _ldif.with_rdn(dn, new)
            del replaced[address_name]
        if replaced:
            classes = one.all("objectClass")
            known = {name.lower() for name in classes}
            missing = tuple(name for name in self._object_classes if name.lower() not in known)
            # The class comes first: without it the others are not allowed.
            records.append(_ldif.modify(dn, {**({"objectClass": classes + missing} if missing else {}), **replaced}))
        return [*records, *self._further(entry, dn, self._app_passwords.get(one.dn, []))]

    def _further(self, entry: Entry, dn: str, stored: t.Sequence[LdapEntry]) -> list[str]:
        """Return the records for the app passwords of the account that has this name now."""
        kind = self._names.get("app_passwords", "")
        return app_passwords.records(entry, dn, kind, stored) if kind else []
