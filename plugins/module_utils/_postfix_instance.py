# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Extra Postfix instances: what there is, what is wanted, and the plan between them."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, replace

State = t.Literal["present", "absent"]

# What a name may have besides, so that it can be part of a path and of the name of a unit.
_NAME = re.compile(r"postfix-[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_UNIT_SAFE = re.compile(r"[^A-Za-z0-9:_.]")
_PREFIX: t.Final = "postfix-"
_UNIT_BY_PATH: t.Final = "/etc/postfix-%I"
_UNIT_BY_NAME: t.Final = re.compile(r"postmulti -i %i\b")


class InstanceError(Exception):
    """The task cannot be done, or must not be."""


@dataclass(frozen=True)
class Directories:
    """Where an instance keeps its configuration, its queue and its data."""

    config: str
    queue: str
    data: str

    @property
    def each(self) -> tuple[str, str, str]:
        return self.config, self.queue, self.data


@dataclass(frozen=True)
class MailInstance:
    """One extra instance. started None means that nobody asked."""

    name: str
    group: str
    enabled: bool
    directories: Directories
    started: bool | None = None


@dataclass(frozen=True)
class Setup:
    """The primary instance's directories, whether it manages others, and these others by name."""

    primary: Directories
    initialised: bool
    instances: t.Mapping[str, MailInstance]


@dataclass(frozen=True)
class Wish:
    """What the task asks for; None leaves things as they are."""

    name: str
    state: State = "present"
    enabled: bool = True
    group: str | None = None
    started: bool | None = None
    config_directory: str | None = None
    queue_directory: str | None = None
    data_directory: str | None = None
    force: bool = False

    @property
    def must_stop(self) -> bool:
        """Whether the instance must not run afterwards: Postfix cannot stop one that is disabled."""
        return self.state == "absent" or self.started is False or not self.enabled


@dataclass(frozen=True)
class Plan:
    """The instance before and after (None: there is none), and whether support for instances is to be set up first."""

    before: MailInstance | None
    after: MailInstance | None
    initialise: bool = False

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def subject(self) -> MailInstance | None:
        return self.after or self.before


def check_wish(wish: Wish) -> None:
    """Raise InstanceError for what no instance can have."""
    if not _NAME.match(wish.name):
        raise InstanceError(
            f"'{wish.name}' cannot be the name of an instance. Postfix wants it to begin with 'postfix-'; letters,"
            " digits, '.', '_' and '-' may follow, as in postfix-out."
        )
    if wish.group and not _GROUP.match(wish.group):
        raise InstanceError(f"'{wish.group}' cannot be the name of a group. Use letters, digits, '.', '_' and '-'.")
    if wish.state == "present" and wish.started and not wish.enabled:
        raise InstanceError("An instance that is not enabled cannot be started. Set enabled=true or started=false.")
    for path in (wish.config_directory, wish.queue_directory, wish.data_directory):
        if path is not None and (not os.path.isabs(path) or os.path.normpath(path) != path or path.count("/") < 2):
            raise InstanceError(
                f"'{path}' cannot be a directory of an instance. Give an absolute path below /etc or /var."
            )
        if path is not None and re.search(r"[\s,$]", path):
            raise InstanceError(f"'{path}' cannot be a directory of an instance: Postfix would take it apart.")


def wanted_directories(wish: Wish, primary: Directories) -> Directories:
    """Return the directories that postmulti gives a new instance: beside those of the primary one."""

    def beside(path: str) -> str:
        return os.path.join(os.path.dirname(path), wish.name)

    return Directories(
        wish.config_directory or beside(primary.config),
        wish.queue_directory or beside(primary.queue),
        wish.data_directory or beside(primary.data),
    )


def make_plan(wish: Wish, setup: Setup) -> Plan:
    """Compare. Raises InstanceError for what cannot be changed, or would take directories from another instance."""
    before = setup.instances.get(wish.name)
    if wish.state == "absent":
        if before is not None:
            _refuse_shared(before, setup)
        return Plan(before, None)
    if before is not None:
        _refuse_move(wish, before)
        started = before.started if wish.started is None and wish.enabled else bool(wish.started)
        group = before.group if wish.group is None else wish.group
        return Plan(before, replace(before, enabled=wish.enabled, group=group, started=started), not setup.initialised)
    after = MailInstance(
        wish.name, wish.group or "", wish.enabled, wanted_directories(wish, setup.primary), bool(wish.started)
    )
    _refuse_shared(after, setup)
    return Plan(None, after, not setup.initialised)


def _refuse_move(wish: Wish, before: MailInstance) -> None:
    given = wish.config_directory, wish.queue_directory, wish.data_directory
    for path, present in zip(given, before.directories.each):
        if path is not None and path != present:
            raise InstanceError(
                f"The instance '{wish.name}' has {present}, not {path}. Its directories cannot be changed: leave the"
                " option out, or remove the instance and create it again."
            )


def _refuse_shared(subject: MailInstance, setup: Setup) -> None:
    others = {"the primary instance": setup.primary}
    others.update(
        (f"the instance '{item.name}'", item.directories)
        for item in setup.instances.values()
        if item.name != subject.name
    )
    for owner, directories in others.items():
        for path in subject.directories.each:
            for taken in directories.each:
                if os.path.commonpath([path, taken]) in (path, taken):
                    raise InstanceError(
                        f"{path} of the instance '{subject.name}' is not its own: {taken} belongs to {owner}."
                        " Each instance needs directories of its own, none within another."
                    )


def describe(instance: MailInstance | None) -> str:
    """Return an instance as text for a diff."""
    if instance is None:
        return ""
    lines = {
        "name": instance.name,
        "group": instance.group or "-",
        "enabled": "yes" if instance.enabled else "no",
        "started": {True: "yes", False: "no", None: "-"}[instance.started],
        "config_directory": instance.directories.config,
        "queue_directory": instance.directories.queue,
        "data_directory": instance.directories.data,
    }
    return "".join(f"{key} = {value}\n" for key, value in lines.items())


def systemd_unit(template: str, name: str, config_directory: str) -> str:
    """Return the unit of an instance from the text of postfix@.service; empty if it does not serve this instance."""
    if _UNIT_BY_PATH in template:
        parent, base = os.path.split(config_directory)
        if parent != "/etc" or not base.startswith(_PREFIX):
            return ""
        escaped = _UNIT_SAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", base[len(_PREFIX) :])
        return f"postfix@{escaped}.service"
    if _UNIT_BY_NAME.search(template):
        return f"postfix@{name}.service"
    return ""


def mounts_below(mounts: str, directory: str) -> list[str]:
    """Return the mount points below directory from the text of /proc/self/mounts."""
    found = []
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) > 1:
            point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
            if point.startswith(f"{directory}/"):
                found.append(point)
    return found
