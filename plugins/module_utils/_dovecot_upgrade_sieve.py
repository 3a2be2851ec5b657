# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Sieve scripts of a Dovecot 2.3 that use extensions which Pigeonhole 2.4 no longer has."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import value_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Fault, Setting

# Extensions that are gone, with what replaces them.
GONE = {
    "notify": "enotify (RFC 5435), with its other form of the notify action",
    "imapflags": "imap4flags (RFC 5232)",
    "vnd.dovecot.duplicate": "duplicate (RFC 7352)",
}

_LOCATION = re.compile(r"^(sieve|sieve_(before|after|default|global|discard)\d*|imapsieve_mailbox\d+_(before|after))$")
# Modifiers of 2.3 stand before the letter: %Ld, %2.1Hu, %L{user}.
_VARIABLE = re.compile(r"%[-0-9.|]*[A-Z]*(\{[^}]*\}|[A-Za-z])")
_COMMENT = re.compile(r"/\*.*?\*/|#[^\n]*", re.DOTALL)
_REQUIRE = re.compile(r"\brequire\s*(\[[^\]]*\]|\"[^\"]*\")", re.IGNORECASE)


def patterns(body: Body) -> list[str]:
    """Where scripts may stand, as patterns for glob(3): every variable stands for anything."""
    plugin = next((entry for entry in body if isinstance(entry, Block) and entry.head == "plugin"), None)
    locations = [
        setting.value
        for setting in (plugin.body if plugin else ())
        if isinstance(setting, Setting) and _LOCATION.match(setting.key) and setting.value
    ]
    found: list[str] = []
    for location in locations or ["file:~/sieve;active=~/.dovecot.sieve"]:
        for part in location.split(";"):
            path = part.partition("active=")[2] or part
            if "=" in path or (":" in path and not path.startswith("file:")):
                continue
            found += _expanded(path[len("file:") :] if path.startswith("file:") else path, _homes(body))
    return list(dict.fromkeys(found))


def as_pattern(path: str) -> str:
    """A path with variables of 2.3 as a pattern of glob(3)."""
    return _VARIABLE.sub("*", path)


def judge_script(path: str, text: str) -> Fault | None:
    """Say which extensions of a script are gone, if any."""
    lists = _REQUIRE.findall(_COMMENT.sub("", text))
    required = {name for one in lists for name in re.findall(r'"([^"]*)"', one)}
    gone = [name for name in GONE if name in required]
    if not gone:
        return None
    return Fault(
        path,
        f"requires the Sieve extension {' and '.join(gone)}, which Dovecot 2.4 does not have",
        "Use " + " and ".join(GONE[name] for name in gone) + ".",
    )


def _homes(body: Body) -> list[str]:
    """Home directories, as patterns."""
    homes = [value_of(body, "mail_home")]
    for entry in body:
        if isinstance(entry, Block) and entry.name == "userdb":
            words: list[str] = []
            for key in ("args", "default_fields", "override_fields"):
                words += value_of(entry.body, key).split()
            homes += [word[len("home=") :] for word in words if word.startswith("home=")]
            if value_of(entry.body, "driver") == "passwd":
                homes += ["/home/*", "/root"]
    return [home for home in dict.fromkeys(homes) if home.startswith("/")]


def _expanded(path: str, homes: t.Sequence[str]) -> list[str]:
    places = [f"{home}{path[1:]}" for home in homes] if path.startswith("~") else [path]
    return [as_pattern(place) for place in places if place.startswith("/")]
