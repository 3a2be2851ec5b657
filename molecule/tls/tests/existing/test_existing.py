"""Files on the host that somebody else keeps, well or badly."""

from __future__ import annotations

import pathlib

import pytest
from server import NAME, PORTS

OTHERS = "/srv/others"


def put(server, name: str) -> None:
    """Replace the files as somebody else's program would."""
    for kind in ("key", "chain"):
        server.host.check_output(f"cp {OTHERS}/{name}-{kind}.pem {OTHERS}/live-{kind}.pem")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mismatched", "live-key.pem does not belong to the certificate"),
        ("expired", "live-chain.pem has expired on"),
        ("expired-issuer", "CN=Intermediate of others in /srv/others/live-chain.pem has expired on"),
        ("foreign", "is not valid for mail.example.org, imap.example.org, only for www.example.org"),
        ("incomplete", "live-chain.pem is incomplete"),
        ("disordered", "live-chain.pem is in the wrong order"),
        ("damaged", "live-chain.pem is damaged"),
        ("empty", "live-chain.pem has no certificate in PEM form"),
        ("encrypted", "live-key.pem is encrypted, and no daemon knows its passphrase"),
        ("stapled", "live-chain.pem demands a stapled OCSP answer"),
    ],
)
def test_what_cannot_be_used_is_refused_and_the_old_one_served(server, name, words):
    before = server.leaf()
    put(server, name)
    assert server.run_unit().rc != 0
    assert words in server.said()
    assert f"{NAME}: " in server.said()
    assert server.leaf() == before
    assert {port for port in PORTS if server.served(port) != before} == set()


@pytest.mark.parametrize("kind", ["key", "chain"])
def test_a_file_that_cannot_be_read_is_refused(server, kind):
    before, path = server.leaf(), f"{OTHERS}/live-{kind}.pem"
    put(server, "newer")
    for command, words in (("rm", "No such file"), ("mkdir", "Is a directory")):
        server.host.check_output(f"{command} {path}")
        assert server.run_unit().rc != 0
        assert f"{path} cannot be read: {words}" in server.said()
        assert server.leaf() == before
    server.host.check_output(f"rmdir {path}")


def test_a_new_certificate_is_taken_and_served(server):
    before = server.leaf()
    put(server, "newer")
    assert server.run_unit().rc == 0, server.said()
    after = server.leaf()
    assert after != before
    assert {port for port in PORTS if server.served(port) != after} == set()
    assert server.run_unit().rc == 0
    assert f"{NAME}: unchanged" in server.said()


def test_key_and_chain_belong_together_wherever_it_is_killed(server):
    server.host.check_output("apt-get -qy install --no-install-recommends strace")
    script = (pathlib.Path(__file__).parent / "killed.sh").read_text()
    assert int(server.host.check_output("sh -c %s", script)) > 20
    assert server.run_unit().rc == 0, server.said()
    assert {port for port in PORTS if server.served(port) != server.leaf()} == set()
