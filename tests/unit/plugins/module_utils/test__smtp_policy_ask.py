# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_smtp import Envelope
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import Endpoint, ProbeError, Transcript
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy import Answer, PolicyDialogue, ask

ENVELOPE = Envelope(
    sender="", recipients=("bob@example.net",), message=b"", helo="client.example.com", stop_before="data"
)


@contextlib.contextmanager
def server(greeting: bytes) -> t.Iterator[int]:
    """A server that greets one client so, says farewell to its QUIT and hangs up. Yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _peer = listener.accept()
            with connection:
                if greeting:
                    connection.sendall(greeting)
                    connection.recv(100)
                    connection.sendall(b"221 bye\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def ask_at(port: int) -> tuple[list[Answer], str]:
    transcript = Transcript([])
    dialogue = PolicyDialogue(Endpoint("127.0.0.1", port, "none", reply_timeout=5), transcript, None)
    return ask(dialogue, transcript, ENVELOPE), dialogue.local_address


def test_a_refusing_greeting_answers_for_every_recipient() -> None:
    with server(b"554 mail.example.org no SMTP service here\r\n") as port:
        answers, seen_as = ask_at(port)
    assert [(answer.verdict, answer.step, answer.code) for answer in answers] == [("refused", "greeting", 554)]
    assert seen_as == "127.0.0.1"


def test_a_server_that_hangs_up_has_not_answered() -> None:
    with server(b"") as port, pytest.raises(ProbeError, match="closed the connection before its greeting"):
        ask_at(port)
