# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Check a planned configuration with named's own tools, put it in place, and prove that named serves it."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._bind_dnssec import DsRecord, read_ds
from ansible_collections.postmaster.mail.plugins.module_utils._bind_model import Zone
from ansible_collections.postmaster.mail.plugins.module_utils._bind_plan import (
    FileChange,
    Owners,
    Plan,
    ZonePlan,
    companions,
    leftovers,
    pending_path,
    staged_files,
)
from ansible_collections.postmaster.mail.plugins.module_utils._bind_zone import with_serial
from ansible_collections.postmaster.mail.plugins.module_utils._files import FileAccess, replace_file
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult, CommandRunner

_PAUSE_S = 0.2
_LINE = re.compile(r"^(?:[\w.]+: )?(/[^\s:]+):(\d+): ", re.MULTILINE)
_SERIAL = re.compile(r"^serial: (\d+)$", re.MULTILINE)
_ANY_SERIAL = re.compile(r"^(?:signed )?serial: (\d+)$", re.MULTILINE)
_NOISE = re.compile(r"^zone \S+: loaded serial \d+( \(DNSSEC signed\))?$|^OK$")


class BindError(Exception):
    """named or one of its tools does not take the configuration."""


class BindTools(t.NamedTuple):
    """Programs of BIND."""

    checkconf: str
    checkzone: str
    rndc: str


def find_tools(find: t.Callable[[str], str | None]) -> BindTools | None:
    """Return the programs of BIND, or None if it is not installed. Its tools may be there without the daemon."""
    checkconf, checkzone, rndc = (find(name) for name in ("named-checkconf", "named-checkzone", "rndc"))
    return BindTools(checkconf, checkzone, rndc) if find("named") and checkconf and checkzone and rndc else None


def check(plan: Plan, runner: CommandRunner, tools: BindTools, staging: str) -> None:
    """Let named-checkconf and named-checkzone read the whole configuration with the planned files in it.

    Raises BindError with their words, the paths as they will be, and the lines that they complain about.
    """
    with tempfile.TemporaryDirectory(prefix="bind.", dir=staging) as stage:
        # Files have their own names in one folder each, so that what the tools say can be told of the live paths.
        staged = {
            path: os.path.join(stage, str(number), os.path.basename(path))
            for number, path in enumerate(
                [
                    plan.paths.main,
                    plan.paths.local,
                    plan.paths.ours,
                    *(change.path for change in plan.changes if change.after is not None),
                ]
            )
        }
        if not os.path.isdir(plan.paths.dnssec_keys):
            staged[plan.paths.dnssec_keys] = os.path.join(stage, "keys")
            os.mkdir(staged[plan.paths.dnssec_keys])

        def locate(path: str) -> str:
            return staged.get(path, path)

        texts = staged_files(plan, locate)
        for path, text in texts.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as sink:
                sink.write(text)
        live = {path: original for original, path in staged.items()}
        for zone in plan.zones:
            if zone.changed:
                argv = [tools.checkzone, "-k", "fail", "-m", "fail", "-M", "fail", "-n", "fail", "-i", "local"]
                _refuse(runner.run([*argv, zone.zone.title, locate(zone.path)]), live, texts)
        _refuse(runner.run([tools.checkconf, "-z", "-j", locate(plan.paths.main)]), live, texts)


def _refuse(result: CommandResult, live: t.Mapping[str, str], texts: t.Mapping[str, str]) -> None:
    if result.rc == 0:
        return
    said = []
    for line in f"{result.stdout}{result.stderr}".splitlines():
        if line.strip() and not _NOISE.match(line.strip()):
            said += [line.strip(), *_line_at(line, texts)]
    text = "\n".join(dict.fromkeys(said))
    for path, original in live.items():
        text = text.replace(path, original)
    raise BindError(f"The configuration was refused, and nothing was changed. Correct what this is made of:\n{text}")


def _line_at(line: str, texts: t.Mapping[str, str]) -> list[str]:
    found = _LINE.match(line)
    lines = texts[found.group(1)].splitlines() if found and found.group(1) in texts else []
    number = int(found.group(2)) if found else 0
    if not 0 < number <= len(lines) or "secret" in lines[number - 1]:
        return []
    return [f"    {number}: {lines[number - 1].strip()}"]


