# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One TCP connection to a mail server: lines and byte counts in, bytes out, TLS from the start or later."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.postmaster.mail.plugins.module_utils._mail_certificate import Certificate, describe

_CHUNK = 65536
_LONGEST_LINE = 64 * 1024 * 1024
_FAMILIES = {"": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
# Raised by our own OpenSSL before a byte has left: nothing was proven about the server.
_OWN_TLS_FAULTS = ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE")


class ProbeError(Exception):
    """The probe could not be carried out; never counted as a refusal by the server."""


@dataclass(frozen=True)
class Step:
    """One step of a dialogue: what was tried (subject, for example the recipient) and what came back."""

    step: str
    ok: bool
    text: str
    seconds: float
    code: int | None = None
    enhanced: str = ""
    subject: str = ""


class StepRefusedError(Exception):
    """A step that the server (or, for the step certificate, our verification) refused."""

    def __init__(self, step: Step) -> None:
        super().__init__(f"{step.step}: {step.text}")
        self.step = step


@dataclass(frozen=True)
class TlsSettings:
    """Which certificates and protocol versions are accepted; ca_path is a PEM file or a directory of hashes."""

    ca_path: str = ""
    validate: bool = True
    server_name: str = ""
    minimum: str = ""
    maximum: str = ""


@dataclass(frozen=True)
class Endpoint:
    """Where and as whom to connect; tls is none, starttls or implicit, family ipv4, ipv6 or empty for both."""

    host: str
    port: int
    tls: str
    username: str = ""
    password: str = field(default="", repr=False)
    mechanism: str = "auto"
    source_address: str = ""
    family: str = ""
    connect_timeout: float = 10.0
    reply_timeout: float = 60.0
    settings: TlsSettings = TlsSettings()

    @property
    def credentials(self) -> bool:
        return self.username != ""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class TlsState:
    """What a handshake agreed on."""

    version: str
    cipher: str
    bits: int
    certificate: Certificate


class Transcript:
    """Collects the steps of a dialogue; secrets named in advance never get into it."""

    def __init__(self, secrets: t.Iterable[str] = ()) -> None:
        self.steps: list[Step] = []
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._since = time.monotonic()

    def begin(self) -> None:
        self._since = time.monotonic()

    def record(
        self, step: str, ok: bool, text: str, *, code: int | None = None, enhanced: str = "", subject: str = ""
    ) -> Step:
        for secret in self._secrets:
            text = text.replace(secret, "********")
        seconds = round(time.monotonic() - self._since, 3)
        self.steps.append(Step(step, ok, text, seconds, code, enhanced, subject))
        self._since = time.monotonic()
        return self.steps[-1]

    def refuse(self, step: str, text: str, *, code: int | None = None, enhanced: str = "") -> StepRefusedError:
        return StepRefusedError(self.record(step, False, text, code=code, enhanced=enhanced))


def make_context(settings: TlsSettings) -> ssl.SSLContext:
    """Build the client's TLS context. Raises ProbeError if the trusted certificates cannot be read."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_path or None)
    except (OSError, ssl.SSLError) as error:
        raise ProbeError(
            f"The trusted certificates in {settings.ca_path} cannot be read: {error}. Name a PEM file that exists on"
            " the host where the probe runs."
        ) from error
    # Python 3.13 is stricter about the form of certificates than mail clients are, and than older versions are;
    # a certificate that is itself trusted is only enough from Python 3.10 on.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0)
    if not settings.validate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    versions = {
        name: getattr(ssl.TLSVersion, name.replace(".", "_")) for name in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    }
    if settings.maximum in ("TLSv1", "TLSv1.1") or settings.minimum in ("TLSv1", "TLSv1.1"):
        # Or OpenSSL itself refuses the old versions, and the server is never asked.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = versions[settings.minimum or "TLSv1"]
    elif settings.minimum:
        context.minimum_version = versions[settings.minimum]
    if settings.maximum:
        context.maximum_version = versions[settings.maximum]
    return context


class Wire:
    """A connected socket. StepRefusedError means that the peer closed it, ProbeError that it stays silent."""

    def __init__(self, connection: socket.socket, endpoint: Endpoint, transcript: Transcript) -> None:
        self._socket = connection
        self._endpoint = endpoint
        self._transcript = transcript
        self._buffer = bytearray()
        self.tls: TlsState | None = None
        self.step = "greeting"

    @property
    def local_address(self) -> str:
        return str(self._socket.getsockname()[0])

    @property
    def peer_address(self) -> str:
        return str(self._socket.getpeername()[0])

    @property
    def pending(self) -> bytes:
        return bytes(self._buffer)

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except socket.timeout as error:
            raise self._silent() from error
        except OSError as error:
            # The reply that explains why the peer closed may still be waiting to be read.
            with contextlib.suppress(OSError):
                self._buffer += self._socket.recv(_CHUNK)
            if not self._buffer:
                raise self._transcript.refuse(self.step, f"the server closed the connection ({error})") from error

    def read_line(self) -> bytes:
        """Return the next line without its line end."""
        searched = 0
        while True:
            end = self._buffer.find(b"\n", searched)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                return line[:-1] if line.endswith(b"\r") else line
            searched = len(self._buffer)
            if searched > _LONGEST_LINE:
                raise ProbeError(f"{self._endpoint} sent a line of more than {_LONGEST_LINE} bytes.")
            self._fill()

    def read_exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def wait_for_data(self, seconds: float) -> bytes | None:
        """Return what the peer has to say within seconds: None for silence, b"" for a closed connection."""
        if self._buffer:
            return self.pending
        self._socket.settimeout(seconds)
        try:
            data = self._socket.recv(_CHUNK)
        except (socket.timeout, ssl.SSLWantReadError):
            return None
        except OSError:
            return b""
        finally:
            self._socket.settimeout(self._endpoint.reply_timeout)
        self._buffer += data
        return data

    def start_tls(self) -> None:
        """Shake hands. What the peer said before in clear text is thrown away, as RFC 3207 demands."""
        self._buffer.clear()
        settings = self._endpoint.settings
        context = make_context(settings)
        name = settings.server_name or self._endpoint.host
        self._transcript.begin()
        self.step = "tls"
        try:
            secured = context.wrap_socket(self._socket, server_hostname=name)
        except ssl.SSLCertVerificationError as error:
            raise self._transcript.refuse("certificate", error.verify_message or str(error)) from error
        except socket.timeout as error:
            raise self._silent() from error
        except ssl.SSLError as error:
            if error.reason in _OWN_TLS_FAULTS:
                raise ProbeError(
                    f"TLS cannot even be tried with {self._endpoint}: {error}. The OpenSSL of the host where the"
                    " probe runs does not offer what tls_min_version and tls_max_version ask for."
                ) from error
            raise self._transcript.refuse("tls", f"the TLS handshake failed: {error}") from error
        except OSError as error:
            raise self._transcript.refuse("tls", f"the server ended the TLS handshake: {error}") from error
        except ValueError as error:
            raise ProbeError(f"The name {name!r} cannot be used for TLS: {error}.") from error
        self._socket = secured
        cipher = secured.cipher() or ("", "", 0)
        self.tls = TlsState(
            version=secured.version() or "",
            cipher=cipher[0],
            bits=cipher[2],
            certificate=describe(secured.getpeercert(binary_form=True) or b""),
        )
        self._transcript.record("tls", True, f"{self.tls.version} {self.tls.cipher}")

    def detach(self) -> socket.socket:
        """Leave the socket to the caller. What the peer said before and nobody read is thrown away."""
        self._buffer.clear()
        return self._socket

    def close(self) -> None:
        # The peer may have reset the connection; it is gone then, too.
        with contextlib.suppress(OSError):
            self._socket.close()

    def _fill(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except socket.timeout as error:
            raise self._silent() from error
        except OSError as error:
            raise self._transcript.refuse(self.step, f"the connection broke: {error}") from error
        if not data:
            raise self._transcript.refuse(self.step, "the server closed the connection without a reply")
        self._buffer += data

    def _silent(self) -> ProbeError:
        self._transcript.record(self.step, False, "no reply in time")
        return ProbeError(
            f"{self._endpoint} did not reply to the step {self.step} within {self._endpoint.reply_timeout:g} s."
            " A silent server is no refusal; see its log, or raise reply_timeout."
        )


def connect(endpoint: Endpoint, transcript: Transcript) -> Wire:
    """Open the connection, with TLS at once where the endpoint says so."""
    transcript.begin()
    try:
        found = socket.getaddrinfo(
            endpoint.host, endpoint.port, family=_FAMILIES[endpoint.family], type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError) as error:
        raise ProbeError(
            f"The name {endpoint.host} cannot be resolved: {error}. Check the name, and the resolver of the host where"
            " the probe runs."
        ) from error
    if endpoint.source_address:
        wanted = socket.AF_INET6 if ":" in endpoint.source_address else socket.AF_INET
        found = [entry for entry in found if entry[0] == wanted]
        if not found:
            raise ProbeError(
                f"{endpoint.host} has no address of the family of source_address {endpoint.source_address}."
            )
    last = OSError("no address")
    for family, kind, protocol, _name, address in found:
        shown = " port ".join(str(part) for part in address[:2])
        connection = socket.socket(family, kind, protocol)
        try:
            _bind(connection, endpoint)
            connection.settimeout(endpoint.connect_timeout)
            connection.connect(address)
        except OSError as error:
            connection.close()
            last = error
            continue
        except BaseException:
            connection.close()
            raise
        connection.settimeout(endpoint.reply_timeout)
        transcript.record("connect", True, f"connected to {shown}")
        wire = Wire(connection, endpoint, transcript)
        if endpoint.tls == "implicit":
            try:
                wire.start_tls()
            except BaseException:
                wire.close()
                raise
            wire.step = "greeting"
        return wire
    raise transcript.refuse("connect", str(last)) from last


def _bind(connection: socket.socket, endpoint: Endpoint) -> None:
    if not endpoint.source_address:
        return
    try:
        connection.bind((endpoint.source_address, 0))
    except OSError as error:
        raise ProbeError(
            f"source_address {endpoint.source_address} cannot be used: {error}. It must be an address of the host"
            " where the probe runs."
        ) from error
