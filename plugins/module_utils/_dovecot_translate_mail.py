# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Quota, Sieve, mail location and metrics of Dovecot 2.4 for 2.3."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import LOCATION_FLAGS, LOCATION_PARTS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import (
    Context,
    numbered,
    unprefixed,
    value_of,
    words_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_dict import address
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Entry, Setting

QUOTA_RULE_SETTINGS = frozenset({"quota_storage_size", "quota_message_count", "quota_storage_percentage"})
MAILBOX_QUOTA = frozenset(
    {"quota_storage_extra", "quota_storage_percentage", "quota_ignore", "quota_message_percentage"}
)
_GROUP_ARGUMENTS = {"exponential": ("min_magnitude", "max_magnitude", "base"), "linear": ("min", "max", "step")}
_SIZES = frozenset({"quota_storage_size", "quota_storage_extra", "quota_storage_grace"})
_FS_OPTIONS = {"fs_type": "", "fs_mount_path": "mount="}
_SCRIPT_KEYS = frozenset({"type", "driver", "path", "active_path", "cause", "name", "bin_path"})


def location(context: Context, body: Body, key: str, outer: Body) -> Setting | None:
    """Join mail_driver, mail_path and what belongs to them to a mail_location of 2.3."""
    settings = {entry.key: entry for entry in body if isinstance(entry, Setting)}
    names = ("mail_driver", "mail_path", *(name for name, _option in (*LOCATION_PARTS, *LOCATION_FLAGS)))
    given = [settings[name] for name in names if name in settings]
    if not given:
        return None
    above = {entry.key: entry for entry in outer if isinstance(entry, Setting)}
    driver = settings.get("mail_driver", above.get("mail_driver"))
    path = settings.get("mail_path", above.get("mail_path"))
    if driver is None or path is None:
        context.fault(
            given[0].origin,
            "cannot be written for Dovecot 2.3, which keeps driver and path in one setting",
            "Set mail_driver and mail_path in the same tree.",
        )
        return None
    parts = [f"{driver.value}:{context.text(path)}"]
    for name, option in LOCATION_PARTS:
        setting = settings.get(name, above.get(name))
        if setting is not None and setting.value:
            parts.append(f"{option}={context.text(setting)}")
    for name, option in LOCATION_FLAGS:
        setting = settings.get(name, above.get(name))
        if setting is not None and setting.value == "yes":
            parts.append(option)
    return Setting(key, ":".join(parts), given[0].origin)


def in_bytes(setting: Setting) -> str:
    """A size with its unit: a bare number counts bytes in 2.4, and kilobytes in a quota rule of 2.3."""
    bare = setting.value.isdigit() and setting.value != "0" and setting.key in _SIZES
    return f"{setting.value}B" if bare else setting.value