class Named:
    """The running daemon, asked and told by rndc."""

    def __init__(self, runner: CommandRunner, rndc: str, patience: float) -> None:
        self._runner = runner
        self._rndc = rndc
        self._patience = patience
        self._read: set[str] = set()

    def _tell(self, *words: str) -> CommandResult:
        return self._runner.run([self._rndc, *words])

    def served(self, title: str, view: str) -> int | None:
        """Return the serial that others see of a zone, or None if it is not served."""
        result = self._tell("zonestatus", *([title, "IN", view] if view else [title]))
        return max((int(serial) for serial in _ANY_SERIAL.findall(result.stdout)), default=None)

    def answers(self) -> bool:
        """Whether the daemon runs and answers."""
        return self._tell("status").rc == 0

    def require(self) -> None:
        """Raise BindError if the daemon does not answer."""
        result = self._tell("status")
        if result.rc != 0:
            raise BindError(
                f"named does not answer rndc, so nothing was changed: {_words(result)}. Start it, and if that fails "
                "repair what its journal names."
            )

    def activate(self, plan: Plan) -> None:
        """Let the daemon read what changed and wait until it serves it. Raises BindError."""
        primaries = [zone for zone in plan.zones if zone.zone.type == "primary"]
        # A new zone is read with the configuration, and a dynamic one is never written but when it is new.
        known = [zone for zone in primaries if zone.changed and not zone.new]
        if plan.config_changed:
            # After an interruption nobody knows which files the daemon has read.
            self._must("reload" if plan.pending else "reconfig")
            self._await_serials([zone for zone in primaries if zone not in known])
        for zone in known:
            self._read.add(zone.path)
            self._must("reload", *_words_of(zone.zone))
        self._await_serials(known)

    def has_read(self, zone: ZonePlan) -> bool:
        """Whether the daemon may have read the planned file of a zone."""
        return zone.path in self._read or self._serial(zone) == zone.serial

    def _serial(self, zone: ZonePlan) -> int | None:
        found = _SERIAL.search(self._tell("zonestatus", *_words_of(zone.zone)).stdout)
        return int(found.group(1)) if found else None

    def reread(self) -> None:
        """Let the daemon read everything again, whatever it says."""
        self._tell("reload")

    def _must(self, *words: str) -> None:
        result = self._tell(*words)
        if result.rc != 0:
            raise BindError(f"rndc {' '.join(words)} failed: {_words(result)}")

    def _await_serials(self, zones: t.Sequence[ZonePlan]) -> None:
        deadline = time.monotonic() + self._patience
        for zone in zones:
            while True:
                result = self._tell("zonestatus", *_words_of(zone.zone))
                found = _SERIAL.search(result.stdout)
                if found and _is_served(zone, int(found.group(1))):
                    break
                if time.monotonic() > deadline:
                    raise BindError(
                        f"named does not serve zone {zone.zone.title} with serial {zone.serial}"
                        f" after {self._patience:g} seconds; it says: {_words(result)}"
                    )
                time.sleep(_PAUSE_S)

    def await_ds(self, plan: Plan) -> list[DsRecord]:
        """Return the DS records of all signed zones, waiting until named has made the keys of each."""
        deadline = time.monotonic() + self._patience
        wanted = {zone.zone.name for zone in plan.zones if zone.zone.signed}
        while True:
            found = read_ds(plan.paths.dnssec_keys, wanted)
            missing = wanted - {record.zone for record in found}
            if not missing:
                return found
            if time.monotonic() > deadline:
                raise BindError(
                    f"named has made no key for zone {sorted(missing)[0]} in {plan.paths.dnssec_keys} after "
                    f"{self._patience:g} seconds. Its journal says why: journalctl -u named"
                )
            time.sleep(_PAUSE_S)


def _is_served(zone: ZonePlan, serial: int) -> bool:
    # Updates and signatures move the serial of a dynamic zone on.
    return zone.serial is None or serial == zone.serial or (zone.zone.dynamic and serial > zone.serial)


def _words_of(zone: Zone) -> list[str]:
    return [zone.title, "IN", zone.view] if zone.view else [zone.title]


def _words(result: CommandResult) -> str:
    return " ".join(f"{result.stderr} {result.stdout}".split()) or f"exit status {result.rc}"


def apply(plan: Plan, named: Named | None, owners: Owners) -> None:
    """Write the planned files and activate them; put all back if named does not take them. Raises BindError.

    Without named nobody is told, which is for a daemon that does not run.
    """
    if named:
        named.require()
    for folder in plan.paths.folders():
        if not os.path.isdir(folder):
            os.mkdir(folder)
            os.chown(folder, owners.root, owners.group)
            os.chmod(folder, 0o770)
    marker = pending_path(plan.paths)
    replace_file(marker, b"", FileAccess(0o600, owners.root, owners.root))
    done: list[FileChange] = []
    _remove(companions(plan))
    try:
        for change in plan.changes:
            done.append(change)
            _put(change.path, change.after, change.access)
        if named:
            named.activate(plan)
    except (BindError, OSError) as error:
        former = _former_zones(plan, named) if named else {}
        for change in reversed(done):
            content = former.get(change.path, change.before)
            _put(change.path, content, change.access_before or change.access)
        if named:
            named.reread()
        _remove([*companions(plan), marker])
        raise BindError(f"{error}. The former configuration is in force again.") from error
    _remove([*leftovers(plan), marker])


def remove_folders(plan: Plan) -> None:
    """Remove the directories that are empty by now."""
    for folder in reversed(plan.paths.folders()):
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def _former_zones(plan: Plan, named: Named) -> dict[str, bytes]:
    """Return the former records of zones whose planned file the daemon has read, under a serial above that one.

    The daemon goes on with what it has when the serial of a file that it signs goes back, and so do secondaries.
    """
    texts = {}
    for change in plan.changes:
        for zone in plan.zones:
            if zone.path == change.path and change.before is not None and zone.serial and named.has_read(zone):
                texts[change.path] = with_serial(change.before.decode(), zone.serial + 1).encode()
    return texts


def _put(path: str, content: bytes | None, access: FileAccess) -> None:
    if content is None:
        _remove([path])
    else:
        replace_file(path, content, access)


def _remove(paths: t.Iterable[str]) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
