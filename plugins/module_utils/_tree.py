# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Removing and copying directory trees of users that may change them meanwhile, without following a link."""

from __future__ import annotations

import errno
import os
import stat

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS = 3
_CHUNK = 1 << 20


def remove_tree(name: str, parent: int) -> None:
    """Remove the directory name of the directory open as parent, with all below it. Raises OSError."""
    for attempt in range(1, _ATTEMPTS + 1):
        _empty(name, parent)
        try:
            os.rmdir(name, dir_fd=parent)
            return
        except OSError as error:
            # A delivery that was under way may put a file where all had been removed.
            if error.errno != errno.ENOTEMPTY or attempt == _ATTEMPTS:
                raise


def copy_tree(name: str, parent: int, new_name: str, new_parent: int) -> None:
    """Copy a directory with owners, modes, times and links; sockets and pipes are left out. Raises OSError."""
    source = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        os.mkdir(new_name, 0o700, dir_fd=new_parent)
        target = os.open(new_name, _DIRECTORY, dir_fd=new_parent)
        try:
            for entry in os.listdir(source):
                status = os.stat(entry, dir_fd=source, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    copy_tree(entry, source, entry, target)
                elif stat.S_ISLNK(status.st_mode):
                    os.symlink(os.readlink(entry, dir_fd=source), entry, dir_fd=target)
                    os.chown(entry, status.st_uid, status.st_gid, dir_fd=target, follow_symlinks=False)
                elif stat.S_ISREG(status.st_mode):
                    _copy_file(entry, source, target)
            _copy_access(os.fstat(source), target)
        finally:
            os.close(target)
    finally:
        os.close(source)


def give_tree(descriptor: int, uid: int, gid: int) -> None:
    """Give an open directory to a user, and all below it that had the same owner. Raises OSError."""
    _give(descriptor, os.fstat(descriptor).st_uid, uid, gid)
    os.fchown(descriptor, uid, gid)


def _give(descriptor: int, former: int, uid: int, gid: int) -> None:
    for entry in os.listdir(descriptor):
        status = os.stat(entry, dir_fd=descriptor, follow_symlinks=False)
        if status.st_uid != former:
            continue
        if stat.S_ISDIR(status.st_mode):
            child = os.open(entry, _DIRECTORY, dir_fd=descriptor)
            try:
                _give(child, former, uid, gid)
            finally:
                os.close(child)
        os.chown(entry, uid, gid, dir_fd=descriptor, follow_symlinks=False)


def _empty(name: str, parent: int) -> None:
    descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        for entry in os.listdir(descriptor):
            status = os.stat(entry, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                remove_tree(entry, descriptor)
            else:
                os.unlink(entry, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _copy_file(name: str, source: int, target: int) -> None:
    reader = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
    try:
        writer = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target)
        with os.fdopen(writer, "wb") as sink:
            while True:
                chunk = os.read(reader, _CHUNK)
                if not chunk:
                    break
                sink.write(chunk)
            sink.flush()
            _copy_access(os.fstat(reader), sink.fileno())
            os.fsync(sink.fileno())
    finally:
        os.close(reader)


def _copy_access(status: os.stat_result, descriptor: int) -> None:
    os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
