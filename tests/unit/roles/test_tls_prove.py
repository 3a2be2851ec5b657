# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
import threading
import typing as t

import pytest
from certificates import Made, new_key
from tls_material import load, make

config = load("tls_config")
prove = load("tls_prove")
SERIAL = load("tls_pairs").serial

NAMES = ["mail.example.org"]
ECC = make("mail.example.org", names=NAMES, days=(-1, 4000))
RSA = make("mail.example.org", names=NAMES, days=(-1, 4000), key=new_key("rsa"))
OTHER = make("other.example.org", names=["other.example.org"], days=(-1, 4000))

# What a server says, and the line that it then waits for.
DIALOGUES = {
    "": [],
    "smtp": [
        (b"220-mail.example.org\r\n220 ready\r\n", b"EHLO localhost"),
        (b"250-mail.example.org\r\n250-STARTTLS\r\n250 SIZE 1\r\n", b"STARTTLS"),
        (b"220 go\r\n", b""),
    ],
    "imap": [(b"* OK ready\r\n", b"a STARTTLS"), (b"* CAPABILITY IMAP4rev1\r\na OK go\r\n", b"")],
    "pop3": [(b"+OK ready\r\n", b"STLS"), (b"+OK go\r\n", b"")],
    "sieve": [(b'"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK "ready"\r\n', b"STARTTLS"), (b"OK go\r\n", b"")],
}


@contextlib.contextmanager
def serving(
    folder: pathlib.Path, dialogue: list[tuple[bytes, bytes]], default: t.Sequence[Made], by_name: Made | None = None
) -> t.Iterator[int]:
    """Serve certificates of each kind of key, and another one for the name other.example.org."""

    def context(pairs: t.Sequence[Made]) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for pair in pairs:
            path = folder / f"{pair.certificate.serial_number}.pem"
            path.write_bytes(pair.key_pem + pair.pem)
            made.load_cert_chain(path)
        return made

    served = context(default)
    if by_name:
        named = context([by_name])

        def choose(session: t.Any, name: str | None, _context: ssl.SSLContext) -> None:
            if name == "other.example.org":
                session.context = named

        served.sni_callback = choose

    def converse(connection: socket.socket) -> None:
        with connection.makefile("rb", buffering=0) as lines:
            for said, wanted in dialogue:
                connection.sendall(said)
                if wanted and lines.readline().strip() != wanted:
                    return
        with served.wrap_socket(connection, server_side=True) as session:
            session.recv(1)

    def answer(listener: socket.socket) -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            # Some look whether anybody listens, and leave.
            with connection, contextlib.suppress(OSError):
                converse(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = threading.Thread(target=answer, args=(listener,), daemon=True)
        worker.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    worker.join(10)


def proof(port: int, starttls: str = "", name: str = "mail.example.org") -> t.Any:
    return config.Proof("127.0.0.1", port, starttls, name)


@pytest.mark.parametrize("starttls", DIALOGUES)
def test_the_certificate_of_each_protocol_is_seen(tmp_path: pathlib.Path, starttls: str) -> None:
    with serving(tmp_path, DIALOGUES[starttls], [ECC]) as port:
        assert prove.listens(proof(port, starttls))
        assert prove.problem(proof(port, starttls), [ECC.certificate]) == ""
        said = prove.problem(proof(port, starttls), [RSA.certificate])
        assert f"serves serial {SERIAL(ECC.certificate)}, not {SERIAL(RSA.certificate)}" in said


def test_the_certificate_of_the_name_is_seen(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path, [], [ECC], OTHER) as port:
        assert prove.problem(proof(port, name="other.example.org"), [OTHER.certificate]) == ""
        assert prove.problem(proof(port), [ECC.certificate]) == ""
        assert "serves serial" in prove.problem(proof(port), [OTHER.certificate])


def test_both_kinds_of_keys_are_asked_for(tmp_path: pathlib.Path) -> None:
    leaves = [ECC.certificate, RSA.certificate]
    with serving(tmp_path, [], [ECC, RSA]) as port:
        assert prove.problem(proof(port), leaves) == ""
    with serving(tmp_path, [], [ECC]) as port:
        assert "the handshake failed" in prove.problem(proof(port), leaves)


@pytest.mark.parametrize(
    ("starttls", "dialogue", "words"),
    [
        ("smtp", [(b"421 busy\r\n", b"")], "421 busy"),
        ("smtp", [(b"220 ready\r\n", b"EHLO localhost"), (b"250 SIZE 1\r\n", b"")], "does not offer STARTTLS"),
        ("imap", [(b"* OK ready\r\n", b"a STARTTLS"), (b"a BAD no\r\n", b"")], "a BAD no"),
        ("pop3", [(b"-ERR busy\r\n", b"")], "-ERR busy"),
        ("sieve", [(b'BYE "busy"\r\n', b"")], 'BYE "busy"'),
        ("", [(b"220 no TLS here\r\n", b"")], "the handshake failed"),
    ],
)
def test_why_there_is_none(
    tmp_path: pathlib.Path, starttls: str, dialogue: list[tuple[bytes, bytes]], words: str
) -> None:
    with serving(tmp_path, dialogue, [ECC]) as port:
        assert words in prove.problem(proof(port, starttls), [ECC.certificate])


def test_a_port_without_anybody(tmp_path: pathlib.Path) -> None:
    with serving(tmp_path, [], [ECC]) as port:
        pass
    assert not prove.listens(proof(port))
    assert "refused" in prove.problem(proof(port), [ECC.certificate])


def test_a_worker_may_answer_once_more_as_before() -> None:
    answers = iter([prove.der(OTHER.certificate), prove.der(ECC.certificate)])
    assert prove.prove([proof(25)], [ECC.certificate], 30, lambda _proof: next(answers)) == []


def test_what_never_serves_it_is_named() -> None:
    said = prove.prove(
        [proof(25), proof(993)],
        [ECC.certificate],
        0,
        lambda one: prove.der((OTHER if one.port == 993 else ECC).certificate),
    )
    assert len(said) == 1
    assert said[0].startswith("port 993 of 127.0.0.1 for mail.example.org: serves serial")


def test_no_port_waits_for_another() -> None:
    together = threading.Barrier(3, timeout=30)

    def look(_proof: t.Any) -> bytes:
        together.wait()
        return t.cast("bytes", prove.der(ECC.certificate))

    assert prove.prove([proof(25), proof(143), proof(993)], [ECC.certificate], 0, look) == []


def test_a_port_that_keeps_silent_is_not_asked_for_its_other_names() -> None:
    asked = []

    def look(one: t.Any) -> bytes:
        asked.append((one.port, one.server_name))
        if one.port == 993:
            raise TimeoutError
        return t.cast("bytes", prove.der(ECC.certificate))

    names = ["a.example", "b.example"]
    proofs = [proof(port, name=name) for port in (25, 993) for name in names]
    said = prove.prove(proofs, [ECC.certificate], 0, look)
    assert sorted(asked) == [(25, "a.example"), (25, "b.example"), (993, "a.example")]
    assert said == [f"port 993 of 127.0.0.1 for {name}: nothing came within 15 seconds" for name in names]
