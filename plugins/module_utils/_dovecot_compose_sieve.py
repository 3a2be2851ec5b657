# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Sieve of role dovecot: scripts of the users and of the server, vacation, and learning from mail that is moved."""

from __future__ import annotations

from ._dovecot_compose import File, Tree, Work

SIEVE_FOLDER = "sieve"
PIPE_FOLDER = "pipe"
_BANNER = "# Written by the role postmaster.mail.dovecot. What is changed here by hand gets lost.\n"
_LEARN = """require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];
if environment :matches "imap.user" "*" { set "user" "${1}"; }
%(stop)spipe :copy "%(program)s" [ "${user}" ];
"""
_PIPE = """#!/bin/sh
# Written by the role postmaster.mail.dovecot. What is changed here by hand gets lost.
# The message comes on standard input, the user who moved it as the argument.
PATH=/usr/local/bin:/usr/bin:/bin
export PATH USER="$1"
exec %(command)s
"""
_VACATION = {
    "min_period": "sieve_vacation_min_period",
    "max_period": "sieve_vacation_max_period",
    "default_period": "sieve_vacation_default_period",
    "default_subject": "sieve_vacation_default_subject",
    "send_from_recipient": "sieve_vacation_send_from_recipient",
}


def compose_sieve(work: Work) -> None:
    """Let users and the server sort mail by scripts."""
    wishes = work.wishes
    learning = wishes.mapping("learning")
    scripts = wishes.entries("sieve_scripts")
    if not wishes.flag("sieve"):
        for name, value in (
            ("sieve_scripts", scripts),
            ("learning", learning),
            ("sieve_vacation", wishes.mapping("sieve_vacation")),
        ):
            if value:
                wishes.fault(f"dovecot_{name} is set, but dovecot_sieve is off")
        if work.serves("sieve"):
            wishes.fault("dovecot_protocols has sieve, but dovecot_sieve is off")
        return
    work.need("sieve")
    work.add(
        {
            "protocol lmtp": {"mail_plugins": {"sieve": True}},
            "sieve_script personal": {
                "driver": "file",
                "path": wishes.text("sieve_path"),
                "active_path": wishes.text("sieve_active_path"),
            },
        }
    )
    if work.host.get("submission_host"):
        # In a service that may not gain privileges, as in many containers, sendmail cannot queue what scripts send.
        work.add({"submission_host": work.host["submission_host"]})
    if wishes.texts("sieve_extensions"):
        work.add({"sieve_extensions": dict.fromkeys(wishes.texts("sieve_extensions"), True)})
    for key, value in wishes.mapping("sieve_vacation").items():
        if key in _VACATION:
            work.add({_VACATION[key]: value})
    wishes.check_unique("sieve_scripts", (str(script.get("name")) for script in scripts))
    for script in scripts:
        _script(work, str(script.get("name")), str(script.get("type", "before")), str(script.get("content", "")))
    if learning:
        _learning(work)


def compile_settings(work: Work) -> Tree:
    """The part of the settings that says which extensions a script may use."""
    names = ("sieve_plugins", "sieve_extensions", "sieve_global_extensions", "sieve_pipe_bin_dir")
    return {name: work.settings[name] for name in names if name in work.settings} if work.scripts else {}


def _script(work: Work, name: str, kind: str, content: str) -> None:
    work.wishes.check_name("sieve_scripts", name)
    if name in {"personal", "learn-spam", "learn-ham"}:
        work.wishes.fault(f"dovecot_sieve_scripts has the name {name}, which the role uses itself")
    if not content.strip():
        work.wishes.fault(f"dovecot_sieve_scripts: {name} has no content")
    work.add({f"sieve_script {name}": {"type": kind, "driver": "file", "path": _keep(work, name, content)}})


def _keep(work: Work, name: str, content: str) -> str:
    """Put a script among those that are compiled; return its path on the host."""
    path = f"{SIEVE_FOLDER}/{name}.sieve"
    work.scripts.append(File(path, f"{_BANNER}{content.rstrip()}\n"))
    return f"{work.folder}/{path}"


def _learning(work: Work) -> None:
    wishes = work.wishes
    learning = wishes.mapping("learning")
    mailbox = str(learning.get("mailbox") or "Junk")
    if not work.serves("imap"):
        wishes.fault("dovecot_learning is set, but imap is not among dovecot_protocols")
    if f"mailbox {mailbox}" not in wishes.mapping("mailboxes"):
        wishes.fault(f"dovecot_learning: dovecot_mailboxes has no 'mailbox {mailbox}'")
    kinds = [kind for kind in ("spam", "ham") if learning.get(kind)]
    if not kinds:
        wishes.fault("dovecot_learning needs spam or ham, the commands that learn")
    for kind in kinds:
        command = str(learning[kind])
        if "\n" in command:
            wishes.fault(f"dovecot_learning: {kind} has several lines: write one command")
        program = f"learn-{kind}"
        work.files.append(File(f"{PIPE_FOLDER}/{program}", _PIPE % {"command": command}, mode="0755"))
        ignored = [str(name) for name in learning.get("not_ham_into") or ["Trash"]] if kind == "ham" else []
        path = _keep(work, program, _LEARN % {"stop": _stop(ignored), "program": program})
        block = {f"sieve_script {program}": {"type": "before", "driver": "file", "cause": "copy", "path": path}}
        if kind == "spam":
            work.add({"namespace inbox": {f"mailbox {mailbox}": block}})
        else:
            work.add({f"imapsieve_from {mailbox}": block})
    work.add(
        {
            "protocol imap": {"mail_plugins": {"imap_sieve": True}},
            "sieve_plugins": {"sieve_imapsieve": True, "sieve_extprograms": True},
            "sieve_global_extensions": {"vnd.dovecot.pipe": True, "vnd.dovecot.environment": True},
            "sieve_pipe_bin_dir": f"{work.folder}/{PIPE_FOLDER}",
        }
    )


def _stop(mailboxes: list[str]) -> str:
    if not mailboxes:
        return ""
    names = ", ".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in mailboxes)
    return f'if environment :is "imap.mailbox" [{names}] {{ stop; }}\n'
