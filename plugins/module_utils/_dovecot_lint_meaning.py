# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Faults in Dovecot settings that show only when mail arrives or a user logs in, seen in the tree alone."""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import value_of, words_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Fault,
    Origin,
    Setting,
    find,
    show,
)

FILTERS = frozenset(
    [
        "base64",
        "benc",
        "calculate",
        "concat",
        "decrypt",
        "default",
        "domain",
        "encrypt",
        "hash",
        "hex",
        "hexlify",
        "if",
        "index",
        "ldap_dn",
        "lfill",
        "list",
        "literal",
        "lookup",
        "lower",
        "md4",
        "md5",
        "number",
        "pkcs5_pbkdf2",
        "regexp",
        "reverse",
        "rfill",
        "safe",
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
        "substr",
        "text",
        "truncate",
        "unbase64",
        "unhex",
        "unhexlify",
        "upper",
        "username",
    ]
)
_AUTH_VARIABLES = frozenset(
    [
        "auth_user",
        "cert",
        "client_id",
        "client_pid",
        "home",
        "id",
        "local_ip",
        "local_name",
        "local_port",
        "login_user",
        "master_user",
        "mechanism",
        "original_user",
        "owner_user",
        "password",
        "protocol",
        "real_local_ip",
        "real_local_port",
        "real_remote_ip",
        "real_remote_port",
        "remote_ip",
        "remote_port",
        "secured",
        "session",
        "ssl_ja3",
        "ssl_ja3_hash",
        "user",
    ]
)
_REPLACED = {
    "domain": "user | domain",
    "hostname": "system:hostname",
    "lip": "local_ip",
    "pid": "process:pid",
    "rip": "remote_ip",
    "service": "protocol",
    "username": "user | username",
}
_AUTH_KEYS = frozenset({"query", "iterate_query", "filter", "ldap_filter", "passwd_file_path", "ldap_base"})
_EXPRESSION = re.compile(r"%\{([^}]*)\}")
_FILTER_NAME = re.compile(r"^\s*([a-z_0-9]+)")
# Schemes that Dovecot 2.4 refuses at login unless auth_allow_weak_schemes is set.
WEAK_SCHEMES = frozenset(
    {"DES-CRYPT", "HMAC-MD5", "LDAP-MD5", "MD5", "MD5-CRYPT", "PLAIN-MD4", "PLAIN-MD5", "PLAIN-TRUNC", "SMD5"}
)
_CLIENT_PROTOCOLS = frozenset({"imap", "pop3", "sieve", "submission"})


def variables(above: Origin, setting: Setting) -> t.Iterator[Fault]:
    """Variables and filters of the grammar of 2.4 that Dovecot does not have: every login fails over them."""
    path = show((*above, setting.key))
    for expression in _EXPRESSION.findall(setting.value):
        name, *filters = expression.split("|")
        yield from _filters(path, expression, filters)
        name = name.strip()
        if not _in_auth(above, setting) or ":" in name or not re.match(r"^[a-z_0-9]+$", name):
            continue
        if name in _REPLACED:
            yield Fault(path, f"uses %{{{name}}}, which Dovecot 2.4 has not here", f"Write %{{{_REPLACED[name]}}}.")
        elif name not in _AUTH_VARIABLES:
            close = difflib.get_close_matches(name, _AUTH_VARIABLES, n=1, cutoff=0.6)
            remedy = f"Did you mean %{{{close[0]}}}?" if close else "Use %{user}, %{protocol} and so on."
            yield Fault(path, f"uses the unknown variable %{{{name}}}", remedy)


def _filters(path: str, expression: str, filters: t.Sequence[str]) -> t.Iterator[Fault]:
    for text in filters:
        match = _FILTER_NAME.match(text)
        if match is None or match.group(1) in FILTERS:
            continue
        close = difflib.get_close_matches(match.group(1), FILTERS, n=1, cutoff=0.6)
        remedy = f"Did you mean {close[0]}?" if close else "Use lower, upper, username, domain, default and so on."
        yield Fault(path, f"uses the unknown filter {match.group(1)} in %{{{expression}}}", remedy)


def _in_auth(above: Origin, setting: Setting) -> bool:
    inside = bool(above) and above[0].startswith(("passdb ", "userdb "))
    return inside and (above[-1] == "fields" or setting.key in _AUTH_KEYS or setting.key.endswith("_query"))


