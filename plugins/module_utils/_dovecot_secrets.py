# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Secrets in a configuration of Dovecot: which settings hold one, and trees without them."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Entry, Setting

MASK = "********"

Path = tuple[str, ...]
# Says what stands in place of a secret, given the heads of the blocks around it, its setting and the secret.
Replace = t.Callable[[Path, Setting, str], str]

_KEY = re.compile(r"(^|_)(pass|password|passphrase|secret|nonce|dnpass|token|api_header|private_key)$|_key$")
_NO_SECRET = re.compile(r"public_key$|_group_key$")
_WORD = re.compile(r"""\b(?P<name>\w*(?:pass|password|secret|api_key))=(?P<value>'[^']*'|"[^"]*"|[^\s;,)]+)""")
_URL = re.compile(r"(?P<start>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)(?P<value>[^\s/@]+)(?=@)")
# A value that is made of another one, such as an attribute of LDAP.
_VARIABLE = re.compile(r"^%(\{[^}]*\}|[A-Za-z$])$")
_PEM = "-----BEGIN"
_HIDDEN = "# hidden, use -P to show it"
# Settings that name columns and attributes: "password = x" is another thing in them than in a connection.
NAMES_ONLY = ("query", "filter", "_attrs")
# Words that look like a setting of a secret and are none.
_PLAIN_WORDS = frozenset({"nopassword", "default_pass", "auth_bind_pass"})


def is_secret(setting: Setting) -> bool:
    """Whether the whole value is a secret. The name of a file that holds one ("<file") is none."""
    if _PEM in setting.value and "PRIVATE KEY" in setting.value:
        return True
    if not setting.value or setting.value == _HIDDEN or setting.value.startswith("</"):
        return False
    if _VARIABLE.match(setting.value):
        return False
    return bool(_KEY.search(setting.key)) and not _NO_SECRET.search(setting.key)


def masked(body: Body) -> Body:
    """The tree with asterisks in place of secrets."""
    return replace_secrets(body, lambda _path, _setting, _secret: MASK)


def replace_secrets(body: Body, replace: Replace, above: Path = ()) -> Body:
    """The tree with every secret replaced, also those within longer values (password=x, //user:x@host)."""
    entries: list[Entry] = []
    for entry in body:
        if isinstance(entry, Block):
            entries.append(Block(entry.head, replace_secrets(entry.body, replace, (*above, entry.head)), entry.origin))
        else:
            entries.append(Setting(entry.key, _without(entry, replace, above), entry.origin, entry.raw))
    return tuple(entries)


def secrets_of(body: Body) -> dict[str, Path]:
    """Every secret with the heads and the setting it stands in."""
    found: dict[str, Path] = {}

    def note(path: Path, setting: Setting, secret: str) -> str:
        found.setdefault(secret, (*path, setting.key))
        return secret

    replace_secrets(body, note)
    return found


def _without(setting: Setting, replace: Replace, above: Path) -> str:
    if setting.value == _HIDDEN:
        return MASK
    if is_secret(setting):
        return replace(above, setting, setting.value)

    def word(match: re.Match[str]) -> str:
        if match.group("name") in _PLAIN_WORDS or _VARIABLE.match(match.group("value")):
            return match.group(0)
        return f"{match.group('name')}={replace(above, setting, match.group('value').strip(chr(34) + chr(39)))}"

    def url(match: re.Match[str]) -> str:
        return match.group("start") + replace(above, setting, match.group("value"))

    text = setting.value if setting.key.endswith(NAMES_ONLY) else _WORD.sub(word, setting.value)
    return _URL.sub(url, text)
