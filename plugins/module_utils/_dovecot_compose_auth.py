# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who may log in: passdb and userdb of role dovecot, master users, and the databases behind them."""

from __future__ import annotations

import re
import string
import typing as t

from ._dovecot_compose import File, Tree, Work, merge

MASTER_FILE = "master-users"
MYSQL_FILE = "mysql.cnf"
# Dovecot's own choice lacks what addresses may hold besides: mail for o'brien@example.org would bounce.
_USERNAME_CHARACTERS = f"{string.ascii_letters}{string.digits}.-_@!&'+=^~"
# What would end a value in a file of the client library, or be read as something else.
_PLAIN_PATH = re.compile(r"[^\s'\"\\#]+")
_HASH = re.compile(r"^\{[A-Za-z0-9.-]+\}\S+$")
# What an entry of each driver must say, and may say, besides the keys that all of them know.
_COMMON = frozenset({"name", "driver", "fields", "settings"})
_PASSDB_COMMON = _COMMON | {"master", "deny", "mechanisms"}
_PASSDB = {
    "passwd-file": ({"path"}, {"scheme"}),
    "pam": (set(), {"service"}),
    "sql": ({"query"}, {"scheme"}),
    "ldap": ({"filter"}, {"bind", "bind_userdn", "scheme"}),
    "static": (set(), {"password"}),
}
_USERDB: dict[str, tuple[set[str], set[str]]] = {
    "passwd-file": ({"path"}, {"personal"}),
    "passwd": (set(), set()),
    "sql": ({"query"}, {"iterate_query"}),
    "ldap": ({"filter"}, {"iterate_filter", "iterate_fields"}),
    "static": (set(), set()),
    "prefetch": (set(), set()),
}
_FULL_NAMES = {
    ("passdb", "path"): "passwd_file_path",
    ("userdb", "path"): "passwd_file_path",
    ("passdb", "scheme"): "passdb_default_password_scheme",
    ("passdb", "service"): "passdb_pam_service_name",
    ("passdb", "password"): "passdb_static_password",
}


def compose_auth(work: Work) -> None:
    """Say who may log in."""
    wishes = work.wishes
    work.add(
        {
            "auth_mechanisms": wishes.texts("auth_mechanisms"),
            "auth_allow_cleartext": False,
            "auth_username_chars": _USERNAME_CHARACTERS,
            "auth_username_format": wishes.text("auth_username_format"),
        }
    )
    _master_users(work)
    passdbs = _databases(work, "passdb", _PASSDB, _PASSDB_COMMON)
    userdbs = _databases(work, "userdb", _USERDB, _COMMON)
    for drivers, name in ((passdbs, "passdbs"), (userdbs, "userdbs")):
        if not drivers:
            wishes.fault(f"dovecot_{name} is empty: nobody could log in")
    used = {*passdbs, *userdbs}
    _sql(work, wanted="sql" in used)
    _ldap(work, wanted="ldap" in used)


def mail_owner(work: Work) -> str:
    """The user that owns all mail; empty where each user owns the own, as users of the system do."""
    entries = work.wishes.entries("userdbs")
    personal = any(entry.get("driver") == "passwd" or entry.get("personal") for entry in entries)
    return "" if personal else work.wishes.text("mail_user")


def _databases(
    work: Work, kind: str, known: t.Mapping[str, tuple[set[str], set[str]]], common: t.AbstractSet[str]
) -> list[str]:
    variable = f"{kind}s"
    entries = work.wishes.entries(variable)
    names = [str(entry.get("name", entry.get("driver"))) for entry in entries]
    work.wishes.check_unique(variable, names)
    drivers: list[str] = []
    for name, entry in zip(names, entries):
        driver = str(entry.get("driver"))
        work.wishes.check_name(variable, name)
        if driver not in known:
            work.wishes.fault(f"dovecot_{variable}: {name} has the driver {driver!r}: use one of {', '.join(known)}")
            continue
        needed, possible = known[driver]
        for key in sorted(needed - set(entry)):
            work.wishes.fault(f"dovecot_{variable}: {name} needs {key}")
        for key in sorted(set(entry) - needed - possible - common):
            work.wishes.fault(f"dovecot_{variable}: {name} has {key}, which {driver} does not know")
        work.add({f"{kind} {name}": _block(work, kind, driver, name, entry)})
        drivers.append(driver)
    return drivers


