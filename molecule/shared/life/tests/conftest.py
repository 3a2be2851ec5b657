"""A server with accounts of every kind, whatever keeps them."""

from __future__ import annotations

import pytest
from account_server import AccountServer
from testinfra.host import Host


@pytest.fixture(scope="module")
def server(host: Host) -> AccountServer:
    return AccountServer(host, host.backend.host.name)
