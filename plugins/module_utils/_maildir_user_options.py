# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The options of the module maildir_user."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._account import SERVICES
from ansible_collections.postmaster.mail.plugins.module_utils._account_backends import backend_options

# Options that say something about the account that address names.
ONE_ACCOUNT = (
    "password",
    "password_hash",
    "quota",
    "home",
    "name",
    "allow_nets",
    "extra_fields",
    "rename_from",
    "expires",
    "app_passwords",
)


def _account_spec() -> dict[str, t.Any]:
    return {
        "password": {"type": "str", "no_log": True},
        "password_hash": {"type": "str", "no_log": True},
        "quota": {"type": "str"},
        "home": {"type": "path"},
        "state": {"type": "str", "choices": ["present", "absent", "disabled"], "default": "present"},
        "name": {"type": "str"},
        "allow_nets": {"type": "list", "elements": "str"},
        "extra_fields": {"type": "dict"},
        "rename_from": {"type": "str"},
        "expires": {"type": "str"},
        "app_passwords": {
            "type": "list",
            "elements": "dict",
            "no_log": False,
            "options": {
                "name": {"type": "str", "required": True},
                "password": {"type": "str", "no_log": True},
                "password_hash": {"type": "str", "no_log": True},
                "services": {"type": "list", "elements": "str", "choices": list(SERVICES), "default": list(SERVICES)},
                "allow_nets": {"type": "list", "elements": "str", "default": []},
                "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            },
            "mutually_exclusive": [("password", "password_hash")],
        },
    }


def said(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the options of a task about several accounts for Ansible's output, without secrets."""
    spec = task_spec()
    public = _without_secrets({name: value for name, value in options.items() if name != "users"}, spec)
    return {**public, "users": [account["address"] for account in options["users"]]}


def _without_secrets(options: t.Mapping[str, t.Any], spec: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    result: dict[str, t.Any] = {}
    for name, value in options.items():
        inner = spec.get(name, {})
        if value is None:
            result[name] = None
        elif inner.get("no_log"):
            result[name] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
        elif isinstance(value, dict) and "options" in inner:
            result[name] = _without_secrets(value, inner["options"])
        else:
            result[name] = value
    return result


def task_spec() -> dict[str, t.Any]:
    """Return the argument_spec."""
    passwords = ["always", "on_create"]
    removals = ["keep", "archive", "delete"]
    user_options = {
        "address": {"type": "str", "required": True},
        "update_password": {"type": "str", "choices": passwords, "no_log": False},
        "on_remove": {"type": "str", "choices": removals},
        # What only Postfix is concerned by; one list serves both.
        "addresses": {"type": "list", "elements": "str"},
        "senders": {"type": "list", "elements": "str"},
        "forward_to": {"type": "list", "elements": "str"},
        "forward_keep_copy": {"type": "bool"},
        "delivery": {"type": "str", "choices": ["accept", "suspend"]},
        **_account_spec(),
    }
    return {
        "users": {
            "type": "list",
            "elements": "dict",
            "options": user_options,
            "mutually_exclusive": [("password", "password_hash")],
        },
        "address": {"type": "str"},
        **_account_spec(),
        "update_password": {"type": "str", "choices": passwords, "default": "always", "no_log": False},
        "on_remove": {"type": "str", "choices": removals, "default": "keep"},
        **backend_options(),
        "mail_root": {"type": "path", "default": "/var/vmail"},
        "owner": {"type": "str", "default": "vmail"},
        "group": {"type": "str", "default": "vmail"},
        "maildir": {"type": "bool", "default": True},
        "mail_directory": {"type": "str", "default": "Maildir"},
        "archive_dir": {"type": "path"},
        "scheme": {"type": "str"},
        "rounds": {"type": "int"},
        "upgrade_scheme": {"type": "bool", "default": False},
        "purge": {"type": "bool", "default": False},
    }
