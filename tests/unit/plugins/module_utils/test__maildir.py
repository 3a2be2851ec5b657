# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _tree
from ansible_collections.postmaster.mail.plugins.module_utils._maildir import (
    DirectoryStep,
    MaildirError,
    MailStore,
    Owner,
)

ME = Owner(os.getuid(), os.getgid())


def store_at(root: pathlib.Path, owner: Owner | None = ME, mail_directory: str | None = "Maildir") -> MailStore:
    return MailStore(str(root), archive_dir=str(root / ".archive"), mail_directory=mail_directory, owner=owner)


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    directory = tmp_path / "mail"
    directory.mkdir()
    return directory


def test_create(root: pathlib.Path) -> None:
    store = store_at(root)
    home = f"{root}/example.org/alice"
    steps = store.steps(home)
    assert [(os.path.relpath(step.path, root), step.action) for step in steps] == [
        ("example.org", "create"),
        ("example.org/alice", "create"),
    ]
    store.apply(steps)
    assert store.steps(home) == ()
    assert {os.stat(step.path).st_mode & 0o7777 for step in steps} == {0o700}


def test_what_is_above_several_homes_is_made_once(root: pathlib.Path) -> None:
    store = store_at(root)
    steps = [*store.steps(f"{root}/example.org/alice"), *store.steps(f"{root}/example.org/bob")]
    assert [os.path.relpath(step.path, root) for step in steps] == [
        "example.org",
        "example.org/alice",
        "example.org/bob",
    ]
    store.apply(steps)
    assert (root / "example.org" / "bob").is_dir()


def test_create_survives_somebody_faster(root: pathlib.Path) -> None:
    store = store_at(root)
    steps = store.steps(f"{root}/alice")
    (root / "alice").mkdir()
    store.apply(steps)
    assert store.steps(f"{root}/alice") == ()


def test_a_maildir_that_lacks_a_part_gets_it(root: pathlib.Path) -> None:
    for part in ("cur", "new"):
        (root / "alice" / "Maildir" / part).mkdir(parents=True)
    (step,) = store_at(root).steps(f"{root}/alice")
    assert (os.path.relpath(step.path, root), step.action) == ("alice/Maildir/tmp", "create")


def test_wrong_owner_of_home_but_not_of_its_parent(root: pathlib.Path) -> None:
    for part in ("cur", "new", "tmp"):
        (root / "example.org" / "alice" / "Maildir" / part).mkdir(parents=True)
    other = store_at(root, Owner(ME.uid + 1, ME.gid))
    steps = other.steps(f"{root}/example.org/alice")
    assert [os.path.relpath(step.path, root / "example.org" / "alice") for step in steps] == [
        ".",
        "Maildir",
        "Maildir/cur",
        "Maildir/new",
        "Maildir/tmp",
    ]
    assert {step.action for step in steps} == {"chown"}


def test_homes_that_are_left_alone(root: pathlib.Path) -> None:
    assert store_at(root, mail_directory=None).steps(f"{root}/alice") == ()


@pytest.mark.parametrize(
    "home",
    ["/home/alice", "{root}", "{root}/", "{root}/../alice", "{root}/a/../../b", "{root}2/a", "{root}/.archive/a"],
)
def test_home_that_is_no_place_for_mail(root: pathlib.Path, home: str) -> None:
    with pytest.raises(MaildirError):
        store_at(root).check(home.format(root=root))


def test_home_that_would_hold_the_archive(root: pathlib.Path) -> None:
    store = MailStore(str(root), archive_dir=f"{root}/old/archive", mail_directory=None, owner=None)
    with pytest.raises(MaildirError, match="lie within each other"):
        store.check(f"{root}/old")


@pytest.mark.parametrize("link", ["example.org", "example.org/alice", "example.org/alice/Maildir"])
def test_links_are_not_followed(root: pathlib.Path, tmp_path: pathlib.Path, link: str) -> None:
    outside = tmp_path / "outside"
    (outside / "alice" / "Maildir").mkdir(parents=True)
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(outside)
    with pytest.raises(MaildirError, match="symbolic link"):
        store_at(root).steps(f"{root}/example.org/alice")