class Quota:
    """Numbers the quota rules and warnings of one plugin block."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rules = 0
        self._roots = 0

    def root(self, block: Block) -> None:
        """quota "name" { driver  warning } as quota, quota2 and quota_warning, quota2_warning."""
        body = unprefixed(block)
        self._roots += 1
        root = numbered("quota", self._roots)
        driver = value_of(body, "driver") or "count"
        options = {
            "enforce": ("no", ":noenforcing"),
            "hidden": ("yes", ":hidden"),
            "ignore_unlimited": ("yes", ":ignoreunlimited"),
        }
        text = f"{driver}:{block.argument}"
        warnings = 0
        sizes: list[Setting] = []
        for entry in body:
            if isinstance(entry, Block) and entry.name == "warning":
                warnings += 1
                self._warning(entry, numbered(f"{root}_warning", warnings))
            elif isinstance(entry, Setting) and driver == "fs" and entry.key in _FS_OPTIONS:
                text += f":{_FS_OPTIONS[entry.key]}{entry.value}"
            elif isinstance(entry, Setting) and self._roots > 1 and f"quota_{entry.key}" in QUOTA_RULE_SETTINGS:
                sizes.append(Setting(f"quota_{entry.key}", entry.value, entry.origin))
            elif isinstance(entry, Block) or (entry.key != "driver" and entry.key not in options):
                self._context.missing(entry.origin)
            elif entry.key in options and entry.value == options[entry.key][0]:
                text += options[entry.key][1]
        if sizes:
            self.rule(sizes, start=root)
        self._context.plugin.append(Setting(root, text, block.origin))
        if driver == "count" and self._roots == 1:
            self._context.plugin.append(Setting("quota_vsizes", "yes", block.origin))

    def _warning(self, block: Block, key: str) -> None:
        body = unprefixed(block)
        resource = value_of(body, "resource") or value_of(body, "quota_resource") or "storage"
        under = "under" in (value_of(body, "threshold"), value_of(body, "quota_threshold"))
        percentage = value_of(body, f"quota_{resource}_percentage") or "100"
        execute = next((entry for entry in body if isinstance(entry, Block) and entry.name == "execute"), None)
        if execute is None:
            self._context.fault(block.origin, "executes nothing", "Add an execute block with the name of a service.")
            return
        arguments = next((one for one in unprefixed(execute) if isinstance(one, Setting) and one.key == "args"), None)
        command = f"{execute.argument} {self._context.text(arguments)}" if arguments else execute.argument
        limit = f"{'-' if under else ''}{'messages' if resource == 'message' else resource}={percentage}%%"
        self._context.plugin.append(Setting(key, f"{limit} {command}", block.origin))

    def rule(self, settings: t.Sequence[Setting], mailbox: str = "*", start: str = "quota") -> None:
        """Sizes of all mailboxes, or what one mailbox has more."""
        parts: list[str] = []
        for setting in settings:
            value = "0" if setting.value == "unlimited" else in_bytes(setting)
            if setting.key == "quota_storage_size":
                parts.append(f"storage={value}")
            elif setting.key == "quota_message_count":
                parts.append(f"messages={value}")
            elif setting.key == "quota_storage_extra":
                parts.append(f"storage=+{value}")
            elif setting.key == "quota_ignore":
                parts += ["ignore"] if value == "yes" else []
            elif setting.key == "quota_storage_percentage" and mailbox != "*":
                parts.append(f"storage={value}%%")
            elif setting.key == "quota_message_percentage" and mailbox != "*":
                parts.append(f"messages={value}%%")
            else:
                self._context.missing(setting.origin)
        if parts and start != "quota":
            self._context.plugin.append(Setting(f"{start}_rule", f"{mailbox}:{':'.join(parts)}", settings[0].origin))
            return
        # The first rule is the one that the size of a user replaces: a number of messages stays, in a rule of its own.
        counts = [part for part in parts if mailbox == "*" and part.startswith("messages=")]
        sizes = [part for part in parts if part not in counts]
        for group in [sizes or ["storage=0"], counts] if counts else [sizes] if sizes else []:
            self._rules += 1
            key = numbered("quota_rule", self._rules)
            self._context.plugin.append(Setting(key, f"{mailbox}:{':'.join(group)}", settings[0].origin))


class Sieve:
    """Numbers the Sieve scripts of one plugin block."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._numbers: dict[str, int] = {}
        self._mailboxes = 0

    def script(self, block: Block) -> None:
        """A sieve_script block outside of a mailbox."""
        body = unprefixed(block)
        kind = value_of(body, "type") or "personal"
        self._check(block, body)
        path = self._path(body)
        if kind == "personal":
            active = next((one for one in body if isinstance(one, Setting) and one.key == "active_path"), None)
            text = path + (f";active={self._context.text(active)}" if active else "")
            self._context.plugin.append(Setting("sieve", text, block.origin))
        elif kind in {"default", "before", "after", "discard", "global"}:
            number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
            self._context.plugin.append(Setting(numbered(f"sieve_{kind}", number), path, block.origin))
            name = value_of(body, "name")
            if kind == "default" and name:
                self._context.plugin.append(Setting("sieve_default_name", name, block.origin))
        else:
            self._context.missing(block.origin)

    def mailbox(self, mailbox: str, body: Body, origin_mailbox: str = "") -> None:
        """sieve_script blocks of a mailbox (imapsieve); origin_mailbox is where a message was moved from."""
        for block in body:
            if isinstance(block, Block) and block.name == "imapsieve_from" and not origin_mailbox:
                self.mailbox(mailbox, block.body, block.argument)
            if not isinstance(block, Block) or block.name != "sieve_script":
                continue
            inner = unprefixed(block)
            self._check(block, inner)
            self._mailboxes += 1
            start = f"imapsieve_mailbox{self._mailboxes}"
            causes = next((words_of(one) for one in inner if _key(one) == "cause"), None)
            kind = (value_of(inner, "type") or "before").replace("-", "_")
            if kind not in {"before", "after", "copy_source_after"}:
                self._context.missing(block.origin)
                continue
            rows = {"name": mailbox, "from": origin_mailbox, "causes": " ".join(causes or []).upper()}
            rows[kind] = self._path(inner)
            for name, value in rows.items():
                if value:
                    self._context.plugin.append(Setting(f"{start}_{name}", value, block.origin))

    def _check(self, block: Block, body: Body) -> None:
        for entry in body:
            if _key(entry) not in _SCRIPT_KEYS and entry is not self._dictionary(body):
                self._context.missing(entry.origin)
        if not value_of(body, "path") and not self._dictionary(body):
            self._context.fault(block.origin, "has no path", "Name the script's file or directory.")

    def _path(self, body: Body) -> str:
        path = next((one for one in body if isinstance(one, Setting) and one.key == "path"), None)
        inner = self._dictionary(body)
        text = f"{value_of(body, 'driver') or 'file'}:{self._context.text(path) if path else ''}"
        if inner is not None:
            text = f"dict:{address(self._context, inner) or ''};name={value_of(body, 'name') or 'active'}"
        directory = value_of(body, "bin_path")
        return f"{text};bindir={directory}" if directory else text

    def _dictionary(self, body: Body) -> Block | None:
        found = (one for one in body if isinstance(one, Block) and one.name == "dict")
        return next(found, None) if value_of(body, "driver") == "dict" else None


