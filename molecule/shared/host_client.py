"""What host tests of several scenarios need to speak to a server; pytest loads it as a plugin."""

from __future__ import annotations

import itertools
import ssl
import time

import pytest

MARKS = (f"mark{time.time_ns()}x{number}" for number in itertools.count())


def trusting_context() -> ssl.SSLContext:
    """TLS with the certificate of a lab, which nobody signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
def mark() -> str:
    """A word that no message had before."""
    return next(MARKS)
