# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""SQL of Dovecot 2.3, which stands in files beside, for passdb, userdb and dictionaries of 2.4."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import Note, Source, options
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Entry,
    Origin,
    Setting,
    TreeError,
    parse,
    show,
)

_HOST = {"maxconns": "connection_limit"}
_MYSQL_TLS = {
    "ssl_ca": "ssl_client_ca_file",
    "ssl_ca_path": "ssl_client_ca_dir",
    "ssl_cert": "ssl_client_cert_file",
    "ssl_key": "ssl_client_key_file",
    "ssl_cipher": "ssl_cipher_list",
    "ssl_verify_server_cert": "ssl_client_require_valid_cert",
}
_MYSQL_TIMES = frozenset({"connect_timeout", "read_timeout", "write_timeout"})
_MYSQL = _MYSQL_TIMES | {"user", "password", "dbname", "port", "client_flags", "option_file", "option_group"}
_MYSQL_NAMES = {"pass": "password", "db": "dbname"}
# '*:bytes=' || X AS quota_rule, and CONCAT('*:storage=', X, 'M') AS userdb_quota_rule
_JOINED = re.compile(
    r"'\*:(?P<kind>storage|bytes)='\s*\|\|\s*(?P<value>.+?)\s*(?:\|\|\s*'(?P<unit>[bkmgtBKMGT])'\s*)?"
    r"\s+AS\s+(?P<prefix>userdb_)?quota_rule\d*\b",
    re.IGNORECASE,
)
_CONCAT = re.compile(
    r"CONCAT\(\s*'\*:(?P<kind>storage|bytes)='\s*,\s*(?P<value>[^()]*?(?:\([^()]*\)[^()]*?)*?)\s*"
    r"(?:,\s*'(?P<unit>[bkmgtBKMGT])'\s*)?\)\s+AS\s+(?P<prefix>userdb_)?quota_rule\d*\b",
    re.IGNORECASE,
)
_MAIL = re.compile(
    r"(?P<call>CONCAT\(\s*)?'(?P<driver>maildir|mbox|sdbox|mdbox):(?P<rest>[^':]*')(?P<more>[^:]*?)"
    r"\s+AS\s+(?P<prefix>userdb_)?mail\b",
    re.IGNORECASE,
)
_COLUMN = re.compile(r"\b(?:userdb_)?(quota_rule\d*|mail)\b(?!\s*=)", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """What a file beside becomes: settings of the block, settings around it, fields of the block."""

    body: tuple[Entry, ...]
    top: tuple[Entry, ...] = ()
    fields: tuple[Setting, ...] = ()


def external(source: Source, block: Block, path: str) -> dict[str, Setting] | None:
    """The settings of the file that args names, or None if it is not at hand."""
    text = source.files.get(path.strip())
    origin = (*block.origin, "args")
    if text is None:
        source.drop(origin, f"reads {path}, whose content is not known", "Write its settings into the block.")
        return None
    try:
        body = parse(join_lines(text))
    except TreeError as error:
        source.drop(origin, f"reads {path}, which cannot be understood: {error}", "Write its settings into the block.")
        return None
    return {one.key: Setting(one.key, one.value, (*origin, one.key)) for one in body if isinstance(one, Setting)}


def join_lines(text: str) -> str:
    """Join lines that end in a backslash, as Dovecot does."""
    return re.sub(r"\s*\\\n\s*", " ", text)


def sql(source: Source, block: Block, settings: t.Mapping[str, Setting]) -> Found:
    """The file of a passdb or userdb."""
    body: list[Entry] = list(connection(settings))
    scheme = settings.get("default_pass_scheme")
    if block.name == "passdb":
        # The built-in value of 2.3; 2.4 takes plain text.
        value = scheme.value if scheme else "MD5"
        body.append(Setting("default_password_scheme", value.upper(), scheme.origin if scheme else block.origin))
    names = {"iterate_query": "iterate_query", "update_query": "update_query"}
    names["password_query" if block.name == "passdb" else "user_query"] = "query"
    if block.name == "passdb":
        names.pop("iterate_query")
    else:
        names.pop("update_query")
    for old, new in names.items():
        if old in settings:
            body.append(Setting(new, query(source, settings[old]), settings[old].origin))
    return Found(tuple(body))


def connection(settings: t.Mapping[str, Setting]) -> Body:
    """driver and connect of 2.3 as settings and blocks of 2.4."""
    driver = settings["driver"].value if "driver" in settings else ""
    connect = settings["connect"] if "connect" in settings else Setting("connect", "", ())
    origin = connect.origin
    entries: list[Entry] = [Setting("sql_driver", driver, origin)]
    pairs = options(connect.value)
    if driver == "sqlite":
        for key, value in pairs:
            name = f"sqlite_{key}" if value else "sqlite_path"
            entries.append(Setting(name, value or key, origin))
        return tuple(entries)
    hosts = [value for key, value in pairs if key == "host"] or ["localhost"]
    rest = [(_MYSQL_NAMES.get(key, key), value) for key, value in pairs if key != "host"]
    for host in hosts:
        entries.append(_host(driver, host, rest, origin))
    return tuple(entries)


def _host(driver: str, host: str, rest: t.Sequence[tuple[str, str]], origin: Origin) -> Block:
    limits: list[Entry] = [Setting(_HOST[key], value, origin) for key, value in rest if key in _HOST]
    pairs = [Setting(key, value, origin) for key, value in rest if key not in _HOST]
    if driver == "mysql":
        return Block(f"mysql {host}", (*_mysql(pairs, origin), *limits), origin)
    return Block(f"{driver} {host}", (Block("parameters", tuple(pairs), origin), *limits), origin)


def _mysql(pairs: t.Sequence[Setting], origin: Origin) -> list[Entry]:
    """What the driver was told; TLS, which was on where it had authorities, is on where it is said."""
    found: list[Entry] = []
    for one in pairs:
        unit = " secs" if one.key in _MYSQL_TIMES else ""
        if one.key in _MYSQL:
            found.append(Setting(one.key, f"{one.value}{unit}", one.origin))
    tls = [Setting(_MYSQL_TLS[one.key], one.value, one.origin) for one in pairs if one.key in _MYSQL_TLS]
    return [*found, Setting("mysql_ssl", "yes", origin), *tls] if tls else found


def query(source: Source, setting: Setting) -> str:
    """A query with the variables and the columns of 2.4."""
    text = source.text(setting.value, setting.origin)
    text = _CONCAT.sub(lambda match: _size_column(source, setting, match, concat=True), text)
    text = _JOINED.sub(lambda match: _size_column(source, setting, match, concat=False), text)
    text = _MAIL.sub(_mail_columns, text)
    selected = re.split(r"\bFROM\b", text, maxsplit=1, flags=re.IGNORECASE)[0]
    left = _COLUMN.search(selected)
    if left:
        new = "mail_driver and mail_path" if left.group(1) == "mail" else "quota_storage_size"
        source.drop(
            setting.origin, f"returns {left.group(0)}, which Dovecot 2.4 does not read", f"Return {new} instead."
        )
    return text


def _size_column(source: Source, setting: Setting, match: re.Match[str], *, concat: bool) -> str:
    """A quota rule as a size. Without unit, storage= counted kilobytes and bytes= bytes."""
    unit, value = match.group("unit"), match.group("value")
    ending = unit or ("B" if match.group("kind").lower() == "bytes" else "k")
    size = f"CONCAT({value}, '{ending}')" if concat else f"{value} || '{ending}'"
    new = f"{size} AS {match.group('prefix') or ''}quota_storage_size"
    check = "" if unit or ending == "B" else "if the column holds sizes with a unit, leave the unit out here"
    source.notes.append(Note(show(setting.origin), new, check))
    return new


def _mail_columns(match: re.Match[str]) -> str:
    prefix = match.group("prefix") or ""
    path = f"{match.group('call') or ''}'{match.group('rest')}{match.group('more')}"
    return f"'{match.group('driver')}' AS {prefix}mail_driver, {path} AS {prefix}mail_path"
