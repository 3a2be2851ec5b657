# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""OAuth2 of Dovecot 2.3, which stands in a file beside, for 2.4."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import (
    Source,
    dictionary,
    flag,
    options,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_sql import Found
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import OAUTH2_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Entry, Setting

_ROWS = {row.old: row for row in OAUTH2_ROWS}
_MILLISECONDS = {
    "max_idle_time_msecs": "http_client_max_idle_time",
    "timeout_msecs": "http_client_request_timeout",
}


def oauth2(source: Source, block: Block, settings: t.Mapping[str, Setting]) -> Found:
    """The file of a passdb: one oauth2 block around, and the fields that it returns."""
    body: list[Entry] = []
    fields: tuple[Setting, ...] = ()
    if "introspection_mode" not in settings:
        # 2.4 wants it said also where the answer of tokeninfo_url is enough.
        body.append(Setting("introspection_mode", "auth", block.origin))
    for key, setting in settings.items():
        if key in _ROWS:
            entry = source.row(_ROWS[key], setting)
            body += [entry] if entry else []
        elif key in _MILLISECONDS:
            body.append(Setting(_MILLISECONDS[key], f"{setting.value} ms", setting.origin))
        elif key == "tls_allow_invalid_cert":
            required = "no" if flag(setting.value) == "yes" else "yes"
            body.append(Setting("ssl_client_require_valid_cert", required, setting.origin))
        elif key == "local_validation_key_dict":
            inner = dictionary(source, setting.value, setting.origin)
            if inner is not None:
                body.append(Block("oauth2_local_validation", (inner,), setting.origin))
        elif key == "pass_attrs":
            pairs = options(setting.value)
            texts = [(name, source.text(value, setting.origin)) for name, value in pairs]
            fields = tuple(Setting(name, text, setting.origin) for name, text in texts)
        elif key == "use_grant_password":
            continue
        elif key == "debug":
            if flag(setting.value) == "yes":
                source.drop(setting.origin, "is gone", "Set log_debug = category=oauth2.")
        else:
            source.drop(setting.origin, "is no setting of Dovecot 2.4", "Leave it out.")
    return Found((), (Block("oauth2", tuple(body), block.origin),), fields)
