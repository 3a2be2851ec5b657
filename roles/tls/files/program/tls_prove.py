# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""See by handshakes which certificate a port serves."""

from __future__ import annotations

import concurrent.futures
import io
import socket
import ssl
import time
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tls_config import Proof, TlsError
from tls_pairs import key_kind, serial

_TIMEOUT = 15
_PAUSE = 0.3
_SILENT = f"nothing came within {_TIMEOUT} seconds"
_PORTS_AT_ONCE = 16
# Up to TLS 1.2 the cipher suite says which kind of certificate the client takes.
_CIPHERS = {"ecc": "aECDSA", "ed": "aECDSA", "rsa": "aRSA"}


def listens(proof: Proof) -> bool:
    """Whether somebody listens; a port that does not answer in time counts as one."""
    try:
        with socket.create_connection((proof.host, proof.port), timeout=_TIMEOUT):
            return True
    except ConnectionRefusedError:
        return False
    except OSError:
        return True


def presented(proof: Proof, kind: str = "") -> bytes:
    """Return the certificate in DER form that is served to a client that takes only this kind of key.

    Raises TlsError, OSError (with ssl.SSLError) if there is none.
    """
    with socket.create_connection((proof.host, proof.port), timeout=_TIMEOUT) as connection:
        if proof.starttls:
            with connection.makefile("rb", buffering=0) as lines:
                _STARTTLS[proof.starttls](connection, lines)
        with _context(kind).wrap_socket(connection, server_hostname=proof.server_name) as session:
            return session.getpeercert(binary_form=True) or b""


def _context(kind: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if kind:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CIPHERS[kind])
    return context


def _line(lines: io.RawIOBase) -> str:
    line = lines.readline(4096)
    if not line:
        raise TlsError("the server closed the connection")
    return bytes(line).decode("utf-8", "replace").rstrip()


def _smtp_answer(lines: io.RawIOBase, code: str) -> list[str]:
    answer = [_line(lines)]
    while answer[-1][3:4] == "-":
        answer.append(_line(lines))
    if not answer[-1].startswith(code):
        raise TlsError(f"the server says {answer[-1]}")
    return answer


def _smtp(connection: socket.socket, lines: io.RawIOBase) -> None:
    _smtp_answer(lines, "220")
    connection.sendall(b"EHLO localhost\r\n")
    if not any(line[4:].upper() == "STARTTLS" for line in _smtp_answer(lines, "250")):
        raise TlsError("the server does not offer STARTTLS")
    connection.sendall(b"STARTTLS\r\n")
    _smtp_answer(lines, "220")


def _imap(connection: socket.socket, lines: io.RawIOBase) -> None:
    _expect(lines, "", "* OK")
    connection.sendall(b"a STARTTLS\r\n")
    _expect(lines, "*", "a OK")


def _pop3(connection: socket.socket, lines: io.RawIOBase) -> None:
    _expect(lines, "", "+OK")
    connection.sendall(b"STLS\r\n")
    _expect(lines, "", "+OK")


def _sieve(connection: socket.socket, lines: io.RawIOBase) -> None:
    _expect(lines, '"', "OK")
    connection.sendall(b"STARTTLS\r\n")
    _expect(lines, "", "OK")


def _expect(lines: io.RawIOBase, before: str, wanted: str) -> None:
    line = _line(lines)
    while before and line.startswith(before):
        line = _line(lines)
    if not line.startswith(wanted):
        raise TlsError(f"the server says {line}")


_STARTTLS: dict[str, t.Callable[[socket.socket, io.RawIOBase], None]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
    "sieve": _sieve,
}


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def problem(proof: Proof, leaves: t.Sequence[x509.Certificate], look: t.Callable[..., bytes] = presented) -> str:
    """Say why the certificates are not what a port serves, or nothing if they are."""
    try:
        served = look(proof)
        if served not in [der(leaf) for leaf in leaves]:
            return _differs(served, leaves)
        for leaf in leaves if len(leaves) > 1 else ():
            served = look(proof, key_kind(leaf.public_key()))
            if served != der(leaf):
                return _differs(served, [leaf])
    except TimeoutError:
        return _SILENT
    except ssl.SSLError as error:
        if len(leaves) > 1 and "PROTOCOL_VERSION" in (error.reason or ""):
            # TLS 1.3 alone: the server chooses, and it chose one of them.
            return ""
        return f"the handshake failed: {error.reason or error}"
    except (OSError, TlsError) as error:
        return str(error) or type(error).__name__
    return ""


def _differs(served: bytes, leaves: t.Sequence[x509.Certificate]) -> str:
    found = serial(x509.load_der_x509_certificate(served)) if served else "nothing"
    return f"serves serial {found}, not {' or '.join(serial(leaf) for leaf in leaves)}"


def _problems(
    proofs: t.Sequence[Proof], leaves: t.Sequence[x509.Certificate], look: t.Callable[..., bytes]
) -> list[tuple[Proof, str]]:
    """Look at the ports side by side, and at the names of a port one after the other until it keeps silent."""
    ports: dict[tuple[str, int], list[Proof]] = {}
    for proof in proofs:
        ports.setdefault((proof.host, proof.port), []).append(proof)

    def of_port(names: t.Sequence[Proof]) -> list[tuple[Proof, str]]:
        said: list[tuple[Proof, str]] = []
        for proof in names:
            silent = bool(said) and said[-1][1] == _SILENT
            said.append((proof, _SILENT if silent else problem(proof, leaves, look)))
        return said

    with concurrent.futures.ThreadPoolExecutor(_PORTS_AT_ONCE) as pool:
        return [entry for entries in pool.map(of_port, ports.values()) for entry in entries]


def prove(
    proofs: t.Iterable[Proof],
    leaves: t.Sequence[x509.Certificate],
    timeout: float,
    look: t.Callable[..., bytes] = presented,
) -> list[str]:
    """Look at all ports until each serves the certificates or the time is over; return what speaks against it."""
    end = time.monotonic() + timeout
    left = list(proofs)
    while True:
        said = _problems(left, leaves, look)
        left = [proof for proof, what in said if what]
        # A worker that was busy at the reload may answer once more as before.
        if not left or time.monotonic() > end:
            return [f"{proof}: {what}" for proof, what in said if what]
        time.sleep(_PAUSE)
