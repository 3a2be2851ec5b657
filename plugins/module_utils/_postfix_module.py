# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the modules for parameters, services and contributions of a Postfix instance have in common."""

from __future__ import annotations

import socket
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import SERVICE_TYPES, EntryError
from ansible_collections.postmaster.mail.plugins.module_utils._postconf import PostconfError
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_task import (
    Instance,
    PostfixAbsentError,
    TaskError,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_config import ConfigError
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

INSTANCE_SPEC: dict[str, dict[str, t.Any]] = {
    "config_dir": {"type": "path"},
    "allow_unknown": {"type": "bool", "default": False},
    "validate": {"type": "bool", "default": True},
}
_FLAG = {"type": "str", "choices": ["y", "n", "-"]}
SERVICE_SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str"},
    "type": {"type": "str", "choices": list(SERVICE_TYPES)},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "command": {"type": "str"},
    "options": {"type": "dict"},
    "private": _FLAG,
    "unpriv": _FLAG,
    "chroot": _FLAG,
    "wakeup": {"type": "str"},
    "maxproc": {"type": "str"},
}
NAMED_SERVICE_SPEC = {**SERVICE_SPEC, **{key: {**SERVICE_SPEC[key], "required": True} for key in ("name", "type")}}
POSTFIX_PATHS = ["/usr/sbin", "/sbin"]
OutcomeT = t.TypeVar("OutcomeT")


class SystemResolver:
    """Asks the host's own name services, as the master daemon would."""

    def port(self, service: str) -> int | None:
        try:
            return socket.getservbyname(service, "tcp")
        except (OSError, UnicodeError):
            return None

    def has_address(self, host: str) -> bool:
        try:
            return bool(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            return False

    def in_use(self, host: str, port: int) -> bool:
        try:
            with socket.create_connection((host or "localhost", port), timeout=2):
                return True
        except (OSError, UnicodeError):
            return False


def perform(
    module: AnsibleModule,
    task: t.Callable[[Instance], OutcomeT],
    without_postfix: t.Callable[[], OutcomeT],
    *,
    needs_postfix: bool = True,
) -> OutcomeT:
    """Do task with the instance that the module's options name, and end the module with a message if that fails.

    On a host without Postfix the outcome is what without_postfix foresees, in check mode and if the task does not
    need Postfix; otherwise that is a failure.
    """
    executable = module.get_bin_path("postconf", opt_dirs=POSTFIX_PATHS)
    instance = Instance(
        runner=ModuleRunner(module),
        executable=executable or "postconf",
        config_dir=module.params["config_dir"],
        allow_unknown=module.params["allow_unknown"],
        validate=module.params["validate"],
        check_mode=module.check_mode,
    )
    try:
        if executable is None:
            raise PostfixAbsentError("There is no postconf on this host. Install the package postfix first.")
        return task(instance)
    except PostfixAbsentError as error:
        if needs_postfix:
            if not module.check_mode:
                module.fail_json(msg=str(error))
            module.warn(f"Postfix is absent, so all of this would be new: {error}")
        return without_postfix()
    except (EntryError, TaskError, PostconfError, ConfigError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The Postfix configuration cannot be read or replaced: {error}")


def tell(module: AnsibleModule, deprecated: t.Iterable[t.Mapping[str, str]], notes: t.Iterable[str]) -> None:
    """Warn of what Postfix drops and of what else the user should know."""
    for item in deprecated:
        module.warn(f"Postfix drops the parameter '{item['name']}'. Instead, {item['remedy']}.")
    for note in notes:
        module.warn(note)
