# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Looking at a server's TLS: handshakes that verify its certificates, and hellos that ask what else it accepts."""

from __future__ import annotations

import os
import socket
import ssl
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import (
    Endpoint,
    ProbeError,
    StepRefusedError,
    TlsSettings,
    Transcript,
    make_context,
)
from ansible_collections.postmaster.mail.plugins.module_utils._tls_certificate import ascii_name
from ansible_collections.postmaster.mail.plugins.module_utils._tls_ciphers import VERSIONS, offers
from ansible_collections.postmaster.mail.plugins.module_utils._tls_hello import (
    Alert,
    Answer,
    HelloError,
    ServerHello,
    client_hello,
    parse_certificates,
    read_answer,
)
from ansible_collections.postmaster.mail.plugins.module_utils._tls_starttls import open_before_tls

KEY_TYPES: t.Mapping[str, str] = {
    "any": "",
    "rsa": "aRSA:!eNULL:!PSK:!SRP:@SECLEVEL=0",
    "ecdsa": "aECDSA:!eNULL:!PSK:!SRP:@SECLEVEL=0",
}
_MOST_SUITES = 120
_CERTIFICATE_MESSAGE = 11
# SSL_OP_LEGACY_SERVER_CONNECT: servers without RFC 5746 are to be reported, not refused.
_LEGACY_SERVER = 0x4
# SSL_OP_NO_RX_CERTIFICATE_COMPRESSION: compressed certificates cannot be read from the messages.
_NO_COMPRESSED_CERTIFICATES = 1 << 33


class NoAnswerError(ProbeError):
    """A server that was ready for TLS said nothing to a ClientHello; it may still know other versions."""


@dataclass(frozen=True)
class VersionAnswer:
    """Whether a protocol version is accepted; None if the server gave no answer that tells."""

    version: str
    accepted: bool | None
    answer: str
    hello: ServerHello | None = None


@dataclass(frozen=True)
class Ciphers:
    """The suites a version accepts, in the order in which the server chose them."""

    version: str
    codes: tuple[int, ...]
    complete: bool


@dataclass(frozen=True)
class Handshake:
    """What a name got: the chain as it was sent, and whether it leads to a trusted certificate (None: not tried)."""

    server_name: str
    chain: tuple[bytes, ...]
    version: str = ""
    cipher: str = ""
    bits: int = 0
    trusted: bool | None = None
    trust_error: str = ""
    trust_code: int = 0
    failure: str = ""


class Ask(t.Protocol):
    """Send one ClientHello and return the answer. Raises ProbeError, StepRefusedError."""

    def __call__(self, version: str, ciphers: t.Sequence[int], server_name: str) -> Answer: ...


class Server:
    """One address of one server; every question is a connection of its own."""

    def __init__(self, endpoint: Endpoint, protocol: str) -> None:
        self._endpoint = endpoint
        self._protocol = protocol
        self.address = ""

    def ask(self, version: str, ciphers: t.Sequence[int], server_name: str) -> Answer:
        connection = self._open()
        try:
            connection.sendall(client_hello(version, ciphers, ascii_name(server_name), os.urandom(64)))
            return read_answer(lambda count: _read(connection, count))
        except (socket.timeout, HelloError) as error:
            raise self._strange(error) from error
        except OSError as error:
            return Answer(None, Alert(True, f"connection closed ({error})"))
        finally:
            connection.close()

    def shake(self, server_name: str, ca_path: str, key_type: str = "any", *, verify: bool = True) -> Handshake:
        """Shake hands as a client does, without verification again if that fails. Raises ProbeError."""
        context = make_context(TlsSettings(ca_path=ca_path, minimum="TLSv1"))
        context.check_hostname = False
        context.options |= _LEGACY_SERVER
        if ssl.OPENSSL_VERSION_INFO >= (3, 2):
            context.options |= _NO_COMPRESSED_CERTIFICATES
        if KEY_TYPES[key_type]:
            # In TLS 1.3 no cipher suite says what the certificate has to be.
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(KEY_TYPES[key_type])
        if not verify:
            context.verify_mode = ssl.CERT_NONE
        messages: list[bytes] = []
        _record_certificates(context, messages)
        connection = self._open()
        try:
            connection = context.wrap_socket(
                connection, server_hostname=ascii_name(server_name) or None, do_handshake_on_connect=False
            )
            connection.do_handshake()
            cipher = connection.cipher() or ("", "", 0)
            version = connection.version() or ""
            chain = _chain(connection, messages, tls13=version == "TLSv1.3")
            return Handshake(server_name, chain, version, cipher[0], cipher[2], trusted=True if verify else None)
        except ssl.SSLCertVerificationError as error:
            reason, code = error.verify_message or str(error), error.verify_code
        except (socket.timeout, HelloError) as error:
            raise self._strange(error) from error
        except OSError as error:
            return Handshake(server_name, (), failure=str(error))
        except ValueError as error:
            raise ProbeError(f"The name {server_name!r} cannot be used for TLS: {error}.") from error
        finally:
            connection.close()
        return replace(
            self.shake(server_name, ca_path, key_type, verify=False), trusted=False, trust_error=reason, trust_code=code
        )

    def _open(self) -> socket.socket:
        # Later questions go to the address that answered first: a name may stand for several servers.
        endpoint = replace(self._endpoint, host=self.address) if self.address else self._endpoint
        wire = open_before_tls(endpoint, self._protocol, Transcript())
        try:
            self.address = wire.peer_address
        except OSError as error:
            wire.close()
            raise ProbeError(f"{self._endpoint} closed the connection: {error}.") from error
        return wire.detach()

    def _strange(self, error: Exception) -> ProbeError:
        if isinstance(error, HelloError):
            return ProbeError(
                f"{self._endpoint} does not speak TLS at this point, it sent {error}. Check port and starttls"
                f" ({self._protocol})."
            )
        return NoAnswerError(
            f"{self._endpoint} did not answer to TLS within {self._endpoint.reply_timeout:g} s. A silent server is no"
            " refusal; see its log, or raise reply_timeout."
        )


