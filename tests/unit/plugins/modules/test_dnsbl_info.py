# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dns_stub import StubResolver
from ansible_collections.postmaster.mail.plugins.module_utils._dnsbl import Reply
from ansible_collections.postmaster.mail.plugins.modules import dnsbl_info

Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, dnsbl_info.main, _ansible_check_mode=True)


@pytest.fixture(autouse=True)
def fixture_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"2.0.0.127.good.example.org": Reply("answered", ("127.0.0.2",))}
    monkeypatch.setattr(StubResolver, "addresses", lambda _self, name: answers.get(name, Reply("answered")))


def test_lists(run: Run, tmp_path: pathlib.Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("nameserver 192.0.2.53\n")
    result = run(
        lists=[{"zone": "gone.example.org", "kind": "domain"}, {"zone": "Good.example.org"}],
        resolv_conf=str(resolv_conf),
    )
    assert not result["changed"]
    assert result["name_servers"] == ["192.0.2.53"]
    assert [(item["zone"], item["usable"], item["reason"]) for item in result["lists"]] == [
        ("gone.example.org", False, "not_answering"),
        ("good.example.org", True, "ok"),
    ]


def test_without_a_file_the_loopback_is_asked(run: Run, tmp_path: pathlib.Path) -> None:
    result = run(lists=[], resolv_conf=str(tmp_path / "missing"))
    assert (result["lists"], result["name_servers"]) == ([], ["127.0.0.1"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lists": [{"zone": "x y"}]}, "'x y' is not the name of a DNS zone"),
        ({"lists": [{"zone": "a.example.org", "replies": "127.0.0.[2,4]"}]}, "not one that Postfix accepts"),
        ({"lists": [{"zone": "a.example.org", "kind": "sender"}]}, "must be one of: ip, domain"),
        ({"lists": [], "timeout": 0}, "more than 0 seconds"),
        ({"lists": [], "resolv_conf": "/"}, "Cannot read /: Is a directory"),
        ({}, "missing required arguments: lists"),
    ],
)
def test_refused(run: Run, options: dict[str, t.Any], message: str) -> None:
    result = run(**options)
    assert result["failed"]
    assert message in result["msg"]
