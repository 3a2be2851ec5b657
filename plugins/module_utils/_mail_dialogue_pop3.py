# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The client's side of a POP3 session. Lines may be of any length, unlike those of poplib."""

from __future__ import annotations

import email.parser
import email.policy

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_sasl as sasl
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import (
    Endpoint,
    ProbeError,
    StepRefusedError,
    TlsState,
    Transcript,
    Wire,
    connect,
)


class Pop3Dialogue:
    """One session with a POP3 server: log in, look for messages, take them."""

    def __init__(self, endpoint: Endpoint, transcript: Transcript) -> None:
        self._endpoint = endpoint
        self._transcript = transcript
        self.tls: TlsState | None = None
        self.capabilities: list[str] = []
        self.capabilities_before_tls: list[str] | None = None
        self._foreign: set[str] = set()
        self._wire: Wire | None = None

    def login(self) -> None:
        """Connect and authenticate, whatever the capabilities say. Raises StepRefusedError."""
        self.close()
        self._wire = connect(self._endpoint, self._transcript)
        try:
            self._log_in(self._wire)
        finally:
            self.tls = self._wire.tls

    def _log_in(self, wire: Wire) -> None:
        self._read("greeting")
        self.capabilities = self._capabilities()
        if self._endpoint.tls == "starttls":
            self.capabilities_before_tls = self.capabilities
            self._command("starttls", "STLS")
            wire.start_tls()
            self.capabilities = self._capabilities()
        if not self._endpoint.credentials:
            return
        if self._endpoint.mechanism == "auto":
            self._command("login", f"USER {self._endpoint.username}", quiet=True)
            self._command("login", f"PASS {self._endpoint.password}")
        else:
            self._authenticate(wire)

    def find(self, message_id: str, *, wait: bool) -> list[bytes]:
        """Return the numbers of the messages with that Message-ID. To wait is to log in anew."""
        if wait:
            self.quit()
            self.login()
        unique = self._unique_ids()
        found = []
        for number in sorted(unique, reverse=True):
            if unique[number] in self._foreign:
                continue
            head = self._multi_line("fetch", f"TOP {number} 0")
            parsed = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(head)
            if str(parsed.get("Message-ID", "")).strip() == message_id:
                found.append(str(number).encode())
            else:
                self._foreign.add(unique[number])
        return found

    def fetch(self, number: bytes) -> bytes:
        """Return a message as it came over the wire, lines ended by CRLF."""
        return self._multi_line("fetch", f"RETR {number.decode()}")

    def delete(self, numbers: list[bytes]) -> None:
        for number in numbers:
            self._command("delete", f"DELE {number.decode()}", quiet=True)

    def quit(self) -> None:
        if self._wire is not None:
            try:
                self._command("quit", "QUIT", quiet=True)
            finally:
                self.close()

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    @property
    def _open(self) -> Wire:
        if self._wire is None:
            raise ProbeError("The POP3 session is not open.")
        return self._wire

    def _capabilities(self) -> list[str]:
        wire = self._open
        wire.step = "capability"
        wire.send(b"CAPA\r\n")
        line = wire.read_line()
        if not line.startswith(b"+OK"):
            return []
        return self._body(wire).decode("ascii", "replace").split("\r\n")[:-1]

    def _authenticate(self, wire: Wire) -> None:
        client = sasl.SaslClient(self._endpoint.mechanism, self._endpoint.username, self._endpoint.password)
        wire.step = "login"
        wire.send(f"AUTH {client.mechanism}\r\n".encode())
        initial = client.initial
        while True:
            line = wire.read_line()
            if not line.startswith(b"+ ") and line != b"+":
                break
            try:
                response = initial if initial is not None else client.respond(sasl.decode(line[2:]))
            except sasl.SaslError as error:
                raise ProbeError(str(error)) from error
            initial = None
            wire.send(sasl.encode(response) + b"\r\n")
        self._judge("login", line)

    def _unique_ids(self) -> dict[int, str]:
        try:
            lines = self._multi_line("fetch", "UIDL", quiet=True)
        except StepRefusedError:
            lines = self._multi_line("fetch", "LIST", quiet=True)
            return {int(line.split()[0]): f"{line.decode('ascii', 'replace')}" for line in lines.splitlines()}
        pairs = (line.decode("ascii", "replace").split(" ", 1) for line in lines.splitlines())
        return {int(number): unique for number, unique in pairs}

    def _multi_line(self, step: str, command: str, *, quiet: bool = True) -> bytes:
        self._command(step, command, quiet=quiet)
        return self._body(self._open)

    @staticmethod
    def _body(wire: Wire) -> bytes:
        lines: list[bytes] = []
        while True:
            line = wire.read_line()
            if line == b".":
                return b"".join(lines)
            lines.append((line[1:] if line.startswith(b".") else line) + b"\r\n")

    def _command(self, step: str, line: str, *, quiet: bool = False) -> None:
        self._transcript.begin()
        self._open.step = step
        self._open.send(line.encode("utf-8") + b"\r\n")
        self._read(step, quiet=quiet)

    def _read(self, step: str, *, quiet: bool = False) -> None:
        self._open.step = step
        self._judge(step, self._open.read_line(), quiet=quiet)

    def _judge(self, step: str, line: bytes, *, quiet: bool = False) -> None:
        text = line.decode("utf-8", "backslashreplace")
        done = text.startswith("+OK")
        if not done and not text.startswith("-ERR"):
            raise ProbeError(f"The server does not speak POP3, it says: {text[:200]!r}. Check host, port and tls.")
        if not done:
            raise self._transcript.refuse(step, text)
        if not quiet:
            self._transcript.record(step, True, text)
