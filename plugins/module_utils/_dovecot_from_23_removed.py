# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Settings, plug-ins and services of Dovecot 2.3 that 2.4 has not, and what to do about each."""

from __future__ import annotations

import re

# By the start of the name: the cause and the remedy.
_SETTINGS = {
    "auth_stats": ("the old statistics are gone", "Use metric blocks."),
    "config_cache_size": ("the cache is sized by itself", "Leave it out."),
    "dict_db_config": ("Berkeley DB is gone", "Use a dictionary of the driver file, redis or sql."),
    "director_": ("the director is gone", "Use a proxy whose passdb names the host of each user."),
    "imap_id_log": ("is an event now", "Use a metric or event exporter for imap_id_received."),
    "login_access_sockets": ("TCP wrappers are gone", "Use passdb lua, or a packet filter."),
    "mail_attachment_fs": (
        "is a block of its own",
        "Use mail_ext_attachment { fs posix { } }; single instances are gone.",
    ),
    "master_user_separator": ("is called auth_master_user_separator", "Set that."),
    "old_stats_": ("the old statistics are gone", "Use metric blocks."),
    "replication_": ("replication is gone", "Use a shared file system, or doveadm sync in a timer."),
    "replicator_": ("replication is gone", "Use a shared file system, or doveadm sync in a timer."),
    "ssl_dh_parameters_length": ("parameters are no longer made", "Set ssl_server_dh_file if they are needed."),
    "ssl_parameters_regenerate": ("parameters are no longer made", "Set ssl_server_dh_file if they are needed."),
}
_SERVICES = {
    "aggregator": "replication is gone",
    "director": "the director is gone",
    "ipc": "belongs to the director, which is gone",
    "old-stats": "the old statistics are gone",
    "replicator": "replication is gone",
    "stats-old": "the old statistics are gone",
    "tcpwrap": "TCP wrappers are gone",
}
_PLUGINS = {
    "antispam": "Use sieve_script blocks in the mailbox Junk and imapsieve_from.",
    "fts_lucene": "Use fts_flatcurve and run doveadm fts rescan for all users.",
    "fts_squat": "Use fts_flatcurve and run doveadm fts rescan for all users.",
    "imap_old_stats": "Use metric blocks.",
    "imap_stats": "Use metric blocks.",
    "listescape": "Set mailbox_list_storage_escape_char = \\.",
    "mailbox_alias": "Use special_use, or file mails with Sieve.",
    "old_stats": "Use metric blocks.",
    "replication": "Use a shared file system, or doveadm sync in a timer.",
    "stats": "Use metric blocks.",
}
# Compression over IMAP is always on in 2.4, so nothing is lost with its plug-in.
BUILT_IN_PLUGINS = frozenset({"imap_zlib"})
PROTOCOLS = re.compile(r"^TLSv1(\.[0123])?$|^SSLv[23]$")


def removed_setting(key: str) -> tuple[str, str] | None:
    """Cause and remedy for a setting at the top level that is gone."""
    return next((found for start, found in _SETTINGS.items() if key.startswith(start)), None)


def removed_service(name: str) -> tuple[str, str] | None:
    """Cause and remedy for a service that is gone."""
    cause = _SERVICES.get(name)
    return (cause, "Leave it out.") if cause else None


def removed_plugin(name: str) -> tuple[str, str] | None:
    """Cause and remedy for a plug-in that is gone."""
    remedy = _PLUGINS.get(name)
    return (f"names the plug-in {name}, which is gone", remedy) if remedy else None


def minimum_protocol(value: str) -> str | None:
    """ssl_protocols = !SSLv3 !TLSv1, or TLSv1.2 TLSv1.3, as the lowest version that is left."""
    versions = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
    words = value.split()
    if not words or any(not PROTOCOLS.match(word.lstrip("!")) for word in words):
        return None
    wanted = [word for word in words if not word.startswith("!")]
    left = [one for one in versions if (one in wanted if wanted else f"!{one}" not in words)]
    left = [one for one in left if one.startswith("TLS")]
    return left[0] if left else None
