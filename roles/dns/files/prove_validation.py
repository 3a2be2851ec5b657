"""Tell whether a validating resolver gets what it needs to validate, before a host relies on it.

Argument: the address to ask, at port 53. A resolver whose forwarders leave out signatures answers nothing but failures,
unless it is told not to check (RFC 4035, 3.2.2). One that reaches nobody answers with failures either way, and passes:
a host without a network is set up, too.
"""

from __future__ import annotations

import contextlib
import socket
import sys

PATIENCE_S = 5.0
ATTEMPTS = 3
SERVFAIL = 2
CHECKING_DISABLED = 0x10
HEAD = b"\x50\x4d"
# ". IN NS" with recursion desired
QUESTION = b"\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01"


def rcode(address: str, port: int, flags: int) -> int | None:
    """Return what the resolver answers, or None if it does not."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _attempt in range(ATTEMPTS):
        with socket.socket(family, socket.SOCK_DGRAM) as client, contextlib.suppress(OSError):
            client.settimeout(PATIENCE_S)
            client.connect((address, port))
            client.send(HEAD + bytes([1, flags]) + QUESTION)
            answer = client.recv(4096)
            if answer[:2] == HEAD and len(answer) >= 12:
                return answer[3] & 15
    return None


def main(address: str, port: str = "53") -> str | None:
    """Return what is wrong, or None."""
    if rcode(address, int(port), 0) != SERVFAIL:
        return None
    if rcode(address, int(port), CHECKING_DISABLED) in (SERVFAIL, None):
        return None
    return (
        f"The resolver at {address} cannot validate what it is told, so it would answer nothing. If dns_forwarders are "
        "set, they do not pass on DNSSEC: name others, or say dns_dnssec: false. If none are, look at the clock of "
        "this host."
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
