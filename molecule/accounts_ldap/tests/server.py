"""The server as its users see it, and the directory behind it."""

from __future__ import annotations

import base64

from account_server import PASSWORD, AccountServer

REMOTE = "Remote-Horse-1"
FOLDER = "/etc/postfix/postmaster"


class Server(AccountServer):
    def change(self, address: str, attribute: str, value: str) -> None:
        """Change an account as somebody else does who may write into the directory."""
        record = f"dn: mail={address},ou=mail,dc=example,dc=org\nchangetype: modify\nreplace: {attribute}\n"
        self.host.check_output(
            "echo %s | LDAPTLS_CACERT=/etc/ldap/tls/ca.pem ldapmodify -x -ZZ -H ldap://mail.example.org -D %s -w %s",
            f"{record}{attribute}: {value}\n-",
            "cn=admin,dc=example,dc=org",
            PASSWORD,
        )

    def entry(self, address: str, *, reader: bool = False) -> dict[str, list[str]]:
        """What the directory tells its administrator of an account, or who asks for Postfix and Dovecot."""
        who = "cn=mail reader,dc=example,dc=org" if reader else "cn=admin,dc=example,dc=org"
        text = self.host.check_output(
            "LDAPTLS_CACERT=/etc/ldap/tls/ca.pem ldapsearch -x -ZZ -H ldap://mail.example.org -D %s -w %s -LLL "
            "-o ldif-wrap=no -b ou=mail,dc=example,dc=org %s",
            who,
            "Reader's secret, 100%" if reader else PASSWORD,
            f"(mail={address})",
        )
        found: dict[str, list[str]] = {}
        for line in text.splitlines():
            name, _colon, value = line.partition(":")
            if value.startswith(":"):
                value = base64.b64decode(value[1:]).decode()
            if name:
                found.setdefault(name, []).append(value.strip())
        return found
