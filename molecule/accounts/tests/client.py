"""The server as people see it who send and read mail, and keep scripts."""

from __future__ import annotations

import base64
import socket

from account_server import PASSWORD, AccountServer
from host_client import trusting_context

EDITOR = "Editor-Horse-1"


class Server(AccountServer):
    def managesieve(self, user: str, password: str = PASSWORD) -> str:
        """Return how a login by ManageSieve is answered."""
        token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        with socket.create_connection((self.address, 4190), timeout=20) as connection:
            _last_line(connection)
            connection.sendall(b"STARTTLS\r\n")
            _last_line(connection)
            with trusting_context().wrap_socket(connection) as session:
                _last_line(session)
                session.sendall(f'AUTHENTICATE "PLAIN" "{token}"\r\n'.encode())
                return _last_line(session)


def _last_line(connection: socket.socket) -> str:
    """Return the line that ends an answer of ManageSieve."""
    with connection.makefile("rb") as lines:
        return next((line.decode() for line in lines if line.startswith((b"OK", b"NO", b"BYE"))), "")
