# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Carrying out a check of a server's TLS, and comparing what was seen with what was expected."""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._mail_certificate import CertificateError, serial_text
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import ProbeError, StepRefusedError
from ansible_collections.postmaster.mail.plugins.module_utils._tls_assess import (
    SEVERITIES,
    Complaint,
    View,
    assess_handshake,
    assess_protocol,
    weak_suites,
)
from ansible_collections.postmaster.mail.plugins.module_utils._tls_certificate import (
    CertificateDetails,
    covers,
    read_certificate,
)
from ansible_collections.postmaster.mail.plugins.module_utils._tls_check import CheckPlan, Expectation
from ansible_collections.postmaster.mail.plugins.module_utils._tls_ciphers import WEAKNESSES
from ansible_collections.postmaster.mail.plugins.module_utils._tls_hello import Answer
from ansible_collections.postmaster.mail.plugins.module_utils._tls_look import (
    Ciphers,
    Handshake,
    Server,
    VersionAnswer,
    certificates_in_clear,
    find_ciphers,
    find_versions,
)


@dataclass
class Presented:
    """What one server name got, its certificates read."""

    handshake: Handshake
    chain: list[CertificateDetails]


@dataclass
class CheckResult:
    """Everything that was seen; problems is empty if the server could be looked at and is as expected."""

    plan: CheckPlan
    now: datetime.datetime
    address: str = ""
    presented: list[Presented] = field(default_factory=list)
    versions: list[VersionAnswer] = field(default_factory=list)
    ciphers: list[Ciphers] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Looker(t.Protocol):
    """What a check needs of a server."""

    address: str

    def ask(self, version: str, ciphers: t.Sequence[int], server_name: str) -> Answer: ...

    def shake(self, server_name: str, ca_path: str, key_type: str = ...) -> Handshake: ...


def run_check(plan: CheckPlan, now: datetime.datetime, server: Looker | None = None) -> CheckResult:
    """Carry out one check. Never raises for what a server does: that is a problem of the result."""
    result = CheckResult(plan, now)
    looker = server or Server(plan.endpoint, plan.protocol)
    try:
        _look(plan, looker, result)
    except StepRefusedError as refusal:
        result.problems.append(_refused(plan, refusal))
    except (ProbeError, CertificateError) as fault:
        result.problems.append(str(fault))
    else:
        result.problems += judge(result)
    result.address = looker.address
    return result


def _refused(plan: CheckPlan, refusal: StepRefusedError) -> str:
    step = refusal.step
    remedies = {
        "connect": "Check host, port and firewall, and whether the daemon listens there.",
        "starttls": "Check that the server has a certificate, and whether the port begins with TLS (starttls=none).",
    }
    remedy = remedies.get(step.step, "Check port and starttls, and the log of the server.")
    return f"{plan.endpoint} ({plan.protocol}) refused the step {step.step}: {step.text}. {remedy}"


def _look(plan: CheckPlan, server: Looker, result: CheckResult) -> None:
    first = plan.server_names[0]
    if plan.goes("versions"):
        result.versions = find_versions(server.ask, first)
    for name in plan.server_names:
        shaken = server.shake(name, plan.ca_path, plan.key_type)
        if not shaken.chain and plan.key_type == "any":
            chain = certificates_in_clear(server.ask, name)
            shaken = Handshake(name, chain, failure=shaken.failure)
        result.presented.append(Presented(shaken, [read_certificate(der) for der in shaken.chain]))
    if not any(entry.accepted for entry in result.versions) and not any(
        entry.chain or entry.handshake.version for entry in result.presented
    ):
        raise ProbeError(
            f"{plan.endpoint} ({plan.protocol}) ended every TLS handshake: {result.presented[0].handshake.failure}."
            " Check port, starttls and key_type, and the log of the server."
        )
    if plan.goes("weak_ciphers"):
        result.ciphers = [
            find_ciphers(server.ask, entry.version, first, weak_only=not plan.goes("ciphers"))
            for entry in result.versions
            if entry.accepted
        ]
    view = View(plan.endpoint.host, result.now, plan.soon_days, system_trust=not plan.ca_path)
    for presented in result.presented:
        result.complaints += assess_handshake(presented.handshake, presented.chain, view)
    result.complaints += assess_protocol(result.versions, result.ciphers)


