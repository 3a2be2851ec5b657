# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A tree in the grammar of Dovecot 2.4 written in the grammar of 2.3."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import (
    ACCELERATOR_BLOCKS,
    ACCELERATOR_PLUGINS,
    ACCELERATORS,
    BLOCK_ROWS,
    GLOBAL_ROWS,
    LOCATION_KEYS,
    MISSING_PREFIXES,
    PLUGIN_ROWS,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_auth import (
    Databases,
    is_database_setting,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import (
    Context,
    ExternalFile,
    numbered,
    plugin_name,
    unprefixed,
    value_of,
    words_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_dict import inner_address, server
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_mail import (
    MAILBOX_QUOTA,
    QUOTA_RULE_SETTINGS,
    Quota,
    Sieve,
    exporter,
    extensions,
    location,
    metric,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_plugin import (
    GATHERED,
    MAILBOX_SETTINGS,
    Plugins,
    client,
    search,
    strings,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    FILTERS,
    Block,
    Body,
    Entry,
    Fault,
    Setting,
    filters_last,
    find,
    show,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_variables import shared_prefix_to_23

_GLOBAL = {row.new: row for row in GLOBAL_ROWS}
_PLUGIN = {row.new: row for row in PLUGIN_ROWS}
_EXTENSION_LISTS = frozenset({"sieve_extensions", "sieve_global_extensions", "sieve_implicit_extensions"})
_CLIENTS = frozenset({"auth_policy", "doveadm_server", "stats_server"})
_STRINGS = frozenset({"imap_id_send", "import_environment"})


@dataclass(frozen=True)
class Translation:
    """What 2.3 gets: the entries of the file, the files beside it, what is wrong, what was left out."""

    body: Body
    files: tuple[ExternalFile, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def translate(body: Body, prefix: str) -> Translation:
    """Translate a whole tree. prefix is the absolute path, without an ending, that external files are named after."""
    context = Context(prefix)
    entries = _Scope(context, body, None).entries()
    return Translation(filters_last(entries), tuple(context.files), tuple(context.faults), tuple(context.notes))


class _Scope:
    """The top level of a tree, or one filter block in it."""

    def __init__(self, context: Context, body: Body, top: Body | None) -> None:
        self._context = context
        self._body = body
        self._top = top if top is not None else body
        self._is_top = top is None
        self._quota = Quota(context)
        self._sieve = Sieve(context)
        self._plugin = Plugins(context)
        self._databases = Databases(context, self._top)
        self._search: Entry | None = None
        self._ignored = 0
        # A search with Solr is there in 2.3 too, and needs its plug-in fts.
        solr = find(self._top, ("fts solr",)) is not None
        self._left_out = ACCELERATOR_PLUGINS - {"fts"} if solr else ACCELERATOR_PLUGINS

    def entries(self) -> Body:
        """All entries of the scope, its plugin settings collected in one block at the end."""
        outer, self._context.plugin = self._context.plugin, []
        found: list[Entry] = []
        place = location(self._context, self._body, "mail_location", () if self._is_top else self._top)
        found += [place] if place else []
        sizes = [one for one in self._body if isinstance(one, Setting) and one.key in QUOTA_RULE_SETTINGS]
        if sizes:
            self._quota.rule(sizes)
        self._plugin.gather(self._body)
        self._search = search(self._context, self._body, self._leave_out)
        for entry in self._body:
            found += self._setting(entry) if isinstance(entry, Setting) else self._block(entry)
        if self._context.plugin:
            found.append(Block("plugin", tuple(self._context.plugin), self._context.plugin[0].origin))
        self._context.plugin = outer
        return tuple(found)

    def _setting(self, setting: Setting) -> list[Entry]:
        key = setting.key
        if key in LOCATION_KEYS | QUOTA_RULE_SETTINGS | GATHERED or is_database_setting(setting):
            return []
        if key == "mail_plugins":
            return [self._plugins(setting)]
        if key == "log_debug" and setting.value == "category=ssl":
            return [Setting("verbose_ssl", "yes", setting.origin)]
        if key in _EXTENSION_LISTS:
            self._context.plugin.append(setting)
        elif key in _PLUGIN:
            self._context.plugin.append(self._context.row(_PLUGIN[key], setting))
        elif key in _GLOBAL:
            return [self._context.row(_GLOBAL[key], setting)]
        elif key.startswith(ACCELERATORS):
            if self._search is None:
                self._leave_out(setting)
        elif key.startswith(MISSING_PREFIXES):
            self._context.missing(setting.origin)
        else:
            return [self._context.plain(setting)]
        return []

    def _leave_out(self, entry: Entry) -> None:
        self._context.notes.append(
            f"{show(entry.origin)} has no effect on Dovecot 2.3, which has no such full-text search: "
            "searches read the mails instead."
        )

    def _plugins(self, entry: Entry) -> Setting:
        known = self._without_accelerators(entry)
        if isinstance(known, Setting):
            words = [plugin_name(word) for word in known.value.split()]
            return Setting("mail_plugins", " ".join(words), known.origin)
        above = None if self._is_top else words_of(find(self._top, ("mail_plugins",)))
        whole = None if above is None else [plugin_name(word) for word in above if word not in self._left_out]
        return self._context.edited_list(known, "mail_plugins", whole)

    def _without_accelerators(self, entry: Entry) -> Entry:
        if isinstance(entry, Setting):
            words = entry.value.split()
            if self._left_out.intersection(words):
                self._leave_out(entry)
            kept = " ".join(word for word in words if word not in self._left_out)
            return Setting(entry.key, kept, entry.origin)
        body: list[Entry] = []
        for one in entry.body:
            if isinstance(one, Setting) and one.key in self._left_out:
                self._leave_out(one)
            else:
                body.append(one)
        return Block(entry.head, tuple(body), entry.origin)

    def _block(self, block: Block) -> list[Entry]:
        name = block.name
        if name in FILTERS:
            return [Block(block.head, _Scope(self._context, block.body, self._top).entries(), block.origin)]
        special = self._special(block)
        if special is not None:
            return special
        if name == "mail_plugins":
            return [self._plugins(block)]
        if name in ("passdb", "userdb"):
            return [self._databases.block(block)]
        if name == "namespace":
            return [self._namespace(block)]
        if name == "service":
            return self._service(block)
        if name == "metric":
            return [metric(self._context, block)]
        if name == "event_exporter":
            return [exporter(self._context, block)]
        if name in _GLOBAL and _GLOBAL[name].how == "list":
            return [self._context.edited_list(block, name, words_of(find(self._top, (name,))) if self._top else None)]
        self._plugin_block(block)
        return []

    def _special(self, block: Block) -> list[Entry] | None:
        """Blocks that are settings of 2.3, or that another block of 2.3 takes in; None for all others."""
        name = block.name
        if name in _CLIENTS:
            return client(self._context, block)
        if name in _STRINGS:
            line = strings(self._context, block)
            return [line] if line else []
        if name == "dict_server":
            found = server(self._context, block, self._databases.connection)
            return [found] if found else []
        if name == "mail_attribute":
            uri = inner_address(self._context, block)
            return [Setting("mail_attribute_dict", uri, block.origin)] if uri else []
        if name == "oauth2":
            if not any(isinstance(one, Block) and one.name == "passdb" for one in self._top):
                self._context.missing(block.origin)
            return []
        if name == "mailbox":
            for entry in self._mailbox(block, "").body:
                self._context.missing(entry.origin)
            return []
        return None

    def _plugin_block(self, block: Block) -> None:
        name = block.name
        if is_database_setting(block):
            return
        if name == "quota":
            self._quota.root(block)
        elif name == "sieve_script":
            self._sieve.script(block)
        elif name == "imapsieve_from":
            self._sieve.mailbox("*", block.body, block.argument)
        elif name in _EXTENSION_LISTS:
            self._context.plugin.append(extensions(block))
        elif name in _PLUGIN and _PLUGIN[name].how == "list":
            self._context.plugin.append(self._context.edited_list(block, _PLUGIN[name].old, None, inherit=False))
        elif self._plugin.block(block):
            return
        elif name in ACCELERATOR_BLOCKS or name.startswith(ACCELERATORS):
            if self._search is None:
                self._leave_out(block)
        else:
            self._context.missing(block.origin)

    def _namespace(self, block: Block) -> Block:
        body = unprefixed(block)
        prefix = value_of(body, "prefix")
        entries: list[Entry] = []
        place = location(self._context, body, "location", self._top)
        entries += [place] if place else []
        for entry in body:
            if isinstance(entry, Block):
                if entry.name == "mailbox":
                    entries.append(self._mailbox(entry, prefix))
                else:
                    self._context.missing(entry.origin)
            elif entry.key == "prefix":
                entries.append(Setting("prefix", shared_prefix_to_23(self._context.text(entry)), entry.origin))
            elif entry.key == "acl_ignore":
                if entry.value == "yes":
                    self._ignored += 1
                    key = numbered("acl_ignore_namespace", self._ignored)
                    self._context.plugin.append(Setting(key, shared_prefix_to_23(prefix), entry.origin))
            elif entry.key not in LOCATION_KEYS:
                entries.append(self._context.plain(entry))
        return Block(block.head, tuple(entries), block.origin)

    def _mailbox(self, block: Block, prefix: str) -> Block:
        body = unprefixed(block)
        name = f"{prefix}{block.argument}"
        sizes = [one for one in body if isinstance(one, Setting) and one.key in MAILBOX_QUOTA]
        if sizes:
            self._quota.rule(sizes, name)
        self._sieve.mailbox(name, body)
        entries: list[Entry] = []
        for entry in body:
            if isinstance(entry, Block):
                if entry.name not in {"sieve_script", "imapsieve_from"}:
                    self._context.missing(entry.origin)
            elif entry.key in MAILBOX_SETTINGS:
                self._plugin.mailbox(name, entry)
            elif entry.key == "fts_autoindex":
                self._leave_out(entry)
            elif entry.key not in MAILBOX_QUOTA:
                entries.append(entry)
        return Block(block.head, tuple(entries), block.origin)

    def _service(self, block: Block) -> list[Entry]:
        translated = self._plain_block(block)
        if block.argument != "auth-worker":
            return [translated]
        limits = [one for one in translated.body if isinstance(one, Setting) and one.key == "process_limit"]
        rest = tuple(one for one in translated.body if one not in limits)
        count: list[Entry] = [Setting("auth_worker_max_count", one.value, one.origin) for one in limits]
        return [*count, Block(block.head, rest, block.origin)] if rest else count

    def _plain_block(self, block: Block) -> Block:
        """A service or a listener: the same block with a few other names."""
        rows = {row.new: row for row in BLOCK_ROWS.get(block.name, ())}
        body: list[Entry] = []
        for entry in unprefixed(block):
            if isinstance(entry, Block):
                body.append(self._plain_block(entry))
            elif block.name.endswith("_listener") and entry.key == "type":
                self._context.missing(entry.origin)
            elif entry.key in rows:
                body.append(self._context.row(rows[entry.key], entry))
            else:
                body.append(self._context.plain(entry))
        return Block(block.head, tuple(body), block.origin)
