# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Quota settings of Dovecot 2.3, which stand in plugin { }, for 2.4."""

from __future__ import annotations

import re

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import Source, dictionary
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Entry, Origin, Setting

_ROOT = re.compile(r"^quota(\d*)$")
_RULE = re.compile(r"^quota(\d*)_rule(\d*)$")
_WARNING = re.compile(r"^quota(\d*)_warning(\d*)$")
_LIMIT = re.compile(r"^(-?)(storage|messages|bytes)=(\d+)%%?$")
_SIZE = re.compile(r"^(\d+)\s*([BkKMGT]?)$")
_FACTORS = {"B": 1, "": 1024, "k": 1024, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_PERCENTAGE = {"storage": "quota_storage_percentage", "messages": "quota_message_percentage"}


def size(text: str, *, in_bytes: bool = False) -> str:
    """A size of 2.3, where a bare number counts kilobytes (bytes= counts bytes), as 2.4 writes it."""
    value = text.strip()
    if value == "0":
        return "unlimited"
    if value.isdigit():
        return f"{value}B" if in_bytes else f"{value}k"
    return value


def rule_fields(rule: str) -> list[tuple[str, str]] | None:
    """A rule for all mailboxes, *:storage=1G:messages=5, as settings of 2.4; None if it is not one."""
    mailbox, _colon, limits = rule.partition(":")
    if mailbox not in {"*", "?"}:
        return None
    fields: list[tuple[str, str]] = []
    for limit in limits.split(":"):
        key, equals, value = limit.partition("=")
        if key in {"storage", "bytes"} and equals:
            fields.append(("quota_storage_size", size(value, in_bytes=key == "bytes")))
        elif key == "messages" and equals:
            fields.append(("quota_message_count", "unlimited" if value == "0" else value))
        elif limit:
            return None
    return fields


def quota(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    """Take the quota settings out of plugin and return their successors."""
    roots = sorted((int(match.group(1) or 1), match.group(0)) for match in map(_ROOT.match, plugin) if match)
    bodies: dict[int, list[Entry]] = {number: [] for number, _key in roots}
    found: list[Entry] = []
    for match in [match for match in map(_RULE.match, list(plugin)) if match]:
        found += _rule(source, int(match.group(1) or 1), plugin.pop(match.group(0)), bodies)
    for match in [match for match in map(_WARNING.match, list(plugin)) if match]:
        _warning(source, int(match.group(1) or 1), plugin.pop(match.group(0)), bodies)
    for number, key in roots:
        found += _root(source, plugin.pop(key), bodies[number])
    for key in ("quota_vsizes", "quota_set"):
        if key in plugin:
            setting = plugin.pop(key)
            source.note(setting.origin, [])
    if "quota_grace" in plugin:
        found += _grace(source, plugin.pop("quota_grace"), found)
    return found + _over_status(source, plugin) + _clone(source, plugin)


def _root(source: Source, setting: Setting, body: list[Entry]) -> list[Entry]:
    driver, _colon, rest = setting.value.partition(":")
    name, *words = rest.split(":")
    entries: list[Entry] = []
    if driver in {"dict", "dirsize"}:
        remedy = "Run doveadm quota recalc for all users after the upgrade; quota_clone keeps a copy in a dictionary."
        source.drop(setting.origin, f"uses the quota driver {driver}; the tree has count instead", remedy)
        driver, words = "count", [word for word in words if word in {"noenforcing", "hidden", "ignoreunlimited"}]
    entries.append(Setting("driver", driver, setting.origin))
    for word in words:
        if word == "noenforcing":
            entries.append(Setting("enforce", "no", setting.origin))
        elif word == "hidden":
            entries.append(Setting("hidden", "yes", setting.origin))
        elif word == "ignoreunlimited":
            entries.append(Setting("ignore_unlimited", "yes", setting.origin))
        elif driver == "fs" and word in {"user", "group"}:
            entries.append(Setting("fs_type", word, setting.origin))
        elif driver == "fs" and word.startswith("mount="):
            entries.append(Setting("fs_mount_path", word[len("mount=") :], setting.origin))
        elif word.startswith("ns="):
            source.drop(
                setting.origin,
                f"counts the namespace with the prefix {word[3:]} alone",
                "Put the quota block into that namespace.",
            )
        elif word:
            source.drop(setting.origin, f"has the parameter {word}, which 2.4 has not", "Leave it out.")
    block = Block(f"quota {name or 'User quota'}", (*entries, *body), setting.origin)
    source.note(setting.origin, [block])
    return [block]


def _rule(source: Source, number: int, setting: Setting, bodies: dict[int, list[Entry]]) -> list[Entry]:
    fields = rule_fields(setting.value)
    if fields is not None:
        entries: list[Entry] = [Setting(key, value, setting.origin) for key, value in fields]
        source.note(setting.origin, entries)
        if number > 1 and number in bodies:
            bodies[number] += entries
            return []
        return entries
    mailbox, _colon, limits = setting.value.partition(":")
    for limit in limits.split(":"):
        entry = _mailbox_limit(source, limit, setting.origin)
        if entry is not None:
            source.mailbox(mailbox, entry)
            source.note(setting.origin, [Block(f"mailbox {mailbox}", (entry,), setting.origin)])
    return []


def _mailbox_limit(source: Source, limit: str, origin: Origin) -> Setting | None:
    key, _equals, value = limit.partition("=")
    percent = re.match(r"^(\+?)(\d+)%%?$", value)
    if limit == "ignore":
        return Setting("quota_ignore", "yes", origin)
    if percent and key in _PERCENTAGE:
        share = int(percent.group(2)) + (100 if percent.group(1) else 0)
        return Setting(_PERCENTAGE[key], str(share), origin)
    if key in {"storage", "bytes"} and value.startswith("+"):
        return Setting("quota_storage_extra", size(value[1:], in_bytes=key == "bytes"), origin)
    source.drop(
        origin, f"limits one mailbox with {limit}", "Use quota_storage_extra or quota_storage_percentage there."
    )
    return None


def _warning(source: Source, number: int, setting: Setting, bodies: dict[int, list[Entry]]) -> None:
    limit, _blank, command = setting.value.strip().partition(" ")
    match = _LIMIT.match(limit)
    if match is None or number not in bodies:
        source.drop(setting.origin, f"warns at {limit}", "Give a percentage, in the block of a quota that exists.")
        return
    below, resource, share = match.groups()
    name, _blank, arguments = command.strip().partition(" ")
    inner: list[Entry] = [Setting("args", source.text(arguments, setting.origin), setting.origin)] if arguments else []
    body: list[Entry] = []
    if resource == "messages":
        body.append(Setting("resource", "message", setting.origin))
    body.append(Setting(_PERCENTAGE["messages" if resource == "messages" else "storage"], share, setting.origin))
    if below:
        body.append(Setting("threshold", "under", setting.origin))
    body.append(Block(f"execute {name}", tuple(inner), setting.origin))
    heads = {one.head for one in bodies[number] if isinstance(one, Block)}
    start = f"warning {'under' if below else 'warn'}-{'messages-' if resource == 'messages' else ''}{share}"
    head = next(one for one in (start, *(f"{start}-{count}" for count in range(2, 99))) if one not in heads)
    block = Block(head, tuple(body), setting.origin)
    bodies[number].append(block)
    source.note(setting.origin, [block])


def _grace(source: Source, setting: Setting, found: list[Entry]) -> list[Entry]:
    """2.3 takes a share of the limit, 2.4 a size only."""
    share = re.match(r"^(\d+)%%?$", setting.value)
    if share is None:
        entry = Setting("quota_storage_grace", size(setting.value), setting.origin)
        source.note(setting.origin, [entry])
        return [entry]
    limits = [one.value for one in found if isinstance(one, Setting) and one.key == "quota_storage_size"]
    limit = _SIZE.match(limits[0]) if limits else None
    if limit is None:
        source.drop(
            setting.origin, "is a share of a limit that differs for each user", "Give quota_storage_grace a size."
        )
        return []
    kilobytes = int(limit.group(1)) * _FACTORS[limit.group(2)] * int(share.group(1)) // 100 // 1024
    entry = Setting("quota_storage_grace", f"{kilobytes}k", setting.origin)
    source.note(setting.origin, [entry], "a fixed size, also for users with another limit")
    return [entry]


def _over_status(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    names = {
        "quota_over_flag_value": "mask",
        "quota_over_flag": "current",
        "quota_over_flag_lazy_check": "lazy_check",
    }
    body: list[Entry] = []
    origin: Origin = ()
    for old, new in names.items():
        if old in plugin:
            setting = plugin.pop(old)
            origin = origin or setting.origin
            body.append(Setting(new, source.text(setting.value, setting.origin), setting.origin))
    script = plugin.pop("quota_over_script", None)
    if script is not None:
        origin = origin or script.origin
        name, _blank, arguments = script.value.strip().partition(" ")
        inner = (Setting("args", source.text(arguments, script.origin), script.origin),) if arguments else ()
        body.append(Block(f"execute {name}", inner, script.origin))
    if not body:
        return []
    block = Block("quota_over_status", tuple(body), origin)
    source.note(origin, [block])
    return [block]


def _clone(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    setting = plugin.pop("quota_clone_dict", None)
    inner = dictionary(source, setting.value, setting.origin) if setting else None
    if setting is None or inner is None:
        return []
    block = Block("quota_clone", (inner,), setting.origin)
    source.note(setting.origin, [block])
    return [block]
