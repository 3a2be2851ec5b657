"""Servers with accounts of every kind."""

from __future__ import annotations

import itertools
import pathlib
import sys
import time

import pytest
from testinfra.host import Host

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from client import Server

MARKS = (f"mark{time.time_ns()}x{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def server(host: Host) -> Server:
    return Server(host, host.backend.host.name)


@pytest.fixture
def mark() -> str:
    """A word that no message had before."""
    return next(MARKS)
