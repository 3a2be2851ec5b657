# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stable folder of a certificate: all files change at once, by one rename of the link named current.

<name>/privkey.pem, fullchain.pem and combined.pem are links into <name>/current/, and current is a link to a folder in
<name>/archive/. Whenever the program ends, key and chain that are read there belong together.
"""

from __future__ import annotations

import datetime
import os
import pathlib
import shutil
import stat
import typing as t

from tls_pairs import Pair

EARLIER = 3
_PENDING = ".pending"


def files_of(pairs: t.Sequence[Pair]) -> dict[str, bytes]:
    """Return the contents by name of file; pairs after the first carry the kind of their key in their names."""
    files = {}
    for number, pair in enumerate(pairs):
        suffix = f"-{pair.kind}" if number else ""
        files[f"privkey{suffix}.pem"] = pair.key_pem
        files[f"fullchain{suffix}.pem"] = pair.chain_pem
        files[f"combined{suffix}.pem"] = pair.key_pem + pair.chain_pem
    return files


def _is_secret(name: str) -> bool:
    return not name.startswith("fullchain")


class Store:
    """The folder of one certificate; group is who may read keys besides root, or -1."""

    def __init__(self, folder: pathlib.Path, group: int) -> None:
        self.folder = folder
        self.current = folder / "current"
        self.archive = folder / "archive"
        self.group = group

    @property
    def pending(self) -> bool:
        """Whether files were changed without a proof that they are served."""
        return (self.folder / _PENDING).exists()

    def holds(self, files: t.Mapping[str, bytes]) -> bool:
        """Whether these files are in place, with the right mode."""
        if not self.current.is_symlink():
            return False
        return all(
            (self.folder / name).is_symlink()
            and (self.folder / name).is_file()
            and (self.folder / name).read_bytes() == content
            and self._fits(name)
            for name, content in files.items()
        )

    def _fits(self, name: str) -> bool:
        status = (self.folder / name).stat()
        shared = self.group > 0 and _is_secret(name)
        return stat.S_IMODE(status.st_mode) == self._mode(name) and (not shared or status.st_gid == self.group)

    def _mode(self, name: str) -> int:
        if not _is_secret(name):
            return 0o644
        return 0o640 if self.group > 0 else 0o600

    def _linked(self) -> list[pathlib.Path]:
        return [path for path in self.folder.glob("*.pem") if path.is_symlink()]

    def swap(self, files: t.Mapping[str, bytes], now: datetime.datetime) -> None:
        """Put files in place of those that are there. A proof is pending until settle().

        Others that are there stay, because daemons are not told yet that they are no longer wanted.
        """
        self.archive.mkdir(mode=0o755, parents=True, exist_ok=True)
        (self.folder / _PENDING).touch(mode=0o644)
        self._take_over(now)
        others = {path.name: path.read_bytes() for path in self._linked() if path.is_file() and path.name not in files}
        folder = self._write({**others, **files}, now)
        self._link(self.current, f"archive/{folder.name}")
        for name in files:
            self._link(self.folder / name, f"current/{name}")
        self._forget()

    def settle(self) -> None:
        (self.folder / _PENDING).unlink()

    def _take_over(self, now: datetime.datetime) -> None:
        """Turn plain files into links to the same contents, so that the next step changes them all."""
        plain = [path for path in self.folder.glob("*.pem") if _is_ours(path) and not path.is_symlink()]
        if plain and not self.current.is_symlink():
            folder = self._free(now, "-before")
            folder.mkdir(mode=0o755)
            for path in plain:
                os.link(path, folder / path.name)
            self._link(self.current, f"archive/{folder.name}")
        for path in plain:
            if (self.current / path.name).exists():
                self._link(path, f"current/{path.name}")

    def _free(self, now: datetime.datetime, suffix: str = "") -> pathlib.Path:
        """Return a folder of the archive that is not there yet; the names sort by time."""
        stamp = f"{now:%Y%m%dT%H%M%SZ}"
        number = 0
        while (self.archive / f"{stamp}.{number:02d}{suffix}").exists():
            number += 1
        return self.archive / f"{stamp}.{number:02d}{suffix}"

    def _write(self, files: t.Mapping[str, bytes], now: datetime.datetime) -> pathlib.Path:
        draft = self.archive / ".draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o755)
        for name, content in files.items():
            descriptor = os.open(draft / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as sink:
                sink.write(content)
                if self.group > 0 and _is_secret(name):
                    os.fchown(sink.fileno(), -1, self.group)
                os.fchmod(sink.fileno(), self._mode(name))
                sink.flush()
                os.fsync(sink.fileno())
        _sync(draft)
        folder = self._free(now)
        draft.rename(folder)
        _sync(self.archive)
        return folder

    def _link(self, path: pathlib.Path, target: str) -> None:
        if path.is_symlink() and os.readlink(path) == target:
            return
        temporary = path.with_name(f".{path.name}.new")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        temporary.rename(path)
        _sync(self.folder)

    def _forget(self) -> None:
        """Remove what is older than the last few."""
        used = self.current.resolve()
        others = sorted(path for path in self.archive.iterdir() if path != used and not path.name.startswith("."))
        for path in others[: max(len(others) - EARLIER, 0)]:
            shutil.rmtree(path)


def _is_ours(path: pathlib.Path) -> bool:
    return path.name.startswith(("privkey", "fullchain", "combined"))


def _sync(folder: pathlib.Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
