# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What changes for the clients of a Dovecot 2.3 when it becomes a 2.4, and what stays."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import value_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Setting

OLD_TLS = frozenset({"SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1", "ANY"})
GONE_MECHANISMS = ("ntlm", "rpa", "skey")


@dataclass(frozen=True)
class Change:
    """One thing that clients may notice. Nothing is to be done where the action is empty."""

    topic: str
    before: str
    after: str
    action: str = ""


def client_changes(effective: Body, tree: Body) -> list[Change]:
    """Compare the 2.3 configuration, defaults included, with the 2.4 tree that replaces it."""
    protocols = set(value_of(effective, "protocols").split())
    changes = [*_tls(effective), _cleartext(effective), *_mechanisms(effective)]
    if "pop3" in protocols:
        changes += _pop3(effective, tree)
    if "imap" in protocols:
        changes += _imap(effective)
    if "submission" in protocols:
        changes.append(_submission(tree))
    return [*changes, *_storage(effective)]


def plugins_of(body: Body) -> set[str]:
    """Every plug-in that is loaded somewhere."""
    found: set[str] = set()
    for entry in body:
        if isinstance(entry, Block):
            found |= plugins_of(entry.body)
        elif entry.key == "mail_plugins":
            found.update(entry.value.replace(",", " ").split())
    return found


def plugin_settings(body: Body) -> dict[str, str]:
    """The settings of plugin { }."""
    return {
        setting.key: setting.value
        for entry in body
        if isinstance(entry, Block) and entry.head == "plugin"
        for setting in entry.body
        if isinstance(setting, Setting)
    }


def _tls(effective: Body) -> t.Iterator[Change]:
    lowest = value_of(effective, "ssl_min_protocol")
    if lowest in OLD_TLS and value_of(effective, "ssl") != "no":
        yield Change(
            "TLS",
            f"Clients may use {lowest} and later.",
            "Current systems refuse less than TLS 1.2 in OpenSSL, whatever Dovecot is told.",
            "Find the clients that still need it in the log before the upgrade (%k in login_log_format_elements).",
        )


def _cleartext(effective: Body) -> Change:
    if value_of(effective, "disable_plaintext_auth") == "no":
        text = "Passwords are accepted without TLS."
        return Change(
            "passwords in clear text",
            text,
            text,
            "Consider auth_allow_cleartext = no, the default, once no client needs it.",
        )
    text = "Passwords are refused without TLS, except from the host itself and from trusted networks."
    return Change("passwords in clear text", text, text)


def _mechanisms(effective: Body) -> t.Iterator[Change]:
    mechanisms = value_of(effective, "auth_mechanisms").lower().split()
    gone = [name for name in GONE_MECHANISMS if name in mechanisms]
    if gone:
        yield Change(
            "login",
            f"Clients may log in with {', '.join(gone)}.",
            "Dovecot 2.4 does not know these mechanisms.",
            "Set the clients to PLAIN over TLS, and take the mechanisms out before the upgrade.",
        )
    if any(name in mechanisms for name in ("gssapi", "gss-spnego")):
        text = "Clients may log in with Kerberos."
        yield Change("login", text, text, "Install the package with the mechanism (dovecot-gssapi) before the start.")


def _pop3(effective: Body, tree: Body) -> t.Iterator[Change]:
    old, new = value_of(effective, "pop3_uidl_format"), value_of(tree, "pop3_uidl_format")
    yield Change(
        "POP3 UIDL",
        f"UIDLs have the form {old}.",
        f"UIDLs have the same form, written {new}. Clients fetch nothing twice." if new else "UIDLs may change.",
        "" if new else "Set pop3_uidl_format, or clients fetch all messages once more.",
    )
    workarounds = value_of(effective, "pop3_client_workarounds")
    if workarounds:
        text = f"POP3 clients are helped by {workarounds}."
        yield Change("POP3 workarounds", text, text)


def _imap(effective: Body) -> t.Iterator[Change]:
    plugins = plugins_of(effective)
    if "imap_zlib" not in plugins:
        yield Change("IMAP COMPRESS", "Not offered.", "Offered to every client.")
    if "imap_quota" in plugins:
        yield Change(
            "IMAP SETQUOTA",
            "Administrators may change quotas by IMAP.",
            "Clients read quotas only.",
            "Change quotas where the accounts are kept.",
        )
    workarounds = value_of(effective, "imap_client_workarounds")
    if workarounds:
        text = f"IMAP clients are helped by {workarounds}."
        yield Change("IMAP workarounds", text, text)


def _submission(tree: Body) -> Change:
    before = "Mail is taken on port 587."
    login = next((e for e in tree if isinstance(e, Block) and e.head == "service submission-login"), None)
    listeners = [e for e in (login.body if login else ()) if isinstance(e, Block)]
    closed = any(e.argument == "submissions" and value_of(e.body, "port") == "0" for e in listeners)
    after = before if closed else "Mail is taken on port 465 as well."
    return Change("submission", before, after)


def _storage(effective: Body) -> t.Iterator[Change]:
    plugins, settings = plugins_of(effective), plugin_settings(effective)
    roots = [value for key, value in settings.items() if key in ("quota", "quota2", "quota3", "quota4")]
    drivers = sorted({root.partition(":")[0] for root in roots} - {"count", "maildir", "fs", "imapc"})
    if drivers and "quota" in plugins:
        yield Change(
            "quota",
            f"Usage is counted by {', '.join(drivers)}.",
            "Usage is counted from the mailbox indexes (count), and may differ a little.",
            "Run doveadm quota recalc -A after the upgrade.",
        )
    if any(name.startswith("fts") for name in plugins):
        yield Change(
            "searching",
            "Searches use the index of the present full-text search.",
            "Searches are slow until each mailbox is indexed again.",
            "Run doveadm index -A '*' after the upgrade.",
        )
    if not value_of(effective, "mail_location"):
        yield Change(
            "folders",
            "Dovecot looks for the mail in each home directory.",
            "Dovecot 2.4 looks where mail_driver and mail_path say, and nowhere else.",
            "Set both for the format that the users really have.",
        )
