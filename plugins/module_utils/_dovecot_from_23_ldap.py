# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""LDAP of Dovecot 2.3, which stands in files beside, for passdb and userdb of 2.4."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import Note, Source, flag
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_quota import rule_fields
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_sql import Found
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import LDAP_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Entry, Setting, show

_ROWS = {row.old: row for row in LDAP_ROWS}
# The built-in values of 2.3, which 2.4 has not.
_DEFAULTS = {
    "iterate_attrs": "uid=user",
    "iterate_filter": "(objectClass=posixAccount)",
    "pass_attrs": "uid=user,userPassword=password",
    "pass_filter": "(&(objectClass=posixAccount)(uid=%u))",
    "user_attrs": "homeDirectory=home,uidNumber=uid,gidNumber=gid",
    "user_filter": "(&(objectClass=posixAccount)(uid=%u))",
}
_SIZE = re.compile(r"^\*:(storage|bytes)=(.*?)([BkKMGT]?)$")


def ldap(source: Source, block: Block, settings: t.Mapping[str, Setting]) -> Found:
    """The file of a passdb or userdb."""
    own = {**{key: Setting(key, value, block.origin) for key, value in _DEFAULTS.items()}, **settings}
    body: list[Entry] = list(_connection(source, settings))
    if block.name == "passdb":
        return _passdb(source, own, body)
    body.append(Setting("filter", source.text(own["user_filter"].value, own["user_filter"].origin), block.origin))
    body.append(
        Setting("iterate_filter", source.text(own["iterate_filter"].value, own["iterate_filter"].origin), block.origin)
    )
    body.append(Block("iterate_fields", tuple(_fields(source, own["iterate_attrs"])), block.origin))
    return Found(tuple(body), fields=tuple(_fields(source, own["user_attrs"])))


def _passdb(source: Source, own: t.Mapping[str, Setting], body: list[Entry]) -> Found:
    bind = "auth_bind" in own and flag(own["auth_bind"].value) == "yes"
    if bind:
        body.append(Setting("bind", "yes", own["auth_bind"].origin))
    if "auth_bind_userdn" in own:
        setting = own["auth_bind_userdn"]
        body.append(Setting("bind_userdn", source.text(setting.value, setting.origin), setting.origin))
    else:
        setting = own["pass_filter"]
        body.append(Setting("filter", source.text(setting.value, setting.origin), setting.origin))
    if "default_pass_scheme" in own:
        scheme = own["default_pass_scheme"]
        body.append(Setting("default_password_scheme", scheme.value.upper(), scheme.origin))
    fields = _fields(source, own["pass_attrs"])
    return Found(tuple(body), fields=tuple(one for one in fields if not (bind and one.key == "password")))


def _connection(source: Source, settings: t.Mapping[str, Setting]) -> t.Iterator[Entry]:
    for key, setting in settings.items():
        if key in _ROWS:
            yield Setting(_ROWS[key].new, _literal(source, key, setting), setting.origin)
        elif key == "hosts":
            uris = " ".join(f"ldap://{host}" for host in setting.value.split())
            yield Setting("ldap_uris", uris, setting.origin)
        elif key == "sasl_mech":
            yield Setting("ldap_auth_sasl_mechanisms", setting.value, setting.origin)
        elif key == "tls_require_cert":
            required = "no" if setting.value in {"never", "allow", "try"} else "yes"
            yield Setting("ssl_client_require_valid_cert", required, setting.origin)
        elif key == "tls_cipher_suite":
            yield Setting("ssl_cipher_list", setting.value, setting.origin)
        elif key == "blocking":
            yield Setting("use_worker", flag(setting.value), setting.origin)
        elif key == "ldaprc_path":
            source.drop(setting.origin, "is gone", "Give the settings of that file in the block.")


def _literal(source: Source, key: str, setting: Setting) -> str:
    return source.text(setting.value, setting.origin) if key == "base" else setting.value


def _fields(source: Source, setting: Setting) -> list[Setting]:
    """uid=user, =home=/srv/%{ldap:uid}, quota=quota_rule=*:bytes=%$ as one setting for each field."""
    found: list[Setting] = []
    for part in setting.value.split(","):
        attribute, _equals, rest = part.strip().partition("=")
        if not attribute and not rest:
            continue
        name, equals, template = rest.partition("=")
        if not equals:
            template = "%$"
        if not name:
            name = attribute
        text = template.replace("%$", f"%{{ldap:{attribute}}}")
        found += _field(source, setting, name.strip(), text)
    return found


def _field(source: Source, setting: Setting, name: str, template: str) -> list[Setting]:
    start = "userdb_" if name.startswith("userdb_") else ""
    if name == f"{start}mail":
        driver, colon, path = template.partition(":")
        if colon and ":" not in re.sub(r"%\{[^}]*\}", "", path) and not driver.startswith("%"):
            text = source.text(path, setting.origin)
            return [
                Setting(f"{start}mail_driver", driver, setting.origin),
                Setting(f"{start}mail_path", text, setting.origin),
            ]
        source.drop(
            setting.origin, f"sets the field mail to {template}", "Set mail_driver and mail_path in fields instead."
        )
        return []
    if re.match(r"^(userdb_)?quota_rule\d*$", name):
        limits = rule_fields(template)
        size = _SIZE.match(template)
        if size and "%{" in size.group(2):
            ending = size.group(3) or ("B" if size.group(1) == "bytes" else "k")
            new = Setting(f"{start}quota_storage_size", f"{size.group(2)}{ending}", setting.origin)
            check = "if the attribute holds sizes with a unit, leave the unit out here"
            source.notes.append(Note(show(setting.origin), f"{new.key} = {new.value}", check))
            return [new]
        if limits is not None and "%{" not in template:
            return [Setting(f"{start}{key}", value, setting.origin) for key, value in limits]
        source.drop(setting.origin, f"sets the field {name} to {template}", "Set quota_storage_size in fields instead.")
        return []
    return [Setting(name, source.text(template, setting.origin), setting.origin)]
