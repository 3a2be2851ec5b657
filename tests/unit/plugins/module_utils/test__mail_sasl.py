from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_sasl as sasl


def test_plain() -> None:
    assert sasl.SaslClient("plain", "alice", "ä").initial == b"\0alice\0\xc3\xa4"


def test_login() -> None:
    client = sasl.SaslClient("login", "alice", "secret")
    assert client.initial is None
    assert [client.respond(b"Username:"), client.respond(b"Password:")] == [b"alice", b"secret"]
    with pytest.raises(sasl.SaslError, match="asks for more"):
        client.respond(b"")


def test_cram_md5_example_of_rfc_2195() -> None:
    client = sasl.SaslClient("cram-md5", "tim", "tanstaaftanstaaf")
    answer = client.respond(b"<1896.697170952@postoffice.reston.mci.net>")
    assert answer == b"tim b913a602c7eda7a495b4e6e7334d3890"


@pytest.mark.parametrize(
    ("mechanism", "nonce", "first", "final", "last"),
    [
        (
            "scram-sha-1",
            b"fyko+d2lbbFgONRv9qkxdawL",
            b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (
            "scram-sha-256",
            b"rOprNGfwEbeRWgbNEkqO",
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ],
)
def test_scram_examples_of_rfc_5802_and_7677(
    mechanism: str, nonce: bytes, first: bytes, final: bytes, last: bytes
) -> None:
    client = sasl.SaslClient(mechanism, "user", "pencil", nonce=nonce)
    assert client.initial == b"n,,n=user,r=" + nonce
    assert client.respond(first) == final
    assert client.respond(last) == b""


def test_scram_server_has_to_prove_itself() -> None:
    client = sasl.SaslClient("scram-sha-256", "user", "pencil")
    nonce = (client.initial or b"").partition(b"r=")[2]
    client.respond(b"r=" + nonce + b"more,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    with pytest.raises(sasl.SaslError, match="does not know the password"):
        client.respond(b"v=AAAA")


@pytest.mark.parametrize(
    ("offered", "encrypted", "chosen"),
    [
        (["LOGIN", "PLAIN"], True, "plain"),
        (["CRAM-MD5", "PLAIN"], False, "cram-md5"),
        (["CRAM-MD5"], True, "cram-md5"),
        ([], False, "plain"),
        (["GSSAPI"], True, "plain"),
    ],
)
def test_choice(offered: list[str], encrypted: bool, chosen: str) -> None:
    assert sasl.choose(offered, encrypted=encrypted) == chosen
