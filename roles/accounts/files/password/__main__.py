# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let account holders change their own password, in the protocol of poppassd.

Standard input is the connection of one client. The argument is a file of JSON that says where hashes are kept, which
new passwords are taken and where failed attempts are counted.
"""

from __future__ import annotations

import json
import socket
import sys
import typing as t

import password_dovecot
from password_change import Changer
from password_dialogue import Dialogue
from password_guard import Guard
from password_ldap import Ldap
from password_sql import Sql
from password_store import PasswdFile, Store, UnixUsers


def _store(settings: t.Mapping[str, t.Any]) -> Store:
    backend = settings["backend"]
    if backend == "sql":
        return Sql(settings["database"])
    if backend == "ldap":
        return Ldap(settings["directory"])
    if backend == "system":
        return UnixUsers(settings["path"], settings["group"])
    return PasswdFile(settings["path"])


def main(path: str) -> None:
    with open(path, encoding="utf-8") as source:
        settings = json.load(source)
    changer = Changer(
        password_dovecot,
        Guard(settings["attempts"]),
        _store(settings),
        minimum_length=settings["minimum_length"],
        scheme=settings["scheme"],
    )
    with socket.socket(fileno=sys.stdin.fileno()) as connection:
        Dialogue(connection, changer.change).run()


if __name__ == "__main__":
    main(sys.argv[1])
