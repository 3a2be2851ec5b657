# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The part of doveadm(1) that deals with passwords, cached logins and open sessions."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult, CommandRunner

FALLBACK_SCHEME = "SHA512-CRYPT"
PREFERRED_SCHEME = "ARGON2ID"

_SCHEME = re.compile(r"\{([^}]*)\}")
_NOT_RUNNING = re.compile(r"connect(?:_unix)?\([^)]*\) failed: (?:Connection refused|No such file or directory)")
_UNREADABLE_CONFIGURATION = re.compile(r"(?:Error reading|Failed to read|Error in) configuration")
_NOBODY_KICKED = 68
# The auth process drops a connection that sends a line of more than 1024 bytes. More names than fit are all of them.
_FLUSH_BYTES = 900
_ROUNDS = {
    "SHA256-CRYPT": (re.compile(r"\$5\$rounds=([0-9]+)\$"), 5000),
    "SHA512-CRYPT": (re.compile(r"\$6\$rounds=([0-9]+)\$"), 5000),
    "BLF-CRYPT": (re.compile(r"\$2.\$([0-9]+)\$"), 5),
    "PBKDF2": (re.compile(r"\$1\$[^$]*\$([0-9]+)\$"), 5000),
}


class DoveadmError(Exception):
    """doveadm did not do what it was asked for."""


class Doveadm:
    """Runs doveadm. Passwords go through standard input."""

    def __init__(self, runner: CommandRunner, *, doveadm: str, dovecot: str) -> None:
        self._runner = runner
        self._doveadm = doveadm
        self._dovecot = dovecot

    def version(self) -> tuple[int, int]:
        """Return major and minor version of the installed Dovecot."""
        result = self._runner.run([self._dovecot, "--version"])
        match = re.match(r"([0-9]+)\.([0-9]+)", result.stdout)
        if result.rc != 0 or match is None:
            raise DoveadmError(f"{self._dovecot} --version failed: {_complaint(result)}")
        return int(match.group(1)), int(match.group(2))

    def schemes(self) -> frozenset[str]:
        """Return the password schemes that this Dovecot knows."""
        # -O: passwords need no configuration, and on a new or just upgraded host there may be no valid one.
        result = self._runner.run([self._doveadm, "-O", "pw", "-l"])
        if result.rc != 0:
            raise DoveadmError(f"doveadm pw -l failed: {_complaint(result)}")
        return frozenset(result.stdout.split())

    def verify(self, password_hash: str, password: str, address: str) -> bool:
        """Tell whether password_hash is one of password. A hash that no login could match is not."""
        if not _SCHEME.match(password_hash):
            return False
        argv = [self._doveadm, "-O", "pw", "-u", address, "-t", password_hash]
        result = self._runner.run(argv, data=f"{password}\n")
        if result.rc == 0 and "(verified)" in result.stdout:
            return True
        if "Password mismatch" in result.stderr or "Unknown scheme" in result.stderr:
            return False
        raise DoveadmError(f"{address}: the password could not be verified: {_complaint(result)}")

    def hash(self, password: str, scheme: str, address: str, *, rounds: int | None = None) -> str:
        """Return a new hash with its scheme in front."""
        argv = [self._doveadm, "-O", "pw", "-u", address, "-s", scheme]
        if rounds is not None:
            argv += ["-r", str(rounds)]
        result = self._runner.run(argv, data=f"{password}\n{password}\n")
        password_hash = result.stdout.strip()
        if result.rc != 0 or not _SCHEME.match(password_hash) or ":" in password_hash or "\n" in password_hash:
            raise DoveadmError(f"{address}: no {scheme} hash could be made: {_complaint(result)}")
        return password_hash

    def flush(self, users: t.Sequence[str]) -> str | None:
        """Make the running auth daemon forget what it cached of users; return what went wrong, or None."""
        if not users:
            return None
        names = users if sum(len(user) + 1 for user in users) <= _FLUSH_BYTES else ()
        return self._tell(["auth", "cache", "flush", *names], (0,))

    def kick(self, user: str) -> str | None:
        """Close the sessions of user; return what went wrong, or None."""
        return self._tell(["kick", user], (0, _NOBODY_KICKED))

    def _tell(self, command: t.Sequence[str], good: t.Container[int]) -> str | None:
        result = self._runner.run([self._doveadm, *command])
        if _UNREADABLE_CONFIGURATION.search(result.stderr):
            # The daemon may still run on the configuration that it read before; its sockets have default names then.
            result = self._runner.run([self._doveadm, "-O", *command])
        if _NOT_RUNNING.search(result.stderr):
            return None
        if result.rc in good and "Error:" not in result.stderr and "Fatal:" not in result.stderr:
            return None
        return f"doveadm {' '.join(command[:3])}: {_complaint(result)}"


def scheme_of(password_hash: str) -> str:
    """Return the scheme of a hash in capitals, without the encoding that may follow it."""
    match = _SCHEME.match(password_hash)
    return match.group(1).partition(".")[0].upper() if match else ""


def choose_scheme(asked: str | None, known: t.Container[str]) -> str:
    """Return the scheme for new hashes. Raises DoveadmError if this Dovecot does not know the one asked for."""
    if asked is None:
        return PREFERRED_SCHEME if PREFERRED_SCHEME in known else FALLBACK_SCHEME
    if asked.upper() not in known:
        raise DoveadmError(f"scheme {asked} is not known to this Dovecot; 'doveadm pw -l' lists those that are")
    return asked.upper()


def check_rounds(scheme: str, rounds: int | None) -> None:
    """Raise DoveadmError where rounds mean nothing, or something else than work."""
    if rounds is not None and scheme not in _ROUNDS:
        raise DoveadmError(
            f"rounds cannot be used with scheme {scheme} (for ARGON2 they would raise the memory of a login to 1 GiB, "
            f"past the limit of the auth process); they can with {', '.join(sorted(_ROUNDS))}"
        )


def meets(password_hash: str, scheme: str, rounds: int | None) -> bool:
    """Tell whether a hash is of scheme and, if rounds are given, was made with as many."""
    if scheme_of(password_hash) != scheme:
        return False
    if rounds is None:
        return True
    pattern, default = _ROUNDS[scheme]
    match = pattern.search(password_hash)
    return (int(match.group(1)) if match else default) == rounds


def _complaint(result: CommandResult) -> str:
    return result.stderr.strip() or f"exit status {result.rc} without a message"
