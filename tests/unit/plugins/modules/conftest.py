from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils import _internal, basic
from ansible.module_utils.testing import patch_module_args


@pytest.fixture(autouse=True)
def _on_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module returns its warnings; once a test has imported code of the controller, Ansible prints them instead."""
    monkeypatch.setattr(_internal, "is_controller", False)


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> t.Callable[..., dict[str, t.Any]]:
    """Run a module with arguments, and return its result."""

    def run(main: t.Callable[[], None], **arguments: t.Any) -> dict[str, t.Any]:
        with patch_module_args(arguments), pytest.raises(SystemExit):
            main()
        result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
        return result

    return run


@pytest.fixture
def without_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host on which no program is installed."""
    monkeypatch.setattr(basic.AnsibleModule, "get_bin_path", lambda *_arguments, **_options: None)


@pytest.fixture
def run_with_doveconf(
    monkeypatch: pytest.MonkeyPatch, run_module: t.Callable[..., dict[str, t.Any]]
) -> t.Callable[..., dict[str, t.Any]]:
    """Run a module on a host whose doveconf prints a recorded text, and return its result.

    Without a text doveconf is absent, with an empty one it fails.
    """

    def run(main: t.Callable[[], None], output: str | None, **options: t.Any) -> dict[str, t.Any]:
        path = None if output is None else "/usr/bin/doveconf"
        monkeypatch.setattr(basic.AnsibleModule, "get_bin_path", lambda *_args, **_options: path)
        answer = (0, output, "") if output else (89, "", "doveconf: Fatal: it is broken\n")
        monkeypatch.setattr(basic.AnsibleModule, "run_command", lambda *_args, **_options: answer)
        return run_module(main, **options)

    return run
