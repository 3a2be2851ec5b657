"""An authority of our own: its root is on one host, each host signs for its own names."""

from __future__ import annotations

import pathlib

from server import FOLDER, NAME, PORTS

CA = f"{FOLDER}/ca"
CLIENT = """
import socket, ssl, sys
ssl.create_default_context().wrap_socket(socket.create_connection(("127.0.0.1", 993)), server_hostname=sys.argv[1])
"""


def connect(server, name: str):
    """Connect as a program of the host does, which trusts what its system trusts."""
    return server.host.run("python3 -c %s %s", CLIENT, name)


def verify(server, chain: str):
    return server.host.run(f"openssl verify -CAfile {CA}/root.pem -untrusted {chain} {chain}")


def test_keys_are_for_root_alone(server):
    assert server.host.file(f"{CA}/intermediate.key").mode == 0o600
    root = server.host.file("/etc/postmaster/ca/root.key")
    assert not root.exists or root.mode == 0o600


def test_programs_of_the_host_trust_the_certificate_for_its_names(server):
    assert connect(server, NAME).rc == 0
    said = connect(server, "mail.example.net")
    assert said.rc != 0
    assert "mismatch" in said.stderr


def test_the_host_renews_by_its_own_intermediate(server):
    before = server.leaf()
    server.set("renew_before_days", 91)
    ended = server.run_unit()
    server.set("renew_before_days", 30)
    assert ended.rc == 0, server.said()
    after = server.leaf()
    assert after != before
    assert {port for port in PORTS if server.served(port) != after} == set()
    assert connect(server, NAME).rc == 0


def test_an_intermediate_at_its_end_fails_the_unit(server):
    before = server.leaf()
    assert server.renew().rc != 0
    assert f"The intermediate {CA}/intermediate.pem ends on" in server.said()
    assert server.leaf() == before


def test_the_intermediate_can_sign_for_no_other_name(server):
    assert verify(server, f"{FOLDER}/{NAME}/fullchain.pem").rc == 0
    script = (pathlib.Path(__file__).parent / "foreign.py").read_text()
    server.host.check_output("PYTHONPATH=/usr/local/lib/postmaster-mail-tls python3 -B -c %s", script)
    said = verify(server, "/root/foreign/chain")
    assert said.rc != 0
    assert "permitted subtree violation" in said.stderr


def test_the_revocation_list_is_signed_by_the_root(server):
    assert "verify OK" in server.host.run(f"openssl crl -in {CA}/crl.pem -CAfile {CA}/root.pem -noout").stderr
