"""Files on the host that somebody else keeps, well or badly."""

from __future__ import annotations

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


def test_a_file_that_is_gone_is_refused(server):
    before = server.leaf()
    server.host.check_output(f"rm {OTHERS}/live-key.pem")
    assert server.run_unit().rc != 0
    assert f"{OTHERS}/live-key.pem cannot be read: No such file" in server.said()
    assert server.leaf() == before


def test_a_new_certificate_is_taken_and_served(server):
    before = server.leaf()
    put(server, "newer")
    assert server.run_unit().rc == 0, server.said()
    after = server.leaf()
    assert after != before
    assert {port for port in PORTS if server.served(port) != after} == set()
    assert server.run_unit().rc == 0
    assert f"{NAME}: unchanged" in server.said()
