# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What stands in plugin { } of Dovecot 2.3 as settings and blocks of 2.4."""

from __future__ import annotations

import re

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import (
    Source,
    dictionary,
    options,
    switches,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_fts import fts
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_quota import quota
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_sieve import sieve
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import LEVELS, PLUGIN_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Entry, Setting

_ROWS = {row.old: row for row in PLUGIN_ROWS}
_DICTIONARIES = {
    "acl_shared_dict": "acl_sharing_map",
    "last_login_dict": "last_login",
    "notify_status_dict": "notify_status",
}
_REMOVED = {
    "old_stats": ("the old statistics are gone", "Use metric blocks."),
    "stats": ("the old statistics are gone", "Use metric blocks."),
    "replication": ("replication is gone", "Use a shared file system, or doveadm sync in a timer."),
    "mail_replica": ("replication is gone", "Use a shared file system, or doveadm sync in a timer."),
    "mailbox_alias": ("aliases of mailboxes are gone", "Use special_use, or file mails with Sieve."),
    "antispam": ("the antispam plug-in is gone", "Use sieve_script blocks in the mailbox Junk and imapsieve_from."),
    "expire": ("the expire plug-in is gone", "Use autoexpunge in the block of the mailbox."),
    "sieve_vacation_max_subject": ("the limit is built in now", "Leave it out."),
}


def plugins(source: Source, block: Block) -> Body:
    """The entries that replace a plugin block."""
    plugin = {one.key: one for one in block.body if isinstance(one, Setting)}
    found: list[Entry] = [*quota(source, plugin), *sieve(source, plugin), *fts(source, plugin)]
    found += _acl(source, plugin)
    found += _compression(source, plugin)
    found += _keys(source, plugin)
    found += _push(source, plugin)
    found += _scripts(source, plugin)
    _mailboxes(source, plugin)
    for key, head in _DICTIONARIES.items():
        setting = plugin.pop(key, None)
        inner = dictionary(source, setting.value, setting.origin) if setting else None
        if setting is not None and inner is not None:
            found.append(Block(head, (inner,), setting.origin))
            source.note(setting.origin, found[-1:])
    for setting in plugin.values():
        found += _rest(source, setting)
    return tuple(found)


def _rest(source: Source, setting: Setting) -> list[Entry]:
    row = _ROWS.get(setting.key)
    if row is not None:
        if row.new == "sieve_plugins" or (row.how == "list" and setting.value.startswith("$")):
            words = [word for word in setting.value.split() if not word.startswith("$")]
            entry: Entry | None = switches(row.new, words, setting.origin)
        else:
            entry = source.row(row, setting)
        if entry is None:
            return []
        source.note(setting.origin, [entry])
        return [entry]
    for start, (cause, remedy) in _REMOVED.items():
        if setting.key.startswith(start):
            source.drop(setting.origin, cause, remedy)
            return []
    source.drop(
        setting.origin,
        "is nothing that Dovecot 2.3 itself read from here",
        "If a plug-in of another maker read it, look up its settings for 2.4; otherwise leave it out.",
    )
    return []


def _acl(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    setting = plugin.pop("acl", None)
    found: list[Entry] = []
    if setting is not None:
        driver, *words = setting.value.split(":")
        found.append(Setting("acl_driver", driver, setting.origin))
        for word in words:
            if word.startswith("cache_secs="):
                found.append(Setting("acl_cache_ttl", f"{word[len('cache_secs=') :]} secs", setting.origin))
            elif word:
                found.append(Setting("acl_global_path", source.text(word, setting.origin), setting.origin))
        path = any(word.startswith("/") for word in words)
        source.note(setting.origin, found, "2.4 takes a file, no directory, for the global rights" if path else "")
    for key in [key for key in plugin if re.match(r"^acl_ignore_namespace\d*$", key)]:
        old = plugin.pop(key)
        source.drop(old.origin, f"leaves out the namespace {old.value}", "Put acl_ignore = yes into that namespace.")
    return found


def _compression(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    method, level = plugin.get("zlib_save"), plugin.pop("zlib_save_level", None)
    if method is not None and method.value == "xz":
        source.drop(
            plugin.pop("zlib_save").origin,
            "compresses with xz, which Dovecot 2.4 can neither write nor read",
            "Save mails with zstd, and convert those that are there before the upgrade.",
        )
        return []
    if level is None:
        return []
    key = LEVELS.get(method.value if method else "gz")
    if key is None:
        source.note(level.origin, [])
        return []
    entry = Setting(key, level.value, level.origin)
    source.note(level.origin, [entry])
    return [entry]


def _keys(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    """Keys of mail_crypt: numbered private keys become named blocks."""
    found: list[Entry] = []
    pattern = re.compile(r"^mail_crypt_global_private_key(\d*)$")
    for match in [match for match in map(pattern.match, list(plugin)) if match]:
        setting = plugin.pop(match.group(0))
        if not setting.value.startswith("<"):
            source.drop(setting.origin, "holds a private key itself", "Put the key into a file of mode 0600.")
            continue
        body = [Setting("crypt_private_key_file", setting.value[1:].strip(), setting.origin)]
        password = plugin.pop(f"{match.group(0)}_password", None)
        if password is not None:
            body.append(Setting("crypt_private_key_password", password.value, password.origin))
        block = Block(f"crypt_global_private_key main{match.group(1)}", tuple(body), setting.origin)
        source.note(setting.origin, [block])
        found.append(block)
    version = plugin.pop("mail_crypt_save_version", None)
    if version is not None and version.value == "0":
        found.append(Setting("crypt_write_algorithm", "", version.origin))
        source.note(version.origin, found[-1:], "mails are read, but not written, encrypted")
    elif version is not None:
        source.note(version.origin, [])
    return found


def _push(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    found: list[Entry] = []
    pattern = re.compile(r"^push_notification_(?:driver|backend)(\d*)$")
    names = {"url": "ox_url", "cache_lifetime": "ox_cache_ttl", "user_from_metadata": "ox_user_from_metadata"}
    for match in [match for match in map(pattern.match, list(plugin)) if match]:
        setting = plugin.pop(match.group(0))
        driver, _colon, rest = setting.value.partition(":")
        body: list[Entry] = [Setting("driver", driver, setting.origin)]
        for key, value in options(rest):
            if driver == "ox" and key in names:
                body.append(Setting(names[key], value or "yes", setting.origin))
            elif driver == "ox" and key == "timeout_msecs":
                body.append(Setting("http_client_request_timeout", f"{value} ms", setting.origin))
            elif driver == "lua" and key == "file":
                body.append(Setting("lua_file", value, setting.origin))
            else:
                source.drop(setting.origin, f"has the option {key}, which 2.4 has not", "Leave it out.")
        block = Block(f"push_notification {driver}{match.group(1)}", tuple(body), setting.origin)
        source.note(setting.origin, [block])
        found.append(block)
    return found


def _scripts(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    found: list[Entry] = []
    aliases = plugin.pop("charset_aliases", None)
    if aliases is not None:
        pairs = tuple(Setting(key, value, aliases.origin) for key, value in options(aliases.value))
        found.append(Block("charset_aliases", pairs, aliases.origin))
        source.note(aliases.origin, found)
    setting = plugin.pop("welcome_script", None)
    if setting is None:
        return found
    name, _blank, arguments = setting.value.strip().partition(" ")
    inner = (Setting("args", source.text(arguments, setting.origin), setting.origin),) if arguments else ()
    block = Block("welcome", (Block(f"execute {name}", inner, setting.origin),), setting.origin)
    source.note(setting.origin, [block])
    return [*found, block]


def _mailboxes(source: Source, plugin: dict[str, Setting]) -> None:
    """Settings of 2.3 that name mailboxes, which have blocks of their own in 2.4."""
    for pattern, key, value in (
        (r"^notify_status_mailbox\d*$", "notify_status", "yes"),
        (r"^lazy_expunge_exclude\d*$", "lazy_expunge_mailbox", ""),
    ):
        for old in [old for old in plugin if re.match(pattern, old)]:
            setting = plugin.pop(old)
            entry = Setting(key, value, setting.origin)
            source.mailbox(setting.value, entry)
            source.note(setting.origin, [Block(f"mailbox {setting.value}", (entry,), setting.origin)])
    trash = plugin.pop("trash", None)
    if trash is None:
        return
    if trash.value not in source.files:
        source.drop(trash.origin, f"reads {trash.value}, whose content is not known", "Give trash_priority by hand.")
        return
    for line in source.files[trash.value].splitlines():
        priority, _blank, name = line.strip().partition(" ")
        if priority.isdigit() and name:
            entry = Setting("trash_priority", priority, trash.origin)
            source.mailbox(name.strip(), entry)
            source.note(trash.origin, [Block(f"mailbox {name.strip()}", (entry,), trash.origin)])
