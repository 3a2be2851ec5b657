# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dns_check_ask import Answer, Question
from ansible_collections.postmaster.mail.plugins.modules import dns_check

Run = t.Callable[..., dict[str, t.Any]]

_RECORD = {
    "zone": "example.org.",
    "name": "a.example.org.",
    "type": "A",
    "ttl": 60,
    "value": "192.0.2.1",
    "why": "A reason.",
}


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, dns_check.main, resolver="127.0.0.1", _ansible_check_mode=True)


def test_nobody_answers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_check, "exchange", lambda _question, _timeout: Answer("silent", detail="no answer"))
    result = run(records=[_RECORD], servers=["192.0.2.53"])
    assert not result["changed"]
    assert [finding["id"] for finding in result["findings"]] == ["server_silent", "resolver_silent"]
    assert result["errors"] == 2
    assert result["report"].startswith("1 record sets checked: 2 errors, 0 warnings.\n")
    assert (result["servers"], result["resolver"]) == ({"example.org.": ["192.0.2.53"]}, "127.0.0.1")


def test_all_is_well(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "SOA": ("a. b. 1 2 3 4 5",),
        "A": ("192.0.2.1",),
    }

    def exchange(question: Question, _timeout: float) -> Answer:
        value = answers.get(question.type, ())
        return Answer("found" if value else "none", value, authoritative=not question.recursive)

    monkeypatch.setattr(dns_check, "exchange", exchange)
    result = run(records=[_RECORD], servers=["192.0.2.53"])
    assert (result["findings"], result["errors"]) == ([], 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"records": [{"name": "a.example.org."}]}, "records[0] has no zone"),
        ({"records": [{**_RECORD, "value": "x"}]}, "is no record"),
        ({"records": [_RECORD], "servers": ["ns.example.org"]}, "'ns.example.org' is no server"),
        ({"records": [_RECORD], "timeout": 0}, "more than 0 seconds"),
    ],
)
def test_refused(run: Run, monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], message: str) -> None:
    monkeypatch.setattr(dns_check, "exchange", lambda _question, _timeout: Answer("none"))
    result = run(**options)
    assert result["failed"]
    assert message in result["msg"]
