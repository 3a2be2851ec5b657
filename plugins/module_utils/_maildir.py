# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Homes and Maildirs below one root, reached directory by directory so that no symbolic link leads out of it.

The directories below the root belong to the mail user, so a process of that user can swap any of them for a link at
any moment. Every change therefore goes through a descriptor of the parent opened with O_NOFOLLOW.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import stat
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _tree

_MAILDIR_PARTS = ("cur", "new", "tmp")
_Remedy = t.Literal["chown", "give"]


class MaildirError(Exception):
    """A directory that must not or cannot be touched."""


@dataclass(frozen=True)
class Owner:
    """Numeric owner and group of mail."""

    uid: int
    gid: int


@dataclass(frozen=True)
class DirectoryStep:
    """One directory to create, or to give to its right owner, with give all in it that had the same owner."""

    path: str
    action: t.Literal["create", "chown", "give"]


class MailStore:
    """The mail of all accounts below root."""

    def __init__(
        self,
        root: str,
        *,
        archive_dir: str,
        mail_directory: str | None,
        owner: Owner | None,
        known: t.Callable[[int], bool] | None = None,
    ) -> None:
        """mail_directory is relative to a home, None to leave homes alone; owner None leaves owners alone.

        known tells whether a number is that of a user of the system.
        """
        self._known = known or _is_user
        self._given_root = os.path.normpath(root)
        self._root = os.path.realpath(root)
        self._archive_dir = os.path.normpath(archive_dir)
        self._mail_directory = mail_directory
        self._owner = owner
        self._seen: set[str] = set()

    def parts(self, home: str) -> tuple[str, ...]:
        """Return home relative to the root. Raises MaildirError if it is not strictly below it."""
        for root in (self._given_root, self._root):
            prefix = root.rstrip("/") + "/"
            if home.startswith(prefix):
                parts = tuple(part for part in home[len(prefix) :].split("/") if part)
                break
        else:
            raise MaildirError(f"home {home} is not below mail_root {self._given_root}")
        if not parts or ".." in parts or "." in parts:
            raise MaildirError(f"home {home} is not a plain path below mail_root {self._given_root}")
        normal = "/".join((self._given_root.rstrip("/"), *parts)) + "/"
        archive = self._archive_dir + "/"
        if normal.startswith(archive) or archive.startswith(normal):
            raise MaildirError(f"home {home} and archive_dir {self._archive_dir} lie within each other")
        return parts

    def check(self, home: str) -> None:
        """Raise MaildirError if home is no place for mail."""
        self.parts(home)

    def exists(self, home: str) -> bool:
        """Tell whether there is a directory at home. Raises MaildirError for a link or file in its way."""
        path = self._root
        for part in self.parts(home):
            path = os.path.join(path, part)
            if _directory_status(path) is None:
                return False
        return True

    def steps(self, home: str) -> tuple[DirectoryStep, ...]:
        """Return what is missing or wrong for mail to be delivered into home. Raises MaildirError.

        A directory above is in the steps of the first home that needs it.
        """
        if self._mail_directory is None:
            return ()
        return self._steps(self.parts(home), lambda status: None if self._owned(status) else "chown")

    def personal_steps(self, home: str, owner: Owner | None) -> tuple[DirectoryStep, ...]:
        """As steps, for mail that its own user owns; None is one who is yet to be created. Raises MaildirError."""
        self.check_personal(home, owner)
        if self._mail_directory is None:
            return ()
        home_parts = self.parts(home)
        above = os.path.join(self._root, *home_parts[:-1])
        if len(home_parts) > 1 and _directory_status(above) is None:
            raise MaildirError(f"{above} does not exist; create it so that the owner of home {home} may pass through")

        def wrong(status: os.stat_result) -> _Remedy | None:
            if owner is not None and _owns(owner, status):
                return None
            return "give" if status.st_uid else "chown"

        return self._steps(home_parts, wrong)

    def check_personal(self, home: str, owner: Owner | None) -> None:
        """Raise MaildirError if home is that of another user."""
        if not self.exists(home):
            return
        status = os.lstat(os.path.join(self._root, *self.parts(home)))
        if status.st_uid == 0 or (owner is not None and status.st_uid == owner.uid) or not self._known(status.st_uid):
            return
        raise MaildirError(
            f"home {home} belongs to the user with number {status.st_uid}, who exists; give the account another home, "
            "or the directory another owner"
        )

    def _steps(
        self, home_parts: tuple[str, ...], wrong: t.Callable[[os.stat_result], _Remedy | None]
    ) -> tuple[DirectoryStep, ...]:
        steps: list[DirectoryStep] = []

        def look(path: str, *, is_missing: bool) -> bool:
            """Add the step for a directory of an account, and return whether it is missing."""
            status = None if is_missing else _directory_status(path)
            remedy = "create" if status is None else wrong(status)
            if remedy is not None:
                steps.append(DirectoryStep(path, remedy))
            return status is None

        path, is_missing = self._root.rstrip("/"), False
        for name in home_parts[:-1]:
            path = f"{path}/{name}"
            if path in self._seen:
                continue
            # Most accounts have their homes below the same few directories; the first makes them.
            self._seen.add(path)
            is_missing = is_missing or _directory_status(path) is None
            if is_missing:
                steps.append(DirectoryStep(path, "create"))
        home = f"{path}/{home_parts[-1]}"
        if not look(home, is_missing=is_missing):
            self._look_at_maildir(home, look)
        return tuple(steps)

    def _look_at_maildir(self, home: str, look: t.Callable[..., bool]) -> None:
        """Look at the Maildir, unless it is yet to be made by who delivers or logs in first."""
        path = home
        names = (self._mail_directory or ".").split("/")
        for name in names:
            path = f"{path}/{name}"
            if _directory_status(path) is None:
                return
            look(path, is_missing=False)
        for part in _MAILDIR_PARTS:
            look(f"{path}/{part}", is_missing=False)

    def apply(self, steps: t.Iterable[DirectoryStep], owner: Owner | None = None) -> None:
        """Carry out steps, for this owner if not for that of all mail. Raises MaildirError and OSError."""
        owner = owner or self._owner
        with _Descent(self._root) as descent:
            for step in steps:
                parts = step.path[len(self._root.rstrip("/")) + 1 :].split("/")
                if step.action == "create":
                    # Whoever made it meanwhile, it is looked at and given its owner below.
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(parts[-1], 0o700, dir_fd=descent.to(parts[:-1]))
                descriptor = descent.to(parts)
                if step.action == "give" and owner is not None:
                    _tree.give_tree(descriptor, owner.uid, owner.gid)
                elif owner is not None and not _owns(owner, os.fstat(descriptor)):
                    os.fchown(descriptor, owner.uid, owner.gid)

    def delete(self, home: str) -> None:
        """Remove home and all below it; links in it are removed, not followed. Raises MaildirError and OSError."""
        parts = self.parts(home)
        with self._opened(parts[:-1]) as parent:
            _tree.remove_tree(parts[-1], parent)

    def move(self, home: str, destination: str) -> None:
        """Make home the new home destination by one rename(2). Raises MaildirError and OSError."""
        old, new = self.parts(home), self.parts(destination)
        above = [os.path.join(self._root, *new[:length]) for length in range(1, len(new))]
        self.apply(DirectoryStep(path, "create") for path in above if _directory_status(path) is None)
        with self._opened(old[:-1]) as source, self._opened(new[:-1]) as target:
            os.rename(old[-1], new[-1], src_dir_fd=source, dst_dir_fd=target)

    def archive_name(self, address: str, stamp: str) -> str:
        """Return a free path in the archive."""
        base = path = os.path.join(self._archive_dir, f"{address}-{stamp}")
        number = 1
        while os.path.lexists(path):
            number += 1
            path = f"{base}-{number}"
        return path

    def archive(self, home: str, destination: str) -> None:
        """Move home to destination, by one rename(2) where both are on one file system."""
        parts = self.parts(home)
        name = os.path.basename(destination)
        self._create_archive()
        with self._opened(parts[:-1]) as parent, _opened_directory(self._archive_dir) as archive:
            try:
                os.rename(parts[-1], name, src_dir_fd=parent, dst_dir_fd=archive)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                partial = f".{name}.partial"
                _tree.copy_tree(parts[-1], parent, partial, archive)
                os.rename(partial, name, src_dir_fd=archive, dst_dir_fd=archive)
                _tree.remove_tree(parts[-1], parent)

    def _create_archive(self) -> None:
        try:
            os.mkdir(self._archive_dir, 0o700)
        except FileExistsError:
            return
        if self._owner is not None:
            with _opened_directory(self._archive_dir) as archive:
                os.fchown(archive, self._owner.uid, self._owner.gid)

    def _owned(self, status: os.stat_result) -> bool:
        return self._owner is None or _owns(self._owner, status)

    @contextlib.contextmanager
    def _opened(self, parts: t.Sequence[str]) -> t.Iterator[int]:
        with _Descent(self._root) as descent:
            yield descent.to(parts)


