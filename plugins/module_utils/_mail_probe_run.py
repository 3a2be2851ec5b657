# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Carrying out a probe, and judging what came of it."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_imap import ImapDialogue
from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_pop3 import Pop3Dialogue
from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_raw import RawDialogue
from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_smtp import Envelope, SmtpDialogue
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe import FetchPlan, ProbePlan, SendPlan
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe_judge import (
    judge_acceptance,
    judge_message,
    judge_refusal,
    unexpected,
)
from ansible_collections.postmaster.mail.plugins.module_utils._mail_sasl import encode
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import (
    Endpoint,
    ProbeError,
    Step,
    StepRefusedError,
    TlsState,
    Transcript,
)

_FIRST_PAUSE = 0.2


@dataclass
class FetchResult:
    """What one mailbox had to offer."""

    plan: FetchPlan
    steps: list[Step] = field(default_factory=list)
    tls: TlsState | None = None
    capabilities: list[str] = field(default_factory=list)
    capabilities_before_tls: list[str] | None = None
    copies: int = 0
    content: bytes | None = None
    delivered_in: float | None = None


@dataclass
class ProbeResult:
    """Everything that a probe found out; problems is empty if the expectation was met."""

    plan: ProbePlan
    problems: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    tls: TlsState | None = None
    extensions: dict[str, str] = field(default_factory=dict)
    extensions_before_tls: dict[str, str] | None = None
    fetches: list[FetchResult] = field(default_factory=list)
    refusal: Step | None = None


