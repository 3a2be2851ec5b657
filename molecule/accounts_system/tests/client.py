"""The server as people see it who send and read mail, and the Unix users behind it."""

from __future__ import annotations

from account_server import AccountServer

NEW = "New-Horse-2"
BOB = "bob@example.org"


class Server(AccountServer):
    def folder(self, user: str) -> str:
        return f"/home/{user.partition('@')[0]}/Maildir"

    def unix(self, name: str) -> list[str]:
        """Return the fields of passwd(5)."""
        return self.host.check_output(f"getent passwd {name}").split(":")

    def shadow(self, name: str) -> list[str]:
        """Return the fields of shadow(5)."""
        return self.host.check_output(f"getent shadow {name}").split(":")
