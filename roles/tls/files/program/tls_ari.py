# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When an ACME server wants a certificate to be renewed: ACME Renewal Information (ARI), RFC 9773."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import ssl
import typing as t
import urllib.request

from cryptography import x509

_TIMEOUT = 15
_LIMIT = 1 << 20
Fetch = t.Callable[[str], t.Any]


def fetcher(roots: str) -> Fetch:
    """Return what gets a JSON document by HTTPS; without roots those of the system count."""
    context = ssl.create_default_context(cafile=roots or None)

    def fetch(url: str) -> t.Any:
        if not url.startswith("https://"):
            raise ValueError(f"{url} is no URL that begins with https://")
        with urllib.request.urlopen(url, timeout=_TIMEOUT, context=context) as answer:
            return json.loads(answer.read(_LIMIT))

    return fetch


def suggestion(directory: str, leaf: x509.Certificate, now: datetime.datetime, fetch: Fetch) -> str:
    """Say that the server wants a renewal by now, or nothing if it does not, or does not tell."""
    try:
        address = fetch(directory).get("renewalInfo")
        if not address:
            return ""
        window = fetch(f"{address.rstrip('/')}/{identifier(leaf)}")["suggestedWindow"]
        moment = _moment(leaf, *(_time(window[edge]) for edge in ("start", "end")))
    except (AttributeError, KeyError, OSError, TypeError, ValueError, x509.ExtensionNotFound):
        # Without an answer the days that are left count.
        return ""
    return f"its ACME server suggests that since {moment:%Y-%m-%d %H:%M} UTC" if moment <= now else ""


def identifier(leaf: x509.Certificate) -> str:
    """Name a certificate as the server knows it: the identifier of its issuer's key, and its serial."""
    issuer = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    number = leaf.serial_number
    return ".".join(
        base64.urlsafe_b64encode(part).decode("ascii").rstrip("=")
        for part in (issuer or b"", number.to_bytes(number.bit_length() // 8 + 1, "big"))
    )


def _time(text: str) -> datetime.datetime:
    """Read a time of RFC 3339; Python before 3.11 knows neither Z nor nanoseconds."""
    seconds, fraction, rest = text.partition(".")
    zone = rest.lstrip("0123456789") if fraction else ""
    moment = datetime.datetime.fromisoformat((seconds + zone).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return moment


def _moment(leaf: x509.Certificate, start: datetime.datetime, end: datetime.datetime) -> datetime.datetime:
    """Choose a moment of the window: another for each certificate, the same at each run."""
    part = hashlib.sha256(str(leaf.serial_number).encode("ascii")).digest()[0] / 256
    return start + max(end - start, datetime.timedelta(0)) * part
