# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""passdb and userdb of Dovecot 2.4 for 2.3, with the SQL and LDAP files that 2.3 wants beside."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import BLOCK_ROWS, LDAP_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import (
    Context,
    ExternalFile,
    unprefixed,
    value_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_drivers import (
    IMAP_KEYS,
    LUA_KEYS,
    imap,
    lua,
    oauth2,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Entry, Setting

# Settings of the connection to a database. They may stand at the top level or inside passdb and userdb.
CONNECTION_SETTINGS = frozenset({"sql_driver", "sqlite_path", "sqlite_journal_mode", "sqlite_readonly"})
_CONNECTION = {"connection_limit": "maxconns"}
CONNECTION_BLOCKS = frozenset({"pgsql", "mysql"})
LDAP_SETTINGS = frozenset(row.new for row in LDAP_ROWS if row.new.startswith("ldap_")) | {"ldap_auth_sasl_mechanisms"}

_DRIVER_KEYS: t.Mapping[tuple[str, str], t.AbstractSet[str]] = {
    ("passdb", "passwd-file"): {"default_password_scheme", "passwd_file_path", "auth_username_format"},
    ("userdb", "passwd-file"): {"passwd_file_path", "auth_username_format"},
    ("passdb", "sql"): {"default_password_scheme", "query"},
    ("userdb", "sql"): {"query", "iterate_query"},
    ("passdb", "ldap"): {
        "default_password_scheme",
        "bind",
        "bind_userdn",
        "filter",
        "ldap_filter",
        "ldap_bind",
        "ldap_bind_userdn",
    },
    ("userdb", "ldap"): {"filter", "iterate_filter", "ldap_filter", "ldap_iterate_filter"},
    ("passdb", "static"): {"password"},
    ("userdb", "static"): {"allow_all_users"},
    ("passdb", "pam"): {"service_name", "session", "setcred", "max_requests", "failure_show_msg"},
    ("passdb", "imap"): {*IMAP_KEYS, "ssl_client_require_valid_cert"},
    ("passdb", "lua"): LUA_KEYS,
    ("userdb", "lua"): LUA_KEYS,
    ("passdb", "oauth2"): frozenset(),
    ("passdb", "passwd"): {"use_worker"},
    ("userdb", "passwd"): {"use_worker"},
    ("userdb", "prefetch"): frozenset(),
}
_LDAP_TLS = frozenset({"ssl_client_require_valid_cert", "use_worker"})
_COMMON_KEYS = {"driver", "use_cache", "fields_import_all"}
_SIZE_COLUMN = re.compile(r"\s+AS\s+(\w*?)quota_storage_size\b", re.IGNORECASE)
_LDAP_ATTRIBUTE = re.compile(r"^%\{ldap:([^}|]+)\}$")


class Databases:
    """Translates the passdb and userdb blocks of one tree."""

    def __init__(self, context: Context, top: Body) -> None:
        self._context = context
        self._top = top

    def block(self, block: Block) -> Block:
        """One passdb or userdb block as the anonymous block of 2.3."""
        body = unprefixed(block)
        driver = value_of(body, "driver") or block.argument
        known = _DRIVER_KEYS.get((block.name, driver))
        if known is None:
            self._context.missing(block.origin)
            return Block(block.name, (), block.origin)
        entries: list[Entry] = [Setting("driver", driver, block.origin)]
        entries += self._common(block.name, body, known | _COMMON_KEYS, driver)
        arguments = self._arguments(block, driver, body)
        if arguments:
            entries.append(Setting("args", arguments, block.origin))
        if driver not in {"static", "ldap", "oauth2", "imap"}:
            entries += self._fields(body)
        return Block(block.name, tuple(entries), block.origin)

    def _common(self, kind: str, body: Body, known: t.AbstractSet[str], driver: str) -> list[Setting]:
        rows = {row.new: row for row in BLOCK_ROWS[kind]}
        found: list[Setting] = []
        for entry in body:
            if isinstance(entry, Block):
                accepted = entry.head in {"fields", "iterate_fields"} or (
                    (driver == "sql" and entry.name in CONNECTION_BLOCKS)
                    or (driver == "lua" and entry.head == "lua_settings")
                )
                if entry.head == "mechanisms_filter":
                    found.append(self._context.edited_list(entry, "mechanisms", None, inherit=False))
                elif not accepted:
                    self._context.missing(entry.origin)
            elif entry.key in rows:
                found.append(self._context.row(rows[entry.key], entry))
            elif entry.key not in known and not _belongs(entry.key, driver):
                self._context.missing(entry.origin)
        return found

    def _arguments(self, block: Block, driver: str, body: Body) -> str:
        if driver == "passwd-file":
            return self._passwd_file(block, body)
        if driver == "pam":
            return self._pam(body)
        if driver == "static":
            password = self._settings(body, {"password": "password", "allow_all_users": "allow_all_users"})
            return " ".join([*password, *(f"{one.key}={one.value}" for one in self._field_values(_field_list(body)))])
        if driver in {"imap", "lua"}:
            plain = imap(self._context, body) if driver == "imap" else lua(self._context, body)
            more = _field_list(body) if driver == "imap" else []
            return " ".join([*plain, *(f"{one.key}={one.value}" for one in self._field_values(more))])
        if driver == "oauth2":
            if not any(isinstance(one, Block) and one.head == "oauth2" for one in self._top):
                self._context.fault(
                    block.origin, "finds no oauth2 block", "Add one with the addresses of the provider."
                )
            return self._file(block, "oauth2", oauth2(self._context, self._top, _field_list(body)))
        if driver == "passwd":
            return " ".join(self._settings(body, {"use_worker": "blocking"}))
        if driver == "sql":
            return self._sql(block, body)
        if driver == "ldap":
            return self._ldap(block, body)
        return ""

    def _settings(self, body: Body, names: dict[str, str]) -> list[str]:
        found = [one for one in body if isinstance(one, Setting) and one.key in names]
        return [f"{names[one.key]}={self._context.words(one)}" for one in found]

    def _passwd_file(self, block: Block, body: Body) -> str:
        scheme = self._settings(body, {"default_password_scheme": "scheme"})
        username = self._settings(body, {"auth_username_format": "username_format"}) or ["username_format=%u"]
        path = [self._context.words(one) for one in body if isinstance(one, Setting) and one.key == "passwd_file_path"]
        if not path:
            self._context.fault(block.origin, "has no passwd_file_path", "Name the file.")
        return " ".join([*scheme, *username, *path])

    def _pam(self, body: Body) -> str:
        names = ("session", "setcred", "max_requests", "failure_show_msg")
        options = self._settings(body, {name: name for name in names})
        service = [self._context.words(one) for one in body if isinstance(one, Setting) and one.key == "service_name"]
        return " ".join([*options, *service])

    def _fields(self, body: Body) -> list[Setting]:
        default: list[Setting] = []
        override: list[Setting] = []
        for one in self._field_values(_field_list(body)):
            name, _colon, kind = one.key.partition(":")
            if kind not in {"", "default"}:
                self._context.missing(one.origin)
                continue
            (default if kind else override).append(Setting(name, one.value, one.origin))
        return [
            Setting(key, " ".join(f"{one.key}={one.value}" for one in fields), fields[0].origin)
            for key, fields in (("default_fields", default), ("override_fields", override))
            if fields
        ]

    def _field_values(self, fields: t.Sequence[Setting]) -> list[Setting]:
        """Fields with the names and values of 2.3: mail_driver and mail_path are one, a size is a rule."""
        paths = {one.key: one for one in fields if re.match(r"^(userdb_)?mail_path(:default)?$", one.key)}
        found: list[Setting] = []
        for one in fields:
            name, colon, kind = one.key.partition(":")
            value = self._context.words(one)
            if one.key in paths:
                continue
            if name.endswith("mail_driver"):
                path = paths.get(one.key.replace("mail_driver", "mail_path"))
                name = name.replace("mail_driver", "mail")
                value = f"{value}:{self._context.words(path) if path else ''}"
            elif name.endswith("quota_storage_size"):
                name = name.replace("storage_size", "rule")
                value = "0" if value == "unlimited" else f"{value}B" if value.isdigit() else value
                value = f"*:storage={value}"
            found.append(Setting(f"{name}{colon}{kind}", value, one.origin))
        return found

    def connection(self, block: Block, body: Body) -> list[Setting]:
        """driver and connect for a file of its own, such as the one of a dictionary."""
        scope = (*(entry for entry in self._top if _is_connection(entry)), *body)
        found = (one.value for one in reversed(scope) if isinstance(one, Setting) and one.key == "sql_driver")
        driver = next(found, "")
        connect = Setting("connect", self._connect(block, driver, scope), block.origin)
        return [Setting("driver", driver, block.origin), connect]

    def _sql(self, block: Block, body: Body) -> str:
        settings = self.connection(block, body)
        driver = settings[0].value
        names = {"default_password_scheme": "default_pass_scheme", "iterate_query": "iterate_query"}
        names["query"] = "password_query" if block.name == "passdb" else "user_query"
        for one in body:
            if isinstance(one, Setting) and one.key in names:
                text = self._context.text(one)
                settings.append(Setting(names[one.key], _quota_column(text, driver), one.origin))
        if block.name == "passdb" and not value_of(body, "default_password_scheme"):
            # 2.3 takes MD5 where nothing is said, 2.4 plain text.
            settings.append(Setting("default_pass_scheme", "PLAIN", block.origin))
        return self._file(block, "sql", settings)

    def _connect(self, block: Block, driver: str, scope: Body) -> str:
        words: list[str] = []
        if driver == "sqlite":
            words = [entry.value for entry in scope if isinstance(entry, Setting) and entry.key == "sqlite_path"][-1:]
            words += self._settings(scope, {"sqlite_journal_mode": "journal_mode", "sqlite_readonly": "readonly"})
        elif driver in CONNECTION_BLOCKS:
            for entry in scope:
                if isinstance(entry, Block) and entry.name == driver:
                    words += self._host(entry)
        if not words:
            self._context.fault(
                block.origin,
                "finds no connection to a database",
                "Set sql_driver (sqlite, pgsql or mysql) with sqlite_path, or with a pgsql or mysql block.",
            )
        return " ".join(words)

    def _host(self, block: Block) -> list[str]:
        words = [f"host={block.argument}"]
        for entry in unprefixed(block):
            if isinstance(entry, Block) and entry.head == "parameters":
                words += [
                    f"{one.key}={self._context.plain_words(one)}" for one in entry.body if isinstance(one, Setting)
                ]
            elif isinstance(entry, Setting) and entry.key.startswith("ssl"):
                self._context.fault(
                    entry.origin,
                    "is forgotten by Dovecot 2.3 as soon as it connects once more",
                    "Leave it out, and name in option_file a file with [client], ssl-ca and ssl-verify-server-cert.",
                )
            elif isinstance(entry, Setting):
                key = _CONNECTION.get(entry.key, entry.key)
                words += [f"{key}={self._context.plain_words(entry)}"]
        return words[1:] if any(word.startswith("host=") for word in words[1:]) else words

    def _ldap(self, block: Block, body: Body) -> str:
        scope = {entry.key: entry for entry in (*self._top, *body) if isinstance(entry, Setting)}
        settings = [self._context.row(row, scope[row.new]) for row in LDAP_ROWS if row.new in scope]
        if block.name == "passdb":
            names = {"bind": "auth_bind", "bind_userdn": "auth_bind_userdn", "filter": "pass_filter"}
            names["default_password_scheme"] = "default_pass_scheme"
        else:
            names = {"filter": "user_filter", "iterate_filter": "iterate_filter"}
        for one in body:
            short = one.key[len("ldap_") :] if isinstance(one, Setting) and one.key.startswith("ldap_") else ""
            key = names.get(short) if short else names.get(one.key) if isinstance(one, Setting) else None
            if key and isinstance(one, Setting):
                settings.append(Setting(key, self._context.text(one), one.origin))
        fields = _field_list(body)
        if fields:
            texts = (f"={one.key.partition(':')[0]}={one.value}" for one in self._field_values(fields))
            key = "pass_attrs" if block.name == "passdb" else "user_attrs"
            settings.append(Setting(key, ", ".join(texts), fields[0].origin))
        if "use_worker" in scope:
            settings.append(Setting("blocking", scope["use_worker"].value, scope["use_worker"].origin))
        if "ssl_client_require_valid_cert" in scope:
            valid = scope["ssl_client_require_valid_cert"]
            settings.append(Setting("tls_require_cert", "demand" if valid.value == "yes" else "never", valid.origin))
        settings += self._iterate(body)
        return self._file(block, "ldap", settings)

    def _iterate(self, body: Body) -> list[Setting]:
        found: list[Setting] = []
        for one in _field_list(body, "iterate_fields"):
            attribute = _LDAP_ATTRIBUTE.match(one.value.replace(" ", ""))
            if attribute:
                found.append(Setting("iterate_attrs", f"{attribute.group(1)}={one.key}", one.origin))
            else:
                self._context.missing(one.origin)
        return found

    def _file(self, block: Block, driver: str, settings: list[Setting]) -> str:
        """Put settings into the file for this driver and block name; passdb and userdb of one name share it."""
        name = driver if block.argument == driver else f"{block.argument}-{driver}"
        name = f"{self._context.prefix}.{re.sub(r'[^A-Za-z0-9.-]', '-', name)}.conf.ext"
        for index, present in enumerate(self._context.files):
            have = {one.key: one.value for one in present.body if isinstance(one, Setting)}
            if present.name == name and all(have.get(one.key, one.value) == one.value for one in settings):
                added = tuple(one for one in settings if one.key not in have)
                self._context.files[index] = ExternalFile(name, (*present.body, *added))
                return name
        taken = {file.name for file in self._context.files}
        if name in taken:
            name = name.replace(".conf.ext", f"-{block.name}.conf.ext")
        self._context.files.append(ExternalFile(name, tuple(settings)))
        return name


def is_database_setting(entry: Entry) -> bool:
    """Whether 2.3 keeps this entry in an external file only."""
    return _is_connection(entry) or (isinstance(entry, Setting) and entry.key in LDAP_SETTINGS)


def _is_connection(entry: Entry) -> bool:
    if isinstance(entry, Block):
        return entry.name in CONNECTION_BLOCKS
    return entry.key in CONNECTION_SETTINGS


def _belongs(key: str, driver: str) -> bool:
    if driver == "sql":
        return key in CONNECTION_SETTINGS
    return driver == "ldap" and (key in _LDAP_TLS or any(row.new == key for row in LDAP_ROWS))


def _field_list(body: Body, name: str = "fields") -> list[Setting]:
    blocks = [entry for entry in body if isinstance(entry, Block) and entry.head == name]
    return [one for block in blocks for one in block.body if isinstance(one, Setting)]


def _quota_column(query: str, driver: str) -> str:
    """Rewrite "EXPRESSION AS quota_storage_size" of a query as the quota rule that 2.3 reads."""
    match = _SIZE_COLUMN.search(query)
    if match is None:
        return query
    start, depth = match.start(), 0
    while start > 0:
        letter = query[start - 1]
        depth += (letter == ")") - (letter == "(")
        if depth < 0 or (depth == 0 and (letter == "," or re.search(r"\bSELECT\s$", query[:start], re.IGNORECASE))):
            break
        start -= 1
    # 2.3 does not know the word.
    expression = query[start : match.start()].strip().replace("'unlimited'", "'0'")
    rule = f"CONCAT('*:storage=', {expression})" if driver == "mysql" else f"'*:storage=' || ({expression})"
    blank = " " if query[start : start + 1].isspace() else ""
    return f"{query[:start]}{blank}{rule} AS {match.group(1)}quota_rule{query[match.end() :]}"
