# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The options of the probe module, as an argument specification."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_smtp import STEPS as SMTP_STEPS
from ansible_collections.postmaster.mail.plugins.module_utils._mail_sasl import MECHANISMS

_Spec = dict[str, t.Any]
_TLS_VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


def argument_spec() -> _Spec:
    """Return the specification of all options. Defaults are applied later, because options are inherited."""
    return {
        "name": {"type": "str"},
        **_probe(),
        "probes": {"type": "list", "elements": "dict", "options": {"name": {"type": "str"}, **_probe()}},
        "parallel": {"type": "int", "default": 1},
    }


def _probe() -> _Spec:
    return {
        "expect": {"type": "str", "choices": ["delivered", "accepted", "login", "refused"]},
        "at": {"type": "list", "elements": "str", "choices": [*SMTP_STEPS, "login", "fetch"]},
        "code": {"type": "list", "elements": "int"},
        "enhanced": {"type": "str"},
        "response": {"type": "str"},
        "message_id": {"type": "str"},
        "timeout": {"type": "float"},
        "interval": {"type": "float"},
        "body_equal": {"type": "bool"},
        "headers_equal": {"type": "bool"},
        "max_hops": {"type": "int"},
        **_connection(),
        "send": {"type": "dict", "options": {**_login(), **_send()}},
        "fetch": {"type": "list", "elements": "dict", "options": {**_login(), **_fetch()}},
        "dialogue": {"type": "dict", "options": {**_connection(), **_dialogue()}},
    }


def _connection() -> _Spec:
    return {
        "host": {"type": "str"},
        "source_address": {"type": "str"},
        "ca_path": {"type": "path"},
        "validate_certs": {"type": "bool"},
        "server_name": {"type": "str"},
        "tls_min_version": {"type": "str", "choices": list(_TLS_VERSIONS)},
        "tls_max_version": {"type": "str", "choices": list(_TLS_VERSIONS)},
        "connect_timeout": {"type": "float"},
        "reply_timeout": {"type": "float"},
    }


def _login() -> _Spec:
    return {
        **_connection(),
        "port": {"type": "int"},
        "tls": {"type": "str", "choices": ["none", "starttls", "implicit"]},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "auth_mechanism": {"type": "str", "choices": ["auto", *MECHANISMS]},
    }


def _send() -> _Spec:
    return {
        "helo": {"type": "str"},
        "sender": {"type": "str"},
        "recipients": {"type": "list", "elements": "str"},
        "subject": {"type": "str"},
        "body": {"type": "str"},
        "headers": {"type": "dict"},
        "attachments": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "size": {"type": "int"},
                "seed": {"type": "str"},
                "path": {"type": "path"},
            },
        },
        "size": {"type": "int"},
        "raw": {"type": "str"},
        "stop_before": {"type": "str", "choices": ["ehlo", "tls", "auth", "mail", "rcpt", "data"]},
    }


def _fetch() -> _Spec:
    return {
        "protocol": {"type": "str", "choices": ["imap", "pop3"]},
        "mailbox": {"type": "str"},
        "delete": {"type": "bool"},
        "absent": {"type": "bool"},
        "login_only": {"type": "bool"},
    }


def _dialogue() -> _Spec:
    return {
        "protocol": {"type": "str", "choices": ["smtp", "imap", "pop3"]},
        "port": {"type": "int"},
        "tls": {"type": "str", "choices": ["none", "implicit"]},
        "silence": {"type": "float"},
        "exchanges": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "send": {"type": "str"},
                "expect_code": {"type": "list", "elements": "int"},
                "expect": {"type": "str"},
                "replies": {"type": "int"},
                "silent": {"type": "bool"},
                "closed": {"type": "bool"},
                "starttls": {"type": "bool"},
            },
        },
    }
