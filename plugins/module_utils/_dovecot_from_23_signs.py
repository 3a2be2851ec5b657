# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""How to tell in which grammar a tree of Dovecot settings is written."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import LITERAL
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_removed import (
    removed_service,
    removed_setting,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_variables import has_variables
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import (
    ACCELERATORS,
    GLOBAL_ROWS,
    LOCATION_KEYS,
    MISSING_PREFIXES,
    PLUGIN_ROWS,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    BOOLEAN_LISTS,
    FILTERS,
    Block,
    Body,
    Entry,
    Setting,
)

SPECIAL = frozenset(
    {
        "auth_policy_server_timeout_msecs",
        "auth_worker_max_count",
        "doveadm_http_rawlog_dir",
        "imap_id_send",
        "imapc_ssl_verify",
        "import_environment",
        "mail_attribute_dict",
        "mail_location",
        "pop3c_ssl_verify",
        "ssl_ca_dir",
        "ssl_ca_file",
        "ssl_protocols",
        "stats_http_rawlog_dir",
        "verbose_ssl",
    }
)
_OLD = frozenset(row.old for row in GLOBAL_ROWS if row.old != row.new) | SPECIAL
_NEW = (
    frozenset(row.new for row in GLOBAL_ROWS if row.old != row.new)
    | frozenset(row.new for row in PLUGIN_ROWS)
    | LOCATION_KEYS
)
# Settings of 2.3 that begin like those that only 2.4 has.
_SHARED = frozenset({"dict_db_config", "imap_urlauth_host", "imap_urlauth_logout_format", "imap_urlauth_port"}) | {
    "quota_full_tempfail",
    "ssl_client_ca_dir",
    "ssl_client_ca_file",
}
_NEW_BLOCKS = BOOLEAN_LISTS | {
    "acl_sharing_map",
    "dict_server",
    "group_by",
    "imapsieve_from",
    "mysql",
    "oauth2",
    "pgsql",
    "push_notification",
    "quota",
    "quota_over_status",
    "sieve_script",
}
_NEW_INSIDE = {
    "passdb": frozenset({"fields", "mechanisms_filter", "passwd_file_path", "query", "filter"}),
    "userdb": frozenset({"fields", "passwd_file_path", "query", "iterate_query", "filter"}),
    "service": frozenset({"restart_request_count", "idle_kill_interval"}),
    "inet_listener": frozenset({"listen"}),
}
_OLD_INSIDE = {
    "passdb": frozenset({"args", "default_fields", "mechanisms", "override_fields", "pass"}),
    "userdb": frozenset({"args", "default_fields", "override_fields"}),
    "namespace": frozenset({"location"}),
    "service": frozenset({"service_count", "idle_kill"}),
    "inet_listener": frozenset({"address"}),
    "metric": frozenset({"group_by"}),
    "event_exporter": frozenset({"format_args", "transport", "transport_args", "transport_timeout"}),
}
_REFERENCE = re.compile(r"(?:^|\s)\$(?!SET:|ENV:)[a-z_]\w*")


def speaks_23(body: Body) -> bool:
    """Whether anything in the tree is of 2.3. Variables alone count only where nothing is of 2.4."""
    places = list(_walk(body))
    if any(_is_old(above, entry) for above, entry in places):
        return True
    return is_pure(body) and any(_old_value(above, entry) for above, entry in places)


def is_pure(body: Body) -> bool:
    """Whether nothing in the tree is of 2.4, so that every value can be read as 2.3 reads it."""
    return not any(_is_new(above, entry) for above, entry in _walk(body))


def _walk(body: Body, above: str = "") -> t.Iterator[tuple[str, Entry]]:
    for entry in body:
        yield above, entry
        if isinstance(entry, Block) and entry.head != "plugin":
            yield from _walk(entry.body, above if entry.name in FILTERS else entry.name)


def _is_old(above: str, entry: Entry) -> bool:
    if isinstance(entry, Block):
        if above == "service":
            return entry.head == "inet_listener"
        if above:
            return False
        return (
            entry.head in {"plugin", "dict", "passdb", "userdb", "namespace"}
            or (entry.name == "service" and removed_service(entry.argument) is not None)
            or (entry.name == "local_name" and " " in entry.argument)
        )
    if not above:
        return entry.key in _OLD or removed_setting(entry.key) is not None
    return entry.key in _OLD_INSIDE.get(above, ())


def _is_new(above: str, entry: Entry) -> bool:
    key = entry.key if isinstance(entry, Setting) else entry.name
    if isinstance(entry, Block):
        return (key in _NEW_BLOCKS and not above) or (above == "metric" and key == "group_by") or key == "fields"
    if "$SET:" in entry.value or re.search(r"%\{[^}]*\|", entry.value):
        return True
    if above in _NEW_INSIDE and key in _NEW_INSIDE[above]:
        return True
    if above in {"", "namespace"} and key in _NEW:
        return True
    return not above and key.startswith((*MISSING_PREFIXES, *ACCELERATORS)) and key not in _SHARED


def _old_value(above: str, entry: Entry) -> bool:
    if isinstance(entry, Block) or entry.key in LITERAL or entry.key.endswith(("password", "_nonce", "_key")):
        return False
    if above == "namespace" and entry.key == "prefix":
        return has_variables(entry.value) or "%%" in entry.value
    return has_variables(entry.value) or bool(_REFERENCE.search(entry.value))
