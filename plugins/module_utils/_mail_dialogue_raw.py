# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A dialogue whose every byte is given: for smuggling, pipelining and injection behind STARTTLS."""

from __future__ import annotations

import re

from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_smtp import read_reply
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe import DialoguePlan, Exchange
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import (
    Step,
    StepRefusedError,
    TlsState,
    Transcript,
    Wire,
    connect,
)


class RawDialogue:
    """Sends the bytes of each exchange, reads its replies and compares them."""

    def __init__(self, plan: DialoguePlan, transcript: Transcript) -> None:
        self._plan = plan
        self._transcript = transcript
        self.tls: TlsState | None = None

    def run(self) -> list[str]:
        """Return what was not as expected; stops there. Raises StepRefusedError, ProbeError."""
        wire = connect(self._plan.endpoint, self._transcript)
        try:
            for number, exchange in enumerate(self._plan.exchanges, start=1):
                label = f"exchange {number}"
                wire.step = label
                problem = self._round(wire, exchange, label)
                if problem:
                    return [f"{self._plan.endpoint}, {label}: {problem}"]
                if exchange.starttls:
                    wire.start_tls()
        finally:
            self.tls = wire.tls
            wire.close()
        return []

    def _round(self, wire: Wire, exchange: Exchange, label: str) -> str:
        self._transcript.begin()
        if exchange.closed:
            return self._closed(wire, exchange, label)
        if exchange.send:
            wire.send(exchange.send)
        if exchange.silent:
            heard = wire.wait_for_data(self._plan.silence)
            text = "silence" if heard is None else heard.decode("utf-8", "backslashreplace") or "connection closed"
            self._transcript.record(label, heard is None, text)
            return "" if heard is None else f"expected no reply, got {text!r}."
        for _reply in range(exchange.replies):
            step = self._reply(wire, label)
            got = f"{step.code} {step.text}" if step.code is not None else step.text
            if exchange.codes and step.code not in exchange.codes:
                return f"expected code {' or '.join(str(code) for code in exchange.codes)}, got {got!r}."
            if exchange.pattern and not re.search(exchange.pattern, got):
                return f"expected a reply matching {exchange.pattern!r}, got {got!r}."
        return ""

    def _reply(self, wire: Wire, label: str) -> Step:
        if self._plan.protocol == "smtp":
            reply = read_reply(wire)
            return self._transcript.record(label, True, reply.text, code=reply.code, enhanced=reply.enhanced)
        return self._transcript.record(label, True, wire.read_line().decode("utf-8", "backslashreplace"))

    def _closed(self, wire: Wire, exchange: Exchange, label: str) -> str:
        """Read until the server closes; what it says before (a 421, for example) is recorded."""
        try:
            if exchange.send:
                wire.send(exchange.send)
            while wire.wait_for_data(self._plan.endpoint.reply_timeout) is not None:
                line = wire.read_line().decode("utf-8", "backslashreplace")
                self._transcript.record(label, True, line)
        except StepRefusedError:
            # Recorded as a failed step by the connection, but here closing is what was asked for.
            self._transcript.steps.pop()
            self._transcript.record(label, True, "the server closed the connection")
            return ""
        return f"the server kept the connection open for {self._plan.endpoint.reply_timeout:g} s."