def judge(result: CheckResult) -> list[str]:
    """Return what is not as expected, each with the endpoint, the cause and a remedy."""
    wanted = result.plan.expectation
    problems: list[str] = []
    for presented in result.presented:
        name = presented.handshake.server_name
        label = f"{result.plan.endpoint} ({name or 'without SNI'})"
        problems += [f"{label}: {problem}" for problem in _judge_presented(presented, wanted, result.now)]
    label = str(result.plan.endpoint)
    problems += [f"{label}: {problem}" for problem in _judge_versions(result.versions, wanted)]
    problems += [f"{label}: {problem}" for problem in _judge_ciphers(result.ciphers, wanted)]
    if wanted.tolerated:
        highest = SEVERITIES.index(wanted.tolerated) if wanted.tolerated in SEVERITIES else -1
        for complaint in result.complaints:
            if SEVERITIES.index(complaint.severity) > highest:
                about = f" ({complaint.server_name})" if complaint.server_name else ""
                problems.append(f"{label}{about}: {complaint.severity} {complaint.id}: {complaint.text}.")
    return problems


_RENEWED = "If it was renewed, reload the daemon, and check which files it is told to use."


def _judge_presented(presented: Presented, wanted: Expectation, now: datetime.datetime) -> t.Iterator[str]:
    about_certificate = wanted.serial is not None or wanted.fingerprint or wanted.names
    if not presented.chain:
        if about_certificate or wanted.min_days_left is not None or wanted.trusted:
            yield f"no certificate was sent ({presented.handshake.failure}). Check the log of the server."
        return
    leaf = presented.chain[0]
    serial = int(leaf.base.serial, 16)
    if wanted.serial is not None and serial != wanted.serial:
        yield f"the serial number is {leaf.base.serial}, expected {serial_text(wanted.serial)}. {_RENEWED}"
    if wanted.fingerprint and leaf.base.fingerprint != wanted.fingerprint:
        yield f"the SHA-256 fingerprint is {leaf.base.fingerprint}, expected {wanted.fingerprint}. {_RENEWED}"
    missing = [name for name in wanted.names if not covers(leaf, name)]
    if missing:
        held = ", ".join([*leaf.dns_names, *leaf.ip_addresses]) or "no name at all"
        yield f"the certificate is not valid for {', '.join(missing)}; it holds {held}. Issue it with these names."
    if wanted.min_days_left is not None:
        for certificate in presented.chain:
            left = certificate.days_left(now)
            if left < wanted.min_days_left:
                yield (
                    f"{certificate.base.subject} has {left} days left (until {certificate.base.not_after}), expected at"
                    f" least {wanted.min_days_left}. Renew it."
                )
    if wanted.trusted is not None and presented.handshake.trusted is not wanted.trusted:
        if presented.handshake.trusted:
            yield "the certificate is trusted, expected one that is not. Check ca_path."
        else:
            cause = presented.handshake.trust_error or presented.handshake.failure
            yield f"the certificate is not trusted: {cause}. Check the chain that is sent, and ca_path."


def _judge_versions(versions: t.Sequence[VersionAnswer], wanted: Expectation) -> t.Iterator[str]:
    found = {entry.version: entry for entry in versions}
    for version in wanted.versions:
        entry = found[version]
        if not entry.accepted:
            yield f"{version} is not accepted ({entry.answer}). Allow it in the settings of the server."
    for version in wanted.refused_versions:
        entry = found[version]
        if entry.accepted:
            yield f"{version} is accepted, expected a refusal. Raise the lowest version in the settings of the server."
        elif entry.accepted is None:
            yield f"whether {version} is refused is not known: {entry.answer}"


def _judge_ciphers(ciphers: t.Sequence[Ciphers], wanted: Expectation) -> t.Iterator[str]:
    weak = weak_suites(ciphers)
    for weakness in wanted.refused_weaknesses:
        if weakness in weak:
            yield (
                f"weak cipher suites are accepted, {weakness} ({WEAKNESSES[weakness]}): {', '.join(weak[weakness])}."
                " Exclude them in the settings of the server."
            )
    if wanted.refused_weaknesses:
        for entry in ciphers:
            if not entry.complete:
                yield f"the cipher suites of {entry.version} could not be asked for to the end. See the server's log."
