# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refuse the logins of mail accounts in a directory whose day has come.

The argument is a file of JSON that names the directory, who writes into it, and the attributes of address, expires and
disabled. An entry whose time is past gets the value TRUE for disabled, the way the module maildir_user locks disabled
accounts. Sessions of these accounts are closed.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import json
import os
import subprocess
import sys
import tempfile
import typing as t

TIMEOUT = 15


def question(settings: t.Mapping[str, t.Any], now: str) -> str:
    """Return the filter for accounts whose time is past and that are not locked."""
    return f"(&{settings['accounts']}({settings['expires']}<={now})(!({settings['disabled']}=TRUE)))"


def found(text: str, attribute: str) -> dict[str, str]:
    """Return the addresses by the lines that name the entries, as ldapsearch(1) prints both."""
    users: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        key, _colon, value = line.partition(":")
        if key == "dn":
            name = line
        elif key.lower() == attribute.lower():
            plain = base64.b64decode(value[1:]).decode() if value.startswith(":") else value.strip()
            users[name] = plain.lower()
    return users


def changes(names: t.Iterable[str], disabled: str) -> str:
    """Return what ldapmodify(1) shall do."""
    return "".join(f"{name}\nchangetype: modify\nreplace: {disabled}\n{disabled}: TRUE\n-\n\n" for name in names)


@contextlib.contextmanager
def secret(text: str) -> t.Iterator[str]:
    """Yield the name of a file that only its owner reads."""
    descriptor, path = tempfile.mkstemp(prefix="postmaster-mail.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            target.write(text)
        yield path
    finally:
        os.unlink(path)


def ask(tool: str, settings: t.Mapping[str, t.Any], *options: str, data: str | None = None) -> str:
    """Return what one of the tools of OpenLDAP prints. Raises CalledProcessError."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LDAPTLS_REQCERT": "demand"}
    if settings["ca_file"]:
        environment["LDAPTLS_CACERT"] = settings["ca_file"]
    with secret(settings["bind_password"]) as password:
        argv = [tool, "-x", "-o", f"nettimeout={TIMEOUT}", "-H", " ".join(settings["uris"])]
        argv += ["-ZZ"] if settings["starttls"] else []
        argv += ["-D", settings["bind_dn"], "-y", password] if settings["bind_dn"] else []
        done = subprocess.run(
            [*argv, *options], input=data or "", env=environment, stdout=subprocess.PIPE, check=True, text=True
        )
        return done.stdout


def expire(settings: t.Mapping[str, t.Any], now: str) -> list[str]:
    """Lock what is due; return the accounts."""
    search = ["-LLL", "-o", "ldif-wrap=no", "-E", "pr=500/noprompt", "-b", settings["base"]]
    text = ask("ldapsearch", settings, *search, question(settings, now), settings["address"])
    users = found(text, settings["address"])
    if users:
        ask("ldapmodify", settings, data=changes(users, settings["disabled"]))
    return sorted(users.values())


def main(path: str) -> int:
    with open(path, encoding="utf-8") as source:
        settings = json.load(source)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d%H%M%SZ")
    try:
        users = expire(settings, now)
    except subprocess.CalledProcessError as error:
        print(f"{error.cmd[0]} failed with status {error.returncode}", file=sys.stderr)
        return 1
    for user in users:
        subprocess.run(["doveadm", "auth", "cache", "flush", user], check=False)
        subprocess.run(["doveadm", "kick", user], check=False)
        print(f"{user} has expired")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
