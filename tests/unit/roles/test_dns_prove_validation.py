# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import socket
import subprocess
import sys
import threading
import typing as t

import pytest

_PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "dns" / "files" / "prove_validation.py"
_NOERROR, _SERVFAIL, _NXDOMAIN = 0, 2, 3


@pytest.fixture
def resolver() -> t.Iterator[tuple[socket.socket, dict[bool, int]]]:
    """Answer with the code for a question whose answer is checked, and for one whose answer is not."""
    codes: dict[bool, int] = {}
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            query, client = server.recvfrom(512)
            if not query:
                return
            checked = not query[3] & 0x10
            assert query[12:] == b"\x00\x00\x02\x00\x01"
            server.sendto(query[:2] + bytes([0x81, 0x80 | codes[checked]]) + query[4:], client)

    thread = threading.Thread(target=serve)
    thread.start()
    yield server, codes
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", server.getsockname())
    thread.join()
    server.close()


def _run(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(_PROGRAM), "127.0.0.1", str(port)], check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("checked", "unchecked"),
    [(_NOERROR, _NOERROR), (_NXDOMAIN, _NXDOMAIN), (_SERVFAIL, _SERVFAIL)],
    ids=["valid", "no such name", "nobody answers it"],
)
def test_passes(resolver: tuple[socket.socket, dict[bool, int]], checked: int, unchecked: int) -> None:
    server, codes = resolver
    codes.update({True: checked, False: unchecked})
    assert (_run(server.getsockname()[1]).returncode, _run(server.getsockname()[1]).stderr) == (0, "")


@pytest.mark.parametrize("unchecked", [_NOERROR, _NXDOMAIN])
def test_refuses_what_answers_only_unchecked(resolver: tuple[socket.socket, dict[bool, int]], unchecked: int) -> None:
    server, codes = resolver
    codes.update({True: _SERVFAIL, False: unchecked})
    done = _run(server.getsockname()[1])
    assert done.returncode == 1
    assert "127.0.0.1 cannot validate what it is told" in done.stderr
    assert "dns_dnssec: false" in done.stderr
