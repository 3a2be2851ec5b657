# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Variables of Dovecot 2.3 written as variables of 2.4."""

from __future__ import annotations

import re

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_variables import UnknownVariableError

_LETTERS = {
    "a": "local_port",
    "b": "remote_port",
    "c": "secured",
    "d": "user | domain",
    "e": "mail_pid",
    "g": "gid",
    "h": "home",
    "i": "uid",
    "k": "cert",
    "l": "local_ip",
    "m": "mechanism",
    "n": "user | username",
    "p": "process:pid",
    "r": "remote_ip",
    "s": "protocol",
    "u": "user",
    "w": "password",
    "$": "message",
}
_NAMES = {
    "auth_domain": "auth_user | domain",
    "auth_username": "auth_user | username",
    "domain": "user | domain",
    "hostname": "system:hostname",
    "lip": "local_ip",
    "login_domain": "login_user | domain",
    "login_username": "login_user | username",
    "lport": "local_port",
    "mech": "mechanism",
    "mailpid": "mail_pid",
    "orig_domain": "original_user | domain",
    "orig_user": "original_user",
    "orig_username": "original_user | username",
    "pid": "process:pid",
    "real_lip": "real_local_ip",
    "real_lport": "real_local_port",
    "real_rip": "real_remote_ip",
    "real_rport": "real_remote_port",
    "rip": "remote_ip",
    "rport": "remote_port",
    "service": "protocol",
    "username": "user | username",
}
_OCTETS = {"i": "input", "o": "output"}
# A few settings have letters of their own.
_OWN = {
    "deliver_log_format": {
        "m": "msgid",
        "s": "subject",
        "f": "from",
        "e": "from_envelope",
        "p": "size",
        "w": "vsize",
    },
    "imap_logout_format": _OCTETS,
    "imap_urlauth_logout_format": _OCTETS,
    "login_log_format": {"s": "elements"},
    "mail_log_prefix": {"s": "service"},
    "managesieve_logout_format": _OCTETS,
    "pop3_logout_format": {
        **_OCTETS,
        "b": "retr_bytes",
        "d": "deleted_count",
        "m": "message_count",
        "p": "top_bytes",
        "r": "retr_count",
        "s": "message_bytes",
        "t": "top_count",
        "u": "uidl_change",
    },
    "pop3_uidl_format": {"u": "uid", "v": "uidvalidity", "m": "md5", "f": "filename", "g": "guid"},
    "rejection_reason": {"n": "literal('\\r\\n')", "r": "reason", "s": "subject", "t": "to"},
    "rejection_subject": {"s": "subject"},
    "submission_logout_format": _OCTETS,
}
# Settings whose long names are the same in 2.4, though they mean something else elsewhere.
_UNCHANGED = frozenset({"notify_status_value"})
_MODIFIERS = {"L": "lower", "U": "upper", "R": "reverse", "M": "md5 | hexlify", "D": "ldap_dn"}
_OWNER = {"u": "owner_user", "n": "owner_user | username", "d": "owner_user | domain", "h": "owner_home"}
_SHARED = {"u": "$user", "n": "$username", "d": "$domain"}
_POSTMASTER = re.compile(r"%\{if;%d;ne;;%d;%\{hostname\}\}")
_VARIABLE = re.compile(
    r"%(?:(?P<owner>%)(?P<owned>[undh])(?![a-z])|(?P<percent>%)"
    r"|(?P<width>-?\d*(?:\.-?\d+)?)(?P<modifiers>[LUERXHNMDT]*)(?:(?P<letter>[a-z$])|\{(?P<name>[^}]*)\}))"
)


def to_24(text: str, *, setting: str = "", shared: bool = False) -> str:
    """Rewrite each variable of a 2.3 value, and make each doubled percent sign single.

    In a shared namespace the doubled sign of "%%u" stands for the owner. A prefix is said with $user there.
    Raises UnknownVariableError where 2.4 has no such variable.
    """
    text = _POSTMASTER.sub("%{if;postmaster}", text)
    return _VARIABLE.sub(lambda match: _replace(match, setting, shared), text)


def has_variables(text: str) -> bool:
    """Whether a value holds a variable that only 2.3 knows, so that 2.4 would take it literally."""
    for match in _VARIABLE.finditer(text):
        if match.group("letter") and (match.group("letter") in "undhrlswp$" or match.group("modifiers")):
            return not text[match.end() :][:1].isalnum() or bool(match.group("modifiers"))
        name = match.group("name")
        if name is not None and (name in _NAMES or match.group("modifiers")):
            return True
    return False


def _replace(match: re.Match[str], setting: str, shared: bool) -> str:
    if match.group("owner"):
        owned = match.group("owned")
        if not shared:
            return f"%{owned}"
        return _SHARED.get(owned, "%{" + _OWNER[owned] + "}") if setting == "prefix" else "%{" + _OWNER[owned] + "}"
    if match.group("percent"):
        return "%"
    return "%{" + " | ".join(_parts(match, setting)) + "}"


def _parts(match: re.Match[str], setting: str) -> list[str]:
    letter, name = match.group("letter"), match.group("name")
    if letter:
        base = {**_LETTERS, **_OWN.get(setting, {})}.get(letter)
    elif name == "if;postmaster":
        base = "user | domain | default(hostname)"
    elif name.startswith("if;"):
        base = None
    elif name.startswith(("ldap:", "userdb:", "passdb:", "passwd:")) and name.count(":") > 1:
        kind, key, default = name.split(":", 2)
        base = f"{kind}:{key} | default('{default}')"
    else:
        base = name if setting in _UNCHANGED else _NAMES.get(name, name)
    if base is None:
        raise UnknownVariableError(match.group(0))
    parts = [base]
    width = match.group("width")
    for modifier in match.group("modifiers"):
        if modifier == "X":
            parts.append(f"hex({int(width)})" if width else "hex")
            width = ""
        elif modifier in _MODIFIERS:
            parts.append(_MODIFIERS[modifier])
        else:
            raise UnknownVariableError(match.group(0))
    if width:
        offset, dot, length = width.partition(".")
        parts.append(f"substr({offset or 0}, {length})" if dot else f"substr(0, {int(offset)})")
    return parts
