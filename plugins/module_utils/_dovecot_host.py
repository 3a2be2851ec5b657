# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What the lint of Dovecot settings asks of the host."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import typing as t


class Host(t.Protocol):
    """Users, groups and files of a host."""

    def has_user(self, name: str) -> bool: ...

    def has_group(self, name: str) -> bool: ...

    def user_number(self, name: str) -> int | None: ...

    def exists(self, path: str) -> bool: ...

    def files(self, directory: str) -> list[str]: ...

    def mode(self, path: str) -> int | None: ...


def user_id(name: str) -> int | None:
    """The number of a user given by name or number, or None if there is no such user."""
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def group_id(name: str) -> int | None:
    """The number of a group given by name or number, or None if there is no such group."""
    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        return None


class LocalHost:
    """The host that the module runs on."""

    def has_user(self, name: str) -> bool:
        return user_id(name) is not None

    def has_group(self, name: str) -> bool:
        return group_id(name) is not None

    def user_number(self, name: str) -> int | None:
        return user_id(name)

    def mode(self, path: str) -> int | None:
        try:
            return stat.S_IMODE(os.stat(path).st_mode)
        except OSError:
            return None

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def files(self, directory: str) -> list[str]:
        try:
            return os.listdir(directory)
        except OSError:
            return []
