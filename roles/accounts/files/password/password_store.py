# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the hash of an account is kept: the places that need nothing but this host."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import math
import os
import pwd
import re
import subprocess
import tempfile
import time
import typing as t

_SELINUX_CONTEXT = "security.selinux"
_TICK = 0.02
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class StoreError(Exception):
    """The new password is not kept; the old one stays. The text is for the log."""


class Store(t.Protocol):
    """Keeps the hashes of accounts."""

    def keep(self, name: str, password_hash: str) -> None:
        """Put another hash in the place of the one there is; it counts from now on. Raises StoreError and OSError."""


class PasswdFile:
    """A passwd-file of Dovecot, as the module maildir_user keeps it."""

    def __init__(self, path: str) -> None:
        self._path = os.path.realpath(path)

    def keep(self, name: str, password_hash: str) -> None:
        directory, base = os.path.split(self._path)
        with _locked(os.path.join(directory, f".{base}.lock")):
            with open(self._path, encoding="utf-8", errors="surrogateescape", newline="") as source:
                text = source.read()
            _replace(self._path, with_hash(text, name, password_hash))
        # Dovecot looks at the file once in a second at most.
        now = time.time()
        time.sleep(math.floor(now) + 1.0 - now + _TICK)


class UnixUsers:
    """Members of a group; the passwd-file says which addresses are accounts."""

    def __init__(self, path: str, group: str) -> None:
        self._path = path
        self._group = group

    def keep(self, name: str, password_hash: str) -> None:
        with open(self._path, encoding="utf-8", errors="surrogateescape", newline="") as source:
            if not any(line.startswith(f"{name}:") for line in source):
                raise StoreError(f"{self._path} has no such account")
        user = name.partition("@")[0]
        try:
            group = grp.getgrnam(self._group)
            member = pwd.getpwnam(user).pw_gid == group.gr_gid or user in group.gr_mem
        except KeyError as error:
            raise StoreError(f"there is no user {user} or no group {self._group}") from error
        if not member:
            raise StoreError(f"the user {user} is not in the group {self._group}")
        _scheme, _brace, digest = password_hash.partition("}")
        done = subprocess.run(
            ["chpasswd", "-e"], input=f"{user}:{digest}\n", capture_output=True, check=False, text=True
        )
        if done.returncode != 0:
            raise StoreError(f"chpasswd ended with {done.returncode}: {' '.join(done.stderr.split())}")


def with_hash(text: str, name: str, password_hash: str) -> str:
    """Return the lines with another password field in that of an account. Raises StoreError if there is none."""
    lines = _LINE.findall(text)
    for number, line in enumerate(lines):
        body = line.rstrip("\r\n")
        fields = body.split(":", 2)
        if fields[0] == name and len(fields) > 1:
            lines[number] = ":".join((name, password_hash, *fields[2:])) + line[len(body) :]
            return "".join(lines)
    raise StoreError("the passwd-file has no such account")


def _replace(path: str, text: str) -> None:
    """Put text at path at once, with the access of the file and a time that Dovecot tells from the last one."""
    status = os.stat(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as sink:
            os.fchown(sink.fileno(), status.st_uid, status.st_gid)
            os.fchmod(sink.fileno(), status.st_mode & 0o7777)
            with contextlib.suppress(OSError):
                os.setxattr(temporary, _SELINUX_CONTEXT, os.getxattr(path, _SELINUX_CONTEXT))
            sink.write(text)
            sink.flush()
            os.fsync(sink.fileno())
        later = max(time.time(), math.floor(status.st_mtime) + 1.0)
        os.utime(temporary, (later, later))
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def _locked(path: str) -> t.Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
