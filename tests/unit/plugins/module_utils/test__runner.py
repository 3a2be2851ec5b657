"""How programs of the target are started."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner


class _Module:
    def __init__(self) -> None:
        self.options: dict[str, t.Any] = {}

    def run_command(self, argv: list[str], **options: t.Any) -> tuple[int, str, str]:
        self.options = options
        return 0, " ".join(argv), ""


def test_arguments_reach_the_program_as_they_are() -> None:
    module = _Module()
    result = ModuleRunner(module).run(["postconf", "-e", "mailbox_command = procmail DEFAULT=$HOME/x"])
    assert result.stdout.endswith("$HOME/x")
    assert module.options["expand_user_and_vars"] is False
