# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading what an upgrade from Dovecot 2.3 depends on beside its configuration: accounts and Sieve scripts."""

from __future__ import annotations

import glob
import os
import stat
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_upgrade_accounts as accounts
from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_upgrade_sieve as sieve
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Body, Fault, render
from ansible_collections.postmaster.mail.plugins.module_utils._files import read_bytes

_LARGEST_SCRIPT = 1 << 20


class Files(t.Protocol):
    """The files of a host, read only."""

    def expand(self, pattern: str) -> list[str]:
        """The paths that a pattern of glob(3) stands for, sorted."""

    def read(self, path: str) -> bytes | None:
        """The content of a regular file of reasonable size, or None. Raises OSError if it cannot be read."""


class LocalFiles:
    """The host that the module runs on."""

    def expand(self, pattern: str) -> list[str]:
        return sorted(glob.glob(pattern))

    def read(self, path: str) -> bytes | None:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                return None
        except FileNotFoundError:
            return None
        return read_bytes(path)


@dataclass(frozen=True)
class Found:
    """What the files say, which of them were read, and which could not be."""

    accounts: accounts.Accounts
    faults: tuple[Fault, ...]
    files: tuple[str, ...]
    messages: tuple[str, ...]


class Reader:
    """Reads files, and keeps which ones."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._read: list[str] = []
        self._messages: list[str] = []

    def texts(self, paths: t.Iterable[str], bodies: t.Mapping[str, Body]) -> dict[str, str]:
        """The text of each file beside, without comments where it could be parsed. Missing ones are left out."""
        found: dict[str, str] = {}
        for path in paths:
            if path in bodies:
                found[path] = "".join(f"{line.text}\n" for line in render(bodies[path]))
            else:
                content = self._content(path)
                if content is not None:
                    found[path] = content.decode("utf-8", "replace")
        return found

    def survey(self, body: Body, externals: t.Mapping[str, Body]) -> Found:
        """Judge accounts and scripts of a 2.3 configuration."""
        found = accounts.Accounts()
        for source in accounts.sources_of(body, externals):
            if source.driver == "passwd-file":
                for path in self._paths(source.path, source.driver):
                    content = self._content(path)
                    if content is not None:
                        found += accounts.judge_passwd_file(source, path, content)
            elif source.path == accounts.SHADOW_FILE:
                content = self._content(source.path)
                found += accounts.judge_shadow(content) if content is not None else accounts.Accounts()
            else:
                found += accounts.judge_database(source)
        scripts = self._scripts(body)
        return Found(found, (*found.faults, *scripts), tuple(self._read), tuple(self._messages))

    def _paths(self, path: str, driver: str) -> list[str]:
        pattern = sieve.as_pattern(path)
        paths = self._files.expand(pattern) if pattern != path else [path]
        if not paths:
            self._messages.append(f"{path} of a {driver} stands for no file.")
        return paths

    def _content(self, path: str) -> bytes | None:
        try:
            content = self._files.read(path)
        except OSError as error:
            self._messages.append(f"{path} cannot be read: {error.strerror}.")
            return None
        if content is None:
            self._messages.append(f"{path} does not exist.")
        else:
            self._read.append(path)
        return content

    def _scripts(self, body: Body) -> list[Fault]:
        faults: list[Fault] = []
        for pattern in sieve.patterns(body):
            for path in (*self._files.expand(pattern), *self._files.expand(f"{pattern}/*.sieve")):
                try:
                    content = self._files.read(path)
                except OSError as error:
                    self._messages.append(f"{path} cannot be read: {error.strerror}.")
                    continue
                if content is not None and path not in self._read and len(content) <= _LARGEST_SCRIPT:
                    self._read.append(path)
                    fault = sieve.judge_script(path, content.decode("utf-8", "replace"))
                    faults += [fault] if fault else []
        return faults
