# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The client's side of an SMTP session, one recorded step per command."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_sasl as sasl
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import (
    Endpoint,
    ProbeError,
    Step,
    StepRefusedError,
    TlsState,
    Transcript,
    Wire,
    connect,
)

STEPS = ("connect", "certificate", "greeting", "ehlo", "starttls", "tls", "auth", "mail", "rcpt", "data", "message")
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


@dataclass(frozen=True)
class Reply:
    """A reply of one or more lines; text has the lines without code, joined by line feeds."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        match = _ENHANCED.match(self.text)
        return match.group(1) if match else ""

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 400


@dataclass(frozen=True)
class Envelope:
    """What to send, and how far to go: the dialogue ends with QUIT before the step stop_before."""

    sender: str
    recipients: tuple[str, ...]
    message: bytes
    helo: str = ""
    stop_before: str = ""


def read_reply(wire: Wire) -> Reply:
    """Read one reply. Raises ProbeError for what is not SMTP."""
    lines = []
    while True:
        line = wire.read_line().decode("utf-8", "backslashreplace")
        if not re.match(r"\d{3}(?:[ -]|$)", line):
            raise ProbeError(f"The server does not speak SMTP, it says: {line[:200]!r}. Check host, port and tls.")
        lines.append(line[4:])
        if line[3:4] != "-":
            return Reply(int(line[:3]), "\n".join(lines))


def parse_extensions(reply: Reply) -> dict[str, str]:
    """Turn the reply to EHLO into keyword (upper case) and parameters; AUTH=… of old servers counts as AUTH."""
    extensions: dict[str, str] = {}
    for line in reply.text.split("\n")[1:]:
        keyword, _blank, parameters = line.replace("AUTH=", "AUTH ", 1).partition(" ")
        merged = f"{extensions.get(keyword.upper(), '')} {parameters}".split()
        extensions[keyword.upper()] = " ".join(dict.fromkeys(merged))
    return extensions


class SmtpDialogue:
    """Runs an envelope against an endpoint. The outcome is in the transcript and the attributes."""

    def __init__(self, endpoint: Endpoint, transcript: Transcript) -> None:
        self._endpoint = endpoint
        self._transcript = transcript
        self.tls: TlsState | None = None
        self.extensions: dict[str, str] = {}
        self.extensions_before_tls: dict[str, str] | None = None
        self.accepted: list[str] = []
        self.refused: list[Step] = []
        self._wire: Wire

    def run(self, envelope: Envelope) -> None:
        """Raises StepRefusedError at the first refused step; refused recipients only if no recipient was accepted."""
        self._wire = connect(self._endpoint, self._transcript)
        try:
            try:
                self._session(envelope)
            finally:
                self.tls = self._wire.tls
            self._quit()
        except StepRefusedError as refusal:
            if refusal.step.code not in (None, 421):
                self._quit()
            raise
        finally:
            self._wire.close()

    def _session(self, envelope: Envelope) -> None:
        stages: tuple[tuple[str, t.Callable[[Envelope], None]], ...] = (
            ("ehlo", self._greet),
            ("tls", self._start_tls),
            ("auth", self._authenticate),
            ("mail", self._mail),
            ("rcpt", self._recipients),
            ("data", self._data),
        )
        self._read("greeting")
        for name, stage in stages:
            if name == envelope.stop_before:
                return
            stage(envelope)

    def _read(self, step: str, *, subject: str = "", wanted: int = 2) -> Reply:
        self._wire.step = step
        reply = read_reply(self._wire)
        done = reply.code // 100 == wanted
        recorded = self._transcript.record(
            step, done, reply.text, code=reply.code, enhanced=reply.enhanced, subject=subject
        )
        if not done:
            raise StepRefusedError(recorded)
        return reply

    def _command(self, step: str, line: str, *, subject: str = "", wanted: int = 2) -> Reply:
        self._wire.step = step
        self._transcript.begin()
        self._wire.send(line.encode("utf-8") + b"\r\n")
        return self._read(step, subject=subject, wanted=wanted)

    def _greet(self, envelope: Envelope) -> None:
        self.extensions = parse_extensions(
            self._command("ehlo", f"EHLO {envelope.helo or own_name(self._wire.local_address)}")
        )

    def _start_tls(self, envelope: Envelope) -> None:
        if self._endpoint.tls != "starttls":
            return
        self.extensions_before_tls = self.extensions
        self._command("starttls", "STARTTLS")
        self._wire.start_tls()
        self._greet(envelope)

    def _authenticate(self, _envelope: Envelope) -> None:
        """Authenticate, also where AUTH is not offered: only the reply shows that it is really refused."""
        if not self._endpoint.credentials:
            return
        offered = self.extensions.get("AUTH", "").split()
        mechanism = self._endpoint.mechanism
        if mechanism == "auto":
            mechanism = sasl.choose(offered, encrypted=self._wire.tls is not None)
        client = sasl.SaslClient(mechanism, self._endpoint.username, self._endpoint.password)
        command = f"AUTH {client.mechanism}"
        initial = client.initial
        if initial is not None and offered:
            command += f" {sasl.encode(initial).decode()}"
            initial = None
        self._wire.step = "auth"
        self._transcript.begin()
        self._wire.send(command.encode() + b"\r\n")
        while True:
            reply = read_reply(self._wire)
            if reply.code != 334:
                break
            answer = b"*"
            try:
                response = initial if initial is not None else client.respond(sasl.decode(reply.text.encode()))
                answer = sasl.encode(response)
            except sasl.SaslError as error:
                self._wire.send(b"*\r\n")
                raise ProbeError(str(error)) from error
            initial = None
            self._wire.send(answer + b"\r\n")
        recorded = self._transcript.record(
            "auth", reply.code == 235, reply.text, code=reply.code, enhanced=reply.enhanced, subject=client.mechanism
        )
        if reply.code != 235:
            raise StepRefusedError(recorded)

    def _mail(self, envelope: Envelope) -> None:
        parameters = ""
        if "SIZE" in self.extensions:
            parameters += f" SIZE={len(envelope.message)}"
        if not envelope.message.isascii() and "8BITMIME" in self.extensions:
            parameters += " BODY=8BITMIME"
        if not "".join((envelope.sender, *envelope.recipients)).isascii() and "SMTPUTF8" in self.extensions:
            parameters += " SMTPUTF8"
        self._command("mail", f"MAIL FROM:<{envelope.sender}>{parameters}", subject=envelope.sender)

    def _recipients(self, envelope: Envelope) -> None:
        for recipient in envelope.recipients:
            try:
                self._command("rcpt", f"RCPT TO:<{recipient}>", subject=recipient)
            except StepRefusedError as refusal:
                self.refused.append(refusal.step)
                if refusal.step.code in (None, 421):
                    raise
            else:
                self.accepted.append(recipient)
        if not self.accepted and self.refused:
            raise StepRefusedError(self.refused[-1])

    def _data(self, envelope: Envelope) -> None:
        self._command("data", "DATA", wanted=3)
        self._wire.step = "message"
        self._transcript.begin()
        self._wire.send(stuff_dots(envelope.message))
        self._read("message")

    def _quit(self) -> None:
        # Some servers hang up instead of answering; everything that counts was answered before.
        with contextlib.suppress(StepRefusedError, ProbeError):
            self._command("quit", "QUIT")


def stuff_dots(message: bytes) -> bytes:
    """Make message (CRLF line ends) ready for DATA, with the final dot."""
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    stuffed = re.sub(rb"(?m)^\.", b"..", message)
    return stuffed + b".\r\n"


def own_name(local_address: str) -> str:
    """Name for EHLO: the host name if it is a domain name, else the address literal of RFC 5321."""
    name = socket.gethostname()
    if "." in name:
        return name
    address = local_address.partition("%")[0]
    return f"[IPv6:{address}]" if isinstance(ipaddress.ip_address(address), ipaddress.IPv6Address) else f"[{address}]"