def extensions(block: Block) -> Setting:
    """sieve_extensions { a = yes  b = no } as "+a -b"."""
    words = [f"{'+' if one.value == 'yes' else '-'}{one.key}" for one in block.body if isinstance(one, Setting)]
    return Setting(block.name, " ".join(words), block.origin)


def metric(context: Context, block: Block) -> Block:
    """A metric block; its group_by blocks become one setting."""
    entries: list[Entry] = []
    groups: list[str] = []
    for entry in unprefixed(block):
        if isinstance(entry, Setting):
            entries.append(Setting(entry.key, entry.value, entry.origin))
        elif entry.name == "group_by":
            groups.append(_group(context, entry))
        elif entry.name == "fields":
            entries.append(Setting("fields", " ".join(words_of(entry) or []), entry.origin))
        else:
            context.missing(entry.origin)
    if groups:
        entries.append(Setting("group_by", " ".join(groups), block.origin))
    return Block(block.head, tuple(entries), block.origin)


def _group(context: Context, block: Block) -> str:
    method = next((entry for entry in block.body if isinstance(entry, Block) and entry.name == "method"), None)
    if method is None or method.argument == "discrete":
        return block.argument
    if method.argument not in _GROUP_ARGUMENTS:
        context.missing(method.origin)
        return block.argument
    values = (value_of(method.body, name) for name in _GROUP_ARGUMENTS[method.argument])
    return ":".join([block.argument, method.argument, *values])


def exporter(context: Context, block: Block) -> Block:
    """An event_exporter block. The time format is implied in 2.4 and must be said in 2.3."""
    entries: list[Entry] = []
    time_format = "rfc3339"
    for entry in unprefixed(block):
        if isinstance(entry, Setting) and entry.key == "driver":
            entries.append(Setting("transport", entry.value, entry.origin))
        elif isinstance(entry, Setting) and entry.key == "format":
            entries.append(entry)
        elif isinstance(entry, Setting) and entry.key == "time_format":
            time_format = entry.value
        elif isinstance(entry, Setting) and entry.key == "http_post_url":
            entries.append(Setting("transport_args", entry.value, entry.origin))
        else:
            context.missing(entry.origin)
    return Block(block.head, (*entries, Setting("format_args", f"time-{time_format}", block.origin)), block.origin)


def _key(entry: Entry) -> str:
    return entry.key if isinstance(entry, Setting) else entry.head
