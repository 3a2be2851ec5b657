# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Blocks of Dovecot 2.3 that keep their name and change inside: namespaces, services, dictionaries, metrics."""

from __future__ import annotations

import re

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import (
    Source,
    dictionary,
    options,
    switches,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_removed import removed_service
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_sql import connection, join_lines
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import (
    BLOCK_ROWS,
    LOCATION_FLAGS,
    LOCATION_PARTS,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    Block,
    Body,
    Entry,
    Setting,
    TreeError,
    parse,
)

_PARTS = {option: key for key, option in LOCATION_PARTS}
_FLAGS = {option: key for key, option in LOCATION_FLAGS}
_PATHS = {"FULLDIRNAME": "mailbox_directory_name"}
_SQL_DRIVERS = frozenset({"mysql", "pgsql", "sqlite", "cassandra"})
_ARGUMENTS = {"exponential": ("min_magnitude", "max_magnitude", "base"), "linear": ("min", "max", "step")}


def location(source: Source, setting: Setting, *, shared: bool = False) -> list[Entry]:
    """mail_location or location: driver:path:KEY=value as settings."""
    if not setting.value:
        return []
    driver, *parts = setting.value.split(":")
    found: list[Entry] = [Setting("mail_driver", driver, setting.origin)]
    path = "" if not parts or "=" in parts[0] else parts.pop(0)
    if path:
        found.append(
            Setting("mail_path", source.text(path, setting.origin, setting="path", shared=shared), setting.origin)
        )
    for part in parts:
        key, _equals, value = part.partition("=")
        if key in _FLAGS:
            found.append(Setting(_FLAGS[key], "yes", setting.origin))
        elif key in _PARTS or key in _PATHS:
            text = source.text(value, setting.origin, setting="path", shared=shared)
            found.append(Setting(_PARTS.get(key) or _PATHS[key], text, setting.origin))
            if key == "FULLDIRNAME":
                found.append(Setting("mailbox_directory_name_legacy", "no", setting.origin))
        elif part:
            source.drop(setting.origin, f"has the part {part}, which 2.4 has not", "Leave it out.")
    source.note(setting.origin, found)
    return found


def namespace(source: Source, block: Block, number: int) -> Block:
    """A namespace; one without name gets one."""
    settings = {one.key: one for one in block.body if isinstance(one, Setting)}
    shared = settings["type"].value == "shared" if "type" in settings else False
    body: list[Entry] = []
    for entry in block.body:
        if isinstance(entry, Block):
            body.append(_mailbox(source, entry))
        elif entry.key == "location":
            body += location(source, entry, shared=shared)
        elif entry.key == "prefix":
            body.append(source.neutral(entry, shared=shared))
        else:
            body.append(source.neutral(entry))
    name = block.argument
    if not name:
        inbox = settings["inbox"].value if "inbox" in settings else "no"
        kind = settings["type"].value if "type" in settings else "private"
        name = "inbox" if inbox == "yes" else f"{kind}{number}"
        source.note(block.origin, [Block(f"namespace {name}", (), block.origin)])
    return Block(f"namespace {name}", tuple(body), block.origin)


def _mailbox(source: Source, block: Block) -> Block:
    body = [source.neutral(one) if isinstance(one, Setting) else one for one in block.body]
    return Block(block.head, tuple(body), block.origin)


def service(source: Source, block: Block) -> Block | None:
    """A service with its listeners; None if it is gone."""
    gone = removed_service(block.argument)
    if gone:
        source.drop(block.origin, *gone)
        return None
    return _service(source, block)


def _service(source: Source, block: Block) -> Block:
    rows = {row.old: row for row in BLOCK_ROWS.get(block.name, ())}
    body: list[Entry] = []
    for entry in block.body:
        if isinstance(entry, Block):
            inner = _service(source, entry)
            if not inner.argument and inner.name == "inet_listener":
                port = next((one.value for one in entry.body if isinstance(one, Setting) and one.key == "port"), "")
                inner = Block(f"inet_listener port{port}", inner.body, inner.origin)
                source.note(entry.origin, [inner])
            body.append(inner)
        elif entry.key in rows and rows[entry.key].new != entry.key:
            new = source.row(rows[entry.key], entry)
            if new is not None:
                body.append(new)
                source.note(entry.origin, [new])
        else:
            body.append(source.neutral(entry))
    return Block(block.head, tuple(body), block.origin)


def dictionaries(source: Source, block: Block) -> Block:
    """dict { name = driver:/file } as dict_server { dict name { } }."""
    body: list[Entry] = []
    for setting in block.body:
        if not isinstance(setting, Setting):
            continue
        driver, _colon, path = setting.value.partition(":")
        inner: Block | None
        if driver in _SQL_DRIVERS:
            inner = _sql_dictionary(source, setting, driver, path)
        else:
            found = dictionary(source, setting.value, setting.origin)
            inner = found and Block(
                f"dict {setting.key}",
                (Setting("driver", driver, setting.origin), *(_long(one) for one in found.body)),
                setting.origin,
            )
        if inner is not None:
            body.append(inner)
    found_all = Block("dict_server", tuple(body), block.origin)
    source.note(block.origin, [found_all])
    return found_all


def _long(entry: Entry) -> Entry:
    """In a block that is not named after its driver, "path" must be "dict_file_path"."""
    names = {"path": "dict_file_path", "lock_method": "dict_file_lock_method", "name": "dict_proxy_name"}
    names["socket_path"] = "dict_proxy_socket_path"
    if isinstance(entry, Setting) and entry.key in names:
        return Setting(names[entry.key], entry.value, entry.origin)
    return entry


def _sql_dictionary(source: Source, setting: Setting, driver: str, path: str) -> Block | None:
    text = source.files.get(path)
    if text is None:
        source.drop(setting.origin, f"reads {path}, whose content is not known", "Write its maps into dict_map blocks.")
        return None
    try:
        parsed = parse(join_lines(text))
    except TreeError as error:
        source.drop(setting.origin, f"reads {path}, which cannot be understood: {error}", "Write dict_map blocks.")
        return None
    settings = {one.key: one for one in parsed if isinstance(one, Setting)}
    settings["driver"] = Setting("driver", driver, setting.origin)
    maps = [_map(one) for one in parsed if isinstance(one, Block) and one.name == "map"]
    body = (Setting("driver", "sql", setting.origin), *connection(settings), *maps)
    return Block(f"dict {setting.key}", body, setting.origin)


def _map(block: Block) -> Block:
    settings = {one.key: one.value for one in block.body if isinstance(one, Setting)}
    body: list[Entry] = [Setting("sql_table", settings.get("table", ""), block.origin)]
    if "username_field" in settings:
        body.append(Setting("username_field", settings["username_field"], block.origin))
    if "expire_field" in settings:
        body.append(Setting("expire_field", settings["expire_field"], block.origin))
    types = settings.get("value_type", "").split(",")
    for index, name in enumerate(word.strip() for word in settings.get("value_field", "").split(",")):
        kind = types[index].strip() if index < len(types) else ""
        inner: Body = (Setting("type", kind, block.origin),) if kind else ()
        body.append(Block(f"value_field {name}", inner, block.origin))
    for one in block.body:
        if isinstance(one, Block) and one.name == "fields":
            pairs = [pair for pair in one.body if isinstance(pair, Setting)]
            body += [Block(f"key_field {pair.key}", (_key_value(pair),), block.origin) for pair in pairs]
    return Block(f"dict_map {settings.get('pattern', '')}", tuple(body), block.origin)


def _key_value(pair: Setting) -> Setting:
    match = re.match(r"^\$\{hexblob:(\w+)\}$", pair.value)
    return Setting("value", f"${match.group(1)}" if match else pair.value, pair.origin)


def metric(source: Source, block: Block) -> Block:
    """A metric; its lists become blocks."""
    body: list[Entry] = []
    for entry in block.body:
        if isinstance(entry, Setting) and entry.key == "group_by":
            groups = [_group(word, entry) for word in entry.value.split()]
            body += groups
            source.note(entry.origin, groups)
        elif isinstance(entry, Setting) and entry.key == "fields":
            body.append(switches("fields", entry.value.split(), entry.origin))
            source.note(entry.origin, body[-1:])
        else:
            body.append(entry)
    return Block(block.head, tuple(body), block.origin)


def _group(word: str, setting: Setting) -> Block:
    name, *arguments = word.split(":")
    kind = arguments[0] if arguments and arguments[0] in _ARGUMENTS else "discrete"
    keys = _ARGUMENTS.get(kind, ())
    inner = tuple(Setting(key, value, setting.origin) for key, value in zip(keys, arguments[1:]))
    return Block(f"group_by {name}", (Block(f"method {kind}", inner, setting.origin),), setting.origin)


def exporter(source: Source, block: Block) -> Block:
    """An event exporter: transport and its arguments have names of their own."""
    settings = {one.key: one for one in block.body if isinstance(one, Setting)}
    transport = settings["transport"].value if "transport" in settings else "log"
    body: list[Entry] = [Setting("driver", transport, block.origin)]
    for key, setting in settings.items():
        if key == "format":
            body.append(setting)
        elif key == "transport_args" and transport == "http-post":
            body.append(Setting("http_post_url", setting.value, setting.origin))
        elif key == "transport_timeout" and transport == "http-post":
            body.append(Setting("http_client_request_timeout", setting.value, setting.origin))
        elif key == "format_args":
            times = [name[len("time-") :] for name, _value in options(setting.value) if name.startswith("time-")]
            body += [Setting("time_format", value, setting.origin) for value in times]
        elif key != "transport":
            source.drop(setting.origin, "is no setting of Dovecot 2.4", "Leave it out.")
    result = Block(block.head, tuple(body), block.origin)
    source.note(block.origin, [result])
    return result
