# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Faults in Dovecot settings that doveconf lets through and that are seen in the tree alone."""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_file import VERSION_SETTINGS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_variables import to_24
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint_meaning import (
    namespaces,
    plug_ins,
    search,
    variables,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import successors
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import value_of, words_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import (
    BOOLEAN_LISTS,
    Block,
    Body,
    Entry,
    Fault,
    Origin,
    Setting,
    find,
    show,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_variables import UnknownVariableError

MECHANISMS = frozenset(
    [
        "plain",
        "login",
        "cram-md5",
        "digest-md5",
        "scram-sha-1",
        "scram-sha-1-plus",
        "scram-sha-256",
        "scram-sha-256-plus",
        "anonymous",
        "gssapi",
        "gss-spnego",
        "winbind",
        "external",
        "oauthbearer",
        "xoauth2",
        "otp",
        "apop",
        "ntlm",
        "rpa",
        "skey",
    ]
)
DRIVERS = {
    "passdb": frozenset(["bsdauth", "imap", "ldap", "lua", "oauth2", "pam", "passwd", "passwd-file", "sql", "static"]),
    "userdb": frozenset(["ldap", "lua", "passwd", "passwd-file", "prefetch", "sql", "static"]),
}
MAIL_DRIVERS = frozenset(
    ["maildir", "mbox", "sdbox", "mdbox", "dbox", "imapc", "pop3c", "cydir", "raw", "shared", "virtual"]
)
SQL_DRIVERS = frozenset(["sqlite", "pgsql", "mysql", "cassandra"])

_OLD_VARIABLE = re.compile(r"%(?:%?[LUM]?[undhrlsw](?![A-Za-z0-9_])|0\d?X?[a-z])")
_OLD_REFERENCE = re.compile(r"(?:^|\s)\$(?!SET:|ENV:)([a-z_]\w*)")
_OCTAL = re.compile(r"^0[0-7]{3}$")
_STRFTIME = frozenset({"log_timestamp"})
_SHARED_VARIABLES = frozenset({"user", "username", "domain"})
_LOGIN_SERVICES = {
    "imap-login": "imap",
    "pop3-login": "pop3",
    "managesieve-login": "sieve",
    "submission-login": "submission",
}
# Names of 2.3 that other blocks of 2.4 also use; they are wrong in this block only.
_OLD_IN_BLOCK = {"location": "namespace", "service_count": "service", "idle_kill": "service"}


def lint(body: Body) -> list[Fault]:
    """Return every fault that can be told without looking at the host."""
    faults: list[Fault] = []
    for key in VERSION_SETTINGS:
        if find(body, (key,)):
            faults.append(Fault(key, "is written by the module", f"Use the option {key[len('dovecot_') :]}."))
    for above, entry in walk(body):
        if isinstance(entry, Setting):
            faults += _value(above, entry)
            faults += _name(above, entry)
            faults += variables(above, entry)
        else:
            faults += _block(above, entry)
    return [*faults, *_ports(body), *_inboxes(body), *namespaces(body), *search(body), *plug_ins(body)]


def walk(body: Body, above: Origin = ()) -> t.Iterator[tuple[Origin, Entry]]:
    """Go through a tree, with the heads of the blocks around each entry."""
    for entry in body:
        yield above, entry
        if isinstance(entry, Block):
            yield from walk(entry.body, (*above, entry.head))


def nearest(name: str, known: t.Iterable[str]) -> str | None:
    """The known name that looks most like name."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return close[0] if close else None


def _value(above: Origin, setting: Setting) -> t.Iterator[Fault]:
    path = show((*above, setting.key))
    value = setting.value
    old = _OLD_VARIABLE.search(value)
    if old and setting.key not in _STRFTIME:
        yield Fault(path, f"uses {old.group(0)}, a variable of Dovecot 2.3", f"Write {_in_24(setting)}.")
    for name in _OLD_REFERENCE.findall(value):
        if name in _SHARED_VARIABLES and above and above[-1].startswith("namespace "):
            continue
        if any(head.startswith("dict_map ") for head in above):
            continue
        added = [f"{word} = yes" for word in value.split() if not word.startswith("$")]
        is_list = setting.key in BOOLEAN_LISTS
        remedy = f"Write {setting.key} {{ {', '.join(added)} }}." if is_list else f"Write $SET:{name}."
        yield Fault(path, f"uses ${name}, which Dovecot 2.4 takes literally", remedy)
    if value.startswith("<"):
        yield Fault(
            path, 'starts with "<", which reads a file in Dovecot 2.3 only', "Use the setting that ends in _file."
        )
    if (
        setting.key == "mode"
        and above
        and above[-1].partition(" ")[0].endswith("_listener")
        and not _OCTAL.match(value)
    ):
        yield Fault(path, f"is {value}, not four octal digits", 'Quote it with its leading zero: "0660".')
    if setting.key == "mail_driver" and value not in MAIL_DRIVERS and "%{" not in value:
        yield Fault(path, f"names the unknown driver {value}", f"Use one of {', '.join(sorted(MAIL_DRIVERS))}.")
    if setting.key == "sql_driver" and value not in SQL_DRIVERS:
        yield Fault(path, f"names the unknown driver {value}", f"Use one of {', '.join(sorted(SQL_DRIVERS))}.")
    if setting.key == "auth_mechanisms":
        yield from _mechanisms(path, value.split())


def _in_24(setting: Setting) -> str:
    try:
        return to_24(setting.value, setting=setting.key)
    except UnknownVariableError:
        return "%{user}, %{user | username} and so on"


def _mechanisms(path: str, names: t.Sequence[str]) -> t.Iterator[Fault]:
    for name in names:
        if name.lower() not in MECHANISMS:
            close = nearest(name.lower(), MECHANISMS)
            remedy = f"Did you mean {close}?" if close else f"Use some of {', '.join(sorted(MECHANISMS))}."
            yield Fault(path, f"names the unknown mechanism {name}", remedy)


def _name(above: Origin, setting: Setting) -> t.Iterator[Fault]:
    path = show((*above, setting.key))
    table = successors()
    home = _OLD_IN_BLOCK.get(setting.key)
    inside = above[-1].partition(" ")[0] if above else ""
    if setting.key in table and (
        inside == home if home else inside in {"", "protocol", "local_name", "local", "remote"}
    ):
        yield Fault(path, "is a setting of Dovecot 2.3", f"Write {table[setting.key]}.")
    if setting.key == "quota_storage_size" and inside == "quota":
        yield Fault(path, "hides the quota of each user when it stands in a quota block", "Move it to the top level.")


def _block(above: Origin, block: Block) -> t.Iterator[Fault]:
    path = show((*above, block.head))
    name, argument = block.name, block.argument
    if name == "plugin":
        yield Fault(path, "is a block of Dovecot 2.3", "Write the settings themselves, outside of any block.")
    if name in {"passdb", "userdb", "namespace"} and not above and not argument:
        yield Fault(
            path, "has no name", f"Write a name after it, such as {name} {'inbox' if name == 'namespace' else 'sql'}."
        )
    elif name in DRIVERS and not above:
        driver = value_of(block.body, "driver") or value_of(block.body, f"{name}_driver") or argument
        if driver not in DRIVERS[name]:
            yield Fault(
                path, f"names the unknown driver {driver}", f"Set driver to one of {', '.join(sorted(DRIVERS[name]))}."
            )
    if name == "auth_mechanisms":
        yield from _mechanisms(path, words_of(block) or [])


def _ports(body: Body) -> t.Iterator[Fault]:
    protocols = words_of(find(body, ("protocols",)))
    seen: list[tuple[str, frozenset[str], str]] = []
    for service in body:
        if not isinstance(service, Block) or service.name != "service":
            continue
        protocol = _LOGIN_SERVICES.get(service.argument)
        if protocol and protocols is not None and protocol not in protocols:
            continue
        for listener in service.body:
            if not isinstance(listener, Block) or listener.name != "inet_listener":
                continue
            port = value_of(listener.body, "port")
            addresses = frozenset(re.split(r"[\s,]+", value_of(listener.body, "listen"))) - {""}
            path = show((service.head, listener.head))
            for other, taken, first in seen:
                if port not in {"", "0"} and other == port and (not addresses or not taken or addresses & taken):
                    yield Fault(
                        path, f"listens on port {port}, as {first} does", "Give one of them another port, or 0."
                    )
            seen.append((port, addresses, path))


def _inboxes(body: Body) -> t.Iterator[Fault]:
    having = [
        one
        for one in body
        if isinstance(one, Block) and one.name == "namespace" and value_of(one.body, "inbox") == "yes"
    ]
    for block in having[1:]:
        yield Fault(
            show((block.head, "inbox")), f"is yes in {having[0].head} as well", "Only one namespace holds INBOX."
        )
