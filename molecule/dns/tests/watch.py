"""Asks both resolvers for a signed name until a file appears, and prints how often and what went wrong."""

from __future__ import annotations

import json
import pathlib
import sys
import time

import dns.exception
import dns.flags
import dns.rcode
from ask import ask

RESOLVERS = ("10.203.17.243", "10.203.17.244")
PAUSE_S = 0.3
PATIENCE_S = 1200


def main() -> None:
    end = pathlib.Path(sys.argv[1])
    deadline = time.monotonic() + PATIENCE_S
    secure = 0
    wrong = []
    while not end.exists() and time.monotonic() < deadline:
        for resolver in RESOLVERS:
            try:
                answer = ask(resolver, "www.roll.example", "A", dnssec=True)
            except (dns.exception.DNSException, OSError):
                # One that is told of another key is not there for a moment; that says nothing about signatures.
                continue
            if answer.rcode() == dns.rcode.NOERROR and answer.answer and answer.flags & dns.flags.AD:
                secure += 1
            else:
                wrong.append(f"{time.strftime('%H:%M:%S')} {resolver} {dns.rcode.to_text(answer.rcode())}")
        time.sleep(PAUSE_S)
    print(json.dumps({"secure": secure, "wrong": wrong}))


if __name__ == "__main__":
    main()
