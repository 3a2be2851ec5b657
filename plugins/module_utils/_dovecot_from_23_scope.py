# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The top level of a tree of Dovecot 2.3, or one filter in it, for 2.4."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_from_23_blocks as blocks
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_auth import Databases
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import (
    Note,
    Source,
    dictionary,
    flag,
    listed,
    plugin_words,
    switches,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_plugin import plugins
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_removed import (
    BUILT_IN_PLUGINS,
    minimum_protocol,
    removed_plugin,
    removed_setting,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_sieve import default_personal
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import GLOBAL_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import value_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    FILTERS,
    Block,
    Body,
    Entry,
    Setting,
    find,
    show,
)

_ROWS = {row.old: row for row in GLOBAL_ROWS}
_RENAMED = {
    "imapc_ssl_verify": "ssl_client_require_valid_cert",
    "pop3c_ssl_verify": "ssl_client_require_valid_cert",
    "ssl_ca_dir": "ssl_client_ca_dir",
    "ssl_ca_file": "ssl_client_ca_file",
}
_RAW_LOGS = {"doveadm_http_rawlog_dir": "doveadm_server", "stats_http_rawlog_dir": "stats_server"}
_PLUGIN_LISTS = ("mail_plugins",)


class Scope:
    """Converts the entries of one level; filters are levels of their own."""

    def __init__(self, source: Source, body: Body, databases: Databases | None = None, *, tls: bool = False) -> None:
        self._source = source
        self._body = body
        self._is_top = databases is None
        taken = [one.head for one in body if isinstance(one, Block) and not _is_old_database(one)]
        self._databases = databases or Databases(source, taken)
        self._namespaces = 0
        self._tls_required = tls or value_of(body, "ssl") == "required"

    def entries(self) -> Body:
        """The entries of 2.4."""
        found: list[Entry] = []
        for entry in self._body:
            found += self._setting(entry) if isinstance(entry, Setting) else self._block(entry)
        if self._is_top and self._source.pure and _loads_sieve(found) and not _has_head(found, "sieve_script personal"):
            found.append(default_personal(self._source, ()))
        return tuple(found)

    def _setting(self, setting: Setting) -> list[Entry]:
        key, origin = setting.key, setting.origin
        if key in _PLUGIN_LISTS:
            return self._plugins(setting)
        found: list[Entry]
        if key == "mail_location":
            return blocks.location(self._source, setting)
        if key in _ROWS:
            return self._row(setting)
        gone = removed_setting(key)
        if gone:
            self._source.drop(origin, *gone)
            return []
        if key in _RENAMED:
            found = [Setting(_RENAMED[key], setting.value, origin)]
        elif key in _RAW_LOGS:
            found = [Block(_RAW_LOGS[key], (Setting("http_client_rawlog_dir", setting.value, origin),), origin)]
        else:
            special = self._special(setting)
            if special is None:
                return [self._source.neutral(setting)]
            found = special
        self._source.note(origin, found)
        return found

    def _special(self, setting: Setting) -> list[Entry] | None:
        """Settings that became something of another shape; None for a setting that both versions have."""
        key, value, origin = setting.key, setting.value, setting.origin
        if key == "verbose_ssl":
            return [Setting("log_debug", "category=ssl", origin)] if flag(value) == "yes" else []
        if key == "auth_worker_max_count":
            return [Block("service auth-worker", (Setting("process_limit", value, origin),), origin)]
        if key == "auth_policy_server_timeout_msecs":
            limit = Setting("http_client_request_timeout", f"{value} ms", origin)
            return [Block("auth_policy", (limit,), origin)]
        if key == "ssl_protocols":
            lowest = minimum_protocol(value)
            if lowest is None:
                self._source.drop(origin, f"names protocols as {value}", "Set ssl_min_protocol.")
                return []
            return [Setting("ssl_min_protocol", lowest, origin)]
        if key == "mail_attribute_dict":
            inner = dictionary(self._source, value, origin)
            return [Block("mail_attribute", (inner,), origin)] if inner else []
        if key == "import_environment":
            pairs = [word.partition("=") for word in value.split()]
            names = [(name, text if equals else f"%{{env:{name}}}") for name, equals, text in pairs]
            return [Block(key, tuple(Setting(name, text, origin) for name, text in names), origin)]
        if key == "imap_id_send":
            words = [word.strip('"') for word in value.split()]
            return [Block(key, tuple(Setting(*pair, origin) for pair in zip(words[::2], words[1::2])), origin)]
        return None

    def _row(self, setting: Setting) -> list[Entry]:
        row = _ROWS[setting.key]
        if setting.key == "disable_plaintext_auth" and flag(setting.value) == "no" and self._tls_required:
            # 2.4 refuses what 2.3 did not heed.
            self._source.notes.append(Note(show(setting.origin), "", "it had no effect with ssl = required"))
            return []
        if row.how == "list":
            value = " ".join(re.split(r"[\s,]+", setting.value.strip()))
            if "$" not in value:
                return [Setting(row.new, value, setting.origin)]
            entry: Entry | None = listed(row.new, value, setting.origin)
        elif row.old == row.new and not self._source.pure:
            return [setting]
        else:
            entry = self._source.row(row, setting)
        if entry is None:
            return []
        same = isinstance(entry, Setting) and (entry.key, entry.value) == (setting.key, setting.value)
        if not same:
            self._source.note(setting.origin, [entry])
        return [entry]

    def _plugins(self, setting: Setting) -> list[Entry]:
        adds, words = plugin_words(setting.value)
        if not self._source.pure and not adds and words == setting.value.split():
            return [setting]
        kept: list[str] = []
        for word in words:
            gone = removed_plugin(word)
            if gone:
                self._source.drop(setting.origin, *gone)
            elif word not in BUILT_IN_PLUGINS:
                kept.append(word)
        if adds or self._is_top:
            entry: Entry = (
                switches(setting.key, kept, setting.origin)
                if adds
                else Setting(setting.key, " ".join(kept), setting.origin)
            )
        else:
            entry = Setting(setting.key, " ".join(kept), setting.origin)
        if isinstance(entry, Block) or entry.value != setting.value.strip():
            self._source.note(setting.origin, [entry])
        return [entry]

    def _block(self, block: Block) -> list[Entry]:
        name, source = block.name, self._source
        if name in FILTERS:
            inner = Scope(source, block.body, self._databases, tls=self._tls_required).entries()
            arguments = block.argument.split() if name == "local_name" else [block.argument]
            if len(arguments) > 1:
                source.note(block.origin, [Block(f"local_name {one}", (), block.origin) for one in arguments])
            return [Block(f"{name} {one}", inner, block.origin) for one in arguments]
        if block.head == "plugin":
            return list(plugins(source, block))
        if name in {"passdb", "userdb"} and _is_old_database(block):
            return self._databases.block(block)
        if name == "namespace":
            self._namespaces += 1
            return [blocks.namespace(source, block, self._namespaces)]
        if name == "service":
            service = blocks.service(source, block)
            return [service] if service else []
        if block.head == "dict":
            return [blocks.dictionaries(source, block)]
        if name == "metric":
            return [blocks.metric(source, block)]
        if name == "event_exporter" and any(isinstance(one, Setting) and one.key == "transport" for one in block.body):
            return [blocks.exporter(source, block)]
        return [block]


def _is_old_database(block: Block) -> bool:
    """A passdb or userdb as 2.3 writes it: without name, or with the arguments of its driver in one setting."""
    if block.name not in {"passdb", "userdb"}:
        return False
    old = {"args", "default_fields", "override_fields"}
    return not block.argument or any(isinstance(one, Setting) and one.key in old for one in block.body)


def _has_head(found: t.Sequence[Entry], head: str) -> bool:
    return any(isinstance(one, Block) and one.head == head for one in found)


def _loads_sieve(found: t.Sequence[Entry]) -> bool:
    for entry in found:
        if isinstance(entry, Block) and entry.name in FILTERS and _loads_sieve(entry.body):
            return True
        if isinstance(entry, Setting) and entry.key == "mail_plugins" and "sieve" in entry.value.split():
            return True
        if isinstance(entry, Block) and entry.name == "mail_plugins" and find(entry.body, ("sieve",)):
            return True
    return False
