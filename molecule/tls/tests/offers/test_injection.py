"""Commands that come in one breath with STARTTLS are in clear, where anybody can add them: nobody may obey them."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading
import typing as t
from dataclasses import dataclass

import pytest
from host_client import trusting_context
from ports import STARTTLS, Kind


@dataclass(frozen=True)
class Dialogue:
    """What a client says, and by what it knows that the injected command was obeyed."""

    start: bytes
    ready: bytes
    injected: bytes
    leave: bytes
    obeyed: bytes
    hello: bytes = b""


DIALOGUES: dict[Kind, Dialogue] = {
    "smtp": Dialogue(b"STARTTLS\r\n", rb"^220 ", b"RSET\r\n", b"QUIT\r\n", rb"^250 ", b"EHLO client.example\r\n"),
    "pop3": Dialogue(b"STLS\r\n", rb"^\+OK", b"CAPA\r\n", b"QUIT\r\n", rb"^\.\r"),
    "imap": Dialogue(b"one STARTTLS\r\n", rb"^one OK", b"two NOOP\r\n", b"three LOGOUT\r\n", rb"^two "),
    "sieve": Dialogue(b"STARTTLS\r\n", rb"^OK", b'NOOP "two"\r\n', b"LOGOUT\r\n", rb'"two"'),
}
# The last line of a reply or greeting in any of the protocols.
END = re.compile(rb"^(?:\d{3} |\+OK|\* OK|one |OK|NO|BYE|-ERR).*\r\n", re.MULTILINE)


def read_reply(connection: socket.socket) -> bytes:
    """A reply as it comes, octet by octet: what follows may be TLS."""
    text = b""
    while not (text.endswith(b"\r\n") and END.search(text)):
        octet = connection.recv(1)
        if not octet:
            break
        text += octet
    return text


def read_rest(connection: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    text = b""
    try:
        while chunk := connection.recv(4096):
            text += chunk
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return text


def obeys_what_was_injected(address: str, port: int, dialogue: Dialogue) -> bool:
    with socket.create_connection((address, port), timeout=30) as connection:
        read_reply(connection)
        if dialogue.hello:
            connection.sendall(dialogue.hello)
            read_reply(connection)
        connection.sendall(dialogue.start + dialogue.injected)
        answer = read_reply(connection)
        if not re.search(dialogue.ready, answer, re.MULTILINE):
            # Postfix 3.9 and later hang up on who talks ahead.
            return re.search(dialogue.obeyed, answer + read_rest(connection), re.MULTILINE) is not None
        try:
            encrypted = trusting_context().wrap_socket(connection)
        except OSError:
            # Dovecot takes the command for the beginning of the handshake, which fails then, or hangs up.
            return False
        with encrypted:
            encrypted.sendall(dialogue.leave)
            said = read_rest(encrypted)
    assert said, "the server said nothing within TLS"
    return re.search(dialogue.obeyed, said, re.MULTILINE) is not None


@pytest.mark.parametrize("port", STARTTLS)
def test_without_them_a_session_begins(host, port):
    dialogue = DIALOGUES[STARTTLS[port]]
    with socket.create_connection((host.backend.host.name, port), timeout=60) as connection:
        read_reply(connection)
        if dialogue.hello:
            connection.sendall(dialogue.hello)
            read_reply(connection)
        connection.sendall(dialogue.start)
        assert re.search(dialogue.ready, read_reply(connection), re.MULTILINE)
        with trusting_context().wrap_socket(connection) as encrypted:
            encrypted.sendall(dialogue.leave)
            said = read_rest(encrypted)
    assert said
    assert not re.search(dialogue.obeyed, said, re.MULTILINE)


@pytest.mark.parametrize("port", STARTTLS)
def test_injected_commands_are_not_obeyed(host, port):
    assert not obeys_what_was_injected(host.backend.host.name, port, DIALOGUES[STARTTLS[port]])


@pytest.fixture
def careless_port(tmp_path) -> t.Iterator[int]:
    """A server that keeps what it has read before TLS."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=careless.example"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve_carelessly, args=(listener, context), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=30)


def _serve_carelessly(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _address = listener.accept()
    connection.sendall(b"220 careless.example\r\n")
    buffer = b""
    while True:
        while b"\r\n" not in buffer:
            buffer += connection.recv(4096)
        command, _separator, buffer = buffer.partition(b"\r\n")
        if command == b"QUIT":
            connection.sendall(b"221 bye\r\n")
            connection.close()
            return
        if command == b"STARTTLS":
            connection.sendall(b"220 ready\r\n")
            connection = context.wrap_socket(connection, server_side=True)
        else:
            connection.sendall(b"250 ok\r\n")


def test_a_server_that_obeys_is_found(careless_port):
    assert obeys_what_was_injected("127.0.0.1", careless_port, DIALOGUES["smtp"])
