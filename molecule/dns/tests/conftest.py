"""The tests ask by the address of the host that they look at."""

from __future__ import annotations

import pathlib
import sys

import pytest
from testinfra.host import Host

sys.path.insert(0, str(pathlib.Path(__file__).parent))


@pytest.fixture(scope="module")
def server(host: Host) -> str:
    return host.backend.host.name
