# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of Dovecot: is this the password, what is the hash of another, forget what you know."""

from __future__ import annotations

import re
import subprocess
import sys
import typing as t

# No app password opens a service of this name, so that none of them can change the password of its account.
SERVICE = "password-change"
# Whoever may connect is on this host.
ADDRESS = "127.0.0.1"
_TIMEOUT = 45
_WRONG = 77
_HASH = re.compile(r"\{[A-Za-z0-9.-]+\}[^:\s]+")
_PREFERRED = ("ARGON2ID", "SHA512-CRYPT")


class DovecotError(Exception):
    """Dovecot does not answer."""


def is_password(name: str, password: str) -> bool:
    """Tell whether a login with this password would succeed. Raises DovecotError."""
    words = ["auth", "test", "-x", f"service={SERVICE}", "-x", f"rip={ADDRESS}", "-x", f"lip={ADDRESS}", name]
    done = _doveadm(words, f"{password}\n")
    if done.returncode == 0:
        return opens(done.stdout, name)
    if done.returncode != _WRONG:
        raise DovecotError(f"doveadm auth test ended with {done.returncode}: {_line(done.stderr)}")
    return False


def opens(text: str, name: str) -> bool:
    """Tell whether what doveadm printed after a right password lets this account in, and no other."""
    fields = [line.strip().partition("=") for line in text.splitlines()]
    users = [value for field, _equals, value in fields if field == "user"]
    return users == [name] and not any(field == "nologin" for field, _equals, _value in fields)


def new_hash(name: str, password: str, scheme: str) -> str:
    """Return a hash with its scheme in front; without scheme, of the best there is. Raises DovecotError."""
    if not scheme:
        known = _doveadm(["-O", "pw", "-l"], "").stdout.split()
        scheme = next((one for one in _PREFERRED if one in known), _PREFERRED[-1])
    done = _doveadm(["-O", "pw", "-u", name, "-s", scheme], f"{password}\n{password}\n")
    made = done.stdout.strip()
    if done.returncode != 0 or not _HASH.fullmatch(made):
        raise DovecotError(f"doveadm pw -s {scheme} ended with {done.returncode}: {_line(done.stderr)}")
    return made


def follow(name: str) -> None:
    """Make the daemon forget the old password and close the sessions that it opened."""
    for words, good in ((["auth", "cache", "flush", name], (0,)), (["kick", name], (0, 68))):
        done = _doveadm(words, "")
        if done.returncode not in good:
            print(
                f"{name}: doveadm {' '.join(words)} ended with {done.returncode}: {_line(done.stderr)}", file=sys.stderr
            )


def _doveadm(words: t.Sequence[str], said: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["doveadm", *words],
            input=said,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        # Its text would show no secret, but nothing that helps either.
        raise DovecotError(f"doveadm {words[0]} did not end within {_TIMEOUT} seconds") from error


def _line(text: str) -> str:
    return " ".join(text.split())
