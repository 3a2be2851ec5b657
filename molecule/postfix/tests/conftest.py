"""The two servers, and the mail that arrives at them."""

from __future__ import annotations

import pathlib
import sys
import time
import typing as t
from dataclasses import dataclass

import pytest
import testinfra
from testinfra.host import Host

# The collection's tests are imported one by one; those here share a module.
sys.path.insert(0, str(pathlib.Path(__file__).parent))

NUMBERS = {"example.org": 161, "example.net": 162}
PARTNERS = {"example.org": "example.net", "example.net": "example.org"}


@dataclass(frozen=True)
class Server:
    host: Host
    domain: str

    @property
    def name(self) -> str:
        return f"mail.{self.domain}"

    @property
    def ipv4(self) -> str:
        return f"10.203.17.{NUMBERS[self.domain]}"

    @property
    def ipv6(self) -> str:
        return f"fd00:203:17::{NUMBERS[self.domain]}"

    def parameter(self, name: str) -> str:
        return self.host.check_output("postconf -h %s", name)

    def wait_for(self, mark: str, places: str) -> str:
        """The message with this mark, as soon as one of the files holds it."""
        for _attempt in range(50):
            found = self.host.run(f"grep -rls -e '{mark}' {places}")
            if found.stdout:
                return self.host.check_output("cat %s", found.stdout.splitlines()[0])
            time.sleep(0.3)
        log = self.host.run("tail -n 30 /var/log/postfix.log").stdout
        pytest.fail(f"{mark} did not arrive in {places} of {self.name}; log:\n{log}")

    def mailbox(self, user: str, mark: str) -> str:
        return self.wait_for(mark, f"/var/vmail/{self.domain}/{user}/Maildir/new")

    def logged(self, text: str) -> None:
        self.wait_for(text, "/var/log/postfix.log")

    def post(self, sender: str, recipient: str, message: str) -> None:
        """Hand a message to the sendmail command of the server."""
        result = self.host.run("printf '%%b' %s | sendmail -f %s %s", message.replace("\n", "\\n"), sender, recipient)
        assert result.rc == 0, result.stderr


@pytest.fixture(scope="module")
def server(host: Host) -> Server:
    return Server(host, host.check_output("postconf -h mydomain"))


@pytest.fixture(scope="module")
def partner(server: Server, request: pytest.FixtureRequest) -> Server:
    domain = PARTNERS[server.domain]
    return Server(
        testinfra.get_host(
            f"ssh://root@10.203.17.{NUMBERS[domain]}",
            ssh_identity_file=request.config.getoption("--ssh-identity-file"),
            ssh_config=request.config.getoption("--ssh-config"),
            ssh_extra_args=request.config.getoption("--ssh-extra-args"),
        ),
        domain,
    )


@pytest.fixture(params=["ipv4", "ipv6"])
def address(server: Server, request: pytest.FixtureRequest) -> str:
    return t.cast("str", getattr(server, request.param))
