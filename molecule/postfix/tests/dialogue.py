"""SMTP as a client of any manners would speak it."""

from __future__ import annotations

import smtplib
import socket
import typing as t

from host_client import trusting_context

PASSWORD = "Correct-Horse-1"
# Port, and whether TLS comes first, by command or not at all.
LISTENERS: dict[int, t.Literal["none", "starttls", "implicit"]] = {
    25: "none",
    2526: "none",
    587: "starttls",
    2525: "starttls",
    2587: "starttls",
    465: "implicit",
    2465: "implicit",
}


def connect(address: str, port: int, *, helo: str = "client.friend.example") -> smtplib.SMTP:
    """A session that has said EHLO, within TLS where the port wants it."""
    kind = LISTENERS[port]
    if kind == "implicit":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            address, port, local_hostname=helo, timeout=20, context=trusting_context()
        )
    else:
        session = smtplib.SMTP(address, port, local_hostname=helo, timeout=20)
    session.ehlo()
    if kind == "starttls":
        session.starttls(context=trusting_context())
        session.ehlo()
    return session


def log_in(address: str, port: int, user: str) -> smtplib.SMTP:
    session = connect(address, port)
    session.login(user, PASSWORD)
    return session


def ask(session: smtplib.SMTP, sender: str, *recipients: str) -> list[tuple[int, str]]:
    """The replies to MAIL and RCPT; no message follows."""
    commands = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{recipient}>" for recipient in recipients), "RSET"]
    replies = [session.docmd(command) for command in commands]
    return [(code, text.decode()) for code, text in replies[:-1]]


def raw(address: str, port: int = 25) -> socket.socket:
    """A connection on which the server has said its greeting, for what smtplib would not send."""
    connection = socket.create_connection((address, port), timeout=20)
    reply(connection)
    return connection


def say(connection: socket.socket, text: str) -> str:
    connection.sendall(text.encode())
    return reply(connection)


def reply(connection: socket.socket) -> str:
    """One reply with all its lines; empty if the server has closed the connection."""
    text = ""
    while not any(line[3:4] == " " and line.endswith("\n") for line in text.splitlines(keepends=True)):
        octet = connection.recv(1)
        if not octet:
            break
        text += octet.decode()
    return text
