# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conversation of poppassd: user, pass, newpass, quit, one line each, each answered before the next is said."""

from __future__ import annotations

import contextlib
import socket
import typing as t

from password_rules import RefusedError

LONGEST_LINE = 1024
PATIENCE = 30
_PARTING = 2
_PARTING_PIECES = 64
_ORDER = ("user", "pass", "newpass")
_ASKING = {"user": "300 Say the old password.", "pass": "300 Say the new password."}

Change = t.Callable[[str, str, str], None]


class _OverError(Exception):
    """The conversation ends here; the text is the last answer, if there is one."""


class Dialogue:
    """One client, who changes one password once."""

    def __init__(self, connection: socket.socket, change: Change) -> None:
        """change gets name, old and new password and raises RefusedError with what the person is told."""
        self._connection = connection
        self._change = change
        connection.settimeout(PATIENCE)

    def run(self) -> None:
        """Talk until the client is done or does what it must not."""
        try:
            self._answer("200 Passwords of mail accounts are changed here.")
            said = [self._argument(verb) for verb in _ORDER]
            try:
                self._change(*said)
            except RefusedError as error:
                raise _OverError(f"500 {error}") from error
            self._answer("200 The password is changed.")
            self._line()
            raise _OverError("200 Good bye.")
        except _OverError as end:
            self._leave(str(end))
        except OSError:
            # Who has gone hears no answer.
            return

    def _argument(self, wanted: str) -> str:
        line = self._line()
        verb, _blank, argument = line.partition(" ")
        if verb.lower() == "quit":
            raise _OverError("200 Good bye.")
        if verb.lower() != wanted or not argument:
            raise _OverError(f"500 Expected: {wanted}.")
        if wanted in _ASKING:
            self._answer(_ASKING[wanted])
        return argument

    def _line(self) -> str:
        content = b""
        while b"\n" not in content:
            if len(content) > LONGEST_LINE:
                raise _OverError("500 The line is too long.")
            more = self._connection.recv(LONGEST_LINE)
            if not more:
                raise _OverError("")
            content += more
        content, _end, rest = content.partition(b"\n")
        if rest:
            # A password with a line break in it would be a command of somebody else's choice.
            raise _OverError("500 Wait for the answer before the next line.")
        if len(content) > LONGEST_LINE:
            raise _OverError("500 The line is too long.")
        try:
            text = content.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            raise _OverError("500 The line is not UTF-8.") from error
        if any(character < " " or character == "\x7f" for character in text):
            raise _OverError("500 The line has a control character.")
        return text

    def _leave(self, text: str) -> None:
        with contextlib.suppress(OSError):
            if text:
                self._answer(text)
            self._connection.shutdown(socket.SHUT_WR)
            # The answer would be lost if something came that nobody reads.
            self._connection.settimeout(_PARTING)
            for _piece in range(_PARTING_PIECES):
                if not self._connection.recv(LONGEST_LINE):
                    return

    def _answer(self, text: str) -> None:
        self._connection.sendall(f"{text}\r\n".encode())
