"""Name servers that never answer, and a resolver that answers about one zone alone, as long as it runs."""

from __future__ import annotations

import select
import socket

PORT = 5399
MUTE = ("127.0.0.2", "127.0.0.3")
RESOLVER = "127.0.0.4"
ALIVE = b"\x05alive\x07example\x00"
NO_SUCH_NAME = b"\x81\x83"


def bound(address: str) -> socket.socket:
    server = socket.socket(type=socket.SOCK_DGRAM)
    server.bind((address, PORT))
    return server


def main() -> None:
    _mute = [bound(address) for address in MUTE]
    resolver = bound(RESOLVER)
    while True:
        select.select([resolver], [], [])
        query, client = resolver.recvfrom(4096)
        question = query[12:].split(ALIVE)
        if len(question) == 2:
            end = 12 + len(question[0]) + len(ALIVE) + 4
            head = query[:2] + NO_SUCH_NAME + b"\x00\x01" + bytes(6)
            resolver.sendto(head + query[12:end], client)


if __name__ == "__main__":
    main()
