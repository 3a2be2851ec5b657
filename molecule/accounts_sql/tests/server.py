"""The server as its users see it, and the database behind it."""

from __future__ import annotations

import typing as t

from account_server import AccountServer

FOLDER = "/etc/postfix/postmaster"
_EXECUTE = (
    "import sqlite3, sys; "
    'database = sqlite3.connect("/var/lib/postmaster-mail/accounts.sqlite"); '
    "database.execute(sys.argv[1]); database.commit()"
)
UNITS = {"pgsql": "postgresql", "mysql": "mariadb"}


class Server(AccountServer):
    @property
    def driver(self) -> str:
        """The kind of database that Postfix asks."""
        return t.cast("str", self.host.check_output("postconf -h virtual_mailbox_maps")).split(":")[1]

    def change(self, statement: str) -> None:
        """Change the accounts as somebody else does who may write into the database."""
        client = {
            "pgsql": "runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 mail -c",
            "mysql": "mariadb mail -e",
            "sqlite": f"python3 -c {_EXECUTE!r}",
        }[self.driver]
        self.host.check_output(f"{client} %s && doveadm auth cache flush", statement)
