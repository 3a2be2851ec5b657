from __future__ import annotations

import functools
import json
import threading
import typing as t

import pytest
import yaml

from ansible_collections.postmaster.mail.plugins.doc_fragments._mail_probe import ModuleDocFragment
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe import ProbePlan
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe_run import ProbeResult
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe_spec import argument_spec
from ansible_collections.postmaster.mail.plugins.modules import mail_probe

Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, mail_probe.main)


def test_check_mode_connects_to_nothing(run: Run) -> None:
    probes = [{"name": "first", "send": {"host": "host.invalid", "stop_before": "mail"}}]
    result = run(probes=probes, _ansible_check_mode=True)
    assert (result["changed"], result["results"], result["failed_probes"]) == (False, [], [])
    assert "first" in result["msg"]


def test_what_makes_no_sense_fails_in_check_mode_too(run: Run) -> None:
    result = run(send={"host": "192.0.2.25"}, _ansible_check_mode=True)
    assert result["failed"]
    assert "recipients is empty" in result["msg"]


def test_every_unmet_expectation_is_named(run: Run) -> None:
    send = {"host": "host.invalid", "stop_before": "mail", "username": "a", "password": "Geheimnis-17"}
    result = run(probes=[{"name": "one", "send": send}, {"name": "two", "send": send}])
    assert result["failed"]
    assert result["failed_probes"] == ["one", "two"]
    assert len(result["msg"].splitlines()) == 3
    assert "Geheimnis-17" not in json.dumps({**result, "invocation": None})


def test_probes_that_run_at_once_wait_for_each_other_and_keep_their_order(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(plan: ProbePlan) -> ProbeResult:
        both.wait()
        return ProbeResult(plan, problems=[plan.name])

    monkeypatch.setattr(mail_probe, "run_probe", meet)
    probes = [{"name": name, "send": {"host": "host.invalid", "stop_before": "mail"}} for name in "dcba"]
    assert run(probes=probes, parallel=2)["failed_probes"] == ["d", "c", "b", "a"]


def test_no_probe_at_a_time_is_refused(run: Run) -> None:
    result = run(send={"host": "host.invalid", "stop_before": "mail"}, parallel=0)
    assert result["failed"]
    assert "at least 1" in result["msg"]


def test_specification_and_documentation_say_the_same() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    specified = argument_spec()
    del specified["name"]
    compare(documented, specified)


def compare(documented: dict[str, t.Any], specified: dict[str, t.Any]) -> None:
    assert sorted(documented) == sorted(specified)
    for name, option in specified.items():
        for key in ("type", "elements", "choices", "required"):
            assert documented[name].get(key) == option.get(key), name
        compare(documented[name].get("suboptions", {}), option.get("options", {}))
