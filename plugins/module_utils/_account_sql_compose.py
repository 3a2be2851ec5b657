# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""How Postfix and Dovecot ask the database that holds accounts and lookups."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._account_fields import PROTOCOLS
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_schema import (
    ACCOUNTS,
    ALIASES,
    APP_PASSWORDS,
    DOMAINS,
    MAILBOXES,
    SENDER_LOGINS,
    TRANSPORTS,
)

# Neither the files of Postfix nor those of Dovecot 2.3 can quote what would end a value in them.
_PLAIN = re.compile(r"[^\s'\"\\#]*")
# NULL would stand for the limit of the server instead of none.
_NO_LIMIT = "unlimited"
_NOBODY = "255.255.255.255/32"
_TODAY = {"sqlite": "date('now')", "pgsql": "(now() AT TIME ZONE 'utc')::date", "mysql": "UTC_DATE()"}
_CATCH_ALL = {
    "sqlite": "substr('%s', instr('%s', '@'))",
    "pgsql": "'@' || split_part('%s', '@', 2)",
    "mysql": "CONCAT('@', SUBSTRING_INDEX('%s', '@', -1))",
}
_QUERIES = {
    "virtual_mailbox_domains": ("domains", f"SELECT domain FROM {DOMAINS.name} WHERE domain = '%s'"),
    "virtual_mailbox_maps": ("mailboxes", f"SELECT address FROM {MAILBOXES.name} WHERE address = '%s'"),
    # Without an answer for its own address, a mailbox that somebody else put in would lose its mail to a catch-all.
    "virtual_alias_maps": (
        "aliases",
        f"SELECT target FROM {ALIASES.name} WHERE address = '%s' UNION SELECT address FROM {MAILBOXES.name} "
        f"WHERE address = '%s' AND NOT EXISTS (SELECT 1 FROM {ALIASES.name} WHERE address = '%s') "
        # Where there is no catch-all it has none: smtpd tells strangers to come back only where no alias leads on.
        f"AND EXISTS (SELECT 1 FROM {ALIASES.name} WHERE address = {{catch_all}})",
    ),
    "smtpd_sender_login_maps": (
        "sender-logins",
        f"SELECT login FROM {SENDER_LOGINS.name} WHERE sender = '%s' UNION SELECT address FROM {MAILBOXES.name} "
        "WHERE address = '%s'",
    ),
    "transport_maps": ("transports", f"SELECT transport FROM {TRANSPORTS.name} WHERE address = '%s'"),
}


class SqlCompositionError(Exception):
    """The variables of the role contradict each other; the text lists every fault."""


@dataclass(frozen=True)
class SqlComposition:
    """What role accounts offers to the roles postfix and dovecot."""

    dovecot_sql: dict[str, t.Any]
    dovecot_userdbs: list[dict[str, str]]
    postfix_maps: dict[str, list[str]]
    postfix_map_files: dict[str, str]


def compose(wishes: t.Mapping[str, t.Any]) -> SqlComposition:
    """Return how to ask.

    wishes holds driver, host (a name, address or socket), port, name, postfix_user, postfix_password, dovecot_user,
    dovecot_password, path and lookups_path (the files of SQLite), mail_user and postfix_directory, and ca_file (who may
    have signed the certificate of the server), empty for a connection without TLS.
    Raises SqlCompositionError.
    """
    texts = {key: "" if value is None else str(value) for key, value in wishes.items()}
    faults = [
        f"accounts_sql_{key} holds a blank, quote, backslash or number sign, which the files that need it cannot quote"
        for key, text in sorted(texts.items())
        if not _PLAIN.fullmatch(text)
    ]
    if texts.get("ca_file") and (texts["driver"] == "sqlite" or texts["host"].startswith("/")):
        faults.append("accounts_sql_tls is for a server that is named in accounts_sql_host, not for a file or socket")
    if faults:
        raise SqlCompositionError("; ".join(faults))
    driver, directory = texts["driver"], texts["postfix_directory"]
    head = _postfix_head(texts)
    return SqlComposition(
        dovecot_sql=_dovecot_connection(texts),
        dovecot_userdbs=[
            {
                "driver": "sql",
                "query": _userdb_query(driver, texts["mail_user"]),
                "iterate_query": f"SELECT address AS username FROM {ACCOUNTS}",
            }
        ],
        postfix_maps={
            parameter: [f"proxy:{driver}:{directory}/{driver}-{name}.cf"]
            for parameter, (name, _query) in _QUERIES.items()
        },
        postfix_map_files={
            f"{driver}-{name}.cf": f"{head}query = {query.format(catch_all=_CATCH_ALL[driver])}\n"
            for name, query in _QUERIES.values()
        },
    )


