# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""From a plan to a judgement: lint of the tree, lint against the host, and what doveconf says of the staged file."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_file import Grammar
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_host import Host
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint import lint, nearest
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint_host import lint_host
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint_meaning import incomplete
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_plan import Plan, Request
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_stage import Complaint, Stage, Verdict
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Fault, Line, Setting, show
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

_UNKNOWN = re.compile(r"Unknown (?:setting|section name): (?:.*\{ )?(?P<name>[^\s({]+)")
_MISSING_FILE = "No such file or directory"
_NAME = re.compile(r"^#?\s*([a-z][a-z0-9_]+)(?: =| \{| [^=]*\{)")


@dataclass(frozen=True)
class Judgement:
    """Faults that forbid the change, and what is worth a warning."""

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Installation:
    """The Dovecot of the host."""

    dovecot: str
    doveconf: str
    version: str

    @property
    def grammar(self) -> Grammar:
        return "2.3" if self.version.startswith("2.3") else "2.4"


def read_version(runner: CommandRunner, dovecot: str) -> str:
    """Ask for the version, such as 2.4.1. Returns an empty text if the program does not say."""
    result = runner.run([dovecot, "--version"])
    match = re.match(r"^(\d+(?:\.\d+)+)", result.stdout.strip())
    return match.group(1) if match and result.rc == 0 else ""


def judge_tree(plan: Plan, grammar: Grammar) -> Judgement:
    """What can be said without the host: always asked, also when nothing differs."""
    warnings = list(plan.rendered.notes)
    if plan.conversion.notes:
        changes = "; ".join(str(note) for note in plan.conversion.notes)
        warnings.insert(0, f"The tree uses the grammar of Dovecot 2.3. Write it for 2.4: {changes}.")
    if plan.main and plan.changed:
        warnings += incomplete(plan.tree, grammar)
    faults = (*plan.conversion.without_successor, *lint(plan.tree), *plan.rendered.faults)
    return Judgement(faults, tuple(warnings))


def judge_host(
    plan: Plan, request: Request, installation: Installation, runner: CommandRunner, host: Host, *, lenient: bool
) -> Judgement:
    """What the host and its doveconf say. Lenient (check mode): what an earlier task may yet create only warns."""
    result = runner.run([installation.doveconf, "-h", "mail_plugin_dir"])
    directory = result.stdout.strip() if result.rc == 0 else ""
    found = lint_host(plan.tree, host, installation.grammar, directory or "/usr/lib/dovecot/modules")
    warnings = [str(fault) for fault in found.warnings]
    faults = list(found.faults)
    if lenient:
        warnings += [str(fault) for fault in faults]
        faults = []
    if plan.root is None:
        raise_at = Fault(request.path, "belongs to no dovecot.conf", "Use a path in or below the directory of one.")
        return Judgement((*faults, raise_at), tuple(warnings))
    stage = Stage(runner, installation.doveconf, plan.root, request.path)
    verdict = stage.judge(plan.rendered.lines)
    named = {fault.setting for fault in found.faults}
    known = _known_names(runner, installation) if _has_unknown(verdict) else frozenset()
    for complaint in verdict.complaints:
        fault = _fault(complaint, request, installation, known, stage)
        if fault.setting in named and _MISSING_FILE in complaint.text:
            continue
        if lenient and _MISSING_FILE in complaint.text:
            warnings.append(str(fault))
        else:
            faults.append(fault)
    warnings += verdict.warnings
    if not verdict.complaints and not plan.main and plan.rendered.lines and not _is_read(stage):
        warnings.append(f"{request.path} has no effect: no file of {plan.root} includes it.")
    return Judgement(tuple(faults), tuple(warnings))


def _is_read(stage: Stage) -> bool:
    """Whether the live configuration includes the file: a setting that cannot exist must be noticed in it."""
    probe = Line("postmaster_mail_probe = yes", ())
    return bool(stage.judge([probe]).complaints)


def _has_unknown(verdict: Verdict) -> bool:
    return any(_UNKNOWN.search(complaint.text) for complaint in verdict.complaints)


def _known_names(runner: CommandRunner, installation: Installation) -> frozenset[str]:
    result = runner.run([installation.doveconf, "-d"])
    names = (_NAME.match(line.strip()) for line in result.stdout.splitlines())
    return frozenset(name.group(1) for name in names if name)


def _fault(
    complaint: Complaint, request: Request, installation: Installation, known: t.AbstractSet[str], stage: Stage
) -> Fault:
    place = show(complaint.origin) if complaint.origin else complaint.file or request.path
    if complaint.line and not complaint.origin:
        place = f"{place} line {complaint.line}"
    unknown = _UNKNOWN.search(complaint.text)
    if unknown:
        close = nearest(unknown.group("name"), known)
        return Fault(
            place,
            f"is no setting of Dovecot {installation.version}",
            f"Did you mean {close}?" if close else "Look it up in the Dovecot documentation.",
        )
    if complaint.file and complaint.file != request.path and not complaint.origin:
        before = stage.baseline()
        if before is not None and (before.file, before.line, before.text) == (
            complaint.file,
            complaint.line,
            complaint.text,
        ):
            return Fault(place, f"was broken before: {complaint.text}", "Repair that file first.")
    text = complaint.text
    last = complaint.origin[-1] if complaint.origin else ""
    if last and text.startswith(f"{last}: "):
        text = text[len(last) + 2 :]
    if text.startswith("doveconf crashes"):
        return Fault(place, text, "Change or leave out one of these settings.")
    return Fault(place, f"doveconf refuses it: {text.rstrip('.')}", "Correct the value.")


def hide(text: str, secrets: t.Iterable[str]) -> str:
    """Take secrets out of a text, longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "********")
    return text


def settings_without_certificate(plan: Plan) -> bool:
    """Whether the main file asks for TLS and names no certificate."""
    keys = {entry.key: entry.value for entry in plan.tree if isinstance(entry, Setting)}
    return plan.main and keys.get("ssl") in {"yes", "required"} and "ssl_server_cert_file" not in keys
