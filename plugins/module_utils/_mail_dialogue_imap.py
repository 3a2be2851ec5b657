# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The client's side of an IMAP4rev1 session. Literals may be of any size, unlike those of imaplib."""

from __future__ import annotations

import base64
import re

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

_LITERAL = re.compile(rb"\{(\d+)\+?\}$")
_NOT_THERE = re.compile(r"\[(?:NONEXISTENT|TRYCREATE)\]|doesn't exist|does not exist", re.IGNORECASE)


class ImapDialogue:
    """One session with an IMAP server: log in, look for messages, take them."""

    def __init__(self, endpoint: Endpoint, transcript: Transcript, mailbox: str, *, writable: bool) -> None:
        self._endpoint = endpoint
        self._transcript = transcript
        self._mailbox = mailbox
        # EXAMINE leaves flags alone, so that a probe does not make unread mail look old.
        self._open_command = "SELECT" if writable else "EXAMINE"
        self._selected = False
        self._number = 0
        self.tls: TlsState | None = None
        self.capabilities: list[str] = []
        self.capabilities_before_tls: list[str] | None = None
        self.missing_mailbox: Step | None = None
        self._wire: Wire | None = None

    def login(self) -> None:
        """Connect and authenticate, also where LOGINDISABLED is announced. Raises StepRefusedError."""
        self._wire = connect(self._endpoint, self._transcript)
        try:
            self._log_in(self._wire)
        finally:
            self.tls = self._wire.tls

    def _log_in(self, wire: Wire) -> None:
        wire.step = "greeting"
        greeting = self._line(wire)[0].decode("utf-8", "backslashreplace")
        if not greeting.startswith("* "):
            raise ProbeError(f"The server does not speak IMAP, it says: {greeting[:200]!r}. Check host, port and tls.")
        if greeting.upper().startswith("* BYE"):
            raise self._transcript.refuse("greeting", greeting[2:])
        self._transcript.record("greeting", True, greeting[2:])
        self.capabilities = self._capabilities()
        if self._endpoint.tls == "starttls":
            self.capabilities_before_tls = self.capabilities
            self._command("starttls", [b"STARTTLS"])
            wire.start_tls()
            self.capabilities = self._capabilities()
        if not self._endpoint.credentials:
            return
        if self._endpoint.mechanism == "auto":
            words = (self._endpoint.username, self._endpoint.password)
            self._command("login", [b"LOGIN", *(_string(word) for word in words)])
        else:
            self._authenticate(wire)
        self.capabilities = self._capabilities()

    def find(self, message_id: str, *, wait: bool) -> list[bytes]:
        """Return the UIDs of the messages with that Message-ID; none while the mailbox does not exist either."""
        if not self._selected:
            try:
                self._command(
                    "fetch", [self._open_command.encode(), _quoted(encode_mailbox(self._mailbox))], quiet=True
                )
            except StepRefusedError as refusal:
                if not _NOT_THERE.search(refusal.step.text):
                    raise
                self._transcript.steps.pop()
                self.missing_mailbox = refusal.step
                return []
            self._selected = True
            self.missing_mailbox = None
        elif wait:
            self._command("fetch", [b"NOOP"], quiet=True)
        criteria = [b"UID SEARCH HEADER Message-ID", _string(message_id)]
        found: list[bytes] = []
        for response in self._command("fetch", criteria, quiet=True):
            if response[0].upper().startswith(b"* SEARCH"):
                found += response[0].split()[2:]
        return found

    def fetch(self, uid: bytes) -> bytes:
        """Return a message as the server stores it, lines ended by CRLF."""
        for response in self._command("fetch", [b"UID FETCH", uid, b"(BODY.PEEK[])"], quiet=True):
            if b"BODY[]" in response[0].upper() and len(response) > 1:
                return response[1]
        raise ProbeError(f"The server has the message with the UID {uid.decode()} no more; another client removed it.")

    def delete(self, uids: list[bytes]) -> None:
        chosen = b",".join(uids)
        self._command("delete", [b"UID STORE", chosen, rb"+FLAGS.SILENT (\Deleted)"], quiet=True)
        one_by_one = "UIDPLUS" in self.capabilities
        self._command("delete", [b"UID EXPUNGE", chosen] if one_by_one else [b"EXPUNGE"], quiet=True)

    def quit(self) -> None:
        if self._wire is not None:
            try:
                self._command("quit", [b"LOGOUT"], quiet=True)
            finally:
                self.close()

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    @property
    def _open(self) -> Wire:
        if self._wire is None:
            raise ProbeError("The IMAP session is not open.")
        return self._wire

    def _capabilities(self) -> list[str]:
        for response in self._command("capability", [b"CAPABILITY"], quiet=True):
            if response[0].upper().startswith(b"* CAPABILITY"):
                return response[0].decode("ascii", "replace").split()[2:]
        return []

    def _authenticate(self, wire: Wire) -> None:
        client = sasl.SaslClient(self._endpoint.mechanism, self._endpoint.username, self._endpoint.password)
        tag = self._tag()
        wire.step = "login"
        wire.send(tag + f" AUTHENTICATE {client.mechanism}\r\n".encode())
        initial = client.initial
        while True:
            line = self._line(wire)[0]
            if not line.startswith(b"+"):
                break
            try:
                response = initial if initial is not None else client.respond(sasl.decode(line[2:]))
            except sasl.SaslError as error:
                raise ProbeError(str(error)) from error
            initial = None
            wire.send(sasl.encode(response) + b"\r\n")
        while not line.startswith(tag):
            line = self._line(wire)[0]
        self._judge("login", line[len(tag) + 1 :], quiet=False)

    def _tag(self) -> bytes:
        self._number += 1
        return f"p{self._number:03d}".encode()

    def _command(self, step: str, words: list[bytes], *, quiet: bool = False) -> list[list[bytes]]:
        """Send a command; words that no quoted string can hold go as literals. Return the untagged responses."""
        wire = self._open
        wire.step = step
        self._transcript.begin()
        tag = self._tag()
        pieces = [tag]
        for word in words:
            if not word.startswith(b"{"):
                pieces.append(word)
                continue
            size, _newline, literal = word.partition(b"\r\n")
            wire.send(b" ".join([*pieces, size]) + b"\r\n")
            pieces = [literal]
            invitation = self._line(wire)[0]
            while invitation.startswith(b"* "):
                invitation = self._line(wire)[0]
            if not invitation.startswith(b"+"):
                self._judge(step, invitation[len(tag) + 1 :], quiet=quiet)
        wire.send(b" ".join(pieces) + b"\r\n")
        responses: list[list[bytes]] = []
        while True:
            response = self._line(wire)
            if response[0].startswith(tag + b" "):
                self._judge(step, response[0][len(tag) + 1 :], quiet=quiet)
                return responses
            responses.append(response)

    def _judge(self, step: str, answer: bytes, *, quiet: bool) -> None:
        text = answer.decode("utf-8", "backslashreplace")
        if not text.upper().startswith("OK"):
            raise self._transcript.refuse(step, text)
        if not quiet:
            self._transcript.record(step, True, text)

    @staticmethod
    def _line(wire: Wire) -> list[bytes]:
        """Return one response: its text (literals left out), then its literals."""
        text = b""
        literals: list[bytes] = []
        while True:
            part = wire.read_line()
            text += part
            literal = _LITERAL.search(part)
            if not literal:
                return [text, *literals]
            literals.append(wire.read_exactly(int(literal.group(1))))


def _string(word: str) -> bytes:
    data = word.encode("utf-8")
    if data.isascii() and not set(data) & set(b"\r\n\0"):
        return _quoted(word)
    return b"{%d}\r\n" % len(data) + data


def _quoted(word: str) -> bytes:
    return b'"' + word.replace("\\", "\\\\").replace('"', '\\"').encode("ascii") + b'"'


def encode_mailbox(name: str) -> str:
    """Write a mailbox name in the modified UTF-7 of RFC 3501."""

    def shift(match: re.Match[str]) -> str:
        encoded = base64.b64encode(match.group().encode("utf-16-be")).decode("ascii")
        return f"&{encoded.rstrip('=').replace('/', ',')}-"

    return re.sub("[^\\x20-\\x7e]+", shift, name.replace("&", "&-"))
