# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Quotas of role dovecot: limits, warnings by mail, and the policy service that Postfix asks at RCPT."""

from __future__ import annotations

import shlex
import typing as t
from email.header import Header

from ._dovecot_compose import File, Tree, Work
from ._dovecot_compose_auth import mail_owner

WARNING_FILE = "bin/quota-warning"
_PLACEHOLDER = "{percentage}"
# Rank of policy services in the restriction lists that role postfix composes.
_POLICY = 400
# Without an answer mail is taken as ever: delivery knows the quota too.
_POLICY_SERVICE = "{ unix:private/quota-status, timeout=10s, default_action=DUNNO }"
_WARNING = """#!/bin/sh
# Written by the role postmaster.mail.dovecot. What is changed here by hand gets lost.
# Dovecot says how full the mailbox is, in percent, and whose it is. The warning is delivered whatever the quota says.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
percentage=$1
user=$2
case $(dovecot --version) in
  2.3*) unlimited='plugin/quota=count:User quota:noenforcing' ;;
  *) unlimited=quota_enforce=no ;;
esac
{
%(lines)s
} | %(program)s -d "$user" -o "$unlimited"
"""


def compose_quota(work: Work) -> None:
    """Limit what a user may keep."""
    wishes = work.wishes
    if not wishes.flag("quota"):
        for name in ("quota_warnings", "quota_policy", "quota_size", "quota_messages", "quota_trash_extra"):
            if wishes.text(name) not in {"", "[]", "0", "False", "false", "no"}:
                wishes.fault(f"dovecot_{name} is set, but dovecot_quota is off")
        return
    root: Tree = {"driver": "count"}
    work.add({"mail_plugins": {"quota": True}})
    if work.serves("imap"):
        work.add({"protocol imap": {"mail_plugins": {"imap_quota": True}}})
    if wishes.size("quota_size"):
        work.add({"quota_storage_size": wishes.size("quota_size")})
    if wishes.number("quota_messages"):
        work.add({"quota_message_count": wishes.number("quota_messages")})
    if wishes.size("quota_grace"):
        work.add({"quota_storage_grace": wishes.size("quota_grace")})
    if wishes.size("quota_trash_extra"):
        if "mailbox Trash" not in wishes.mapping("mailboxes"):
            wishes.fault("dovecot_quota_trash_extra is set, but dovecot_mailboxes has no 'mailbox Trash'")
        work.add({"namespace inbox": {"mailbox Trash": {"quota_storage_extra": wishes.size("quota_trash_extra")}}})
    root.update(_warnings(work))
    work.add({'quota "User quota"': root})
    if wishes.flag("quota_policy"):
        _policy(work)


def contributions(work: Work) -> list[dict[str, t.Any]]:
    """What Postfix on this host needs to know of the policy service."""
    if not (work.wishes.flag("quota") and work.wishes.flag("quota_policy")):
        return []
    check = {"value": f"check_policy_service {_POLICY_SERVICE}", "order": _POLICY}
    return [{"name": "quota", "order": _POLICY, "lists": {"smtpd_recipient_restrictions": [check]}}]


def _policy(work: Work) -> None:
    wishes = work.wishes
    queue, user = wishes.text("postfix_queue_directory"), wishes.text("postfix_user")
    if not queue:
        wishes.fault(
            "dovecot_quota_policy needs a Postfix on this host: say its queue in dovecot_postfix_queue_directory"
        )
    work.add(
        {
            "service quota-status": {
                "executable": "quota-status -p postfix",
                f"unix_listener {queue}/private/quota-status": {"mode": "0660", "user": user, "group": user},
                "client_limit": 1,
            },
            "quota_status_success": "DUNNO",
            # Aliases are no users of Dovecot; who does not exist at all, Postfix knows.
            "quota_status_nouser": "DUNNO",
            "quota_status_overquota": wishes.text("quota_policy_reply"),
        }
    )


def _warnings(work: Work) -> Tree:
    wishes = work.wishes
    percentages: list[int] = []
    for text in wishes.texts("quota_warnings"):
        if not text.isdigit() or not 0 < int(text) <= 100:
            wishes.fault(f"dovecot_quota_warnings has {text!r}: write percentages from 1 to 100")
        else:
            percentages.append(int(text))
    if not percentages:
        return {}
    owner, group = mail_owner(work), wishes.text("quota_warning_group")
    work.files.append(File(WARNING_FILE, _script(work), mode="0755"))
    # Who can write to the socket can have any text delivered to anybody, as root.
    listener: Tree = {"user": owner, "mode": "0600"}
    if group:
        # The mailboxes of several users call the service.
        listener = {"group": group, "mode": "0660"}
        work.add({"mail_access_groups": group})
    elif not owner:
        wishes.fault(
            "dovecot_quota_warnings needs dovecot_quota_warning_group where each user owns the own mail: name a group "
            "for the socket that the mailboxes of all users call"
        )
    work.add(
        {
            "service quota-warning": {
                "executable": f"script {work.folder}/{WARNING_FILE}",
                # Who delivers reads the configuration with its secrets, and acts as the user only then.
                "user": "root",
                "unix_listener quota-warning": listener,
            }
        }
    )
    # The first limit that is crossed counts, so the highest comes first.
    return {
        f"warning warn-{percentage}": {
            "quota_storage_percentage": percentage,
            "execute quota-warning": {"args": f"{percentage} %{{user}}"},
        }
        for percentage in sorted(set(percentages), reverse=True)
    }


def _script(work: Work) -> str:
    message = work.wishes.mapping("quota_warning_message")
    sender = str(message.get("from", ""))
    if "@" not in sender:
        work.wishes.fault(f"dovecot_quota_warning_message has {sender!r} in from: write an address")
    lines = [
        _printf(f"From: {' '.join(sender.split())}"),
        "printf 'To: <%s>\\n' \"$user\"",
        _printf(f"Subject: {_encoded(str(message.get('subject', '')))}"),
        "printf 'Date: %s\\n' \"$(date -R)\"",
        _printf("Auto-Submitted: auto-generated"),
        _printf("MIME-Version: 1.0"),
        _printf("Content-Type: text/plain; charset=utf-8"),
        _printf("Content-Transfer-Encoding: 8bit"),
        _printf(""),
        *(_printf(line) for line in str(message.get("text", "")).splitlines()),
    ]
    program = shlex.quote(f"{work.host['libexec']}/dovecot-lda")
    return _WARNING % {"lines": "\n".join(f"  {line}" for line in lines), "program": program}


def _encoded(subject: str) -> str:
    """A subject for a header, its letters outside of ASCII encoded and the placeholder kept."""
    parts = " ".join(subject.split()).split(_PLACEHOLDER)
    return _PLACEHOLDER.join(part if part.isascii() else Header(part, "utf-8").encode() for part in parts)


def _printf(line: str) -> str:
    """A shell command that prints one line, with the percentage in place of its placeholder."""
    parts = line.split(_PLACEHOLDER)
    text = '"$percentage"'.join(shlex.quote(part) if part else "" for part in parts)
    return f"printf '%s\\n' {text or chr(39) * 2}"