def _read(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionResetError("end of data")
        data += part
    return bytes(data)


def _record_certificates(context: ssl.SSLContext, messages: list[bytes]) -> None:
    """Keep each Certificate message. Before Python 3.13 no public function tells the chain a server sent."""

    def keep(_socket: t.Any, direction: str, _version: t.Any, _content: t.Any, kind: t.Any, data: bytes) -> None:
        if direction == "read" and kind == _CERTIFICATE_MESSAGE:
            messages.append(data)

    if not hasattr(ssl.SSLSocket, "get_unverified_chain"):
        object.__setattr__(context, "_msg_callback", keep)


def _chain(connection: ssl.SSLSocket, messages: t.Sequence[bytes], *, tls13: bool) -> tuple[bytes, ...]:
    public = getattr(connection, "get_unverified_chain", None)
    if public is not None:
        return tuple(public())
    if messages:
        return parse_certificates(messages[-1][4:], tls13=tls13)
    alone = connection.getpeercert(binary_form=True)
    return (alone,) if alone else ()


def find_versions(ask: Ask, server_name: str) -> list[VersionAnswer]:
    """Ask for one version after the other. Raises StepRefusedError, ProbeError if no question was answered at all."""
    found: list[VersionAnswer] = []
    fault: NoAnswerError | None = None
    for version in reversed(VERSIONS):
        try:
            found.append(_judge(version, ask(version, offers(version), server_name)))
        except NoAnswerError as error:
            fault = fault or error
            found.append(VersionAnswer(version, None, str(error)))
        except (ProbeError, StepRefusedError) as error:
            if not found:
                raise
            found.append(VersionAnswer(version, None, str(error)))
    if fault is not None and all(entry.accepted is None for entry in found):
        raise fault
    return found[::-1]


def _judge(version: str, answer: Answer) -> VersionAnswer:
    if answer.hello is None:
        return VersionAnswer(version, False, answer.alert.name if answer.alert else "no answer")
    if answer.hello.version != version:
        return VersionAnswer(version, False, f"wants {answer.hello.version}")
    return VersionAnswer(version, True, "ServerHello", answer.hello)


def find_ciphers(ask: Ask, version: str, server_name: str, *, weak_only: bool) -> Ciphers:
    """Take the chosen suite out of the offer and ask again until the server refuses."""
    left = offers(version, weak_only=weak_only)
    chosen: list[int] = []
    while left and len(chosen) < _MOST_SUITES:
        try:
            hello = ask(version, left, server_name).hello
        except (ProbeError, StepRefusedError):
            return Ciphers(version, tuple(chosen), False)
        if hello is None or hello.version != version or hello.cipher not in left:
            return Ciphers(version, tuple(chosen), True)
        chosen.append(hello.cipher)
        left.remove(hello.cipher)
    return Ciphers(version, tuple(chosen), not left)


def certificates_in_clear(ask: Ask, server_name: str) -> tuple[bytes, ...]:
    """Return the chain from a handshake that goes no further than that, for servers that OpenSSL cannot talk to."""
    for version in reversed(VERSIONS[:-1]):
        try:
            answer = ask(version, offers(version), server_name)
        except (ProbeError, StepRefusedError):
            continue
        if answer.certificates:
            return answer.certificates
    return ()
