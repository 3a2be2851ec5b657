# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One way to start a program: an argument list in, a result out, secrets on standard input."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


@dataclass(frozen=True)
class CommandResult:
    """What a program left behind: exit status, standard output and standard error, never merged."""

    rc: int
    stdout: str
    stderr: str


class CommandRunner(t.Protocol):
    """Starts a program without a shell."""

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        """Run argv with data on standard input. Raises OSError if the program cannot be started."""


class ModuleRunner:
    """CommandRunner over AnsibleModule.run_command, in the C locale because output is parsed."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        rc, stdout, stderr = self._module.run_command(
            list(argv),
            data=data,
            binary_data=True,
            handle_exceptions=False,
            # What looks like a variable of the shell is one of Postfix or of a delivery program.
            expand_user_and_vars=False,
            environ_update={"LC_ALL": "C.UTF-8", "LANGUAGE": "C"},
        )
        return CommandResult(rc=rc, stdout=stdout, stderr=stderr)