class Clock(t.Protocol):
    """The two functions of the time module that waiting needs."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


def run_probe(plan: ProbePlan, clock: Clock = time) -> ProbeResult:
    """Carry out one probe. Never raises for what a server does: that is a problem of the result."""
    result = ProbeResult(plan)
    try:
        if plan.dialogue is not None:
            transcript = Transcript()
            result.steps = transcript.steps
            raw = RawDialogue(plan.dialogue, transcript)
            try:
                result.problems += raw.run()
            finally:
                result.tls = raw.tls
        elif plan.send is not None:
            _send(plan, plan.send, result)
            if result.refusal is None:
                _fetch_all(plan, result, clock)
        else:
            _fetch_all(plan, result, clock)
    except StepRefusedError as refusal:
        result.refusal = refusal.step
        result.problems.append(f"{_target(plan)}: {unexpected(refusal.step)}")
    except ProbeError as fault:
        result.problems.append(str(fault))
    return result


def _target(plan: ProbePlan) -> str:
    endpoint = (
        plan.send.endpoint if plan.send else plan.dialogue.endpoint if plan.dialogue else plan.fetches[0].endpoint
    )
    return str(endpoint)


def _transcript(endpoint: Endpoint) -> Transcript:
    user, word = endpoint.username.encode(), endpoint.password.encode()
    return Transcript((endpoint.password, encode(word).decode(), encode(b"\0" + user + b"\0" + word).decode()))


def _send(plan: ProbePlan, send: SendPlan, result: ProbeResult) -> None:
    transcript = _transcript(send.endpoint)
    result.steps = transcript.steps
    dialogue = SmtpDialogue(send.endpoint, transcript)
    envelope = Envelope(send.sender, send.recipients, send.message.content, send.helo, send.stop_before)
    try:
        dialogue.run(envelope)
    except StepRefusedError as refusal:
        result.refusal = refusal.step
    finally:
        result.tls = dialogue.tls
        result.extensions = dialogue.extensions
        result.extensions_before_tls = dialogue.extensions_before_tls
    if plan.expectation.outcome == "refused":
        result.problems += judge_refusal(
            plan.expectation, result.refusal, send.endpoint, accepted=dialogue.accepted, refused=dialogue.refused
        )
    else:
        result.problems += judge_acceptance(send.endpoint, result.refusal, dialogue.refused)


def _fetch_all(plan: ProbePlan, result: ProbeResult, clock: Clock) -> None:
    since = clock.monotonic()
    # Where mail must not arrive is looked at last: by then the other mailboxes had theirs.
    for fetch in sorted(plan.fetches, key=lambda entry: entry.absent):
        found = FetchResult(fetch)
        result.fetches.append(found)
        refusal: Step | None = None
        try:
            _fetch(plan, found, since, clock)
        except StepRefusedError as refused:
            refusal = refused.step
            result.refusal = refusal
        except ProbeError as fault:
            result.problems.append(f"{_mailbox(fetch)}: {fault}")
            continue
        if plan.expectation.outcome == "refused":
            result.problems += judge_refusal(plan.expectation, refusal, fetch.endpoint, accepted=[], refused=[])
        elif refusal is not None:
            result.problems.append(f"{_mailbox(fetch)}: {unexpected(refusal)}")
        elif not fetch.login_only:
            sent = plan.send.message.content if plan.send else None
            problems = judge_message(plan, fetch, sent, found.content, found.steps)
            result.problems += [f"{_mailbox(fetch)}: {problem}" for problem in problems]
    order = {id(fetch): number for number, fetch in enumerate(plan.fetches)}
    result.fetches.sort(key=lambda entry: order[id(entry.plan)])


def _mailbox(fetch: FetchPlan) -> str:
    user = f" as {fetch.endpoint.username}" if fetch.endpoint.username else ""
    return f"{fetch.protocol.upper()} {fetch.endpoint}{user}, {fetch.mailbox}"


def _fetch(plan: ProbePlan, found: FetchResult, since: float, clock: Clock) -> None:
    fetch = found.plan
    transcript = _transcript(fetch.endpoint)
    found.steps = transcript.steps
    dialogue: ImapDialogue | Pop3Dialogue
    if fetch.protocol == "imap":
        dialogue = ImapDialogue(fetch.endpoint, transcript, fetch.mailbox, writable=fetch.delete)
    else:
        dialogue = Pop3Dialogue(fetch.endpoint, transcript)
    try:
        try:
            dialogue.login()
        finally:
            found.tls = dialogue.tls
            found.capabilities = dialogue.capabilities
            found.capabilities_before_tls = dialogue.capabilities_before_tls
        if not fetch.login_only or plan.expectation.at == ("fetch",):
            _look(plan, found, dialogue, transcript, since, clock)
        dialogue.quit()
    finally:
        dialogue.close()


def _look(
    plan: ProbePlan,
    found: FetchResult,
    dialogue: ImapDialogue | Pop3Dialogue,
    transcript: Transcript,
    since: float,
    clock: Clock,
) -> None:
    pause, again = _FIRST_PAUSE, False
    # A message that must not be there is only waited for when it was sent just now.
    deadline = since + (plan.timeout if plan.send is not None or not found.plan.absent else 0.0)
    while True:
        present = dialogue.find(plan.message_id, wait=again)
        missing = dialogue.missing_mailbox if isinstance(dialogue, ImapDialogue) else None
        if missing is not None and "fetch" in plan.expectation.at:
            transcript.steps.append(missing)
            raise StepRefusedError(missing)
        if present or clock.monotonic() >= deadline:
            break
        pause = min(pause * 1.6, plan.interval)
        clock.sleep(max(0.0, min(pause, deadline - clock.monotonic())))
        again = True
    elapsed = round(clock.monotonic() - since, 3)
    found.copies = len(present)
    if not present:
        text = f"not there after {elapsed:g} s" if missing is None else f"the mailbox does not exist: {missing.text}"
        transcript.record("fetch", found.plan.absent, text, subject=plan.message_id)
        return
    found.delivered_in = elapsed
    found.content = dialogue.fetch(present[-1])
    transcript.record("fetch", not found.plan.absent, f"{len(found.content)} bytes", subject=plan.message_id)
    if found.plan.delete:
        dialogue.delete(present)
