# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The file that the module owns: its text for 2.4 and for 2.3, and the tree read back from that text."""

from __future__ import annotations

import hashlib
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate import translate
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import render_external
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Fault,
    Line,
    Setting,
    filters_last,
    parse,
    render,
    scalar,
)

Grammar = t.Literal["2.3", "2.4"]

BANNER = "# Written by the Ansible module postmaster.mail.dovecot_setting. Changes made here are lost."
# In a file for 2.3 the tree itself stands in comments that start with this mark.
TREE_MARK = "#= "
VERSION_SETTINGS = ("dovecot_config_version", "dovecot_storage_version")
DEFAULT_VERSION = "2.4.0"
LOCAL_INCLUDE = "!include_try local.conf"

_SECRET_KEY = re.compile(r"(^|_)(password|secret|nonce|dnpass|private_key)$|_key$|^connect$")
_SECRET_WORD = re.compile(r"\b(pass|password)=(\S+)")
_ASSIGNMENT = re.compile(r"^(\s*(?:#= )?\s*)([^\s={}#]+) = (.+)$")


@dataclass(frozen=True)
class Rendered:
    """A complete file with what stands beside it."""

    lines: tuple[Line, ...]
    files: t.Mapping[str, str]
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "".join(f"{line.text}\n" for line in self.lines)


@dataclass(frozen=True)
class Frame:
    """What surrounds the tree in the main file; a drop-in has neither versions nor include."""

    main: bool
    config_version: str = DEFAULT_VERSION
    storage_version: str = DEFAULT_VERSION
    include_local: bool = True


def render_file(body: Body, grammar: Grammar, frame: Frame, prefix: str) -> Rendered:
    """Write the whole file for one grammar."""
    lines = [Line(BANNER, ())]
    ordered = filters_last(body)
    files: dict[str, str] = {}
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    if grammar == "2.4":
        if frame.main:
            versions = (frame.config_version, frame.storage_version)
            lines += [Line(f"{key} = {value}", (key,)) for key, value in zip(VERSION_SETTINGS, versions)]
        lines += render(ordered)
    else:
        lines.append(Line("# The settings in the grammar of Dovecot 2.4, which the module reads back:", ()))
        lines += [Line(f"{TREE_MARK}{line.text}", ()) for line in render(ordered)]
        lines.append(Line("# The same for Dovecot 2.3:", ()))
        translation = translate(ordered, prefix)
        lines += render(translation.body)
        files = {file.name: f"{BANNER}\n{render_external(file)}" for file in translation.files}
        faults, notes = translation.faults, translation.notes
    if frame.main and frame.include_local:
        lines.append(Line(LOCAL_INCLUDE, ()))
    return Rendered(tuple(lines), files, faults, notes)


def is_own(text: str) -> bool:
    """Whether the module wrote this text."""
    return text.startswith(BANNER)


def read_tree(text: str) -> Body:
    """Read back the tree from text that render_file() wrote for either grammar. Raises TreeError."""
    marked = [line[len(TREE_MARK) :] for line in text.splitlines() if line.startswith(TREE_MARK)]
    if marked or "\n# The same for Dovecot 2.3:" in text:
        return parse("\n".join(marked))
    kept = [line for line in text.splitlines() if line != LOCAL_INCLUDE]
    return tuple(
        entry for entry in parse("\n".join(kept)) if not (isinstance(entry, Setting) and entry.key in VERSION_SETTINGS)
    )


def read_versions(text: str) -> tuple[str | None, str | None]:
    """The configuration and storage version that a main file names, whoever wrote it."""
    found = dict(re.findall(r"(?m)^\s*(dovecot_(?:config|storage)_version)\s*=\s*(\S+)\s*$", text))
    return found.get(VERSION_SETTINGS[0]), found.get(VERSION_SETTINGS[1])


def is_secret(key: str, value: str) -> bool:
    """Whether the value of this setting must not be shown."""
    return bool(value) and not value.startswith(("<", "/")) and bool(_SECRET_KEY.search(key))


def secrets_of(body: Body) -> set[str]:
    """Every secret value of a tree."""
    found: set[str] = set()
    for entry in body:
        if isinstance(entry, Block):
            found |= secrets_of(entry.body)
        elif is_secret(entry.key, entry.value):
            found.add(entry.value)
        else:
            found |= {match.group(2) for match in _SECRET_WORD.finditer(entry.value)}
    return found


def secrets_in(key: str, value: object) -> set[str]:
    """Every secret value in the data of a playbook, which need not make a tree."""
    if isinstance(value, t.Mapping):
        return {secret for name, inner in value.items() for secret in secrets_in(str(name), inner)}
    if isinstance(value, (bool, int)) and not _SECRET_KEY.search(key):
        return set()
    text = scalar(value)
    return secrets_of((Setting(key, text),)) if text else set()


def mask(text: str) -> str:
    """Replace each secret of a configuration's text by the start of its digest, so that a change still shows."""
    return "".join(f"{_mask_line(line)}\n" for line in text.splitlines())


def _mask_line(line: str) -> str:
    match = _ASSIGNMENT.match(line)
    if match is None:
        return line
    start, key, value = match.groups()
    if is_secret(key, value.strip("\"'")):
        return f"{start}{key} = {_digest(value)}"
    return f"{start}{key} = " + _SECRET_WORD.sub(lambda word: f"{word.group(1)}={_digest(word.group(2))}", value)


def _digest(secret: str) -> str:
    return f"<secret sha256:{hashlib.sha256(secret.encode()).hexdigest()[:4]}>"