def test_link_that_appears_after_planning_is_not_followed(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    store = store_at(root)
    home = f"{root}/example.org/alice"
    steps = store.steps(home)
    (root / "example.org").symlink_to(tmp_path)
    with pytest.raises(MaildirError, match="symbolic link"):
        store.apply(steps)
    with pytest.raises(MaildirError, match="symbolic link"):
        store.delete(home)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail"]


def fill(home: pathlib.Path, precious: pathlib.Path) -> None:
    (home / "Maildir" / "cur").mkdir(parents=True)
    (home / "Maildir" / "cur" / "1:2,S").write_text("mail")
    (home / "Maildir" / "link").symlink_to(precious)
    os.mkfifo(home / "pipe")
    os.utime(home / "Maildir" / "cur", (1000, 1000))


def test_delete_spares_what_links_lead_to(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("keep")
    fill(root / "alice", precious)
    store = store_at(root)
    assert store.exists(f"{root}/alice")
    store.delete(f"{root}/alice")
    assert not store.exists(f"{root}/alice")
    assert (precious / "file").read_text() == "keep"


def test_archive(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    fill(root / "alice", tmp_path)
    store = store_at(root)
    name = store.archive_name("alice@example.org", "20260102T030405Z")
    assert name == f"{root}/.archive/alice@example.org-20260102T030405Z"
    store.archive(f"{root}/alice", name)
    assert not (root / "alice").exists()
    assert pathlib.Path(name, "Maildir", "cur", "1:2,S").read_text() == "mail"
    assert store.archive_name("alice@example.org", "20260102T030405Z") == f"{name}-2"


def test_copy_keeps_content_times_and_links(root: pathlib.Path) -> None:
    fill(root / "alice", root / "nowhere")
    os.chmod(root / "alice" / "Maildir" / "cur" / "1:2,S", 0o640)
    descriptor = os.open(root, os.O_RDONLY)
    try:
        _tree.copy_tree("alice", descriptor, "copy", descriptor)
    finally:
        os.close(descriptor)
    copy = root / "copy"
    assert (copy / "Maildir" / "cur" / "1:2,S").read_text() == "mail"
    assert (copy / "Maildir" / "cur" / "1:2,S").stat().st_mode & 0o777 == 0o640
    assert (copy / "Maildir" / "cur").stat().st_mtime == 1000
    assert os.readlink(copy / "Maildir" / "link") == str(root / "nowhere")
    assert not (copy / "pipe").exists()


def personal_store(root: pathlib.Path, known: t.Container[int] = ()) -> MailStore:
    return MailStore(
        str(root),
        archive_dir=str(root / ".archive"),
        mail_directory="Maildir",
        owner=None,
        known=lambda uid: uid in known,
    )


def plain_user(*paths: pathlib.Path) -> int:
    """Return the number of a user other than root who has these paths, whoever runs the tests."""
    if ME.uid:
        return ME.uid
    for path in paths:
        os.chown(path, 4321, ME.gid, follow_symlinks=False)
    return 4321


def actions(steps: t.Iterable[DirectoryStep], home: pathlib.Path) -> list[tuple[str, str]]:
    return [(os.path.relpath(step.path, home), step.action) for step in steps]


def test_a_home_of_the_account_itself(root: pathlib.Path) -> None:
    store = personal_store(root, known=(ME.uid,))
    steps = store.personal_steps(f"{root}/alice", None)
    assert [action for _path, action in actions(steps, root)] == ["create"]
    store.apply(steps, ME)
    assert store.personal_steps(f"{root}/alice", ME) == ()


def test_mail_that_was_kept_is_given_to_the_new_user(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = personal_store(root)
    store.apply(store.personal_steps(f"{root}/alice", None), ME)
    (root / "alice" / "Maildir" / "new").mkdir(parents=True)
    (root / "alice" / "Maildir" / "new" / "1").write_text("mail")
    (root / "alice" / "elsewhere").symlink_to("/etc")
    new = Owner(plain_user(root / "alice", *(root / "alice").rglob("*")) + 1, ME.gid)
    steps = store.personal_steps(f"{root}/alice", new)
    assert actions(steps, root / "alice")[0] == (".", "give")
    given: list[tuple[object, ...]] = []

    def chown(name: str, *owner: int, dir_fd: int, follow_symlinks: bool) -> None:
        assert not follow_symlinks
        assert name in os.listdir(dir_fd)
        given.append((name, *owner))

    monkeypatch.setattr(os, "chown", chown)
    monkeypatch.setattr(os, "fchown", lambda _descriptor, *owner: given.append((".", *owner)))
    store.apply(steps[:1], new)
    assert ("1", new.uid, new.gid) in given
    assert ("elsewhere", new.uid, new.gid) in given
    assert given[-1] == (".", new.uid, new.gid)
    assert "passwd" not in [name for name, *_owner in given]


def test_a_home_of_another_user_is_left_alone(root: pathlib.Path) -> None:
    (root / "dora").mkdir()
    dora = plain_user(root / "dora")
    store = personal_store(root, known=(dora,))
    for owner in (None, Owner(dora + 1, ME.gid)):
        with pytest.raises(MaildirError, match=f"belongs to the user with number {dora}, who exists"):
            store.personal_steps(f"{root}/dora", owner)
        with pytest.raises(MaildirError, match="who exists"):
            store.check_personal(f"{root}/dora", owner)
    store.check_personal(f"{root}/nobody", None)
    store.check_personal(f"{root}/dora", Owner(dora, ME.gid))


def test_what_leads_to_the_home_of_a_user_is_not_made(root: pathlib.Path) -> None:
    with pytest.raises(MaildirError, match="a does not exist; create it"):
        personal_store(root).personal_steps(f"{root}/a/alice", ME)
