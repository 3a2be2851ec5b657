# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Sieve and imapsieve settings of Dovecot 2.3, which stand in plugin { }, for 2.4."""

from __future__ import annotations

import re

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import (
    Source,
    dictionary,
    options,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Entry, Origin, Setting

_REMOVED_EXTENSIONS = frozenset({"notify", "imapflags", "vnd.dovecot.duplicate"})
_EXTENSION_LISTS = ("sieve_extensions", "sieve_global_extensions", "sieve_implicit_extensions")
_SEQUENCE = re.compile(r"^sieve_(before|after|default|discard|global)(\d*)$")
_IMAPSIEVE = re.compile(r"^imapsieve_mailbox(\d+)_(\w+)$")
_TEXT_VALUE = re.compile(r"^sieve_(spamtest|virustest)_text_value(\d+)$")
_KINDS = ("before", "after", "copy_source_after")


def sieve(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    """Take the Sieve settings out of plugin and return their successors."""
    found = _personal(source, plugin) + _sequences(source, plugin) + _mailboxes(source, plugin)
    for key in _EXTENSION_LISTS:
        if key in plugin:
            found.append(_extensions(source, plugin.pop(key)))
    found += _headers(source, plugin) + _text_values(source, plugin)
    return found


def default_personal(source: Source, origin: Origin) -> Block:
    """The personal script that 2.3 had without any setting."""
    block = Block(
        "sieve_script personal",
        (
            Setting("driver", "file", origin),
            Setting("path", "~/sieve", origin),
            Setting("active_path", "~/.dovecot.sieve", origin),
        ),
        origin,
    )
    source.note((*origin, "sieve"), [block], "the built-in value of Dovecot 2.3")
    return block


def _script(source: Source, head: str, kind: str, setting: Setting, extra: list[Entry] | None = None) -> Block:
    """A location of 2.3, [driver:]path[;option=value], as a block."""
    location, _semicolon, rest = setting.value.partition(";")
    driver, colon, path = location.partition(":")
    if not colon or driver not in {"file", "dict", "ldap"}:
        driver, path = "file", location
    body: list[Entry] = [Setting("type", kind, setting.origin)] if kind != "personal" else []
    body += [*(extra or []), Setting("driver", driver, setting.origin)]
    if driver == "dict":
        inner = dictionary(source, path, setting.origin)
        body += [inner] if inner else []
    elif driver == "ldap":
        source.drop(setting.origin, "keeps scripts in LDAP", "Set ldap_filter and the LDAP settings in this block.")
    else:
        body.append(Setting("path", source.text(path, setting.origin), setting.origin))
    names = {"active": "active_path", "bindir": "bin_path", "name": "name"}
    for key, value in options(rest, ";"):
        if key in names:
            body.append(Setting(names[key], source.text(value, setting.origin), setting.origin))
    return Block(head, tuple(body), setting.origin)


def _personal(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    script, directory = plugin.pop("sieve", None), plugin.pop("sieve_dir", None)
    if directory is not None:
        active = script.value if script else "~/.dovecot.sieve"
        if active.startswith("file:"):
            active = active[len("file:") :]
        script = Setting("sieve", f"file:{directory.value};active={active}", directory.origin)
    if script is None:
        return []
    block = _script(source, "sieve_script personal", "personal", script)
    source.note(script.origin, [block])
    return [block]


def _sequences(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    for old, new in (("sieve_global_path", "sieve_default"), ("sieve_global_dir", "sieve_global")):
        if old in plugin:
            plugin.setdefault(new, plugin.pop(old))
    name = plugin.pop("sieve_default_name", None)
    matches = [match for match in map(_SEQUENCE.match, plugin) if match]
    found: list[Entry] = []
    for match in sorted(matches, key=lambda one: (one.group(1), int(one.group(2) or 1))):
        kind, setting = match.group(1), plugin.pop(match.group(0))
        head = f"sieve_script {kind}{match.group(2) or ('1' if kind in {'before', 'after'} else '')}"
        extra: list[Entry] = [Setting("name", name.value, name.origin)] if name and kind == "default" else []
        block = _script(source, head, kind, setting, extra)
        source.note(setting.origin, [block])
        found.append(block)
    return found


def _mailboxes(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    rules: dict[int, dict[str, Setting]] = {}
    for match in [match for match in map(_IMAPSIEVE.match, list(plugin)) if match]:
        rules.setdefault(int(match.group(1)), {})[match.group(2)] = plugin.pop(match.group(0))
    found: list[Entry] = []
    for number, rule in sorted(rules.items()):
        scripts = [(kind, rule[kind]) for kind in _KINDS if kind in rule]
        if not scripts or "name" not in rule:
            origin = next(iter(rule.values())).origin
            source.drop(origin, "is a rule without mailbox or script, which did nothing", "Leave it out.")
            continue
        causes = rule["causes"].value.lower().replace(",", " ").split() if "causes" in rule else []
        place, mailbox = rule["name"].value, rule["from"].value if "from" in rule else ""
        for kind, setting in scripts:
            extra: list[Entry] = [Setting("cause", " ".join(causes), setting.origin)] if causes else []
            head = f"sieve_script imapsieve{number}-{kind.replace('_', '-')}"
            block = _script(source, head, kind.replace("_", "-"), setting, extra)
            outer = [block] if not mailbox else [Block(f"imapsieve_from {mailbox}", (block,), setting.origin)]
            if place == "*":
                found += outer
                source.note(setting.origin, outer)
            else:
                source.mailbox(place, outer[0])
                source.note(setting.origin, [Block(f"mailbox {place}", tuple(outer), setting.origin)])
    return found


def _extensions(source: Source, setting: Setting) -> Entry:
    words = setting.value.split()
    kept = [word for word in words if word.lstrip("+-") not in _REMOVED_EXTENSIONS]
    gone = [word for word in words if word not in kept and not word.startswith("-")]
    if gone:
        source.drop(
            setting.origin,
            f"names {', '.join(word.lstrip('+') for word in gone)}, which Pigeonhole 2.4 has not",
            "Rewrite scripts that use notify with enotify, imapflags with imap4flags, duplicate with RFC 7352.",
        )
    entry: Entry
    if all(word.startswith(("+", "-")) for word in kept):
        pairs = [Setting(word[1:], "no" if word.startswith("-") else "yes", setting.origin) for word in kept]
        entry = Block(setting.key, tuple(pairs), setting.origin)
    else:
        entry = Setting(setting.key, " ".join(word for word in kept if not word.startswith("-")), setting.origin)
    source.note(setting.origin, [entry])
    return entry


def _headers(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    """sieve_editheader_protected and its kin, one block for each header."""
    headers: dict[str, dict[str, Setting]] = {}
    kinds = {"protected": ("forbid_add", "forbid_delete")}
    for kind in ("protected", "forbid_add", "forbid_delete"):
        setting = plugin.pop(f"sieve_editheader_{kind}", None)
        if setting is None:
            continue
        for header in setting.value.split():
            for name in kinds.get(kind, (kind,)):
                headers.setdefault(header, {})[name] = Setting(name, "yes", setting.origin)
    found: list[Entry] = []
    for header, settings in headers.items():
        block = Block(f"sieve_editheader_header {header}", tuple(settings.values()), ())
        source.note(next(iter(settings.values())).origin, [block])
        found.append(block)
    return found


def _text_values(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    values: dict[str, list[Setting]] = {}
    for match in [match for match in map(_TEXT_VALUE.match, list(plugin)) if match]:
        setting = plugin.pop(match.group(0))
        head = f"sieve_{match.group(1)}_text_value"
        values.setdefault(head, []).append(Setting(match.group(2), setting.value, setting.origin))
    found: list[Entry] = []
    for head, settings in values.items():
        block = Block(head, tuple(settings), settings[0].origin)
        source.note(settings[0].origin, [block])
        found.append(block)
    return found
