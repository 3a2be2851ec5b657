# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_index import TableTools
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_map import (
    MapError,
    MapWish,
    apply_plan,
    plan_map,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_map_diff import describe
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_table_lint import lint_lines
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult


class FakePostmap:
    """Builds an "index" that is the folded text, and searches it."""

    def __init__(self) -> None:
        self.complaint = ""
        self.calls: list[str] = []

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        table = argv[-1].partition(":")[2]
        action = argv[1] if argv[1].startswith("-") else "build"
        self.calls.append(action)
        index = pathlib.Path(f"{table}.lmdb")
        if action == "build":
            pairs = [line.split(" ", 1) for line in pathlib.Path(table).read_text().splitlines()]
            index.write_text("".join(f"{key.lower()}\t{value}\n" for key, value in pairs))
            complaint = self.complaint.replace("TABLE", table)
            return CommandResult(0, "", complaint)
        if not index.exists():
            return CommandResult(1, "", "postmap: fatal: open database")
        content = index.read_text()
        if action == "-s":
            return CommandResult(0, content, "")
        found = dict(line.split("\t", 1) for line in content.splitlines())
        keys = (data or "").splitlines()
        return CommandResult(0, "".join(f"{key}\t{found[key.lower()]}\n" for key in keys if key.lower() in found), "")


@pytest.fixture(name="postmap")
def fixture_postmap() -> FakePostmap:
    return FakePostmap()


@pytest.fixture(name="tools")
def fixture_tools(postmap: FakePostmap) -> TableTools:
    return TableTools(postmap, "postmap", "postalias", None)


def make_wish(path: pathlib.Path, text: str = "A@example.org x\n", **options: t.Any) -> MapWish:
    values: dict[str, t.Any] = {
        "path": str(path),
        "present": True,
        "map_type": "lmdb",
        "content": text.encode(),
        "lines": tuple(lint_lines(text, "lmdb", "postmap")),
        **options,
    }
    return MapWish(**values)


def no_config() -> str:
    return ""


def test_new_table(tmp_path: pathlib.Path, tools: TableTools) -> None:
    wish = make_wish(tmp_path / "virtual", mode=0o640)
    plan = plan_map(wish, tools, no_config)
    assert (plan.changed, plan.write_source, plan.write_index, plan.index_reason) == (True, True, True, "missing")
    assert os.listdir(tmp_path) == []
    apply_plan(plan)
    assert sorted(os.listdir(tmp_path)) == ["virtual", "virtual.lmdb"]
    for name in ("virtual", "virtual.lmdb"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "virtual").stat().st_mtime <= (tmp_path / "virtual.lmdb").stat().st_mtime
    assert not plan_map(wish, tools, no_config).changed


def test_nothing_is_built_when_nothing_changes(tmp_path: pathlib.Path, postmap: FakePostmap, tools: TableTools) -> None:
    wish = make_wish(tmp_path / "virtual")
    apply_plan(plan_map(wish, tools, no_config))
    postmap.calls.clear()
    plan_map(wish, tools, no_config)
    assert postmap.calls == ["-s"]


DAMAGE: list[tuple[t.Callable[[pathlib.Path], object], bool, str]] = [
    (lambda path: path.write_text("A@example.org y\n"), True, "stale"),
    (lambda path: path.with_name("virtual.lmdb").unlink(), False, "missing"),
    (lambda path: os.utime(path.with_name("virtual.lmdb"), (1, 1)), False, "stale"),
    (lambda path: path.with_name("virtual.lmdb").write_text("other\tx\n"), False, "differs"),
]


@pytest.mark.parametrize(("damage", "write_source", "reason"), DAMAGE)
def test_damage_is_repaired(
    tmp_path: pathlib.Path,
    tools: TableTools,
    damage: t.Callable[[pathlib.Path], object],
    write_source: bool,
    reason: str,
) -> None:
    path = tmp_path / "virtual"
    wish = make_wish(path)
    apply_plan(plan_map(wish, tools, no_config))
    damage(path)
    os.utime(path)
    if reason == "differs":
        os.utime(path.with_name("virtual.lmdb"))
    plan = plan_map(wish, tools, no_config)
    assert (plan.write_source, plan.write_index) == (write_source, True)
    apply_plan(plan)
    assert path.read_bytes() == wish.content
    assert not plan_map(wish, tools, no_config).changed


def test_a_source_of_tomorrow_does_not_make_the_index_stale_for_ever(tmp_path: pathlib.Path, tools: TableTools) -> None:
    path = tmp_path / "virtual"
    wish = make_wish(path)
    apply_plan(plan_map(wish, tools, no_config))
    tomorrow = path.stat().st_mtime + 86400.5
    os.utime(path, (tomorrow, tomorrow))
    apply_plan(plan_map(wish, tools, no_config))
    assert not plan_map(wish, tools, no_config).changed


def test_any_complaint_is_an_error_and_changes_nothing(
    tmp_path: pathlib.Path, postmap: FakePostmap, tools: TableTools
) -> None:
    path = tmp_path / "virtual"
    apply_plan(plan_map(make_wish(path), tools, no_config))
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    postmap.complaint = "postmap: warning: TABLE, line 1: expected format: key whitespace value\n"
    with pytest.raises(MapError, match=f"warning: {path}, line 1: expected format"):
        plan_map(make_wish(path, "B@example.org y\n"), tools, no_config)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


def test_complaints_about_main_cf_are_not_about_the_table(
    tmp_path: pathlib.Path, postmap: FakePostmap, tools: TableTools
) -> None:
    postmap.complaint = "postmap: warning: /etc/postfix/main.cf, line 53: overriding earlier entry: biff=no\n"
    assert plan_map(make_wish(tmp_path / "virtual"), tools, no_config).changed


def test_an_entry_that_is_not_found_is_an_error(tmp_path: pathlib.Path, tools: TableTools) -> None:
    wish = make_wish(tmp_path / "virtual", "a x\n", content=b"b x\n")
    with pytest.raises(MapError, match="Postfix does not find the key 'a'"):
        plan_map(wish, tools, no_config)


def test_complaints_about_a_secret_table_do_not_quote_it(
    tmp_path: pathlib.Path, postmap: FakePostmap, tools: TableTools
) -> None:
    postmap.complaint = "postmap: warning: TABLE, line 1: what is s3cret?; more s3cret\n"
    with pytest.raises(MapError) as caught:
        plan_map(make_wish(tmp_path / "passwd", "a s3cret\n", secret=True), tools, no_config)
    assert "s3cret" not in str(caught.value)


def test_former_index_stays_while_it_is_used(tmp_path: pathlib.Path, tools: TableTools) -> None:
    path = tmp_path / "virtual"
    former = tmp_path / "virtual.db"
    former.write_bytes(bytes(12) + (0x00061561).to_bytes(4, "little"))
    apply_plan(plan_map(make_wish(path), tools, lambda: f"virtual_alias_maps = proxy:hash:{path}, hash:{path}2\n"))
    assert former.exists()
    plan = plan_map(make_wish(path), tools, lambda: f"virtual_alias_maps = lmdb:{path} hash:{path}2\n")
    assert plan.remove == (str(former),)
    apply_plan(plan)
    assert not former.exists()


def test_absent(tmp_path: pathlib.Path, tools: TableTools) -> None:
    path = tmp_path / "virtual"
    apply_plan(plan_map(make_wish(path), tools, no_config))
    (tmp_path / "virtual.db").write_bytes(b"SQLite format 3\0")
    wish = MapWish(path=str(path), present=False, map_type="lmdb")
    plan = plan_map(wish, tools, no_config)
    apply_plan(plan)
    assert os.listdir(tmp_path) == ["virtual.db"]
    assert not plan_map(wish, tools, no_config).changed


def test_without_postfix_only_files_are_compared(tmp_path: pathlib.Path) -> None:
    assert plan_map(make_wish(tmp_path / "missing" / "virtual"), None, no_config).changed


def test_diff_of_a_secret_table(tmp_path: pathlib.Path, tools: TableTools) -> None:
    path = tmp_path / "passwd"
    apply_plan(plan_map(make_wish(path, "a first\nb same\n", secret=True), tools, no_config))
    plan = plan_map(make_wish(path, "a second\nb same\nc new\n", secret=True), tools, no_config)
    parts = describe(plan)
    assert parts[0]["before"] == "a (hidden)\nb (hidden)\n"
    assert parts[0]["after"] == "a (hidden, changed)\nb (hidden)\nc (hidden)\n"
    assert [part["after_header"] for part in parts] == [str(path), f"{path}.lmdb"]


def test_many_keys_are_asked_in_portions_that_a_pipe_takes(tmp_path: pathlib.Path, tools: TableTools) -> None:
    text = "".join(f"user{number}@example.org x\n" for number in range(3000))
    sizes: list[int] = []
    run = tools.runner.run

    class Measuring:
        def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
            sizes.append(len(data or ""))
            return run(argv, data=data)

    measured = TableTools(Measuring(), "postmap", "postalias", None)
    assert plan_map(make_wish(tmp_path / "big", text), measured, no_config).changed
    assert 0 < max(sizes) <= 4000
    assert sum(sizes) > 4000
