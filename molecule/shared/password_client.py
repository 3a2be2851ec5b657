"""A client of the socket by which account holders change their password, run on the server as a user of it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from testinfra.host import Host

SOCKET = "/run/postmaster-mail-password.sock"
UNIT = "postmaster-mail-password"
WRONG = "500 The old password is wrong, or the account may not log in."
CHANGED = "200 The password is changed."
# Says one piece at a time, and hears one line after each; after the last one all there is.
_SCRIPT = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(60)
    connection.connect(sys.argv[1])
    lines = connection.makefile("rb")
    print(lines.readline().decode().strip())
    for piece in sys.argv[2:]:
        connection.sendall(bytes.fromhex(piece))
        print(lines.readline().decode().strip())
    connection.shutdown(socket.SHUT_WR)
    for line in lines:
        print(line.decode().strip())
"""


@dataclass(frozen=True)
class PasswordSocket:
    host: Host

    def change(self, name: str, old: str, new: str) -> str:
        """Return the last answer to whoever changes a password as the web server would."""
        return self.says(*conversation(name, old, new))[3]

    def says(self, *pieces: bytes) -> list[str]:
        """Return the answers to what the web server says."""
        return self.host.check_output(self.command(*pieces)).splitlines()

    def refuses_connection(self, user: str) -> None:
        """See that a local user cannot even connect."""
        ended = self.host.run(self.command(user=user))
        assert ended.rc != 0
        assert "PermissionError" in ended.stderr

    def together(self, *pieces: tuple[bytes, ...]) -> list[str]:
        """Return the last answers to several clients at once."""
        commands = [f"{self.command(*one)} | tail -n 1 &" for one in pieces]
        return self.host.check_output(" ".join([*commands, "wait"])).splitlines()

    def command(self, *pieces: bytes, user: str = "www-data") -> str:
        """Return the command that says pieces as a user of the host."""
        words = ["runuser", "-u", user, "--", "python3", "-c", _SCRIPT, SOCKET, *(piece.hex() for piece in pieces)]
        return shlex.join(words)

    def log(self) -> str:
        """Return what the log says of changes so far."""
        self.host.check_output("journalctl --sync")
        return self.host.check_output(f"journalctl -t {UNIT} -o cat")


def conversation(name: str, old: str, new: str) -> tuple[bytes, ...]:
    """Return the lines that change a password."""
    return tuple(f"{verb} {said}\r\n".encode() for verb, said in (("user", name), ("pass", old), ("newpass", new)))
