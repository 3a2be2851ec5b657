"""Servers that tell mail programs how to set themselves up."""

from __future__ import annotations

import pathlib
import sys

import pytest
from testinfra.host import Host

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from web import Web


@pytest.fixture(scope="module")
def web(host: Host) -> Web:
    return Web(host)
