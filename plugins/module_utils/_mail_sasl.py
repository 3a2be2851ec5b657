# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The client's side of the SASL mechanisms that mail servers offer with a password."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import typing as t

MECHANISMS = ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256")
_SCRAM_HASHES = {"scram-sha-1": "sha1", "scram-sha-256": "sha256"}
_Responses = t.Generator[bytes, bytes, None]


class SaslError(ValueError):
    """The server's challenge makes no sense, or the server could not prove that it knows the password."""


class SaslClient:
    """One authentication: an initial response if the mechanism has one, then one response to each challenge."""

    def __init__(self, mechanism: str, username: str, password: str, *, nonce: bytes = b"") -> None:
        self.mechanism = mechanism.upper()
        user, word = username.encode(), password.encode()
        if mechanism == "plain":
            self._responses = _plain(user, word)
        elif mechanism == "login":
            self._responses = _login(user, word)
        elif mechanism == "cram-md5":
            self._responses = _cram_md5(user, word)
        else:
            nonce = nonce or base64.b64encode(secrets.token_bytes(18))
            self._responses = _scram(_SCRAM_HASHES[mechanism], user, word, nonce)
        self.initial: bytes | None = None
        if mechanism in ("plain", *_SCRAM_HASHES):
            self.initial = next(self._responses)
        else:
            next(self._responses)

    def respond(self, challenge: bytes) -> bytes:
        """Answer a challenge. Raises SaslError."""
        try:
            return self._responses.send(challenge)
        except StopIteration:
            raise SaslError(f"The server asks for more than the mechanism {self.mechanism} has to say.") from None
        except (ValueError, KeyError, IndexError) as error:
            raise SaslError(f"The server's {self.mechanism} challenge is wrong: {error}.") from error


def choose(offered: t.Iterable[str], *, encrypted: bool) -> str:
    """Pick the mechanism to use: over TLS the simple ones, in clear text rather one that hides the password."""
    names = {name.lower() for name in offered}
    simple, hiding = ("plain", "login"), ("scram-sha-256", "scram-sha-1", "cram-md5")
    for name in simple + hiding if encrypted else hiding + simple:
        if name in names:
            return name
    return "plain"


def encode(response: bytes) -> bytes:
    return base64.b64encode(response)


def decode(challenge: bytes) -> bytes:
    """Decode the base64 of a challenge. Raises SaslError."""
    try:
        return base64.b64decode(challenge, validate=True)
    except binascii.Error as error:
        raise SaslError(f"The server's challenge is not base64: {error}.") from error


def _plain(user: bytes, word: bytes) -> _Responses:
    yield b"\0" + user + b"\0" + word


def _login(user: bytes, word: bytes) -> _Responses:
    yield b""
    yield user
    yield word


def _cram_md5(user: bytes, word: bytes) -> _Responses:
    challenge = yield b""
    yield user + b" " + hmac.new(word, challenge, "md5").hexdigest().encode()


def _scram(algorithm: str, user: bytes, word: bytes, nonce: bytes) -> _Responses:
    name = user.replace(b"=", b"=3D").replace(b",", b"=2C")
    bare = b"n=" + name + b",r=" + nonce
    first = yield b"n,," + bare
    fields = _scram_fields(first)
    if not fields[b"r"].startswith(nonce):
        raise SaslError("the nonce is not ours")
    salted = hashlib.pbkdf2_hmac(algorithm, word, base64.b64decode(fields[b"s"]), int(fields[b"i"]))
    key = hmac.digest(salted, b"Client Key", algorithm)
    without_proof = b"c=biws,r=" + fields[b"r"]
    message = b",".join((bare, first, without_proof))
    signature = hmac.digest(hashlib.new(algorithm, key).digest(), message, algorithm)
    proof = bytes(left ^ right for left, right in zip(key, signature))
    last = yield without_proof + b",p=" + base64.b64encode(proof)
    expected = hmac.digest(hmac.digest(salted, b"Server Key", algorithm), message, algorithm)
    if not hmac.compare_digest(base64.b64decode(_scram_fields(last)[b"v"]), expected):
        raise SaslError("the server does not know the password either")
    yield b""


def _scram_fields(message: bytes) -> dict[bytes, bytes]:
    pairs = (part.partition(b"=") for part in message.split(b","))
    return {name: value for name, _equals, value in pairs}
