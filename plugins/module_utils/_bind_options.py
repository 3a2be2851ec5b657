# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The options of the module that configures BIND, and what it returns, as plain data."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._bind_dnssec import DsRecord
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import ALGORITHMS, ZONE_TYPES
from ansible_collections.postmaster.mail.plugins.module_utils._bind_plan import FileChange, ZonePlan

_LIST: t.Final = {"type": "list", "elements": "str", "default": []}
_PEERS: t.Final = {"type": "list", "elements": "raw", "default": []}
_DICT: t.Final = {"type": "dict", "default": {}}
_NAME: t.Final = {"type": "str", "required": True}


def argument_spec() -> dict[str, t.Any]:
    """Return the options of this module."""
    policy_key = {
        "role": {"type": "str", "choices": ["ksk", "zsk", "csk"], "required": True},
        "lifetime": {"type": "str", "default": "unlimited"},
        "algorithm": {"type": "str", "default": "ecdsap256sha256"},
        "bits": {"type": "int"},
    }
    zone = {
        "name": _NAME,
        "type": {"type": "str", "choices": list(ZONE_TYPES), "default": ZONE_TYPES[0]},
        "view": {"type": "str"},
        "records": {"type": "list", "elements": "dict", "default": []},
        "nameservers": _LIST,
        "contact": {"type": "str"},
        "ttl": {"type": "int", "default": 3600},
        "soa": _DICT,
        "primaries": _PEERS,
        "transfer_to": _LIST,
        "notify": _PEERS,
        "forwarders": _PEERS,
        "update_policy": _LIST,
        "allow_update": _LIST,
        "dnssec_policy": {"type": "str"},
        "settings": _DICT,
    }
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "options": _DICT,
        "statements": _DICT,
        "keys": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "no_log": False,
            "options": {
                "name": _NAME,
                "algorithm": {"type": "str", "choices": list(ALGORITHMS), "default": ALGORITHMS[0]},
                "secret": {"type": "str", "required": True, "no_log": True},
            },
        },
        "acls": _DICT,
        "dnssec_policies": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": _NAME,
                "keys": {"type": "list", "elements": "dict", "options": policy_key, "no_log": False},
                "nsec3": {"type": "bool", "default": False},
                "settings": _DICT,
            },
        },
        "views": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": _NAME,
                "clients": {"type": "list", "elements": "str", "default": ["any"]},
                "settings": _DICT,
            },
        },
        "zones": {"type": "list", "elements": "dict", "default": [], "options": zone},
        "config_directory": {"type": "path", "default": "/etc/bind"},
        "data_directory": {"type": "path", "default": "/var/lib/bind/postmaster-mail"},
        "user": {"type": "str", "default": "bind"},
        "group": {"type": "str", "default": "bind"},
        "patience": {"type": "int", "default": 30},
    }


def describe_change(change: FileChange) -> dict[str, str]:
    """Return a change as a diff, without secrets."""
    before, after = ((content or b"").decode(errors="replace") for content in (change.before, change.after))
    if change.shown:
        before, after = change.shown
    return {"before_header": change.path, "after_header": change.path, "before": before, "after": after}


def describe_ds(record: DsRecord) -> dict[str, t.Any]:
    """Return a DS record as plain data."""
    return {
        "zone": record.zone,
        "key_tag": record.key_tag,
        "algorithm": record.algorithm,
        "digest_type": 2,
        "digest": record.digest,
        "record": record.text,
        "parent": record.parent,
    }


def describe_zone(plan: ZonePlan) -> dict[str, t.Any]:
    """Return a zone as plain data."""
    return {
        "name": plan.zone.title,
        "view": plan.zone.view,
        "type": plan.zone.type,
        "file": plan.path,
        "serial": plan.serial,
        "dynamic": plan.zone.dynamic,
        "changed": plan.changed,
    }
