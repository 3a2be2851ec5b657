# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import threading
import typing as t

import pytest
import yaml

from ansible_collections.postmaster.mail.plugins.doc_fragments._tls_check import ModuleDocFragment
from ansible_collections.postmaster.mail.plugins.module_utils._tls_check import CheckPlan, argument_spec
from ansible_collections.postmaster.mail.plugins.module_utils._tls_check_run import CheckResult
from ansible_collections.postmaster.mail.plugins.modules import tls_check

Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, tls_check.main)


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks wait for each other two by two; those of port 25 are fine."""
    both = threading.Barrier(2, timeout=10)

    def check(plan: CheckPlan, now: t.Any) -> CheckResult:
        both.wait()
        problems = [] if plan.endpoint.port == 25 else [f"{plan.endpoint} is closed"]
        return CheckResult(plan, now, problems=problems)

    monkeypatch.setattr(tls_check, "run_check", check)


@pytest.mark.usefixtures("meet")
@pytest.mark.parametrize("check_mode", [True, False])
def test_results_keep_the_order_of_the_checks(run: Run, check_mode: bool) -> None:
    checks = [{"name": name, "port": 25} for name in "dcba"]
    result = run(host="mail.example.org", checks=checks, parallel=2, _ansible_check_mode=check_mode)
    assert [entry["name"] for entry in result["results"]] == list("dcba")
    assert (result["changed"], result["failed_checks"]) == (False, [])


@pytest.mark.usefixtures("meet")
def test_every_failed_check_is_named(run: Run) -> None:
    checks = [{"port": 25}, {"port": 993, "name": "IMAP"}]
    result = run(host="mail.example.org", checks=checks, parallel=2)
    assert result["failed"]
    assert result["failed_checks"] == ["IMAP"]
    assert len(result["results"]) == 2
    assert "1 of 2 checks did not come out as expected:\nIMAP: mail.example.org:993 is closed" in result["msg"]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"port": 25}, "host is ''"),
        ({"host": "mail.example.org", "port": 25, "parallel": 0}, "at least 1 check"),
        ({"host": "mail.example.org", "port": 25, "name": "x", "checks": []}, "mutually exclusive"),
        ({"host": "mail.example.org", "port": 25, "expect": {"versions": ["SSLv2"]}}, "must be one"),
    ],
)
def test_what_makes_no_sense(run: Run, params: dict[str, t.Any], text: str) -> None:
    result = run(**params)
    assert result["failed"]
    assert text in result["msg"]


def test_specification_and_documentation_say_the_same() -> None:
    compare(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"], argument_spec())


def compare(documented: dict[str, t.Any], specified: dict[str, t.Any]) -> None:
    assert sorted(documented) == sorted(specified)
    for name, option in specified.items():
        for key in ("type", "elements", "choices", "required", "default"):
            assert documented[name].get(key) == option.get(key), name
        compare(documented[name].get("suboptions", {}), option.get("options", {}))
