# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""A directory, asked and changed by ldapsearch(1) and ldapmodify(1)."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils import _ldif
from ansible_collections.postmaster.mail.plugins.module_utils._ldif import LdapEntry
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult, CommandRunner

TOOLS = ("ldapsearch", "ldapmodify")
_TIMEOUT = 15
_PAGE = 500
_NO_CONNECTION = "see that the server runs, and that its certificate is for this name and signed by one of ca_file"
_NO_SCHEMA = "name attributes and object classes that the server knows, or load the schema postmaster-mail.ldif into it"
# LDAP transactions (RFC 5805), and the control that makes the server judge a change and leave it at that.
_TRANSACTIONS = "1.3.6.1.1.21.1"
_JUDGE = "!noop"
_STEP = re.compile(r'^(?:adding new|modifying(?: rdn of)?|deleting) entry "(.*)"$', re.MULTILINE)
_VERDICT = re.compile(r"^ldap_\w+: (.*) \(([0-9]+)\)$", re.MULTILINE)
# Exit statuses are the result codes of the protocol, except where there is no connection, with or without StartTLS.
_REMEDIES = {
    1: _NO_CONNECTION,
    4: "let the bind DN read more entries at once (olcLimits), or ask for fewer",
    8: "the server wants TLS: set starttls, or use ldaps",
    17: _NO_SCHEMA,
    21: _NO_SCHEMA,
    32: "create the entry that base names, or correct base",
    34: f"correct base, or {_NO_SCHEMA}",
    49: "correct bind_dn and bind_password",
    50: "let the bind DN do it (olcAccess)",
    65: _NO_SCHEMA,
    127: "install ldap-utils",
    255: _NO_CONNECTION,
}


class LdapError(Exception):
    """The directory cannot be asked or changed; the text names it, the cause and the remedy."""


@dataclass(frozen=True)
class Directory:
    """Which directory, and who asks. Without bind_dn, nobody logs in."""

    uris: tuple[str, ...]
    base: str
    starttls: bool = True
    ca_file: str = ""
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"directory {' '.join(self.uris)}, {self.base}"


class LdapClient:
    """Runs the tools of OpenLDAP."""

    def __init__(self, directory: Directory, runner: CommandRunner) -> None:
        self._directory = directory
        self._runner = runner

    def lacks(self) -> tuple[str, ...]:
        """Return which tools are missing, with the remedy."""
        missing = [tool for tool in TOOLS if shutil.which(tool) is None]
        return (f"{' and '.join(missing)} are not installed; install ldap-utils",) if missing else ()

    def search(self, question: str, attributes: t.Iterable[str]) -> list[LdapEntry]:
        """Return the entries that a filter finds, with these attributes. Raises LdapError."""
        options = ["-LLL", "-o", "ldif-wrap=no", "-E", f"pr={_PAGE}/noprompt", "-b", self._directory.base, "-s", "sub"]
        result = self._run("ldapsearch", [*options, question, *attributes])
        self._check(result, "cannot be asked")
        try:
            return _ldif.parse(result.stdout)
        except _ldif.LdifError as error:
            raise LdapError(f"{self._directory}: cannot be understood: {error}") from error

    def change(self, records: t.Sequence[str]) -> None:
        """Carry out changes, then removals. The changes are made all or not at all where the server has transactions.

        Raises LdapError, which says how many have been made before.
        """
        done = 0
        changes = [record for record in records if not _ldif.removes(record)]
        # A transaction of OpenLDAP takes one removal at most.
        removals = [record for record in records if _ldif.removes(record)]
        for batch, whole in ((changes, bool(changes) and self._has_transactions()), (removals, False)):
            if not batch:
                continue
            data = "\n".join(batch)
            result = self._run("ldapmodify", ["-E", "txn=commit"] if whole else [], data=data)
            if result.rc == 0:
                done += len(batch)
                continue
            steps = _STEP.findall(result.stdout)
            done += 0 if whole or not steps else len(steps) - 1
            if "ldap_txn_end" in result.stderr:
                steps = self._refused(data, result.rc)
            effect = f"{done} of {len(records)} changes have been made" if done else "nothing has been changed"
            self._check(result, f"cannot be changed{f' at {steps[-1]}' if steps else ''}", f"; {effect}")

    def _has_transactions(self) -> bool:
        options = ["-LLL", "-b", "", "-s", "base", "(objectClass=*)", "supportedExtension"]
        result = self._run("ldapsearch", options)
        self._check(result, "cannot be asked")
        return _TRANSACTIONS in result.stdout

    def _refused(self, data: str, code: int) -> list[str]:
        """Return the entry whose change the server refuses for this reason, which it does not name itself."""
        result = self._run("ldapmodify", ["-c", "-e", _JUDGE], data=data)
        verdicts = [int(number) for _text, number in _VERDICT.findall(result.stderr)]
        return [step for step, verdict in zip(_STEP.findall(result.stdout), verdicts) if verdict == code][:1]

    def _run(self, tool: str, options: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        directory = self._directory
        with contextlib.ExitStack() as stack:
            # The variables of the environment are the only way to say which authorities to trust.
            argv = ["env", "LDAPTLS_REQCERT=demand"]
            argv += [f"LDAPTLS_CACERT={directory.ca_file}"] if directory.ca_file else []
            argv += [tool, "-x", "-o", f"nettimeout={_TIMEOUT}", "-H", " ".join(directory.uris)]
            argv += ["-ZZ"] if directory.starttls else []
            if directory.bind_dn:
                argv += ["-D", directory.bind_dn, "-y", stack.enter_context(_secret(directory.bind_password))]
            return self._runner.run([*argv, *options], data=data)

    def _check(self, result: CommandResult, what: str, effect: str = "") -> None:
        if result.rc == 0:
            return
        complaint = "; ".join(line.strip() for line in result.stderr.splitlines() if line.strip())
        remedy = f"; {_REMEDIES[result.rc]}" if result.rc in _REMEDIES else ""
        raise LdapError(f"{self._directory}: {what}: {complaint or f'exit status {result.rc}'}{remedy}{effect}")


@contextlib.contextmanager
def _secret(text: str) -> t.Iterator[str]:
    """Yield the name of a file that only its owner reads, which holds the text and nothing else."""
    descriptor, path = tempfile.mkstemp(prefix="postmaster-mail.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            target.write(text)
        yield path
    finally:
        os.unlink(path)
