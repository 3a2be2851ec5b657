# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""passdb and userdb of the drivers lua, imap and oauth2 of Dovecot 2.4 for 2.3."""

from __future__ import annotations

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import OAUTH2_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import Context, milliseconds
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_dict import inner_address
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Setting

IMAP_KEYS = {
    "imapc_host": "host",
    "imapc_port": "port",
    "imapc_rawlog_dir": "rawlog_dir",
    "imapc_ssl": "ssl",
    "imapc_user": "username",
    "ssl_client_ca_dir": "ssl_ca_dir",
    "ssl_client_ca_file": "ssl_ca_file",
}
LUA_KEYS = frozenset({"lua_file", "use_worker"})
_MILLISECONDS = {
    "http_client_max_idle_time": "max_idle_time_msecs",
    "http_client_request_timeout": "timeout_msecs",
}


def lua(context: Context, body: Body) -> list[str]:
    """The arguments of passdb lua and userdb lua."""
    words: list[str] = []
    for one in body:
        if isinstance(one, Setting) and one.key == "lua_file":
            words.append(f"file={context.words(one)}")
        elif isinstance(one, Setting) and one.key == "use_worker":
            words.append(f"blocking={one.value}")
        elif isinstance(one, Block) and one.head == "lua_settings":
            words += [f"{pair.key}={context.words(pair)}" for pair in one.body if isinstance(pair, Setting)]
    return words


def imap(context: Context, body: Body) -> list[str]:
    """The arguments of passdb imap."""
    words = [
        f"{IMAP_KEYS[one.key]}={context.words(one)}"
        for one in body
        if isinstance(one, Setting) and one.key in IMAP_KEYS
    ]
    for one in body:
        if isinstance(one, Setting) and one.key == "ssl_client_require_valid_cert":
            words.append(f"allow_invalid_cert={'no' if one.value == 'yes' else 'yes'}")
    return words


def oauth2(context: Context, top: Body, fields: list[Setting]) -> list[Setting]:
    """The settings of the file beside, from the oauth2 block around."""
    rows = {row.new: row for row in OAUTH2_ROWS}
    settings: list[Setting] = []
    for block in top:
        if not isinstance(block, Block) or block.head != "oauth2":
            continue
        for one in block.body:
            key = one.key if isinstance(one, Setting) else one.head
            short = key[len("oauth2_") :] if key.startswith("oauth2_") else key
            if isinstance(one, Block) and key == "oauth2_local_validation":
                uri = inner_address(context, one)
                settings += [Setting("local_validation_key_dict", uri, one.origin)] if uri else []
            elif isinstance(one, Setting) and short in rows:
                settings.append(context.row(rows[short], one))
            elif isinstance(one, Setting) and key in _MILLISECONDS:
                settings.append(Setting(_MILLISECONDS[key], str(milliseconds(one.value) or 0), one.origin))
            elif isinstance(one, Setting) and key == "ssl_client_require_valid_cert":
                settings.append(Setting("tls_allow_invalid_cert", "no" if one.value == "yes" else "yes", one.origin))
            else:
                context.missing(one.origin)
    if fields:
        text = " ".join(f"{one.key.partition(':')[0]}={context.words(one)}" for one in fields)
        settings.append(Setting("pass_attrs", text, fields[0].origin))
    return settings