class _Descent:
    """Directories that are open, each within the one before; the way from one to a sister of it is short."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._names: list[str] = []
        self._descriptors: list[int] = []

    def __enter__(self) -> _Descent:
        self._descriptors.append(os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        return self

    def __exit__(self, *_exception: object) -> None:
        self._leave(0)
        os.close(self._descriptors.pop())

    def to(self, parts: t.Sequence[str]) -> int:
        """Return the descriptor of a directory, good until the next call. Raises MaildirError and OSError."""
        shared = 0
        for have, wanted in zip(self._names, parts):
            if have != wanted:
                break
            shared += 1
        self._leave(shared)
        for name in parts[shared:]:
            path = "/".join((self._root, *self._names, name))
            self._descriptors.append(_open_directory(name, path, self._descriptors[-1]))
            self._names.append(name)
        return self._descriptors[-1]

    def _leave(self, depth: int) -> None:
        while len(self._names) > depth:
            self._names.pop()
            os.close(self._descriptors.pop())


def _owns(owner: Owner, status: os.stat_result) -> bool:
    return (status.st_uid, status.st_gid) == (owner.uid, owner.gid)


def _is_user(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _open_directory(name: str, path: str, parent: int | None = None) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise MaildirError(f"{path} is a symbolic link or no directory; it is not followed") from error
        raise


@contextlib.contextmanager
def _opened_directory(path: str) -> t.Iterator[int]:
    descriptor = _open_directory(path, path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _directory_status(path: str) -> os.stat_result | None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(status.st_mode):
        raise MaildirError(f"{path} is a symbolic link or no directory; it is not followed")
    return status
