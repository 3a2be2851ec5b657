# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Asking postmap and postalias to build, list and search an index."""

from __future__ import annotations

import os
import re
import tempfile
import time
import typing as t
from dataclasses import dataclass

from ._files import read_bytes
from ._postfix_table import INDEX_SUFFIX, ORDERED_TYPES, Line, TableError, TableFormat, fold

if t.TYPE_CHECKING:
    from ._runner import CommandResult, CommandRunner

# Every entry of a table of this size or less is looked up after a build, and this many of a larger one.
_LOOKUPS = 1000

# The runner hands over all input before it reads any output, and postmap answers each key at once: more input than
# any pipe takes in one go would have both wait for each other.
_QUERY_SIZE = 4000

# postalias adds these to every index it builds.
_ALIAS_EXTRAS = frozenset({"@", "YP_LAST_MODIFIED", "YP_MASTER_NAME"})
_MAIN_CF_WARNING = re.compile(r"\S+: warning: \S*/main\.cf[,:]")
_PROBE = "probe.postmaster.mail.invalid"


@dataclass(frozen=True)
class StagedTable:
    """What Postfix made of a table in a private directory: the index file, its content, and when it was begun."""

    index: bytes | None
    content: t.Mapping[str, str] | None
    begun: int


@dataclass(frozen=True)
class TableTools:
    """postmap and postalias (paths) of one Postfix instance."""

    runner: CommandRunner
    postmap: str
    postalias: str
    config_dir: str | None

    def _run(self, table_format: TableFormat, *arguments: str, data: str | None = None) -> CommandResult:
        program = self.postalias if table_format == "aliases" else self.postmap
        instance = [] if self.config_dir is None else ["-c", self.config_dir]
        return self.runner.run([program, *instance, *arguments], data=data)

    def build(self, map_type: str, table_format: TableFormat, path: str) -> None:
        """Build the index of path beside it. Raises TableError with whatever the tool complained about."""
        result = self._run(table_format, f"{map_type}:{path}")
        _refuse_complaints(result, good=(0,))

    def list_index(self, map_type: str, table_format: TableFormat, path: str) -> dict[str, str] | None:
        """Return everything in the index of path; None if it cannot be opened or this type cannot be listed."""
        result = self._run(table_format, "-s", f"{map_type}:{path}")
        if result.rc != 0:
            return None
        return _pairs(result.stdout, table_format)

    def look_up(self, map_type: str, table_format: TableFormat, path: str, keys: t.Iterable[str]) -> dict[str, str]:
        """Return what Postfix finds for keys. Raises TableError if the table cannot be searched."""
        found: dict[str, str] = {}
        for data in _batches(keys):
            result = self._run(table_format, "-q", "-", f"{map_type}:{path}", data=data)
            _refuse_complaints(result, good=(0, 1))
            found.update(_pairs(result.stdout, table_format))
        return found


def _batches(keys: t.Iterable[str]) -> t.Iterator[str]:
    batch, size = "", 0
    for key in keys:
        line = f"{key}\n"
        length = len(line.encode())
        if batch and size + length > _QUERY_SIZE:
            yield batch
            batch, size = "", 0
        batch += line
        size += length
    if batch:
        yield batch


def _pairs(text: str, table_format: TableFormat) -> dict[str, str]:
    separator = ":\t" if table_format == "aliases" else "\t"
    pairs = (line.partition(separator) for line in text.splitlines())
    found = {key: value for key, _separator, value in pairs}
    if table_format == "aliases":
        found = {key: value for key, value in found.items() if key not in _ALIAS_EXTRAS}
    return found


def _refuse_complaints(result: CommandResult, *, good: t.Container[int]) -> None:
    complaints = [
        line for line in result.stderr.splitlines() if line.strip() and not _MAIN_CF_WARNING.match(line.strip())
    ]
    if result.rc not in good or complaints:
        text = "; ".join(dict.fromkeys(complaints)) or f"exit status {result.rc} without a message"
        raise TableError(text)


def stage(
    tools: TableTools,
    path: str,
    content: bytes,
    lines: t.Sequence[Line],
    map_type: str,
    table_format: TableFormat,
    directory: str,
) -> StagedTable:
    """Have Postfix accept content in a private directory below directory. Raises TableError, OSError."""
    begun = int(time.time())
    with tempfile.TemporaryDirectory(prefix=f".{os.path.basename(path)}.", dir=directory) as private:
        staged = os.path.join(private, os.path.basename(path))
        with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sink:
            sink.write(content)
        try:
            if map_type in ORDERED_TYPES:
                tools.look_up(map_type, table_format, staged, [_PROBE])
                return StagedTable(index=None, content=None, begun=begun)
            if map_type not in INDEX_SUFFIX:
                _prove(tools, staged, lines, map_type, table_format)
                return StagedTable(index=None, content=None, begun=begun)
            tools.build(map_type, table_format, staged)
            _prove(tools, staged, lines, map_type, table_format)
        except TableError as error:
            raise TableError(str(error).replace(staged, path)) from error
        return StagedTable(
            index=read_bytes(staged + INDEX_SUFFIX[map_type]),
            content=tools.list_index(map_type, table_format, staged),
            begun=begun,
        )


def _prove(tools: TableTools, path: str, lines: t.Sequence[Line], map_type: str, table_format: TableFormat) -> None:
    sample = _sample(lines)
    found = tools.look_up(map_type, table_format, path, [line.key for line in sample])
    for line in sample:
        value = found.get(line.key)
        if value is None or (table_format == "postmap" and value != line.value):
            raise TableError(
                f"line {line.number}: Postfix does not find the key '{line.key}' with the value it was given"
            )


def _sample(lines: t.Sequence[Line]) -> t.Sequence[Line]:
    return lines[:: -(-len(lines) // _LOOKUPS)] if lines else lines


def index_matches(
    tools: TableTools, path: str, lines: t.Sequence[Line], map_type: str, table_format: TableFormat
) -> bool:
    """Whether the live index of path holds lines and nothing else, as far as can be told without building one.

    Where the type cannot be listed (cdb before Postfix 3.10), the entries are looked up.
    """
    listed = tools.list_index(map_type, table_format, path)
    if listed is not None:
        return listed == {fold(line.key): line.value for line in lines}
    expected = {line.key: line.value for line in _sample(lines)}
    try:
        return tools.look_up(map_type, table_format, path, expected) == expected
    except TableError:
        return False