def _block(work: Work, kind: str, driver: str, name: str, entry: t.Mapping[str, t.Any]) -> Tree:
    block: Tree = {} if name == driver else {"driver": driver}
    prefix = f"{kind}_{driver}_"
    for key, value in entry.items():
        if key in {"master", "deny"}:
            if value:
                block[key] = True
        elif key == "mechanisms":
            block["mechanisms_filter"] = value
        elif key == "iterate_fields":
            block["userdb_ldap_iterate_fields"] = dict(value)
        elif key == "fields":
            block["fields"] = dict(value)
        elif key not in {*_COMMON, "personal"}:
            block[_FULL_NAMES.get((kind, key), f"{prefix}{key}")] = value
    owner = work.wishes.text("mail_user")
    if kind == "userdb" and driver in {"passwd-file", "static"}:
        suffix = ":default" if driver == "passwd-file" else ""
        # A user without a number must not get that of somebody else.
        numbers = {} if entry.get("personal") else {"uid": owner, "gid": owner}
        fields = {**numbers, "home": work.wishes.text("mail_home")}
        block["fields"] = merge({f"{key}{suffix}": value for key, value in fields.items()}, block.get("fields", {}))
    return merge(block, entry.get("settings") or {})


def _master_users(work: Work) -> None:
    wishes = work.wishes
    users = wishes.entries("master_users")
    if not users:
        return
    separator = wishes.text("master_user_separator")
    wishes.check_unique("master_users", (str(user.get("name")) for user in users))
    lines: list[str] = []
    for user in users:
        name, digest = str(user.get("name", "")), str(user.get("password_hash", ""))
        if not name or set(name) & set(f":{separator} \t\n"):
            wishes.fault(f"dovecot_master_users has the name {name!r}: write one without blank, colon and {separator}")
        if not _HASH.match(digest):
            wishes.fault(f"dovecot_master_users: password_hash of {name} has no {{SCHEME}} before it: see doveadm pw")
        lines.append(f"{name}:{digest}\n")
    if len(separator) != 1:
        wishes.fault(f"dovecot_master_user_separator is {separator!r}: write one character")
    work.files.append(File(MASTER_FILE, "".join(lines), mode="0640", group=str(work.host["auth_group"])))
    work.add(
        {
            "auth_master_user_separator": separator,
            "passdb master-users": {
                "driver": "passwd-file",
                "master": True,
                "passwd_file_path": f"{work.folder}/{MASTER_FILE}",
            },
        }
    )
    if wishes.flag("acl"):
        # Otherwise the rights of the master user count, who has none.
        work.add({"acl_user": "%{user}"})


def _sql(work: Work, *, wanted: bool) -> None:
    sql = dict(work.wishes.mapping("sql"))
    if not wanted:
        return
    driver = str(sql.pop("driver", ""))
    if driver == "sqlite":
        if not sql.get("path"):
            work.wishes.fault("dovecot_sql needs path, the file of the database, with driver sqlite")
        work.add({"sql_driver": "sqlite", "sqlite_path": sql.get("path", "")})
    elif driver in {"pgsql", "mysql"}:
        for key in ("host", "user", "dbname"):
            if not sql.get(key):
                work.wishes.fault(f"dovecot_sql needs {key} with driver {driver}")
        host = str(sql.pop("host", ""))
        sql.pop("path", None)
        sql.update(_sql_tls(work, driver, str(sql.pop("ca_file", ""))))
        work.add({"sql_driver": driver, f"{driver} {host}": {"parameters": sql} if driver == "pgsql" else sql})
    else:
        work.wishes.fault("a passdb or userdb asks SQL: say in dovecot_sql which driver, sqlite, pgsql or mysql")
        return
    work.need(driver)


def _sql_tls(work: Work, driver: str, authorities: str) -> dict[str, t.Any]:
    if not authorities:
        return {}
    if driver == "pgsql":
        return {"sslmode": "verify-full", "sslrootcert": authorities}
    if not _PLAIN_PATH.fullmatch(authorities):
        work.wishes.fault(f"dovecot_sql has the ca_file {authorities!r}: write a path without blanks, quotes and #")
    # Dovecot's own settings leave the name in the certificate aside, and 2.3 forgets them when it connects once more.
    # The client library reads this file each time; without a value it would take the last line for no.
    work.files.append(File(MYSQL_FILE, f"[client]\nssl-ca = {authorities}\nssl-verify-server-cert = 1\n"))
    return {"option_file": f"{work.folder}/{MYSQL_FILE}"}


def _ldap(work: Work, *, wanted: bool) -> None:
    if not wanted:
        return
    ldap = work.wishes.mapping("ldap")
    for key in ("uris", "base"):
        if not ldap.get(key):
            work.wishes.fault(f"a passdb or userdb asks LDAP: dovecot_ldap needs {key}")
    work.need("ldap")
    work.add({"ldap_uris": " ".join(ldap.get("uris") or []), "ldap_base": ldap.get("base", "")})
    names = {"auth_dn": "ldap_auth_dn", "auth_dn_password": "ldap_auth_dn_password", "starttls": "ldap_starttls"}
    work.add({setting: ldap[key] for key, setting in names.items() if key in ldap})
    if "ca_file" in ldap:
        # Dovecot 2.4.1 does not hand the setting on to libldap, which reads the variable.
        authority = {"import_environment": {"LDAPTLS_CACERT": ldap["ca_file"]}}
        work.add({"ssl_client_ca_file": ldap["ca_file"], **authority})
