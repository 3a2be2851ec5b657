# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Defaults of Dovecot 2.3 that are others in 2.4, or are chosen in another way: set explicitly in the 2.4 tree."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_variables import to_24
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import value_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Entry,
    Fault,
    Setting,
    find,
    put,
    show,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_accounts import DEFAULT_SCHEMES
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_clients import GONE_MECHANISMS

_MBOX_LOCKS = ("mbox_read_locks", "mbox_write_locks")
_SCHEME = "default_password_scheme"
_LOCATION = (
    "mail_alt_path",
    "mail_control_path",
    "mail_index_path",
    "mail_index_private_path",
    "mail_volatile_path",
)
# Written by the daemon, or made when it starts.
_MADE = ("log_path",)


@dataclass(frozen=True)
class Pin:
    """A setting that was added to the tree, with the reason."""

    setting: str
    value: str
    why: str


class _Tree:
    """The tree while settings are added to it; what it sets already stays."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.pins: list[Pin] = []

    def pin(self, above: tuple[str, ...], key: str, value: str, why: str) -> None:
        origin = (*above, key)
        if find(self.body, origin) is None:
            self.body = put(self.body, above, Setting(key, value, origin))
            self.pins.append(Pin(show(origin), value, why))


def pin_defaults(tree: Body, effective: Body) -> tuple[Body, list[Pin]]:
    """Add what 2.3 did without being told. effective is the 2.3 configuration with all its defaults."""
    pinned = _Tree(tree)
    protocols = value_of(effective, "protocols").split()
    pinned.pin((), "protocols", " ".join(protocols), "Dovecot 2.4 starts no protocol by default.")
    cleartext = "yes" if value_of(effective, "disable_plaintext_auth") == "no" else "no"
    pinned.pin((), "auth_allow_cleartext", cleartext, "The setting has another name and the opposite meaning.")
    _tls(pinned, effective)
    _folders(pinned, effective)
    _passwords(pinned)
    if "pop3" in protocols and value_of(effective, "pop3_uidl_format"):
        value = to_24(value_of(effective, "pop3_uidl_format"), setting="pop3_uidl_format")
        pinned.pin((), "pop3_uidl_format", value, "POP3 clients fetch all messages again if their UIDLs change.")
    if "lmtp" in protocols and value_of(effective, "lmtp_user_concurrency_limit") == "0":
        why = "Dovecot 2.4 delivers at most 10 messages to a user at a time."
        pinned.pin((), "lmtp_user_concurrency_limit", "unlimited", why)
    if "submission" in protocols and not _has_listener(effective, "submission-login", "submissions"):
        above = ("service submission-login", "inet_listener submissions")
        pinned.pin(above, "port", "0", "Dovecot 2.4 opens port 465 as well.")
    return pinned.body, pinned.pins


def _tls(pinned: _Tree, effective: Body) -> None:
    lowest = value_of(effective, "ssl_min_protocol")
    if lowest and lowest != "TLSv1.2" and value_of(effective, "ssl") != "no":
        pinned.pin((), "ssl_min_protocol", lowest, "The default is TLSv1.2 in Dovecot 2.4.")


def _folders(pinned: _Tree, effective: Body) -> None:
    top = pinned.body
    _layout(pinned, (), top)
    for entry in top:
        # Of two locations, 2.3 took the one of the namespace whole; 2.4 takes each part by itself.
        if isinstance(entry, Block) and entry.name == "namespace" and value_of(entry.body, "mail_driver"):
            _layout(pinned, (entry.head,), entry.body)
            for key in _LOCATION:
                if value_of(top, key):
                    pinned.pin((entry.head,), key, "", f"The {key} of other namespaces would hold here too.")
    if any(value_of(body, "mail_driver") == "mbox" for body in _bodies(pinned.body)):
        for key in _MBOX_LOCKS:
            value = value_of(effective, key)
            if value:
                pinned.pin((), key, value, "The package of Dovecot 2.3 had its own default for locking mbox files.")


def _layout(pinned: _Tree, above: tuple[str, ...], body: Body) -> None:
    driver = value_of(body, "mail_driver")
    if driver == "maildir":
        why = "Folders of Maildir are .Name.Sub, which Dovecot 2.3 chose by the format."
        pinned.pin(above, "mailbox_list_layout", "maildir++", why)
    elif above and driver and value_of(pinned.body, "mailbox_list_layout") not in ("", "fs"):
        why = "The layout of other namespaces would hold here too."
        pinned.pin(above, "mailbox_list_layout", "fs", why)


def _bodies(body: Body) -> t.Iterator[Body]:
    yield body
    for entry in body:
        if isinstance(entry, Block) and entry.name == "namespace":
            yield entry.body


def with_namespace(body: Body) -> Body:
    """A configuration of 2.3, with the namespace that it has without saying so."""
    if any(isinstance(entry, Block) and entry.name == "namespace" for entry in body):
        return body
    return put(body, ("namespace inbox",), Setting("inbox", "yes", ("namespace inbox", "inbox")))


def without_mechanisms(tree: Body) -> tuple[Body, list[Fault]]:
    """Take the authentication mechanisms out that 2.4 does not know: it would let nobody in."""
    entries: list[Entry] = []
    faults: list[Fault] = []
    for entry in tree:
        if isinstance(entry, Block):
            body, more = without_mechanisms(entry.body)
            entries.append(Block(entry.head, body, entry.origin))
            faults += more
            continue
        words = entry.value.split() if entry.key in ("auth_mechanisms", "mechanisms_filter") else []
        gone = [word for word in words if word.lower() in GONE_MECHANISMS]
        if gone:
            cause = f"names {', '.join(gone)}, which Dovecot 2.4 does not know; the tree does without"
            faults.append(Fault(show(entry.origin), cause, "Set the clients to PLAIN over TLS."))
            kept = " ".join(word for word in words if word not in gone)
            entries.append(Setting(entry.key, kept, entry.origin, entry.raw))
        else:
            entries.append(entry)
    return tuple(entries), faults


def _passwords(pinned: _Tree) -> None:
    """The scheme of passwords that name none."""
    for entry in pinned.body:
        if not isinstance(entry, Block) or entry.name != "passdb":
            continue
        driver = value_of(entry.body, "driver") or entry.argument
        scheme = DEFAULT_SCHEMES.get(driver)
        if driver == "ldap" and "yes" in (value_of(entry.body, "bind"), value_of(entry.body, "passdb_ldap_bind")):
            continue
        if scheme and driver != "static" and not value_of(entry.body, f"passdb_{_SCHEME}"):
            pinned.pin((entry.head,), _SCHEME, scheme, "Dovecot 2.4 takes a password without a scheme for plain text.")


def _has_listener(effective: Body, service: str, listener: str) -> bool:
    block = find(effective, (f"service {service}", f"inet_listener {listener}"))
    return isinstance(block, Block) and value_of(block.body, "port") not in ("", "0")


def needed_of(tree: Body) -> dict[str, list[str]]:
    """Users, groups and files that the tree names, which the new host has to have."""
    found: dict[str, list[str]] = {"users": [], "groups": [], "files": []}
    _needed(tree, found)
    return {kind: sorted(set(names)) for kind, names in found.items()}


def _needed(body: Body, found: dict[str, list[str]]) -> None:
    for entry in body:
        if isinstance(entry, Block):
            _needed_of_block(entry, found)
            continue
        kind = _kind(entry)
        names = entry.value.replace(",", " ").split() if kind == "groups" else [entry.value]
        if kind:
            found[kind] += [name for name in names if name and not name.startswith("$") and "%" not in name]


def _needed_of_block(block: Block, found: dict[str, list[str]]) -> None:
    fields = block.head in ("fields", "iterate_fields")
    _needed(block.body if not fields else tuple(_id_fields(block.body)), found)


def _id_fields(body: Body) -> t.Iterator[Entry]:
    names = {"uid": "mail_uid", "gid": "mail_gid"}
    for entry in body:
        name = entry.key.partition(":")[0] if isinstance(entry, Setting) else ""
        if isinstance(entry, Setting) and name in names:
            yield Setting(names[name], entry.value, entry.origin)


def _kind(setting: Setting) -> str:
    if setting.key in ("user", "mail_uid", "default_internal_user", "default_login_user"):
        return "users"
    if setting.key in ("group", "mail_gid", "mail_privileged_group", "mail_access_groups", "extra_groups"):
        return "groups"
    if setting.key.endswith(_MADE):
        return ""
    names_file = setting.key == "path" or setting.key.endswith(("_file", "_path", "_bin_dir"))
    return "files" if names_file and setting.value.startswith("/") else ""
