# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What a directory needs besides on Dovecot 2.4: authorities for TLS, and defaults for attributes that entries lack."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import Note, Source
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Entry,
    Setting,
    find,
    put,
    show,
)

# Variables of the environment that ldap.conf(5) names.
_AUTHORITIES = {"ssl_client_ca_file": "LDAPTLS_CACERT", "ssl_client_ca_dir": "LDAPTLS_CACERTDIR"}
_UNITS = {"B": 0, "k": 10, "K": 10, "M": 20, "G": 30, "T": 40}
_LIMIT = re.compile(r"^(\d+)([BkKMGT]?)$")
_SIZE = re.compile(r"^%\{ldap:([\w;-]+)\}([BkKMGT])$")
_ATTRIBUTE = re.compile(r"%\{ldap:([\w;-]+)(?:\s*\|\s*(?!default)[^}|]*)*\}")
# An entry without these is no account, in either version.
_NECESSARY = frozenset({"user", "password"})


def with_authorities(body: Body, source: Source) -> Body:
    """Dovecot 2.4.1 connects to LDAP with the certificate authorities of the system, whatever it is told."""
    for block in _databases(body):
        for key, variable in _AUTHORITIES.items():
            told = find(block.body, (key,))
            if isinstance(told, Setting) and find(body, ("import_environment", variable)) is None:
                environment = Setting(variable, told.value, told.origin)
                source.note(told.origin, [environment], "libldap reads it, Dovecot 2.4.1 does not hand its own on")
                body = put(body, ("import_environment",), environment)
    return body


def with_attribute_defaults(body: Body, source: Source) -> Body:
    """Dovecot 2.4 refuses an entry without an attribute that a field names; 2.3 left the field out."""
    size, count = find(body, ("quota_storage_size",)), find(body, ("quota_message_count",))
    limit = _bytes(size.value) if isinstance(size, Setting) else 0
    messages = count.value if isinstance(count, Setting) else ""
    for block in _databases(body):
        fields = find(block.body, ("fields",))
        if isinstance(fields, Block):
            given = tuple(new for one in fields.body for new in _field(source, one, limit, messages))
            body = put(body, (block.head,), Block(fields.head, given, fields.origin))
    return body


def _databases(body: Body) -> t.Iterator[Block]:
    for block in body:
        if isinstance(block, Block) and block.name in {"passdb", "userdb"}:
            yield block


def _field(source: Source, entry: Entry, limit: int, messages: str) -> list[Entry]:
    if not isinstance(entry, Setting) or entry.key in _NECESSARY:
        return [entry]
    size = _SIZE.match(entry.value)
    if size and entry.key.endswith("quota_storage_size"):
        attribute, unit = size.groups()
        count = -(-limit >> _UNITS[unit])
        value = f"%{{ldap:{attribute} | default('{count}')}}{unit}"
        return [Setting(entry.key, value, entry.origin, entry.raw), *_messages(entry, attribute, messages)]
    for attribute in _ATTRIBUTE.findall(entry.value):
        check = f"entries without {attribute} cannot log in: see that all have one, or add | default('...')"
        source.notes.append(Note(show(entry.origin), f"{entry.key} = {entry.value}", check))
    return [entry]


def _messages(size: Setting, attribute: str, messages: str) -> list[Entry]:
    """A rule for one user takes the place of the whole rule for all, also of its limit of messages."""
    if not messages:
        return []
    key = size.key.replace("quota_storage_size", "quota_message_count")
    value = f"%{{ldap:{attribute} | default('all') | regexp('^[0-9].*$', '0') | regexp('^all$', '{messages}')}}"
    return [Setting(key, value, size.origin)]


def _bytes(text: str) -> int:
    match = _LIMIT.match(text)
    return int(match.group(1)) << _UNITS[match.group(2) or "B"] if match else 0
