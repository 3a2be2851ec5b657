# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Variables of Dovecot 2.4 written as variables of 2.3."""

from __future__ import annotations

import re

# The variables themselves. Those of more than one letter are written %{name}, also with modifiers.
_NAMES = {
    "user": "u",
    "home": "h",
    "remote_ip": "r",
    "local_ip": "l",
    "protocol": "s",
    "service": "s",
    "password": "w",
    "pid": "p",
    "process:pid": "p",
    "mail_pid": "e",
    "mechanism": "m",
    "secured": "c",
    "local_port": "a",
    "remote_port": "b",
    "session": "{session}",
    "hostname": "{hostname}",
    "system:hostname": "{hostname}",
    "message": "$",
    "msgid": "m",
    "owner_user": "%u",
    "owner_username": "%n",
    "owner_domain": "%d",
    "owner_home": "%h",
    "rip": "r",
    "lip": "l",
    "error": "{error}",
    "uid": "u",
    "uidvalidity": "v",
    "original_user": "{orig_user}",
    "original_username": "{orig_username}",
    "original_domain": "{orig_domain}",
    "auth_user": "{auth_user}",
    "login_user": "{login_user}",
    "login_username": "{login_username}",
    "login_domain": "{login_domain}",
    "real_remote_ip": "{real_rip}",
    "real_local_ip": "{real_lip}",
    "master_user": "{master_user}",
    "cert": "k",
}
_STATUS = ("first_recent_uid", "highestmodseq", "mailbox", "messages", "recent", "uidnext", "unseen", "username")
_LOG_LINE = {
    "deliver_log_format": {"from": "f", "size": "p", "subject": "s"},
    "login_log_format": {"elements": "s"},
    "notify_status_value": {name: f"{{{name}}}" for name in (*_STATUS, "uidvalidity")},
}
_MODIFIERS = {"lower": "L", "upper": "U", "reverse": "R", "md5": "M"}
_PARTS = {
    ("user", "username"): "n",
    ("user", "domain"): "d",
    ("owner_user", "username"): "%n",
    ("owner_user", "domain"): "%d",
}
_PREFIXED = ("ldap:", "oauth2:", "passwd:", "passdb:", "userdb:", "env:")
_EXPRESSION = re.compile(r"%\{([^}]*)\}")
_SHARED = {"$user": "%%u", "$username": "%%n", "$domain": "%%d"}


class UnknownVariableError(ValueError):
    """A variable or a filter that 2.3 has no letter for."""


def to_23(text: str, *, setting: str = "") -> str:
    """Rewrite every %{...} of a 2.4 value for 2.3, and double each literal percent sign."""
    parts: list[str] = []
    end = 0
    for match in _EXPRESSION.finditer(text):
        parts.append(text[end : match.start()].replace("%", "%%"))
        parts.append(_expression(match.group(1), setting))
        end = match.end()
    parts.append(text[end:].replace("%", "%%"))
    return "".join(parts)


def shared_prefix_to_23(text: str) -> str:
    """Rewrite $user, $username and $domain in the prefix of a shared namespace."""
    return re.sub(r"\$(username|user|domain)\b", lambda match: _SHARED[match.group(0)], text)


def _expression(expression: str, setting: str) -> str:
    name, *filters = (part.strip() for part in expression.split("|"))
    if name.startswith(_PREFIXED) and not filters:
        return "%{" + name + "}"
    default = re.match(r"^default\('([^':]*)'\)$", filters[0]) if len(filters) == 1 else None
    if name.startswith("ldap:") and default:
        return "%{" + f"{name}:{default.group(1)}" + "}"
    letter = {**_NAMES, **_LOG_LINE.get(setting, {})}.get(name)
    if letter is None:
        raise UnknownVariableError(f"%{{{expression}}}")
    if filters and (name, filters[0]) in _PARTS:
        letter = _PARTS[(name, filters.pop(0))]
    modifiers = ""
    for modifier in filters:
        wide = re.match(r"^hex\((\d+)\)$", modifier)
        if modifier in _MODIFIERS:
            modifiers += _MODIFIERS[modifier]
        elif wide:
            modifiers += f"{int(wide.group(1)):02d}X"
        else:
            raise UnknownVariableError(f"%{{{expression}}}")
    if letter.startswith("%"):
        return f"%%{modifiers}{letter[1:]}"
    return f"%{modifiers}{letter}"
