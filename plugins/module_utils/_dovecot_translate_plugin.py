# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Settings and blocks of Dovecot 2.4 that 2.3 keeps in plugin { } in another shape."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import LEVELS, Row
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import (
    Context,
    ExternalFile,
    milliseconds,
    numbered,
    unprefixed,
    value_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_dict import inner_address
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Entry, Setting, find

# Settings that one setting of 2.3 gathers.
ACL_SETTINGS = frozenset({"acl_driver", "acl_global_path", "acl_cache_ttl"})
CRYPT_SETTINGS = frozenset({"crypt_write_algorithm"})
LEVEL_SETTINGS = frozenset(LEVELS.values())
GATHERED = ACL_SETTINGS | CRYPT_SETTINGS | LEVEL_SETTINGS
# Settings of a mailbox that 2.3 keeps in plugin { }.
MAILBOX_SETTINGS = frozenset({"trash_priority", "notify_status", "lazy_expunge_mailbox"})

_DICTIONARIES = {
    "acl_sharing_map": "acl_shared_dict",
    "last_login": "last_login_dict",
    "notify_status": "notify_status_dict",
    "quota_clone": "quota_clone_dict",
}
_OVER = {"mask": "quota_over_flag_value", "current": "quota_over_flag", "lazy_check": "quota_over_flag_lazy_check"}
# What Dovecot 2.3 keeps of its environment unless it is told otherwise (doveconf -d).
_IMPORTED = ("TZ", "CORE_OUTOFMEM", "CORE_ERROR", "LISTEN_PID", "LISTEN_FDS", "NOTIFY_SOCKET")
_OX = {"ox_url": "url", "ox_cache_ttl": "cache_lifetime"}
_EDITHEADER = {"forbid_add": "sieve_editheader_forbid_add", "forbid_delete": "sieve_editheader_forbid_delete"}


class Plugins:
    """Fills the plugin block of one scope."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._push = 0
        self._keys = 0
        self._excluded = 0
        self._notified = 0
        self._headers: dict[str, list[str]] = {}
        self._trash: list[str] = []

    def block(self, block: Block) -> bool:
        """Translate a block, if it is one of those that this class knows."""
        name = block.name
        if name in _DICTIONARIES:
            uri = inner_address(self._context, block)
            if uri is not None:
                self._add(_DICTIONARIES[name], uri, block)
        elif name == "push_notification":
            self._notification(block)
        elif name == "quota_over_status":
            self._over(block)
        elif name == "welcome":
            command = self._execute(block)
            if command:
                self._add("welcome_script", command, block)
        elif name == "charset_aliases":
            pairs = [f"{one.key}={self._context.words(one)}" for one in block.body if isinstance(one, Setting)]
            self._add(name, " ".join(pairs), block)
        elif name == "crypt_global_private_key":
            self._key(block)
        elif name == "sieve_editheader_header":
            self._header(block)
        elif name in {"sieve_spamtest_text_value", "sieve_virustest_text_value"}:
            for one in block.body:
                if isinstance(one, Setting):
                    self._add(f"{name}{one.key}", one.value, one)
        else:
            return False
        return True

    def gather(self, body: Body) -> None:
        """Settings that 2.3 has in one."""
        settings = {one.key: one for one in body if isinstance(one, Setting) and one.key in GATHERED}
        acl = [settings[key] for key in ("acl_driver", "acl_global_path", "acl_cache_ttl") if key in settings]
        if acl:
            parts = [value_of(body, "acl_driver") or "vfile"]
            if "acl_global_path" in settings:
                parts.append(self._context.text(settings["acl_global_path"]))
            limit = milliseconds(value_of(body, "acl_cache_ttl"))
            if limit is not None:
                parts += ([""] if len(parts) == 1 else []) + [f"cache_secs={limit // 1000}"]
            self._add("acl", ":".join(parts), acl[0])
        for method, level in LEVELS.items():
            if level in settings and value_of(body, "mail_compress_write_method") in {method, ""}:
                self._add("zlib_save_level", settings[level].value, settings[level])
        algorithm = settings.get("crypt_write_algorithm")
        if algorithm is not None and not algorithm.value:
            self._add("mail_crypt_save_version", "0", algorithm)
        elif any(isinstance(one, Block) and one.name == "crypt_global_private_key" for one in body):
            key = next(one for one in body if isinstance(one, Block) and one.name == "crypt_global_private_key")
            self._add("mail_crypt_save_version", "2", key)

    def mailbox(self, name: str, setting: Setting) -> None:
        """One of MAILBOX_SETTINGS, of the mailbox with this name."""
        if setting.key == "trash_priority":
            self._trash.append(f"{setting.value} {name}")
            path = f"{self._context.prefix}.trash.conf.ext"
            others = [file for file in self._context.files if file.name != path]
            self._context.files[:] = [*others, ExternalFile(path, (), "".join(f"{one}\n" for one in self._trash))]
            if len(self._trash) == 1:
                self._add("trash", path, setting)
        elif setting.key == "notify_status" and setting.value == "yes":
            self._notified += 1
            self._add(numbered("notify_status_mailbox", self._notified), name, setting)
        elif setting.key == "lazy_expunge_mailbox" and not setting.value:
            self._excluded += 1
            self._add(numbered("lazy_expunge_exclude", self._excluded), name, setting)
        else:
            self._context.missing(setting.origin)

    def _add(self, key: str, value: str, entry: Entry, *, raw: bool = False) -> None:
        self._context.plugin.append(Setting(key, value, entry.origin, raw=raw))

    def _execute(self, block: Block) -> str | None:
        execute = next((one for one in block.body if isinstance(one, Block) and one.name == "execute"), None)
        if execute is None:
            self._context.fault(block.origin, "executes nothing", "Add an execute block with the name of a service.")
            return None
        arguments = next((one for one in unprefixed(execute) if isinstance(one, Setting) and one.key == "args"), None)
        return f"{execute.argument} {self._context.text(arguments)}" if arguments else execute.argument

    def _over(self, block: Block) -> None:
        for one in unprefixed(block):
            if isinstance(one, Setting) and one.key in _OVER:
                self._add(_OVER[one.key], self._context.text(one), one)
            elif not isinstance(one, Block) or one.name != "execute":
                self._context.missing(one.origin)
        if any(isinstance(one, Block) for one in block.body):
            self._add("quota_over_script", self._execute(block) or "", block)

    def _notification(self, block: Block) -> None:
        self._push += 1
        driver = value_of(block.body, "driver") or value_of(block.body, "push_notification_driver") or block.argument
        words: list[str] = []
        for one in unprefixed(block):
            if not isinstance(one, Setting):
                self._context.missing(one.origin)
            elif one.key in _OX:
                words.append(f"{_OX[one.key]}={self._context.words(one)}")
            elif one.key == "ox_user_from_metadata":
                words += ["user_from_metadata"] if one.value == "yes" else []
            elif one.key == "lua_file":
                words.append(f"file={self._context.words(one)}")
            elif one.key == "http_client_request_timeout":
                words.append(f"timeout_msecs={milliseconds(one.value)}")
            elif one.key != "driver":
                self._context.missing(one.origin)
        text = f"{driver}:{' '.join(words)}" if words else driver
        self._add(numbered("push_notification_driver", self._push), text, block)

    def _key(self, block: Block) -> None:
        self._keys += 1
        name = numbered("mail_crypt_global_private_key", self._keys)
        rows = {
            "crypt_private_key_file": Row("crypt_private_key_file", name, "file"),
            "crypt_private_key_password": Row("crypt_private_key_password", f"{name}_password", "literal"),
        }
        for one in block.body:
            if isinstance(one, Setting) and one.key in rows:
                self._context.plugin.append(self._context.row(rows[one.key], one))
            else:
                self._context.missing(one.origin)

    def _header(self, block: Block) -> None:
        for one in unprefixed(block):
            if not isinstance(one, Setting) or one.key not in _EDITHEADER:
                self._context.missing(one.origin)
            elif one.value == "yes":
                key = _EDITHEADER[one.key]
                self._headers.setdefault(key, []).append(block.argument)
                others = [setting for setting in self._context.plugin if setting.key != key]
                self._context.plugin[:] = [*others, Setting(key, " ".join(self._headers[key]), one.origin)]


def search(context: Context, body: Body, leave_out: t.Callable[[Entry], None]) -> Entry | None:
    """fts solr, the one full-text search that 2.3 of Debian has too. The entry that was used, else None."""
    block = find(body, ("fts solr",))
    if not isinstance(block, Block):
        return None
    words = [f"{one.key}={context.words(one)}" for one in unprefixed(block) if isinstance(one, Setting)]
    context.plugin.append(Setting("fts", "solr", block.origin))
    context.plugin.append(Setting("fts_solr", " ".join(words), block.origin))
    for one in body:
        if isinstance(one, Setting) and one.key == "fts_autoindex":
            context.plugin.append(one)
        elif isinstance(one, Setting) and one.key.startswith(("fts_", "language_")):
            leave_out(one)
    return block


def strings(context: Context, block: Block) -> Setting | None:
    """import_environment and imap_id_send, which are one line in 2.3."""
    pairs = [one for one in block.body if isinstance(one, Setting)]
    if block.name == "imap_id_send":
        text = " ".join(f'"{one.key}" {one.value}' for one in pairs)
        return Setting(block.name, text, block.origin, raw=True)
    words = [one.key if one.value == f"%{{env:{one.key}}}" else f"{one.key}={context.words(one)}" for one in pairs]
    # 2.4 adds to its defaults. 2.3 forgets them, and without NOTIFY_SOCKET systemd takes its start for a failure.
    named = {one.key for one in pairs}
    return Setting(block.name, " ".join([*(name for name in _IMPORTED if name not in named), *words]), block.origin)


def client(context: Context, block: Block) -> list[Entry]:
    """Blocks that hold the settings of an HTTP client only."""
    found: list[Entry] = []
    for one in block.body:
        limit = milliseconds(one.value) if isinstance(one, Setting) else None
        if block.name == "auth_policy" and isinstance(one, Setting) and one.key == "http_client_request_timeout":
            found.append(Setting("auth_policy_server_timeout_msecs", str(limit or 0), one.origin))
        elif block.name != "auth_policy" and isinstance(one, Setting) and one.key == "http_client_rawlog_dir":
            key = {"doveadm_server": "doveadm_http_rawlog_dir", "stats_server": "stats_http_rawlog_dir"}[block.name]
            found.append(Setting(key, context.text(one), one.origin))
        else:
            context.missing(one.origin)
    return found
