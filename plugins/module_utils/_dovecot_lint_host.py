# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Faults in Dovecot settings that only a look at the host shows: users, directories, files, plug-ins."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_host import Host
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint import walk
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint_meaning import schemes
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import ACCELERATOR_PLUGINS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import (
    plugin_name,
    value_of,
    words_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Fault,
    Origin,
    Setting,
    show,
)

_USER_SETTINGS = frozenset({"mail_uid", "default_internal_user", "default_login_user"})
_GROUP_SETTINGS = frozenset({"mail_gid", "default_internal_group", "mail_privileged_group", "mail_access_groups"})
_OWNED = re.compile(r"^(service|unix_listener|fifo_listener)\b")
_FIRST_VALID_UID = "500"
_PRIVATE_FILES = ("_key_file", "passwd_file_path", "sqlite_path")
# Read when a user logs in or a mail arrives, so they may come later than the configuration.
_LATE_FILES = frozenset({"passwd_file_path", "sqlite_path"})


@dataclass(frozen=True)
class HostFaults:
    """Faults, and what is merely worth a warning."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def lint_host(body: Body, host: Host, grammar: str, plugin_directory: str | None) -> HostFaults:
    """Compare a tree with the host. plugin_directory None leaves out the plug-ins."""
    faults: list[Fault] = []
    warnings: list[Fault] = []
    for above, entry in walk(body):
        if isinstance(entry, Setting):
            faults += _owner(above, entry, host)
            faults += _file(above, entry, host)
            faults += _first_uid(above, entry, host, body)
            faults += schemes(above, entry, body) if grammar == "2.4" else ()
            warnings += _late_file(above, entry, host)
            warnings += _readable(above, entry, host)
        elif entry.name in {"unix_listener", "fifo_listener"}:
            directory = os.path.dirname(entry.argument)
            if entry.argument.startswith("/") and not host.exists(directory):
                cause = f"needs the directory {directory}, which does not exist"
                faults.append(Fault(show((*above, entry.head)), cause, "Create it, or install what brings it, first."))
    if plugin_directory:
        faults += _plugins(body, host, grammar, plugin_directory)
    return HostFaults(tuple(faults), tuple(warnings))


def _literal(value: str) -> bool:
    return bool(value) and not value.isdigit() and "$" not in value and "%{" not in value


def _owner(above: Origin, setting: Setting, host: Host) -> t.Iterator[Fault]:
    path = show((*above, setting.key))
    inside = above[-1] if above else ""
    name = setting.key.partition(":")[0]
    owned = bool(_OWNED.match(inside))
    fields = inside == "fields"
    is_user = (not above and name in _USER_SETTINGS) or (owned and name == "user") or (fields and name == "uid")
    is_group = (
        (not above and name in _GROUP_SETTINGS)
        or (owned and name in {"group", "extra_groups", "privileged_group"})
        or (fields and name == "gid")
    )
    for word in setting.value.split() if is_user or is_group else ():
        if _literal(word) and not (host.has_user(word) if is_user else host.has_group(word)):
            kind = "user" if is_user else "group"
            yield Fault(path, f"names the {kind} {word}, which does not exist", f"Create the {kind} first.")


def _file(above: Origin, setting: Setting, host: Host) -> t.Iterator[Fault]:
    value = setting.value
    if setting.key.endswith("_file") and value.startswith("/") and "%{" not in value and not host.exists(value):
        yield Fault(show((*above, setting.key)), f"names the file {value}, which does not exist", "Create it first.")


def _first_uid(above: Origin, setting: Setting, host: Host, body: Body) -> t.Iterator[Fault]:
    """Dovecot opens no mailbox for a user whose number is below first_valid_uid."""
    fields = bool(above) and above[0].startswith("userdb ") and above[-1] == "fields"
    if not (setting.key == "mail_uid" and not above) and not (fields and setting.key.partition(":")[0] == "uid"):
        return
    first = value_of(body, "first_valid_uid") or _FIRST_VALID_UID
    number = int(setting.value) if setting.value.isdigit() else host.user_number(setting.value)
    if number is not None and first.isdigit() and number < int(first):
        path = show((*above, setting.key))
        yield Fault(path, f"is user {number}, below first_valid_uid {first}", f"Set first_valid_uid to {number}.")


def _readable(above: Origin, setting: Setting, host: Host) -> t.Iterator[Fault]:
    """Keys, and files with passwords, that every user of the host can read."""
    if not setting.key.endswith(_PRIVATE_FILES) or not setting.value.startswith("/") or "%" in setting.value:
        return
    mode = host.mode(setting.value)
    if mode is not None and mode & 0o004:
        path = show((*above, setting.key))
        yield Fault(
            path, f"names {setting.value}, which every user can read (mode {mode:04o})", "Take that right away."
        )


def _late_file(above: Origin, setting: Setting, host: Host) -> t.Iterator[Fault]:
    inside = above[-1].partition(" ")[0] if above else ""
    late = setting.key in _LATE_FILES or (inside == "sieve_script" and setting.key == "path")
    words = [setting.value] if late else []
    if inside == "service" and setting.key == "executable":
        words = [word for word in setting.value.split() if word.startswith("/")]
    for word in words:
        if word.startswith("/") and "%" not in word and not host.exists(word):
            yield Fault(
                show((*above, setting.key)), f"names {word}, which does not exist", "Create it before it is needed."
            )


def _plugins(body: Body, host: Host, grammar: str, directory: str) -> t.Iterator[Fault]:
    present = _modules(host, directory)
    sieve = _modules(host, os.path.join(directory, "sieve"))
    databases = _modules(host, os.path.join(directory, "auth")) | present
    for above, entry in walk(body):
        key = entry.key if isinstance(entry, Setting) else entry.head
        path = show((*above, key))
        if key in {"mail_plugins", "sieve_plugins"}:
            for word in words_of(entry) or []:
                if grammar == "2.3" and word in ACCELERATOR_PLUGINS:
                    continue
                name = plugin_name(word) if grammar == "2.3" else word
                if f"{name}_plugin" not in (present if key == "mail_plugins" else sieve):
                    remedy = "Install the package that brings it, or leave it out."
                    yield Fault(path, f"names the plug-in {word}, which is not installed in {directory}", remedy)
        elif key == "sql_driver" and isinstance(entry, Setting) and f"driver_{entry.value}" not in databases:
            yield Fault(
                path, f"needs the driver {entry.value}, which is not installed", f"Install dovecot-{entry.value}."
            )
        elif isinstance(entry, Block) and entry.name in {"passdb", "userdb"} and not above:
            driver = value_of(entry.body, "driver") or entry.argument
            if driver in {"imap", "ldap", "lua"} and f"authdb_{driver}" not in databases:
                package = {"imap": "dovecot-imapd", "lua": "dovecot-auth-lua"}.get(driver, f"dovecot-{driver}")
                yield Fault(path, f"needs the driver {driver}, which is not installed", f"Install {package}.")


def _modules(host: Host, directory: str) -> set[str]:
    names = (re.match(r"^lib(?:\d+_)?(.+)\.so$", name) for name in host.files(directory))
    return {name.group(1) for name in names if name}
