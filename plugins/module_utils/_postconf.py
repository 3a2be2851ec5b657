# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Asking postconf(1): values, names and capabilities of an installed Postfix, and what it complains about."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult, CommandRunner

# Postfix programs introduce themselves by the path they were started with.
_COMPLAINT = re.compile(r"(?:\S*/)?postconf: (?P<level>warning|error|fatal|panic): (?P<text>.*)\Z", re.DOTALL)
_FILE = re.compile(r"(?:\S*/)?(?P<file>main|master)\.cf(?=[:,]|$)")
_UNUSED = re.compile(r"(?P<file>main|master)\.cf: unused parameter: (?P<name>[^=]+)=(?P<value>.*)\Z", re.DOTALL)
_UNDEFINED = re.compile(r"(?P<file>main|master)\.cf: undefined parameter: (?P<name>\S+)")
_OBSOLETE = re.compile(
    r'(?:main|master)\.cf: support for parameter "?(?P<name>[^\s"]+)"? (?P<fate>will be|has been) removed;'
    r" instead, (?P<remedy>.*)\Z",
    re.DOTALL,
)
_OVERRIDDEN = re.compile(r"(?P<file>main|master)\.cf, line \d+: overriding earlier entry: (?P<name>[^=]+)=")
_MISSING_FILE = re.compile(r"open (?P<path>\S*/(?:main|master)\.cf): No such file or directory")


class PostconfError(Exception):
    """postconf(1) failed, or Postfix is not there to be asked."""


def normalise(text: str) -> str:
    """Collapse white space the way postconf prints values, line breaks included."""
    return " ".join(text.split())


@dataclass(frozen=True)
class Obsolete:
    """A parameter Postfix will drop or has dropped, and what to use instead in the words of that version."""

    name: str
    remedy: str
    removed: bool


@dataclass(frozen=True)
class Complaints:
    """What postconf wrote to standard error, each kind once; paths are reduced to main.cf and master.cf."""

    unused: t.Mapping[tuple[str, str], str] = field(default_factory=dict)
    undefined: frozenset[tuple[str, str]] = frozenset()
    obsolete: t.Mapping[str, Obsolete] = field(default_factory=dict)
    other: tuple[str, ...] = ()
    fatal: str = ""

    def unused_in(self, file: str) -> frozenset[str]:
        return frozenset(name for where, name in self.unused if where == file)


@dataclass(frozen=True)
class Reading:
    """The parameters postconf listed (values with white space collapsed), and its complaints."""

    parameters: t.Mapping[str, str]
    complaints: Complaints
    ok: bool
    missing_file: str = ""


def parse_parameters(stdout: str) -> dict[str, str]:
    """Read "name = value" lines; the value may be empty and may itself contain "=" or "#"."""
    parameters: dict[str, str] = {}
    for line in stdout.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            parameters[name.strip()] = normalise(value)
    return parameters


def parse_complaints(stderr: str) -> Complaints:
    """Sort the lines of standard error by kind; lines that continue a multi-line value join the one before."""
    messages: list[str] = []
    for line in stderr.splitlines():
        if _COMPLAINT.match(line) or not messages:
            messages.append(line)
        else:
            messages[-1] = f"{messages[-1]}\n{line}"
    unused: dict[tuple[str, str], str] = {}
    undefined: set[tuple[str, str]] = set()
    obsolete: dict[str, Obsolete] = {}
    other: dict[str, None] = {}
    fatal = ""
    for message in messages:
        complaint = _COMPLAINT.match(message)
        if complaint is None:
            continue
        text = _FILE.sub(r"\g<file>.cf", complaint["text"], count=1)
        if complaint["level"] in ("fatal", "panic"):
            fatal = text
        elif found := _UNUSED.match(text):
            unused[found["file"], found["name"].strip()] = normalise(found["value"])
        elif found := _UNDEFINED.match(text):
            undefined.add((found["file"], found["name"]))
        elif found := _OBSOLETE.match(text):
            remedy = normalise(found["remedy"])
            obsolete[found["name"]] = Obsolete(found["name"], remedy, removed=found["fate"] == "has been")
        elif found := _OVERRIDDEN.match(text):
            other[f"{found['file']}.cf: overriding earlier entry: {found['name']}"] = None
        else:
            other[normalise(text)] = None
    return Complaints(unused, frozenset(undefined), obsolete, tuple(other), fatal)


class Postconf:
    """postconf(1) of one Postfix instance; without config_dir the instance postconf itself would choose."""

    def __init__(self, runner: CommandRunner, executable: str = "postconf", config_dir: str | None = None) -> None:
        self._runner = runner
        self._executable = executable
        self.config_dir = config_dir

    def run(self, arguments: t.Sequence[str]) -> CommandResult:
        select = ["-c", self.config_dir] if self.config_dir else []
        return self._runner.run([self._executable, *select, *arguments])

    def services(self) -> tuple[list[str], Reading]:
        """Return the entries of master.cf, one line each, and how the reading went."""
        result = self.run(["-M"])
        return result.stdout.splitlines(), _reading(result)

    def edit(self, arguments: t.Sequence[str]) -> None:
        """Run a changing postconf command. Raises PostconfError with the reason postconf gives."""
        result = self.run(arguments)
        if result.rc != 0:
            raise PostconfError(f"postconf {arguments[0]} failed: {_reason(result)}")

    def explicit(self) -> Reading:
        """Return what main.cf sets. Names that nothing uses are only found among the complaints."""
        return self._read(["-n"])

    def effective(self, names: t.Sequence[str]) -> Reading:
        """Return the values in force of names, with every $name in them expanded."""
        return self._read(["-x", *names])

    def defaults(self, names: t.Sequence[str]) -> t.Mapping[str, str]:
        """Return the built-in defaults of those of names that Postfix knows."""
        return self._read(["-d", *names]).parameters

    def known_names(self) -> frozenset[str]:
        """Return the names of all parameters this Postfix knows, those derived from its services included."""
        return frozenset(self._read(["-d"]).parameters)

    def config_directory(self) -> str:
        """Return the folder of main.cf and master.cf, even while main.cf cannot be read. Raises PostconfError."""
        if self.config_dir:
            return self.config_dir
        result = self.run(["-d", "config_directory"])
        directory = parse_parameters(result.stdout).get("config_directory", "")
        if result.rc != 0 or not directory:
            raise PostconfError(f"postconf -d config_directory failed: {_reason(result)}")
        return directory

    def map_types(self) -> frozenset[str]:
        """Return the lookup table types this Postfix can open. Raises PostconfError."""
        result = self.run(["-m"])
        if result.rc != 0:
            raise PostconfError(f"postconf -m failed: {_reason(result)}")
        return frozenset(result.stdout.split())

    def start_fault(self) -> str:
        """Return why the programs of Postfix end when they read main.cf, or an empty string."""
        result = self.run(["-m"])
        return "" if result.rc == 0 else _reason(result)

    def _read(self, arguments: t.Sequence[str]) -> Reading:
        return _reading(self.run(arguments))


def _reading(result: CommandResult) -> Reading:
    missing = _MISSING_FILE.search(result.stderr) if result.rc != 0 else None
    return Reading(
        parameters=parse_parameters(result.stdout),
        complaints=parse_complaints(result.stderr),
        ok=result.rc == 0,
        missing_file=missing["path"] if missing else "",
    )


def _reason(result: CommandResult) -> str:
    complaints = parse_complaints(result.stderr)
    parts = [part for part in (*complaints.other, complaints.fatal) if part]
    return "; ".join(parts) or normalise(result.stderr) or f"exit status {result.rc}"
