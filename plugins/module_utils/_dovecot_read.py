# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading the configuration of an installed Dovecot: what doveconf says, and the files beside that it does not see."""

from __future__ import annotations

import glob
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_conf_output as conf_output
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_file import Grammar
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_sources import Place, parse_file, scan
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import value_of
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, Body, Setting, TreeError
from ansible_collections.postmaster.mail.plugins.module_utils._files import read_bytes
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

# Drivers of 2.3 whose settings stand in a file that args or a dict URI names.
_FILE_DRIVERS = frozenset({"sql", "ldap", "dict", "oauth2"})
_DICT_FILE = re.compile(r"^(?:mysql|pgsql|sqlite|cassandra|ldap):(/\S+)$")
_ERROR = re.compile(r"^doveconf: (?:Fatal|Error): (?P<text>.*)$")


class ReadError(Exception):
    """The configuration cannot be read: the file, the cause and the remedy are in the text."""


@dataclass(frozen=True)
class External:
    """A file that Dovecot 2.3 keeps beside its configuration, and the setting that names it."""

    path: str
    named_by: str
    body: Body


@dataclass(frozen=True)
class Configuration:
    """All that can be read of one Dovecot."""

    version: str
    pigeonhole: str
    config_file: str
    body: Body
    externals: tuple[External, ...]
    files: tuple[str, ...]
    places: tuple[Place, ...]
    messages: tuple[str, ...]

    @property
    def grammar(self) -> Grammar:
        return "2.3" if self.version.startswith("2.3") else "2.4"


def read_configuration(
    runner: CommandRunner, doveconf: str, *, config_file: str | None = None, defaults: bool = False
) -> Configuration:
    """Ask doveconf, and read the external files that its answer names. Secrets are in the result.

    Raises ReadError if doveconf refuses the configuration, OSError if a program or file cannot be used.
    """
    # Without -P the names of key files are hidden as well. -x is left out: it prints the content of files.
    argv = [doveconf, *(["-c", config_file] if config_file else []), "-a" if defaults else "-n", "-P"]
    result = runner.run(argv)
    if result.rc != 0:
        complaint = _complaint(result.stderr, result.rc)
        raise ReadError(
            f"doveconf refuses the configuration {config_file or 'of this host'}: {complaint}. Correct it first."
        )
    header = conf_output.read_header(result.stdout)
    try:
        body = conf_output.parse(result.stdout)
    except TreeError as error:
        raise ReadError(f"The output of {' '.join(argv)} is not understood: {error}") from error
    if not header.version.startswith(("2.3", "2.4")):
        raise ReadError(f"{doveconf} names {header.version or 'no version'}; known are Dovecot 2.3 and 2.4.")
    externals, messages = read_externals(body)
    main = config_file or header.config_file
    sources = scan(main, read_text, lambda pattern: sorted(glob.glob(pattern)))
    return Configuration(
        version=header.version,
        pigeonhole=header.pigeonhole,
        config_file=main,
        body=body,
        externals=externals,
        files=(*sources.files, *(external.path for external in externals)),
        places=sources.places,
        messages=(*_warnings(result.stderr), *messages),
    )


def read_externals(body: Body) -> tuple[tuple[External, ...], tuple[str, ...]]:
    """Read the SQL, LDAP and dict files that a 2.3 configuration names; say which ones cannot be read."""
    externals: dict[str, External] = {}
    messages: list[str] = []
    for path, named_by in external_paths(body):
        if path in externals:
            continue
        try:
            text = read_text(path)
        except OSError as error:
            messages.append(f"{path}, named by {named_by}, cannot be read: {error.strerror}.")
            continue
        if text is None:
            messages.append(f"{path}, named by {named_by}, does not exist.")
            continue
        try:
            externals[path] = External(path, named_by, parse_file(text))
        except TreeError as error:
            messages.append(f"{path}, named by {named_by}, is not understood: {error}")
    return tuple(externals.values()), tuple(messages)


def external_paths(body: Body) -> list[tuple[str, str]]:
    """The paths of external files with the setting that names each."""
    found: list[tuple[str, str]] = []
    for entry in body:
        if isinstance(entry, Block) and entry.name in ("passdb", "userdb"):
            arguments = value_of(entry.body, "args")
            if value_of(entry.body, "driver") in _FILE_DRIVERS and arguments.startswith("/"):
                found.append((arguments, f"{entry.name} {{ args }}"))
        elif isinstance(entry, Block) and entry.head == "dict":
            for setting in entry.body:
                match = _DICT_FILE.match(setting.value) if isinstance(setting, Setting) else None
                if match and isinstance(setting, Setting):
                    found.append((match.group(1), f"dict {{ {setting.key} }}"))
    return found


def read_text(path: str) -> str | None:
    """The text of a file, or None if there is none. Raises OSError on any other failure."""
    content = read_bytes(path)
    return None if content is None else content.decode("utf-8", "replace")


def _complaint(stderr: str, rc: int) -> str:
    texts = [match.group("text") for match in map(_ERROR.match, stderr.splitlines()) if match]
    real = [text for text in texts if "dump-capability process returned" not in text]
    return (real or texts or [f"exit status {rc} without a message"])[0].rstrip(".")


def _warnings(stderr: str) -> t.Iterator[str]:
    mark = "doveconf: Warning: "
    return iter(dict.fromkeys(line[len(mark) :] for line in stderr.splitlines() if line.startswith(mark)))
