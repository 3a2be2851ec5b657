"""A server that a hostile message wants to be asked, and that remembers who did."""

from __future__ import annotations

import contextlib
import datetime
import http.server
import pathlib
import ssl
import tempfile
import threading
import typing as t

from certificates import Made, make

TRAP = "trap.friend.example"
# The machine that runs the tests, as the hosts of the lab see it.
TRAP_ADDRESS = "10.203.17.1"


class Trap:
    def __init__(self, port: int, root: str) -> None:
        self.origin = f"https://{TRAP}:{port}"
        self.root = root
        self.hits: list[str] = []
        self.page = ""
        """What is answered, to see that the trap works."""


def _certificates() -> tuple[Made, Made]:
    now = datetime.datetime.now(datetime.timezone.utc)
    root = make("Trap", now=now)
    return root, make(TRAP, root, names=[TRAP], now=now)


@contextlib.contextmanager
def trap() -> t.Iterator[Trap]:
    root, certificate = _certificates()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            laid.hits.append(self.path)
            page = laid.page.encode() if self.path == "/" else b""
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="rig.") as folder:
        pair = pathlib.Path(folder, "pair.pem")
        pair.touch(mode=0o600)
        pair.write_bytes(certificate.key_pem + certificate.pem)
        context.load_cert_chain(pair)
    with http.server.ThreadingHTTPServer((TRAP_ADDRESS, 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        laid = Trap(server.server_address[1], root.pem.decode())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield laid
        finally:
            server.shutdown()
            thread.join()
