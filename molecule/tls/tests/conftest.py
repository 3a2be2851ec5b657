"""Servers whose certificates change."""

from __future__ import annotations

import pathlib
import sys

import pytest
from testinfra.host import Host

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from server import Server


@pytest.fixture(scope="module")
def server(host: Host) -> Server:
    return Server(host, host.backend.host.name)
