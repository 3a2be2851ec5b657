# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Asking an SMTP server about an envelope without sending anything, and naming the restriction behind its answer."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ._mail_dialogue_smtp import Envelope, SmtpDialogue
from ._mail_wire import Endpoint, ProbeError, Step, StepRefusedError, Transcript
from ._smtp_policy_rules import Decision, Outcome, Verdict

# What smtpd says when one of the restrictions that ask others refuses.
_REPLIES: t.Final[tuple[tuple[str, str], ...]] = (
    (r"reject_(?:rbl|rhsbl)_\w+", r"blocked using"),
    (r"reject_unknown_client(?:_hostname)?", r"cannot find your hostname"),
    (r"reject_unknown_reverse_client_hostname", r"cannot find your reverse hostname"),
    (r"reject_unknown_(?:helo_)?hostname", r"Helo command rejected: Host not found"),
    (r"reject_unknown_sender_domain", r"Sender address rejected: (?:Domain not found|.*nullMX)"),
    (r"reject_unknown_recipient_domain", r"Recipient address rejected: (?:Domain not found|.*nullMX)"),
    (r"reject_unverified_sender", r"Sender address rejected: (?:undeliverable|unverified) address"),
    (r"reject_unverified_recipient", r"Recipient address rejected: (?:undeliverable|unverified) address"),
)
_UNAVAILABLE: t.Final = "[UNAVAILABLE]"


@dataclass(frozen=True)
class Client:
    """The client that the server is to take us for."""

    address: str
    name: str = ""
    helo: str = ""


@dataclass(frozen=True)
class Answer:
    """What the server said about one recipient."""

    recipient: str
    verdict: Verdict
    step: str
    code: int | None
    enhanced: str
    text: str


class PolicyDialogue(SmtpDialogue):
    """A dialogue that ends after RCPT TO with RSET and QUIT, as another client if the server lets us."""

    def __init__(self, endpoint: Endpoint, transcript: Transcript, client: Client | None) -> None:
        super().__init__(endpoint, transcript)
        self._client = client
        self.local_address = ""

    def _session(self, envelope: Envelope) -> None:
        self.local_address = self._wire.local_address
        super()._session(envelope)

    def _start_tls(self, envelope: Envelope) -> None:
        super()._start_tls(envelope)
        if self._client is None:
            return
        offered = self.extensions.get("XCLIENT", "").upper().split()
        if not offered:
            raise ProbeError(
                "The server does not offer XCLIENT to this client. Add the address the module connects from to"
                " smtpd_authorized_xclient_hosts, or leave xclient out."
            )
        self._command("xclient", f"XCLIENT {_xclient_attributes(self._client, offered)}")
        self._greet(envelope)

    def _quit(self) -> None:
        self._wire.send(b"RSET\r\n")
        super()._quit()


def _xclient_attributes(client: Client, offered: t.Container[str]) -> str:
    address = f"IPV6:{client.address}" if ":" in client.address else client.address
    name = client.name or _UNAVAILABLE
    wanted = {"NAME": name, "REVERSE_NAME": name, "ADDR": address}
    if client.helo:
        wanted["HELO"] = client.helo
    return " ".join(f"{key}={_xtext(value)}" for key, value in wanted.items() if key in offered)


def _xtext(text: str) -> str:
    return "".join(
        character if "!" <= character <= "~" and character not in "+=" else f"+{ord(character):02X}"
        for character in text
    )


def ask(dialogue: PolicyDialogue, transcript: Transcript, envelope: Envelope) -> list[Answer]:
    """Run the dialogue; return one answer per recipient. Raises ProbeError if the server cannot be asked."""
    ending: Step | None = None
    try:
        dialogue.run(envelope)
    except StepRefusedError as refusal:
        ending = refusal.step
    if ending is not None and ending.step in ("connect", "tls", "certificate", "starttls", "xclient"):
        raise ProbeError(f"The server cannot be asked, it failed at {ending.step}: {ending.text}")
    if ending is not None and ending.step == "greeting" and ending.code is None:
        raise ProbeError(f"The server cannot be asked, it closed the connection before its greeting: {ending.text}")
    told = {step.subject: step for step in transcript.steps if step.step == "rcpt"}
    answers = []
    for recipient in envelope.recipients:
        step = told.get(recipient, ending)
        if step is None:
            raise ProbeError(f"The server gave no answer about {recipient}.")
        answers.append(_answer(recipient, step))
    return answers


def _answer(recipient: str, step: Step) -> Answer:
    verdict: Verdict = "accepted"
    if not step.ok:
        verdict = "refused" if step.code is not None and step.code >= 500 else "deferred"
    return Answer(recipient, verdict, step.step, step.code, step.enhanced, step.text)


def attribute(answer: Answer, outcome: Outcome) -> Decision | None:
    """Return the restriction behind the answer, None if the configuration does not explain it."""
    if answer.verdict == "accepted":
        return outcome.decision if outcome.presumed == "accepted" else None
    if answer.step != "rcpt":
        return None
    text = " ".join(answer.text.split())
    for unknown in outcome.unknown:
        for restriction, reply in _REPLIES:
            if re.match(rf"(?:{restriction})\b", unknown.restriction) and re.search(reply, text):
                return Decision(unknown.parameter, unknown.restriction)
    if outcome.presumed == answer.verdict:
        silent = [unknown for unknown in outcome.unknown if not _has_reply(unknown.restriction)]
        return None if silent else outcome.decision
    return None


def _has_reply(restriction: str) -> bool:
    return any(re.match(rf"(?:{name})\b", restriction) for name, _reply in _REPLIES)
