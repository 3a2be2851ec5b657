# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading and changing extra Postfix instances on a host, by postconf, postmulti, postfix and systemctl."""

from __future__ import annotations

import contextlib
import os
import shutil
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.postmaster.mail.plugins.module_utils._files import read_access, read_bytes, replace_file
from ansible_collections.postmaster.mail.plugins.module_utils._postconf import Postconf, normalise
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_instance import (
    Directories,
    InstanceError,
    MailInstance,
    Plan,
    Setup,
    Wish,
    mounts_below,
    systemd_unit,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_ledger import LEDGER
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_list import elements
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult, CommandRunner

_MAIL_QUEUES: t.Final = ("active", "corrupt", "deferred", "hold", "incoming", "maildrop", "saved")
# What postmulti -e destroy removes itself, if it is empty.
_QUEUE_DIRECTORIES: t.Final = (*_MAIL_QUEUES, "bounce", "defer", "flush", "pid", "private", "public", "trace")
_PRIMARY: t.Final = (
    "config_directory",
    "data_directory",
    "multi_instance_directories",
    "multi_instance_enable",
    "multi_instance_wrapper",
    "queue_directory",
)
_EXTRA: t.Final = (
    "data_directory",
    "multi_instance_enable",
    "multi_instance_group",
    "multi_instance_name",
    "queue_directory",
)


class PostfixAbsentError(InstanceError):
    """There is no Postfix whose instances could be managed."""


@dataclass(frozen=True)
class Programs:
    """Paths of the programs; an empty one for systemctl means that systemd does not run this host."""

    postconf: str
    postmulti: str
    postfix: str
    systemctl: str
    unit_template: str = ""
    mounts: str = "/proc/self/mounts"


class InstanceHost:
    """The Postfix instances of this host."""

    def __init__(self, runner: CommandRunner, programs: Programs) -> None:
        self._runner = runner
        self._programs = programs

    def read(self) -> Setup:
        """Return the present state. Raises InstanceError."""
        primary = self._parameters(None, _PRIMARY)
        found: dict[str, MailInstance] = {}
        for directory in elements(primary["multi_instance_directories"]):
            extra = self._parameters(directory, _EXTRA)
            name = extra["multi_instance_name"]
            found[name or directory] = MailInstance(
                name=name,
                group=extra["multi_instance_group"],
                enabled=extra["multi_instance_enable"] == "yes",
                directories=Directories(directory, extra["queue_directory"], extra["data_directory"]),
            )
        return Setup(
            primary=Directories(primary["config_directory"], primary["queue_directory"], primary["data_directory"]),
            initialised=bool(primary["multi_instance_wrapper"]) and primary["multi_instance_enable"] == "yes",
            instances=found,
        )

    def with_started(self, setup: Setup, wish: Wish) -> Setup:
        """Return setup with the wished instance's started, if the task is about that."""
        instance = setup.instances.get(wish.name)
        if instance is None or not (wish.must_stop or wish.started):
            return setup
        known = replace(instance, started=self.running(instance))
        return replace(setup, instances={**setup.instances, wish.name: known})

    def refuse(self, plan: Plan, *, force: bool) -> None:
        """Raise InstanceError if the plan would lose mail or overwrite what belongs to nobody."""
        if plan.after is None and plan.before is not None:
            self._refuse_mail(plan.before, force=force)
            self._refuse_mounts(plan.before)
        if plan.before is None and plan.after is not None:
            config = plan.after.directories.config
            for name in ("main.cf", "master.cf"):
                if os.path.exists(os.path.join(config, name)):
                    raise InstanceError(
                        f"{os.path.join(config, name)} exists, but no instance of this Postfix has it. Make it one by"
                        f" 'postmulti -e import -I {plan.after.name} config_directory={config}', or remove {config}."
                    )

    def apply(self, plan: Plan, *, force: bool) -> tuple[str, ...]:
        """Carry the plan out. Returns what was left in place. Raises InstanceError or OSError."""
        if plan.after is None:
            return () if plan.before is None else self._destroy(plan.before, force=force)
        before, after = plan.before, plan.after
        if plan.initialise:
            self._edit(None, "-e", "init")
        if before is None:
            self._create(after)
        elif before.group != after.group:
            self._edit(after, "-e", "assign", "-i", after.name, "-G", after.group or "-")
        if before is not None and before.started and not after.started:
            self._stop(before)
        if after.enabled != (before is not None and before.enabled):
            self._edit(after, "-e", "enable" if after.enabled else "disable", "-i", after.name)
        if after.started and not (before is not None and before.started):
            self._start(after)
        return ()

    def running(self, instance: MailInstance) -> bool:
        result = self._runner.run([self._programs.postfix, "-c", instance.directories.config, "status"])
        return result.rc == 0

    def unit(self, instance: MailInstance) -> str:
        """Return the name of the systemd unit of an instance, empty if it has none."""
        if not self._programs.systemctl:
            return ""
        return systemd_unit(self._programs.unit_template, instance.name, instance.directories.config)

    def _parameters(self, directory: str | None, names: t.Sequence[str]) -> t.Mapping[str, str]:
        reading = Postconf(self._runner, self._programs.postconf, directory).effective(names)
        if reading.missing_file and directory is None:
            raise PostfixAbsentError(f"{reading.missing_file} does not exist. Install the package postfix first.")
        missing = [name for name in names if name not in reading.parameters]
        if not reading.ok or missing:
            whose = f"the instance in {directory}" if directory else "the primary instance"
            reason = reading.complaints.fatal or f"postconf does not tell {', '.join(missing)}"
            raise InstanceError(f"The configuration of {whose} cannot be read: {reason}. Repair it first.")
        return reading.parameters

    def _refuse_mail(self, instance: MailInstance, *, force: bool) -> None:
        count = queued(instance.directories.queue)
        if count and not force:
            raise InstanceError(
                f"The instance '{instance.name}' has {count} message{'s' if count > 1 else ''} in its queue"
                f" ({instance.directories.queue}). Let it deliver them first, or set force=true to lose them."
            )

    def _refuse_mounts(self, instance: MailInstance) -> None:
        mounts = (read_bytes(self._programs.mounts) or b"").decode("utf-8", "surrogateescape")
        for directory in instance.directories.each:
            if below := mounts_below(mounts, directory):
                raise InstanceError(
                    f"{', '.join(below)} is mounted below {directory}, which is to be removed. Unmount it first."
                )

    def _create(self, wanted: MailInstance) -> None:
        config, queue, data = wanted.directories.each
        arguments = ["-e", "create", "-I", wanted.name, *(["-G", wanted.group] if wanted.group else [])]
        directories = [f"config_directory={config}", f"queue_directory={queue}", f"data_directory={data}"]
        self._edit(None, *arguments, *directories)
        self._reload_units(wanted)

    def _destroy(self, instance: MailInstance, *, force: bool) -> tuple[str, ...]:
        if instance.started:
            self._stop(instance)
            # Mail that came in meanwhile.
            self._refuse_mail(instance, force=force)
        if unit := self.unit(instance):
            self._systemctl("disable", unit)
        if instance.enabled:
            # postmulti does not destroy an enabled instance.
            self._edit(instance, "-e", "disable", "-i", instance.name)
        config, queue, data = instance.directories.each
        # postmulti only removes what is empty. It needs the folders of the queue until the end.
        for path in (data, *(os.path.join(queue, name) for name in _QUEUE_DIRECTORIES)):
            empty(path)
        empty(queue, _QUEUE_DIRECTORIES)
        self._edit(None, "-e", "destroy", "-i", instance.name)
        for path in (queue, data):
            empty(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(config, LEDGER))
        for path in (config, queue, data):
            # Neither files of somebody else nor a file system of its own are removed; what is left is reported.
            with contextlib.suppress(OSError):
                os.rmdir(path)
        self._reload_units(instance)
        return tuple(path for path in (config, queue, data) if os.path.lexists(path))

    def _start(self, instance: MailInstance) -> None:
        unit = self.unit(instance)
        if unit:
            result = self._systemctl("start", unit)
        else:
            result = self._runner.run([self._programs.postfix, "-c", instance.directories.config, "start"])
        if result.rc != 0 or not self.running(instance):
            raise InstanceError(f"The instance '{instance.name}' does not start: {_reason(result)}")

    def _stop(self, instance: MailInstance) -> None:
        if unit := self.unit(instance):
            self._systemctl("stop", unit)
        if not self.running(instance):
            return
        result = self._runner.run([self._programs.postfix, "-c", instance.directories.config, "stop"])
        if self.running(instance):
            raise InstanceError(f"The instance '{instance.name}' does not stop: {_reason(result)}")

    def _systemctl(self, action: str, *units: str) -> CommandResult:
        return self._runner.run([self._programs.systemctl, action, *units])

    def _reload_units(self, instance: MailInstance) -> None:
        # Debian 12 generates what starts the instances with Postfix when systemd reads its units.
        if self.unit(instance):
            self._systemctl("daemon-reload")

    def _edit(self, instance: MailInstance | None, *arguments: str) -> None:
        """Run postmulti, which changes main.cf of instance; None stands for the primary one."""
        directory = Postconf(self._runner, self._programs.postconf).config_directory()
        path = os.path.join(instance.directories.config if instance else directory, "main.cf")
        with kept_access(path):
            result = self._runner.run([self._programs.postmulti, *arguments])
        if result.rc != 0:
            raise InstanceError(f"postmulti {' '.join(arguments)} failed: {_reason(result)}")


def queued(queue_directory: str) -> int:
    """Return the number of messages in the queues below a queue directory."""
    return sum(
        len(files)
        for name in _MAIL_QUEUES
        for _directory, _folders, files in os.walk(os.path.join(queue_directory, name))
    )


def empty(directory: str, keep: t.Collection[str] = ()) -> None:
    """Remove what is in a directory, if there is one; symbolic links are not followed. Raises OSError."""
    if not os.path.isdir(directory):
        return
    for name in sorted(set(os.listdir(directory)) - set(keep)):
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


@contextlib.contextmanager
def kept_access(path: str) -> t.Iterator[None]:
    """Keep mode, owner and symbolic link of a file that postconf replaces in the block. Raises OSError."""
    link = os.readlink(path) if os.path.islink(path) else None
    target, access, content = os.path.realpath(path), read_access(path), read_bytes(path)
    if content is None or access is None:
        yield
        return
    if not content.endswith(b"\n"):
        # Before 3.10.2 postconf glues an appended entry to a last line that has no line break.
        replace_file(target, content + b"\n", access)
    try:
        yield
    finally:
        changed = read_bytes(path)
        if changed is not None and link is not None and not os.path.islink(path):
            replace_file(target, changed, access)
            temporary = f"{path}.link"
            os.symlink(link, temporary)
            os.rename(temporary, path)
        elif changed is not None and read_access(path) != access:
            os.chown(target, access.uid, access.gid)
            os.chmod(target, access.mode)


def _reason(result: CommandResult) -> str:
    text = normalise(result.stderr) or normalise(result.stdout)
    return text or f"exit status {result.rc}. The mail log says why."
