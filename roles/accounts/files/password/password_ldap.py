# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hash of an account in a directory, as the one who writes into it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import typing as t

from password_store import StoreError

_TIMEOUT = 15
_ESCAPED = re.compile(r"[\\*()\0]")


class Ldap:
    """The attribute of the password in the entry that a filter finds."""

    def __init__(self, directory: t.Mapping[str, t.Any]) -> None:
        self._directory = directory

    def keep(self, name: str, password_hash: str) -> None:
        question = filled(self._directory["user_filter"], name)
        search = ["-LLL", "-o", "ldif-wrap=no", "-b", self._directory["base"], question, "1.1"]
        names = [line for line in self._ask("ldapsearch", *search).splitlines() if line.startswith("dn:")]
        if len(names) != 1:
            raise StoreError(f"the directory has {len(names)} entries of that address")
        self._ask("ldapmodify", data=change(names[0], self._directory["attribute"], password_hash))

    def _ask(self, tool: str, *options: str, data: str = "") -> str:
        directory = self._directory
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "LDAPTLS_REQCERT": "demand"}
        if directory["ca_file"]:
            environment["LDAPTLS_CACERT"] = directory["ca_file"]
        with _secret(directory["bind_password"]) as password:
            argv = [tool, "-x", "-o", f"nettimeout={_TIMEOUT}", "-H", " ".join(directory["uris"])]
            argv += ["-ZZ"] if directory["starttls"] else []
            argv += ["-D", directory["bind_dn"], "-y", password] if directory["bind_dn"] else []
            done = subprocess.run(
                [*argv, *options], input=data, env=environment, capture_output=True, check=False, text=True
            )
        if done.returncode != 0:
            raise StoreError(f"{tool} ended with {done.returncode}: {' '.join(done.stderr.split())}")
        return done.stdout


def filled(user_filter: str, name: str) -> str:
    """Return the filter that finds one account."""
    local_part, _at, domain = name.rpartition("@")
    values = {"%s": name, "%u": local_part, "%d": domain, "%%": "%"}
    escaped = {key: _ESCAPED.sub(lambda match: f"\\{ord(match.group()):02x}", value) for key, value in values.items()}
    return re.sub(r"%[sud%]", lambda match: escaped[match.group()], user_filter)


def change(name_line: str, attribute: str, password_hash: str) -> str:
    """Return what ldapmodify(1) shall do. name_line is the one that names the entry, as ldapsearch(1) prints it."""
    _scheme, _brace, digest = password_hash.partition("}")
    return f"{name_line}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {{CRYPT}}{digest}\n-\n\n"


@contextlib.contextmanager
def _secret(text: str) -> t.Iterator[str]:
    """Yield the name of a file that only its owner reads."""
    descriptor, path = tempfile.mkstemp(prefix="postmaster-mail.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            target.write(text)
        yield path
    finally:
        os.unlink(path)