def _postfix_head(texts: t.Mapping[str, str]) -> str:
    if texts["driver"] == "sqlite":
        settings = {"dbpath": texts["lookups_path"]}
    else:
        host = texts["host"]
        place = f"unix:{host}" if host.startswith("/") else f"inet:{host}{':' + texts['port'] if texts['port'] else ''}"
        settings = {
            "hosts": place,
            "user": texts["postfix_user"],
            "password": texts["postfix_password"],
            "dbname": texts["name"],
            # A server that was down is asked again after so many seconds. Postfix before 3.9 takes its minute.
            "retry_interval": "5",
        }
        if texts.get("ca_file"):
            settings.update(_postfix_tls(texts))
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


def _postfix_tls(texts: t.Mapping[str, str]) -> dict[str, str]:
    if texts["driver"] == "mysql":
        return {"tls_CAfile": texts["ca_file"], "tls_verify_cert": "yes"}
    # What TLS needs has no setting of its own, but libpq takes it in the name of the database. In an address like
    # postgresql://... Postfix would log the password.
    return {"dbname": f"dbname={texts['name']} sslmode=verify-full sslrootcert={texts['ca_file']}"}


def _dovecot_connection(texts: t.Mapping[str, str]) -> dict[str, t.Any]:
    if texts["driver"] == "sqlite":
        return {"driver": "sqlite", "path": texts["path"]}
    port = {"port": int(texts["port"])} if texts["port"] else {}
    return {
        "driver": texts["driver"],
        "host": texts["host"],
        **port,
        "user": texts["dovecot_user"],
        "password": texts["dovecot_password"],
        "dbname": texts["name"],
        **({"ca_file": texts["ca_file"]} if texts.get("ca_file") else {}),
    }


def passdbs(driver: str, app_passwords: int) -> list[dict[str, t.Any]]:
    """Return the passdbs of Dovecot, of which the last ask for as many app passwords of one account."""
    # "nologin" alone is only honoured by Dovecot's own login services, and Postfix asks as well.
    open_to = f"active = 1 AND (expires IS NULL OR expires > {_TODAY[driver]})"

    def fields(table: str) -> str:
        return (
            f"SELECT {table}.password AS password, "
            f"CASE WHEN {open_to} THEN {table}.allow_nets ELSE '{_NOBODY}' END AS allow_nets, "
            f"CASE WHEN {open_to} THEN NULL ELSE 'y' END AS nologin"
        )

    services = " ".join(f"WHEN '{protocol}' THEN {column}" for protocol, column in PROTOCOLS.items())
    own = f"{fields(ACCOUNTS)} FROM {ACCOUNTS} WHERE address = '%{{user}}'"
    further = (
        f"{fields(APP_PASSWORDS)} FROM {APP_PASSWORDS} JOIN {ACCOUNTS} ON {ACCOUNTS}.address = {APP_PASSWORDS}.address "
        f"WHERE {APP_PASSWORDS}.address = '%{{user}}' AND CASE '%{{protocol}}' {services} ELSE 0 END = 1 "
        f"ORDER BY {APP_PASSWORDS}.name LIMIT 1 OFFSET "
    )
    # Dovecot compares a password with one row alone, so each passdb asks for the next one.
    queries = {"sql": own, **{f"app-{number + 1}": f"{further}{number}" for number in range(app_passwords)}}
    # Each question to a server that is down takes up to a minute, and the next one is no better.
    once = {"settings": {"result_internalfail": "return-fail"}}
    return [{"name": name, "driver": "sql", "query": query, **once} for name, query in queries.items()]


def _userdb_query(driver: str, mail_user: str) -> str:
    size = "CONCAT(quota_bytes, 'B')" if driver == "mysql" else "quota_bytes || 'B'"
    limit = f"CASE quota_bytes WHEN 0 THEN '{_NO_LIMIT}' ELSE {size} END"
    return (
        f"SELECT home, '{mail_user}' AS uid, '{mail_user}' AS gid, {limit} AS quota_storage_size FROM {ACCOUNTS} "
        "WHERE address = '%{user}'"
    )
