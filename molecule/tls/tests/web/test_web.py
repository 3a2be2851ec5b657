"""Web servers that only name the files of the role: reloaded and proven like the others."""

from __future__ import annotations

import http.client

import pytest
from host_client import trusting_context
from server import FOLDER, NAME, OTHER, UNIT, WEB_PORTS

SIZE = 64 * 1024 * 1024
CONFIGURATIONS = {443: "/etc/nginx/conf.d/lab.conf", 8443: "/etc/apache2/sites-enabled/lab.conf"}


@pytest.mark.parametrize("port", WEB_PORTS)
def test_each_name_gets_its_certificate_before_and_after_a_renewal(server, port):
    before = {name: server.leaf(name) for name in (NAME, OTHER)}
    for name in (NAME, OTHER):
        assert server.served_to(port, name) == before[name]
    assert server.renew().rc == 0, server.said()
    for name in (NAME, OTHER):
        assert server.leaf(name) != before[name]
        assert server.served_to(port, name) == server.leaf(name)
        assert f"port {port} of 127.0.0.1 for {name}" in server.said()
    assert server.served_to(port, "mta-sts.example.net") == server.leaf()
    assert f"port {port} of 127.0.0.1 for mta-sts.example.net" in server.said()


@pytest.mark.parametrize("port", WEB_PORTS)
def test_an_answer_that_is_under_way_goes_on(server, port):
    connection = http.client.HTTPSConnection(server.address, port, timeout=60, context=trusting_context())
    connection.request("GET", "/large")
    answer = connection.getresponse()
    assert answer.status == 200
    read = len(answer.read(1024))
    before = server.leaf()
    assert server.renew().rc == 0, server.said()
    assert server.served(port) == server.leaf() != before
    while chunk := answer.read(1 << 20):
        read += len(chunk)
    assert read == SIZE
    connection.close()


def test_a_web_server_that_is_not_reloaded_fails_the_unit_until_it_is(server):
    old = server.leaf()
    server.set("proof_timeout", 2)
    server.host.check_output(f"chmod -x {FOLDER}/hooks.d/50-web")
    assert server.renew().rc != 0
    assert server.host.run(f"systemctl is-failed {UNIT}.service").rc == 0
    said = server.said()
    for port in WEB_PORTS:
        assert server.served(port) == old
        for name in (NAME, OTHER):
            assert f"port {port} of 127.0.0.1 for {name}: serves serial" in said
    assert "port 993" not in said
    server.host.check_output(f"chmod +x {FOLDER}/hooks.d/50-web")
    server.set("proof_timeout", 20)
    assert server.run_unit().rc == 0, server.said()
    assert {port for port in WEB_PORTS if server.served(port) != server.leaf()} == set()


@pytest.mark.parametrize("port", WEB_PORTS)
def test_a_configuration_that_is_refused_ends_no_service(server, port):
    old = server.leaf()
    server.set("proof_timeout", 2)
    server.host.check_output(f"cp -p {CONFIGURATIONS[port]} /root/site && echo nonsense >> {CONFIGURATIONS[port]}")
    assert server.renew().rc != 0
    assert "hooks.d/50-web failed" in server.said()
    assert f"port {port} of 127.0.0.1 for {NAME}: serves serial" in server.said()
    assert server.served(port) == old
    server.host.check_output(f"cp -p /root/site {CONFIGURATIONS[port]}")
    server.set("proof_timeout", 20)
    assert server.run_unit().rc == 0, server.said()
