# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Full-text search of Dovecot 2.3, which stands in plugin { }, for 2.4."""

from __future__ import annotations

import re

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import Source, options
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Entry, Setting

# What 2.4 must be told, and 2.3 took as given.
_TOKENIZERS = "generic email-address"
_FILTERS = "normalizer-icu snowball stopwords"
_SAME = (
    "fts_autoindex",
    "fts_autoindex_max_recent_msgs",
    "fts_header_excludes",
    "fts_header_includes",
    "fts_message_max_size",
)
_RENAMED = {"fts_index_timeout": "fts_search_timeout", "fts_language_config": "textcat_config_path"}
_ENFORCED = {
    "yes": ("yes", "no"),
    "no": ("body-search-only", "yes"),
    "body": ("body-search-only", "no"),
}


def fts(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    """Take the settings of full-text search out of plugin and return their successors."""
    driver = plugin.pop("fts", None)
    if driver is None:
        return []
    if driver.value not in {"flatcurve", "solr"}:
        source.drop(
            driver.origin,
            f"searches with {driver.value}, which Dovecot 2.4 has not",
            "Install dovecot-flatcurve, use fts flatcurve, and run doveadm fts rescan for all users.",
        )
    found: list[Entry] = []
    if driver.value == "solr":
        found.append(_solr(driver, plugin))
    elif driver.value == "flatcurve":
        found.append(Block("fts flatcurve", (), driver.origin))
    source.note(driver.origin, found)
    found += _languages(source, driver, plugin)
    found += _plain(source, plugin)
    for key in [key for key in plugin if re.match(r"^fts_autoindex_exclude\d*$", key)]:
        setting = plugin.pop(key)
        entry = Setting("fts_autoindex", "no", setting.origin)
        source.mailbox(setting.value, entry)
        source.note(setting.origin, [Block(f"mailbox {setting.value}", (entry,), setting.origin)])
    for key in [key for key in plugin if key.startswith("fts_")]:
        setting = plugin.pop(key)
        source.drop(setting.origin, "belongs to a search that Dovecot 2.4 does otherwise", "Leave it out.")
    return found


def _solr(driver: Setting, plugin: dict[str, Setting]) -> Block:
    names = {"url": "url", "batch_size": "batch_size", "soft_commit": "soft_commit"}
    setting = plugin.pop("fts_solr", None)
    body: list[Entry] = []
    if setting is not None:
        body += [Setting(names[key], value, setting.origin) for key, value in options(setting.value) if key in names]
    return Block("fts solr", tuple(body), driver.origin)


def _languages(source: Source, driver: Setting, plugin: dict[str, Setting]) -> list[Entry]:
    languages = plugin.pop("fts_languages", None)
    filters, tokenizers = plugin.pop("fts_filters", None), plugin.pop("fts_tokenizers", None)
    origin = driver.origin
    found: list[Entry] = [
        Setting("language_tokenizers", tokenizers.value if tokenizers else _TOKENIZERS, origin),
        Setting("language_filters", filters.value if filters else _FILTERS, origin),
    ]
    names = re.split(r"[\s,]+", languages.value.strip()) if languages else ["en"]
    for number, name in enumerate(names):
        body: list[Entry] = [Setting("default", "yes", origin)] if number == 0 else []
        own = plugin.pop(f"fts_filters_{name}", None)
        if own is not None:
            body.append(Setting("filters", own.value, own.origin))
        found.append(Block(f"language {name}", tuple(body), origin))
    source.note(origin, found)
    return found


def _plain(source: Source, plugin: dict[str, Setting]) -> list[Entry]:
    found: list[Entry] = []
    for key in [key for key in plugin if key in _SAME or key in _RENAMED or key.startswith("fts_flatcurve_")]:
        setting = plugin.pop(key)
        found.append(Setting(_RENAMED.get(key, key), setting.value, setting.origin))
        source.note(setting.origin, found[-1:])
    enforced = plugin.pop("fts_enforced", None)
    if enforced is not None:
        add, fallback = _ENFORCED.get(enforced.value, ("yes", "yes"))
        pair = [
            Setting("fts_search_add_missing", add, enforced.origin),
            Setting("fts_search_read_fallback", fallback, enforced.origin),
        ]
        found += pair
        source.note(enforced.origin, pair)
    for old, name, value in (
        ("fts_decoder", "script", "fts_decoder_script_socket_path"),
        ("fts_tika", "tika", "fts_decoder_tika_url"),
    ):
        if old in plugin:
            setting = plugin.pop(old)
            both = [
                Setting("fts_decoder_driver", name, setting.origin),
                Setting(value, setting.value, setting.origin),
            ]
            found += both
            source.note(setting.origin, both)
    return found