def namespaces(body: Body) -> t.Iterator[Fault]:
    """Namespaces that Dovecot refuses when a user logs in."""
    blocks = [one for one in body if isinstance(one, Block) and one.name == "namespace"]
    prefixes: dict[str, str] = {}
    separators: dict[str, str] = {}
    for block in blocks:
        prefix, separator = value_of(block.body, "prefix"), value_of(block.body, "separator")
        if value_of(block.body, "disabled") == "yes":
            continue
        if prefix in prefixes and _says(block, "prefix"):
            path = show((block.head, "prefix"))
            yield Fault(path, f"is the one of {prefixes[prefix]} as well", "Give each namespace a prefix of its own.")
        if _says(block, "prefix"):
            prefixes.setdefault(prefix, block.head)
        if prefix and separator and not prefix.endswith(separator):
            yield Fault(
                show((block.head, "prefix")),
                f"does not end with the separator {separator}",
                f"Write {prefix}{separator}.",
            )
        if separator and value_of(block.body, "list") != "no":
            separators.setdefault(separator, block.head)
    if len(separators) > 1:
        (first, _head), (second, head) = list(separators.items())[:2]
        yield Fault(
            show((head, "separator")), f"is {second}, while others have {first}", "Use one separator in all namespaces."
        )


def _says(block: Block, key: str) -> bool:
    return find(block.body, (key,)) is not None


def search(body: Body) -> t.Iterator[Fault]:
    """Full-text search without languages fails for each mail, and doveconf is silent about it."""
    if not any(isinstance(one, Block) and one.name == "fts" for one in body):
        return
    if not words_of(find(body, ("language_tokenizers",))):
        yield Fault("fts", "has no language_tokenizers", "Set language_tokenizers = generic email-address.")
    languages = [one for one in body if isinstance(one, Block) and one.name == "language"]
    if not any(value_of(one.body, "default") == "yes" for one in languages):
        yield Fault("fts", "has no default language", "Add language en { default = yes }.")


def plug_ins(body: Body) -> t.Iterator[Fault]:
    """Plug-ins that do nothing, or crash, without another one."""
    loaded = set(words_of(find(body, ("mail_plugins",))) or [])
    for block in body:
        if not isinstance(block, Block) or block.name != "protocol":
            continue
        entry = find(block.body, ("mail_plugins",))
        words = set(words_of(entry) or [])
        for word, needed in (("imap_quota", "quota"), ("imap_acl", "acl")):
            missing = needed not in words | (set() if isinstance(entry, Setting) else loaded)
            if word in words and missing:
                path = show((block.head, "mail_plugins"))
                yield Fault(path, f"loads {word} without {needed}", f"Add {needed} to mail_plugins at the top level.")


def schemes(above: Origin, setting: Setting, body: Body) -> t.Iterator[Fault]:
    """Password schemes that 2.4 refuses."""
    if not setting.key.endswith("default_password_scheme") or value_of(body, "auth_allow_weak_schemes") == "yes":
        return
    if setting.value.partition(".")[0].upper() in WEAK_SCHEMES:
        yield Fault(
            show((*above, setting.key)),
            f"names {setting.value}, which Dovecot 2.4 refuses as weak",
            "Store better hashes, or set auth_allow_weak_schemes until all users have changed their password.",
        )


def incomplete(body: Body, grammar: str) -> t.Iterator[str]:
    """What a main file lacks to serve anybody: worth a warning, for other files may have it."""
    protocols = set(words_of(find(body, ("protocols",))) or [])
    if protocols & _CLIENT_PROTOCOLS and not any(isinstance(one, Block) and one.name == "passdb" for one in body):
        yield "The tree has protocols for clients and no passdb, so nobody can log in."
    if protocols - {"submission"} and grammar == "2.4" and not find(body, ("mail_driver",)):
        yield "The tree does not set mail_driver, which Dovecot 2.4 does not guess: no mailbox can be opened."
    blocks = [one for one in body if isinstance(one, Block) and one.name == "namespace"]
    if blocks and not any(value_of(one.body, "inbox") == "yes" for one in blocks):
        yield "The tree has namespaces and none of them has inbox = yes, without which no user can log in."
