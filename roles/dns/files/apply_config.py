"""Make the running unbound use its configuration files and prove that it answers; put the old file back if not.

Arguments: unit, configuration file, the file that it replaced (may be missing), and the address to
ask, with @port where it is not 53.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time

# A reload keeps the sockets and the identity that the daemon took before it gave up its privileges, and the
# certificates that it read: without a restart no forwarder over TLS would be believed.
NEEDS_RESTART = (
    *("interface", "port", "control-interface", "control-enable", "chroot", "username"),
    *("tls-cert-bundle", "tls-system-cert", "tls-service-key", "tls-service-pem"),
)
PATIENCE_S = 15.0
ONE_ANSWER_S = 1.0
# "localhost. IN A" needs no other server, so that a host without a network passes too.
QUESTION = b"\x50\x4d\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09localhost\x00\x00\x01\x00\x01"


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def differs(option: str) -> bool:
    running = run("unbound-control", "get_option", option)
    return running.returncode != 0 or running.stdout != run("unbound-checkconf", "-o", option).stdout


def restart(unit: str) -> None:
    run("systemctl", "reset-failed", unit)
    run("systemctl", "restart", unit)


def apply(unit: str) -> str:
    changed = [option for option in NEEDS_RESTART if differs(option)]
    if not changed and run("unbound-control", "reload").returncode == 0:
        return "reloaded"
    restart(unit)
    return "restarted"


def answers(address: str) -> bool:
    host, _at, port = address.partition("@")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "::0": "::1"}.get(host, host)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # A daemon that is still starting refuses or stays silent; it is asked again until the deadline.
        with socket.socket(family, socket.SOCK_DGRAM) as client, contextlib.suppress(OSError):
            client.settimeout(ONE_ANSWER_S)
            client.connect((host, int(port or 53)))
            client.send(QUESTION)
            if client.recv(512)[:2] == QUESTION[:2]:
                return True
        time.sleep(0.1)
    return False


def put_back(config: str, previous: str) -> str:
    if os.path.exists(previous):
        os.replace(previous, config)
        return "The previous configuration is in force again."
    os.unlink(config)
    return "The new file was removed again."


def main(unit: str, config: str, previous: str, address: str) -> str | None:
    """Return what went wrong, or None."""
    how = apply(unit)
    if answers(address):
        # The first configuration has no previous one.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(previous)
        print(f"unbound was {how} and answers at {address}.")
        return None
    journal = run("journalctl", "--unit", unit, "--lines", "15", "--no-pager", "--output", "cat").stdout
    outcome = put_back(config, previous)
    restart(unit)
    return f"unbound was {how} with {config} and did not answer at {address}. {outcome} Its journal said:\n{journal}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
