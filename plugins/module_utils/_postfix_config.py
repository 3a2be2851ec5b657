# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A copy of the Postfix configuration to change and check before its files replace the live ones."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
import time
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._files import read_access, read_bytes, replace_file
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import placed_entry
from ansible_collections.postmaster.mail.plugins.module_utils._postconf import Postconf, normalise
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import Change
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

MAIN = "main.cf"
MASTER = "master.cf"
# Every program of Postfix sleeps for a second or two before it reads a main.cf that changed just now, load_file(3):
# it might catch half of it. Ours are whole from the start, so their time stamps say that they are older than that.
SETTLED_SECONDS = 3.0


class ConfigError(Exception):
    """The configuration files are not there, or were changed by somebody else meanwhile."""


def parse_main_cf(text: str) -> dict[str, str]:
    """Read the parameters of main.cf itself, for the names that postconf does not list; the last entry wins."""
    logical: list[str] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace() and logical:
            logical[-1] = f"{logical[-1]} {line}"
        else:
            logical.append(line)
    parameters: dict[str, str] = {}
    for line in logical:
        name, equals, value = line.partition("=")
        if equals:
            parameters[name.strip()] = normalise(value)
    return parameters


class Stage:
    """main.cf and master.cf of directory copied to scratch; everything else there is linked to."""

    def __init__(self, runner: CommandRunner, executable: str, directory: str, scratch: str) -> None:
        self._directory = directory
        self._scratch = scratch
        self._hidden: dict[bytes, bytes] = {}
        self._original: dict[str, bytes] = {}
        self.postconf = Postconf(runner, executable, scratch)
        for name in os.listdir(directory):
            if name not in (MAIN, MASTER):
                os.symlink(os.path.join(directory, name), os.path.join(scratch, name))
        for name in (MAIN, MASTER):
            content = read_bytes(os.path.join(directory, name))
            if content is not None:
                self._original[name] = content
                # Before 3.10.2 postconf glues an appended entry to a last line that has no line break.
                complete = content if content.endswith(b"\n") or not content else content + b"\n"
                self._write(name, complete)

    def set_parameters(self, changes: t.Sequence[Change]) -> None:
        """Change main.cf of the copy. Raises PostconfError."""
        entries = [f"{change.name}={self._argument(change)}" for change in changes if change.after is not None]
        dropped = [change.name for change in changes if change.after is None]
        if entries:
            self.postconf.edit(["-e", *entries])
        if dropped:
            self.postconf.edit(["-X", *dropped])
        self._settle(MAIN)

    def set_services(self, entries: t.Mapping[str, str], dropped: t.Sequence[str]) -> None:
        """Change master.cf of the copy: entries by name/type, and names to drop. Raises PostconfError."""
        if entries:
            self.postconf.edit(["-M", *(f"{service}={entry}" for service, entry in entries.items())])
        if dropped:
            self.postconf.edit(["-MX", *dropped])

    def hide(self, text: str) -> str:
        """Return a stand-in for a secret, so that no process list shows it; swap_in puts the secret in."""
        # A stand-in for several words is several words, for the option in master.cf to get its braces.
        link = " " if any(character.isspace() for character in text) else "-"
        stand_in = f"hidden{link}{secrets.token_hex(16)}"
        self._hidden[stand_in.encode()] = text.encode("utf-8", "surrogateescape")
        return stand_in

    def swap_in(self, name: str) -> None:
        """Replace the live file by the changed copy; mode, owner, security context and symbolic link stay.

        Raises ConfigError if the live file is no longer the one that was copied, OSError if it cannot be written.
        """
        path = os.path.join(self._directory, name)
        content = read_bytes(os.path.join(self._scratch, name))
        access = read_access(path)
        with _edit_lock(path):
            if content is None or access is None or read_bytes(path) != self._original.get(name):
                raise ConfigError(f"{path} was changed by another program meanwhile. Run the task again.")
            for stand_in, secret in self._hidden.items():
                content = content.replace(stand_in, secret)
            if content != self._original[name]:
                replace_file(path, content, access, mtime=_settled())

    def place_service(self, service: str, after: str) -> None:
        """Move an entry of the copy's master.cf behind another (to the top if after is empty), if both are there."""
        path = os.path.join(self._scratch, MASTER)
        content = read_bytes(path) or b""
        moved = placed_entry(content.decode("utf-8", "surrogateescape"), service, after)
        with open(path, "wb") as sink:
            sink.write(moved.encode("utf-8", "surrogateescape"))

    def put_back(self, name: str) -> None:
        """Give the live file the content that was copied. Raises OSError."""
        path = os.path.join(self._directory, name)
        access = read_access(path)
        with _edit_lock(path):
            if access is not None and read_bytes(path) != self._original[name]:
                replace_file(path, self._original[name], access, mtime=_settled())

    def _argument(self, change: Change) -> str:
        value = change.after or ""
        return self.hide(value) if change.secret and value else value

    def _write(self, name: str, content: bytes) -> None:
        with open(os.path.join(self._scratch, name), "xb") as sink:
            sink.write(content)
        self._settle(name)

    def _settle(self, name: str) -> None:
        os.utime(os.path.join(self._scratch, name), (_settled(), _settled()))


@contextlib.contextmanager
def staged(runner: CommandRunner, executable: str, directory: str) -> t.Iterator[Stage]:
    """Copy the configuration in directory to a folder only we can read, gone at the end of the block.

    Raises ConfigError if there is no main.cf, OSError if it cannot be copied.
    """
    if read_access(os.path.join(directory, MAIN)) is None:
        raise ConfigError(f"{os.path.join(directory, MAIN)} does not exist.")
    with tempfile.TemporaryDirectory(prefix="postmaster-mail-") as scratch:
        yield Stage(runner, executable, directory, scratch)


def _settled() -> float:
    return time.time() - SETTLED_SECONDS


@contextlib.contextmanager
def _edit_lock(path: str) -> t.Iterator[None]:
    """Keep other editors out the way postconf does: by a lock on the file it would rename into place."""
    temporary = f"{path}.tmp"
    while True:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            current = os.stat(temporary)
        except FileNotFoundError:
            current = None
        locked = os.fstat(descriptor)
        if current is not None and (current.st_dev, current.st_ino) == (locked.st_dev, locked.st_ino):
            break
        os.close(descriptor)
    try:
        yield
    finally:
        # A postconf that did not wait for the lock may have renamed it into place.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        os.close(descriptor)
