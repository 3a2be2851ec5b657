# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Dictionaries of Dovecot 2.4 for 2.3, which names them with an address and keeps the tables of SQL in a file."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import (
    Context,
    ExternalFile,
    milliseconds,
    unprefixed,
    value_of,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Entry, Setting

Connect = t.Callable[[Block, Body], list[Setting]]

_FILE_KEYS = {"dict_file_path": "path", "path": "path", "dict_file_lock_method": "lock", "lock_method": "lock"}
_PROXY_KEYS = {"dict_proxy_name": "name", "name": "name", "dict_proxy_socket_path": "socket", "socket_path": "socket"}
_REDIS_KEYS = {
    "redis_host": "host",
    "redis_port": "port",
    "redis_socket_path": "path",
    "redis_db_id": "db",
    "redis_key_prefix": "prefix",
    "redis_password": "password",
    "redis_expire": "expire_secs",
    "redis_request_timeout": "timeout_msecs",
}


def address(context: Context, block: Block) -> str | None:
    """The address of a dict block; None, with a fault, if 2.3 has none for it."""
    driver = value_of(block.body, "driver") or value_of(block.body, "dict_driver") or block.argument
    if driver == "file":
        found = _known(context, block, _FILE_KEYS)
        lock = f":lock={found['lock']}" if "lock" in found else ""
        return f"file:{found.get('path', '')}{lock}"
    if driver == "proxy":
        found = _known(context, block, _PROXY_KEYS)
        return f"proxy:{found.get('socket', '')}:{found.get('name', '')}"
    if driver == "redis":
        found = _known(context, block, _REDIS_KEYS)
        for key in ("expire_secs", "timeout_msecs"):
            limit = milliseconds(found.get(key, ""))
            if limit is not None:
                found[key] = str(limit // 1000 if key == "expire_secs" else limit)
        return ":".join(["redis", *(f"{key}={value}" for key, value in found.items())])
    if driver == "fs":
        inner = next((one for one in block.body if isinstance(one, Block) and one.name == "fs"), None)
        if inner is not None:
            pairs = (f"{one.key}={context.words(one)}" for one in unprefixed(inner) if isinstance(one, Setting))
            return ":".join(["fs", inner.argument, *pairs])
    context.missing(block.origin)
    return None


def inner_address(context: Context, block: Block) -> str | None:
    """The address of the dict block inside a block such as last_login."""
    inner = next((one for one in block.body if isinstance(one, Block) and one.name == "dict"), None)
    if inner is None:
        context.fault(block.origin, "holds no dictionary", "Add a dict block.")
        return None
    return address(context, inner)


def _known(context: Context, block: Block, names: t.Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in block.body:
        if isinstance(one, Setting) and one.key in names:
            found[names[one.key]] = context.words(one)
        elif not isinstance(one, Setting) or one.key not in {"driver", "dict_driver"}:
            context.missing(one.origin)
    return found


def server(context: Context, block: Block, connect: Connect) -> Block | None:
    """dict_server as dict { name = address }, with a file for each dictionary in SQL."""
    entries: list[Entry] = []
    for inner in block.body:
        if not isinstance(inner, Block) or inner.name != "dict":
            context.missing(inner.origin)
            continue
        driver = value_of(inner.body, "driver") or value_of(inner.body, "dict_driver") or inner.argument
        text = _sql(context, inner, connect) if driver == "sql" else address(context, inner)
        if text is not None:
            entries.append(Setting(inner.argument, text, inner.origin))
    return Block("dict", tuple(entries), block.origin) if entries else None


def _sql(context: Context, block: Block, connect: Connect) -> str:
    name = f"{context.prefix}.dict-{block.argument}.conf.ext"
    driver, *settings = connect(block, block.body)
    maps = [_map(context, one) for one in block.body if isinstance(one, Block) and one.name == "dict_map"]
    context.files.append(ExternalFile(name, (*settings, *maps)))
    return f"{driver.value}:{name}"


def _map(context: Context, block: Block) -> Block:
    entries: list[Entry] = [Setting("pattern", block.argument, block.origin)]
    values: list[Block] = []
    fields: list[Setting] = []
    names = {"sql_table": "table", "username_field": "username_field", "expire_field": "expire_field"}
    for one in unprefixed(block):
        if isinstance(one, Setting) and one.key in names:
            entries.append(Setting(names[one.key], one.value, one.origin))
        elif isinstance(one, Block) and one.name == "value_field":
            values.append(one)
        elif isinstance(one, Block) and one.name == "key_field":
            fields.append(Setting(one.argument, value_of(one.body, "value"), one.origin, raw=True))
        else:
            context.missing(one.origin)
    entries.append(Setting("value_field", ",".join(one.argument for one in values), block.origin))
    types = [value_of(one.body, "type") or "string" for one in values]
    if any(one != "string" for one in types):
        entries.append(Setting("value_type", ",".join(types), block.origin))
    if fields:
        entries.append(Block("fields", tuple(fields), block.origin))
    return Block("map", tuple(entries), block.origin)
