# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""passdb and userdb blocks of Dovecot 2.3 for 2.4, with what stood in files beside."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_base import Source, flag, options
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_ldap import ldap
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_oauth2 import oauth2
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_quota import rule_fields
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_sql import external, sql
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Entry, Setting

_KEPT = frozenset(
    {"auth_verbose", "deny", "master", "result_failure", "result_internalfail", "result_success", "skip"}
    | {"username_filter"}
)
_GONE = {
    "bsdauth": "Use passdb pam.",
    "checkpassword": "Use passdb lua with a script that runs the program, or another passdb.",
    "dict": "Use passdb lua with a script that asks the dictionary, or passdb sql.",
    "nss": "Use userdb passwd.",
    "shadow": "Use passdb pam, which asks /etc/shadow too.",
    "sia": "Use passdb pam.",
    "vpopmail": "Use passdb sql on the tables of vpopmail.",
}
_LOCATION = re.compile(r"^(\w+):([^:]*)$")
_PAM_OPTIONS = frozenset({"failure_show_msg", "max_requests", "session", "setcred"})


class Databases:
    """Translates the passdb and userdb blocks of one tree; each gets a name that none had before."""

    def __init__(self, source: Source, taken: t.Iterable[str]) -> None:
        self._source = source
        self._heads = set(taken)

    def block(self, block: Block) -> list[Entry]:
        """One block of 2.3. Empty if 2.4 has nothing of the kind."""
        settings = {one.key: one for one in block.body if isinstance(one, Setting)}
        driver = settings["driver"].value if "driver" in settings else block.argument
        if driver in _GONE:
            self._source.drop((*block.origin[:-1], block.name, driver), "is gone", _GONE[driver])
            return []
        head = self._head(block, driver, settings)
        body: list[Entry] = []
        if head.partition(" ")[2] != driver:
            body.append(Setting("driver", driver, block.origin))
        body += self._common(settings)
        arguments = settings["args"].value if "args" in settings else ""
        top: list[Entry] = []
        fields: list[Setting] = []
        if driver in {"sql", "ldap", "oauth2"}:
            text = external(self._source, block, arguments)
            if text is None:
                return []
            found = {"sql": sql, "ldap": ldap, "oauth2": oauth2}[driver](self._source, block, text)
            body += found.body
            top += found.top
            fields += found.fields
        else:
            plain, more = self._arguments(block, driver, arguments)
            body += plain
            fields += more
        fields += self._fields(settings)
        if fields:
            body.append(Block("fields", tuple(fields), block.origin))
        named = self._names(Block(head, tuple(body), block.origin), driver)
        self._source.note(block.origin, [*top, named])
        return [*top, named]

    def _head(self, block: Block, driver: str, settings: t.Mapping[str, Setting]) -> str:
        master = settings.get("master")
        start = block.argument or ("master" if master and flag(master.value) == "yes" else driver)
        names = (f"{block.name} {start}", *(f"{block.name} {start}{number}" for number in range(2, 100)))
        head = next(name for name in names if name not in self._heads)
        self._heads.add(head)
        return head

    def _names(self, block: Block, driver: str) -> Block:
        """In a block with another name than its driver, 2.4 wants the long names of the driver's settings."""
        if block.argument == driver:
            return block
        long = {"query", "iterate_query", "password", "allow_all_users", "service_name", *_PAM_OPTIONS}
        long |= {"bind", "bind_userdn", "filter", "iterate_filter", "iterate_fields", "update_query"}
        start = f"{block.name}_{driver.replace('-', '_')}_"
        body: list[Entry] = []
        for one in block.body:
            key = one.key if isinstance(one, Setting) else one.head
            name = start + key if key in long else key
            if isinstance(one, Setting):
                body.append(Setting(name, one.value, one.origin))
            else:
                body.append(Block(name, one.body, one.origin))
        return Block(block.head, tuple(body), block.origin)

    def _common(self, settings: t.Mapping[str, Setting]) -> list[Entry]:
        found: list[Entry] = []
        for key, setting in settings.items():
            if key in _KEPT:
                found.append(setting)
            elif key == "mechanisms":
                words = " ".join(re.split(r"[\s,]+", setting.value.strip())).lower()
                found.append(Setting("mechanisms_filter", words, setting.origin))
            elif key == "pass" and flag(setting.value) == "yes":
                found.append(Setting("result_success", "continue", setting.origin))
            elif key not in {"driver", "args", "default_fields", "override_fields", "pass", "name"}:
                self._source.drop(setting.origin, "is no setting of such a block in Dovecot 2.4", "Leave it out.")
        return found

    def _fields(self, settings: t.Mapping[str, Setting]) -> list[Setting]:
        found: list[Setting] = []
        for key, ending in (("default_fields", ":default"), ("override_fields", "")):
            if key in settings:
                found += self._pairs(settings[key], settings[key].value, ending)
        return found

    def _pairs(self, setting: Setting, text: str, ending: str = "") -> list[Setting]:
        found: list[Setting] = []
        for key, value in options(text):
            found += self._pair(setting, key, value, ending)
        return found

    def _pair(self, setting: Setting, key: str, value: str, ending: str) -> list[Setting]:
        """One extra field; those of mail location and quota have other names in 2.4."""
        start = "userdb_" if key.startswith("userdb_") else ""
        place = _LOCATION.match(value) if key == f"{start}mail" else None
        if place:
            path = self._source.text(place.group(2), setting.origin)
            return [
                Setting(f"{start}mail_driver{ending}", place.group(1), setting.origin),
                Setting(f"{start}mail_path{ending}", path, setting.origin),
            ]
        if key == f"{start}mail":
            self._source.drop(
                setting.origin, f"sets the field mail to {value}", "Set mail_driver, mail_path and so on in fields."
            )
            return []
        limits = rule_fields(value) if re.match(r"^(userdb_)?quota_rule\d*$", key) else None
        if limits is not None:
            return [Setting(f"{start}{name}{ending}", limit, setting.origin) for name, limit in limits]
        text = self._source.text(value, setting.origin)
        return [Setting(f"{key}{ending}", text or "yes", setting.origin)]

    def _arguments(self, block: Block, driver: str, text: str) -> tuple[list[Entry], list[Setting]]:
        """The words of args, as settings of the block and as fields."""
        carrier = Setting("args", text, (*block.origin, "args"))
        if driver == "static":
            own = {"password": "password"} if block.name == "passdb" else {"allow_all_users": "allow_all_users"}
            pairs = options(text)
            body: list[Entry] = [
                Setting(own[key], self._source.text(value, carrier.origin), carrier.origin)
                for key, value in pairs
                if key in own
            ]
            fields: list[Setting] = []
            for key, value in pairs:
                if key not in own:
                    fields += self._pair(carrier, key, value, "")
            return body, fields
        if driver == "passwd-file":
            return self._passwd_file(block, carrier), []
        if driver == "pam":
            return self._pam(carrier), []
        if driver == "lua":
            return self._lua(carrier), []
        if driver == "imap":
            return self._imap(carrier)
        for key, value in options(text):
            if key != "blocking":
                self._source.drop(carrier.origin, f"has the argument {key}={value}", "Leave it out.")
        return self._worker(options(text), carrier), []

    def _worker(self, pairs: t.Iterable[tuple[str, str]], carrier: Setting) -> list[Entry]:
        return [Setting("use_worker", flag(value), carrier.origin) for key, value in pairs if key == "blocking"]

    def _passwd_file(self, block: Block, carrier: Setting) -> list[Entry]:
        found: list[Entry] = []
        for key, value in options(carrier.value):
            if key == "scheme" and value:
                if block.name == "passdb":
                    found.append(Setting("default_password_scheme", value.upper(), carrier.origin))
            elif key == "username_format" and value:
                if value != "%u":
                    text = self._source.text(value, carrier.origin)
                    found.append(Setting("auth_username_format", text, carrier.origin))
            elif not value:
                found.append(Setting("passwd_file_path", self._source.text(key, carrier.origin), carrier.origin))
        return found

    def _pam(self, carrier: Setting) -> list[Entry]:
        found: list[Entry] = []
        for key, value in options(carrier.value):
            if key in _PAM_OPTIONS:
                found.append(Setting(key, value or "yes", carrier.origin))
            elif not value:
                service = "%{protocol}" if key == "*" else self._source.text(key, carrier.origin)
                found.append(Setting("service_name", service, carrier.origin))
        return found + self._worker(options(carrier.value), carrier)

    def _lua(self, carrier: Setting) -> list[Entry]:
        pairs = options(carrier.value)
        found: list[Entry] = [Setting("lua_file", value, carrier.origin) for key, value in pairs if key == "file"]
        more = [(key, value) for key, value in pairs if key not in {"file", "blocking"}]
        found += self._worker(pairs, carrier)
        if more:
            body: Body = tuple(Setting(key, value, carrier.origin) for key, value in more)
            found.append(Block("lua_settings", body, carrier.origin))
        return found

    def _imap(self, carrier: Setting) -> tuple[list[Entry], list[Setting]]:
        names = {
            "host": "imapc_host",
            "port": "imapc_port",
            "rawlog_dir": "imapc_rawlog_dir",
            "ssl": "imapc_ssl",
            "ssl_ca_dir": "ssl_client_ca_dir",
            "ssl_ca_file": "ssl_client_ca_file",
            "username": "imapc_user",
        }
        found: list[Entry] = []
        fields: list[Setting] = []
        for key, value in options(carrier.value):
            if key in names:
                found.append(Setting(names[key], self._source.text(value, carrier.origin), carrier.origin))
            elif key == "allow_invalid_cert":
                required = "no" if flag(value) == "yes" else "yes"
                found.append(Setting("ssl_client_require_valid_cert", required, carrier.origin))
            else:
                fields += self._pair(carrier, key, value, "")
        return found, fields
