# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Trying a configuration file in a staged copy of its tree: doveconf judges, the live files stay as they are."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Line, Origin
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

MAIN_FILE = "dovecot.conf"

_ERROR = re.compile(r"Error in configuration(?: file (?P<file>\S+?)(?: line (?P<line>\d+))?)?: (?P<text>.*)")
_INCLUDE = r"(?m)^(\s*!include(?:_try)?\s+){root}/"
# doveconf stops at its first error; each round takes the offending line away and asks again.
_ROUNDS = 30


@dataclass(frozen=True)
class Complaint:
    """An error of doveconf: its file (as on the live system), the setting where it is ours, and the text."""

    file: str
    line: int
    origin: Origin
    text: str


@dataclass(frozen=True)
class Verdict:
    """What doveconf said of a candidate."""

    complaints: tuple[Complaint, ...]
    warnings: tuple[str, ...]


class Stage:
    """A private copy of a configuration directory in which one file is the candidate."""

    def __init__(self, runner: CommandRunner, doveconf: str, root: str, path: str) -> None:
        self._runner = runner
        self._doveconf = doveconf
        self._root = root
        self._path = path

    def judge(self, lines: t.Sequence[Line]) -> Verdict:
        """Return every error that doveconf finds, one round for each, and its warnings."""
        complaints: list[Complaint] = []
        warnings: tuple[str, ...] = ()
        left = list(lines)
        for _round in range(_ROUNDS):
            stderr, accepted = self._run("".join(f"{line.text}\n" for line in left))
            if accepted:
                return Verdict(tuple(complaints), _warnings(stderr) if not complaints else warnings)
            complaint, span = self._understand(stderr, left)
            if not complaint.text:
                return Verdict((*complaints, *self._isolate(left)), warnings)
            if complaint not in complaints:
                complaints.append(complaint)
            if span is None:
                break
            del left[span]
        return Verdict(tuple(complaints), warnings)

    def baseline(self) -> Complaint | None:
        """What doveconf says of the live files themselves."""
        result = self._runner.run([self._doveconf, "-c", os.path.join(self._root, MAIN_FILE), "-n", "-x"])
        return None if result.rc == 0 else self._understand(result.stderr, [])[0]

    def _isolate(self, lines: t.Sequence[Line]) -> list[Complaint]:
        """doveconf 2.4.1 crashes over some combinations; leave out what it crashes without, and name the rest."""
        left = list(lines)
        index = 0
        while index < len(left):
            span = _span(left, index)
            fewer = [*left[: span.start], *left[span.stop :]]
            stderr, accepted = self._run("".join(f"{line.text}\n" for line in fewer))
            if accepted or _plain(stderr):
                index = span.stop
            else:
                left = fewer
        origins = dict.fromkeys(line.origin[:1] for line in left if line.origin and not _is_version(line))
        names = " and ".join(origin[0] for origin in origins)
        text = f"doveconf crashes over {names or 'this tree'}"
        return [Complaint(self._path, 0, next(iter(origins), ()), text)]

    def _run(self, text: str) -> tuple[str, bool]:
        directory = tempfile.mkdtemp(prefix="dovecot-setting-")
        try:
            self._copy(directory, text)
            main = os.path.join(directory, MAIN_FILE)
            result = self._runner.run([self._doveconf, "-c", main, "-n", "-x"])
            return result.stderr.replace(f"{directory}/", f"{self._root}/"), result.rc == 0
        finally:
            shutil.rmtree(directory)

    def _copy(self, directory: str, text: str) -> None:
        relative = os.path.relpath(self._path, self._root)
        source, target = self._root, directory
        *folders, name = relative.split(os.sep)
        for folder in folders:
            _link_all(source, target, folder)
            source, target = os.path.join(source, folder), os.path.join(target, folder)
            os.mkdir(target, 0o700)
        _link_all(source, target, name)
        with open(os.path.join(target, name), "w", encoding="utf-8") as sink:
            sink.write(text)
        if folders:
            self._redirect_includes(directory)

    def _redirect_includes(self, directory: str) -> None:
        """Make absolute includes of the main file lead into the stage, where the candidate is."""
        main = os.path.join(directory, MAIN_FILE)
        with open(main, encoding="utf-8", errors="surrogateescape") as source:
            text = source.read()
        staged = re.sub(_INCLUDE.format(root=re.escape(self._root)), rf"\g<1>{directory}/", text)
        if staged != text:
            os.unlink(main)
            with open(main, "w", encoding="utf-8", errors="surrogateescape") as sink:
                sink.write(staged)

    def _understand(self, stderr: str, lines: list[Line]) -> tuple[Complaint, slice | None]:
        """Make a complaint of doveconf's text, and tell which lines of the candidate to take away."""
        match = next((found for found in map(_ERROR.search, stderr.splitlines()) if found), None)
        if match is None:
            return Complaint("", 0, (), _plain(stderr)), None
        file, text = match.group("file") or "", _plain(match.group("text"))
        number = int(match.group("line") or 0)
        if file == self._path and 0 < number <= len(lines):
            index = number - 1
            return Complaint(file, number, lines[index].origin, text), _span(lines, index)
        named = text.partition(":")[0]
        for index, line in enumerate(lines):
            if not number and line.origin == (named,):
                return Complaint(file, 0, line.origin, text), _span(lines, index)
        return Complaint(file, number, (), text), None


def _span(lines: t.Sequence[Line], index: int) -> slice:
    """The line at index, or the whole block that it begins."""
    if not lines[index].text.endswith(" {"):
        return slice(index, index + 1)
    pad = len(lines[index].text) - len(lines[index].text.lstrip())
    end = next(at for at in range(index, len(lines)) if lines[at].text == " " * pad + "}")
    return slice(index, end + 1)


def _is_version(line: Line) -> bool:
    return line.text.startswith("dovecot_")


def _link_all(source: str, target: str, without: str) -> None:
    names = os.listdir(source) if os.path.isdir(source) else []
    for name in names:
        if name != without:
            os.symlink(os.path.join(source, name), os.path.join(target, name))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"^doveconf: (Fatal|Error): ", "", text.strip()).split())


def _warnings(stderr: str) -> tuple[str, ...]:
    found = [line.partition("Warning: ")[2] for line in stderr.splitlines() if line.startswith("doveconf: Warning: ")]
    return tuple(dict.fromkeys(found))
