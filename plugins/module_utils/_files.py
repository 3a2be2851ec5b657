# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading files, and replacing them in one step so that no reader ever sees half of one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
import typing as t
from dataclasses import dataclass

_SELINUX_CONTEXT = "security.selinux"


@dataclass(frozen=True)
class FileAccess:
    """Permission bits (for example 0o640), numeric owner and numeric group of a file."""

    mode: int
    uid: int
    gid: int


def read_bytes(path: str) -> bytes | None:
    """Return the whole file, or None if there is none. Raises OSError on any other failure."""
    try:
        with open(path, "rb") as source:
            return source.read()
    except FileNotFoundError:
        return None


def read_access(path: str) -> FileAccess | None:
    """Return mode and owner of the file that path leads to (links followed), or None if there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return FileAccess(mode=stat.S_IMODE(status.st_mode), uid=status.st_uid, gid=status.st_gid)


def replace_file(path: str, content: bytes, access: FileAccess, *, mtime: float | None = None) -> None:
    """Put content at path by rename(2) from a temporary file of the same directory, synced to disk first.

    A symbolic link stays and its target is replaced. An SELinux context that the file has is carried over.
    mtime (seconds since the epoch) is set before the rename. Raises OSError; then the old file is untouched.
    """
    target = os.path.realpath(path)
    directory = os.path.dirname(target)
    context = _selinux_context(target)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(target)}.", dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as sink:
            os.fchown(sink.fileno(), access.uid, access.gid)
            os.fchmod(sink.fileno(), access.mode)
            if context is not None:
                os.setxattr(temporary, _SELINUX_CONTEXT, context)
            sink.write(content)
            sink.flush()
            os.fsync(sink.fileno())
        if mtime is not None:
            os.utime(temporary, (mtime, mtime))
        os.rename(temporary, target)
    except BaseException:
        # The error that led here is the one to report, also if somebody else removed the file.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    sync_directory(directory)


def sync_directory(directory: str) -> None:
    """Make a rename in directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: str) -> t.Iterator[None]:
    """Hold an exclusive flock(2) on path (created 0600 if missing) for the length of the block."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _selinux_context(path: str) -> bytes | None:
    try:
        return os.getxattr(path, _SELINUX_CONTEXT)
    except OSError:
        return None
