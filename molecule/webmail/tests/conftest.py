"""A mail server with a webmail."""

from __future__ import annotations

import http.client
import pathlib
import ssl
import sys
import typing as t

import pytest
from testinfra.host import Host

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from webmail import Browser


@pytest.fixture(scope="module")
def domain(host: Host) -> str:
    return host.check_output("postconf -h myhostname").partition(".")[2]


@pytest.fixture(scope="module")
def context(host: Host) -> ssl.SSLContext:
    root = host.file("/etc/postmaster/tls/ca/root.pem").content_string
    return ssl.create_default_context(cadata=root)


@pytest.fixture(scope="module")
def base(host: Host) -> str:
    settings = host.file("/etc/postmaster/webmail/config.inc.php").content_string
    return settings.partition("'session_path'] = '")[2].partition("'")[0].rstrip("/")


@pytest.fixture
def browser(host: Host, domain: str, base: str, context: ssl.SSLContext) -> t.Callable[..., Browser]:
    address = host.backend.host.name

    def new(of: str = address) -> Browser:
        return Browser(of, f"mail.{domain}", base, context)

    return new


@pytest.fixture
def port_80(host: Host) -> t.Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(host.backend.host.name, 80, timeout=60)
    yield connection
    connection.close()
