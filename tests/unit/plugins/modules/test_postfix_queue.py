# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postqueue import Filter, QueueError
from ansible_collections.postmaster.mail.plugins.modules.postfix_queue import check_options, make_filter


def test_make_filter() -> None:
    assert make_filter(None).empty
    names = ("queue", "sender", "recipient", "recipient_domain", "reason", "older_than", "younger_than", "ids")
    raw = {**dict.fromkeys(names), "ids": ["A"]}
    assert make_filter(raw) == Filter(ids=("A",))
    assert not make_filter(raw).empty


def make_params(**changes: t.Any) -> dict[str, t.Any]:
    return {"action": "info", "all": False, "limit": 100, **changes}


@pytest.mark.parametrize(
    ("changes", "wanted", "message"),
    [
        ({"action": "delete"}, Filter(), "action=delete needs a filter"),
        ({"all": True}, Filter(sender="x"), "contradict each other"),
        ({"limit": -1}, Filter(), "limit must not be negative"),
    ],
)
def test_refused(changes: dict[str, t.Any], wanted: Filter, message: str) -> None:
    with pytest.raises(QueueError, match=message):
        check_options(make_params(**changes), wanted)


def test_allowed() -> None:
    check_options(make_params(), Filter())
    check_options(make_params(action="delete", all=True), Filter())
    check_options(make_params(action="delete"), Filter(ids=()))
