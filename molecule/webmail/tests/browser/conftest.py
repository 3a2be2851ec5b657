"""A browser at the webmail of each server, watched all the time."""

from __future__ import annotations

import pathlib
import re
import shutil
import sys
import typing as t

import pytest
import testinfra
from playwright.sync_api import Browser, BrowserContext, expect
from testinfra.host import Host

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from chromium import chromium
from server import Server
from sites import Site, site_at
from trap import Trap, trap
from watch import Watch
from window import Webmail

SHOTS = pathlib.Path(__file__).parents[4] / ".cache" / "rig" / "webmail-screenshots"
# The machine may be slow and busy: no test is decided by it.
PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> dict[str, Server]:
    """Both servers, by address."""
    hosts = testinfra.get_hosts(
        pytestconfig.option.hosts.split(","),
        ssh_identity_file=pytestconfig.option.ssh_identity_file,
        ssh_config=pytestconfig.option.ssh_config,
        ssh_extra_args=pytestconfig.option.ssh_extra_args,
    )
    return {host.backend.host.name: Server(host, host.backend.host.name) for host in hosts}


@pytest.fixture(scope="session")
def laid_trap() -> t.Iterator[Trap]:
    with trap() as laid:
        yield laid


@pytest.fixture(scope="session")
def browser(servers: dict[str, Server], laid_trap: Trap) -> t.Iterator[Browser]:
    """Chromium, with the root that the servers themselves trust, and that of the trap."""
    shutil.rmtree(SHOTS, ignore_errors=True)
    command = "cat /usr/local/share/ca-certificates/*.crt"
    roots = {server.host.check_output(command) for server in servers.values()}
    with chromium([*sorted(roots), laid_trap.root]) as started:
        yield started


@pytest.fixture(scope="module")
def site(host: Host) -> Site:
    return site_at(host.backend.host.name)


@pytest.fixture(scope="module")
def server(servers: dict[str, Server], site: Site) -> Server:
    return servers[site.address]


@pytest.fixture(scope="module")
def other(servers: dict[str, Server], site: Site) -> Server:
    """The server that this one exchanges mail with."""
    return servers[site.other.address]


@pytest.fixture
def viewport() -> dict[str, int]:
    return DESKTOP


@pytest.fixture
def context(browser: Browser, viewport: dict[str, int]) -> t.Iterator[BrowserContext]:
    """A browser's window without cookies."""
    opened = browser.new_context(viewport=viewport, locale="en-US", timezone_id="UTC")
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


@pytest.fixture
def watch(context: BrowserContext, site: Site) -> t.Iterator[Watch]:
    watching = Watch(context, site.origin)
    yield watching
    watching.is_clean()


@pytest.fixture
def webmail(context: BrowserContext, watch: Watch, site: Site, request: pytest.FixtureRequest) -> t.Iterator[Webmail]:
    """The login page of a server."""
    name = re.sub(r"\W+", "-", f"{site.domain}-{request.node.originalname}")
    shown = Webmail(context.new_page(), site, watch, SHOTS / name)
    shown.open()
    yield shown
    shown.shot("end")
