# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._map_types import MapTypes
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_map import MapError
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_map_options import (
    build_wish,
    hide_arguments,
    secret_values,
    table_options,
)

TYPES = MapTypes(supported=frozenset({"hash", "lmdb", "pcre"}), default="lmdb")


def make_options(**changes: t.Any) -> dict[str, t.Any]:
    return {
        "path": "/etc/postfix/virtual",
        "entries": {"a@example.org": "x"},
        "src": None,
        "type": None,
        "format": "postmap",
        "header": None,
        "owner": None,
        "group": None,
        "mode": None,
        "secret": False,
        "state": "present",
        "maps": None,
        **changes,
    }


def test_the_default_type_is_that_of_postfix() -> None:
    wish = build_wish(make_options(), TYPES, check_mode=False)
    assert wish.table == "lmdb:/etc/postfix/virtual"
    assert (wish.content, wish.mode) == (b"a@example.org x\n", 0o644)
    assert build_wish(make_options(), None, check_mode=True).map_type == "hash"


MODES = [({}, 0o644), ({"secret": True}, 0o600), ({"secret": True, "mode": "0640"}, 0o640)]


@pytest.mark.parametrize(("changes", "mode"), MODES)
def test_mode(changes: dict[str, t.Any], mode: int) -> None:
    assert build_wish(make_options(**changes), TYPES, check_mode=False).mode == mode


REFUSED = [
    ({"path": "virtual"}, "must be absolute"),
    ({"type": "cdb"}, "Install the package postfix-cdb"),
    ({"type": "pcre", "format": "aliases"}, "needs a table type with an index, not pcre"),
    ({"entries": None}, "exactly one of entries and src"),
    ({"src": "/etc/aliases"}, "exactly one of entries and src"),
    ({"entries": None, "src": "/nonexistent"}, "/nonexistent does not exist on the target"),
    ({"entries": {"a b": "x"}}, "/etc/postfix/virtual: key 'a b'.*Nothing was changed"),
    ({"mode": "644"}, "not a quoted octal number"),
    ({"owner": "no such user"}, "there is no user 'no such user'"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_refused(changes: dict[str, t.Any], message: str) -> None:
    with pytest.raises(MapError, match=message):
        build_wish(make_options(**changes), TYPES, check_mode=False)


def test_check_mode_forgives_an_owner_that_is_still_to_come() -> None:
    options = make_options(owner="no such user", group="12")
    wish = build_wish(options, TYPES, check_mode=True)
    assert (wish.uid, wish.gid) == (None, 12)


def test_a_default_type_that_is_no_file_is_refused() -> None:
    with pytest.raises(MapError, match="default table type 'sdbm'"):
        build_wish(make_options(), MapTypes(frozenset({"sdbm"}), "sdbm"), check_mode=False)


def test_src_is_taken_as_it_is(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"# c\na@example.org x")
    wish = build_wish(make_options(entries=None, src=str(source), header="unused"), TYPES, check_mode=False)
    assert wish.content == b"# c\na@example.org x"
    source.write_bytes(b"\xff")
    with pytest.raises(MapError, match="not UTF-8"):
        build_wish(make_options(entries=None, src=str(source)), TYPES, check_mode=False)


def test_tables_inherit_from_the_task() -> None:
    item = {"path": "/x", "entries": {}, "type": None, "secret": None, "mode": "0640"}
    tables = table_options(make_options(maps=[item], type="lmdb", secret=True, mode="0600"))
    assert len(tables) == 1
    assert (tables[0]["type"], tables[0]["secret"], tables[0]["mode"]) == ("lmdb", True, "0640")


def test_arguments_are_hidden() -> None:
    secret = {"entries": {"a": "x"}, "secret": None}
    clear = {"entries": {"a": "x"}, "secret": False}
    large = {"entries": {str(number): "x" for number in range(2000)}, "secret": False}
    params = make_options(entries=None, secret=True, maps=[secret, clear, large])
    hide_arguments(params)
    assert [item["entries"] for item in params["maps"]] == [None, {"a": "x"}, None]


def test_only_long_secrets_are_masked_everywhere() -> None:
    assert secret_values({"a": "x", "b": "user:s3cret"}) == {"user:s3cret"}
    assert secret_values({"a": True}) == set()
