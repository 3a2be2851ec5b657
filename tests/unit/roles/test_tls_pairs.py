# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from certificates import new_key
from cryptography.hazmat.primitives import serialization
from tls_material import NOW, load, make

pairs = load("tls_pairs")
config = load("tls_config")

NAMES = ("mail.example.org", "imap.example.org")
ROOT = make("Root", days=(-10, 3650))
INTERMEDIATE = make("Intermediate", ROOT, days=(-5, 1800))
EXPIRED_INTERMEDIATE = make("Intermediate", ROOT, days=(-5, -1), key=INTERMEDIATE.key)
LEAF = make("mail.example.org", INTERMEDIATE, names=NAMES)
OTHER = make("Other", days=(-5, 1800))


def put(folder: pathlib.Path, key: bytes, *chain: bytes) -> t.Any:
    (folder / "key").write_bytes(key)
    (folder / "chain").write_bytes(b"".join(chain))
    (folder / "roots").write_bytes(
        OTHER.pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + ROOT.pem
    )
    return config.Source(folder / "chain", folder / "key", None)


def check(folder: pathlib.Path, source: t.Any, names: t.Sequence[str] = NAMES) -> t.Any:
    pair = pairs.read_pair(source)
    pairs.check_pair(pair, names, [folder / "roots"], NOW)
    return pair


@pytest.mark.parametrize("chain", [(LEAF.pem, INTERMEDIATE.pem), (LEAF.pem, INTERMEDIATE.pem, ROOT.pem)])
def test_a_complete_chain_is_taken(tmp_path: pathlib.Path, chain: tuple[bytes, ...]) -> None:
    pair = check(tmp_path, put(tmp_path, LEAF.key_pem, *chain))
    assert pair.chain_pem == b"".join(chain)
    assert pair.kind == "ecc"


def test_a_certificate_that_signed_itself_is_complete(tmp_path: pathlib.Path) -> None:
    own = make("mail.example.org", names=NAMES, key=new_key("rsa"))
    assert check(tmp_path, put(tmp_path, own.key_pem, own.pem)).kind == "rsa"


def test_nobody_need_say_which_roots_count(tmp_path: pathlib.Path) -> None:
    pairs.check_pair(pairs.read_pair(put(tmp_path, LEAF.key_pem, LEAF.pem)), NAMES, None, NOW)


def test_keys_of_any_form_are_written_in_one(tmp_path: pathlib.Path) -> None:
    old = LEAF.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert pairs.read_pair(put(tmp_path, old, LEAF.pem)).key_pem == LEAF.key_pem


@pytest.mark.parametrize(
    ("key", "chain", "words"),
    [
        (OTHER.key_pem, (LEAF.pem, INTERMEDIATE.pem), ["key {key} does not belong to the certificate {chain}", "give"]),
        (LEAF.key_pem, (INTERMEDIATE.pem, LEAF.pem), ["{chain} is in the wrong order", "is number 2", "put it first"]),
        (LEAF.key_pem, (LEAF.pem, ROOT.pem), ["{chain} is incomplete: CN=Root follows", "CN=Intermediate", "add"]),
        (LEAF.key_pem, (LEAF.pem, ROOT.pem, INTERMEDIATE.pem), ["{chain} is in the wrong order: CN=Root", "put each"]),
        (LEAF.key_pem, (LEAF.pem,), ["{chain} is incomplete: it ends with", "{roots}", "add the certificates"]),
        (LEAF.key_pem, (LEAF.pem, OTHER.pem), ["{chain} is incomplete: CN=Other follows"]),
        (LEAF.key_pem, (LEAF.pem, EXPIRED_INTERMEDIATE.pem), ["CN=Intermediate in {chain} has expired on 2026-11-21"]),
        (LEAF.key_pem, (), ["{chain} has no certificate in PEM form"]),
        (
            LEAF.key_pem,
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",),
            ["Certificate 1 in {chain}"],
        ),
        (b"nothing", (LEAF.pem,), ["{key} has no private key in PEM form"]),
    ],
)
def test_what_is_refused(tmp_path: pathlib.Path, key: bytes, chain: tuple[bytes, ...], words: list[str]) -> None:
    with pytest.raises(config.TlsError) as refused:
        check(tmp_path, put(tmp_path, key, *chain))
    places = {"key": tmp_path / "key", "chain": tmp_path / "chain", "roots": tmp_path / "roots"}
    assert [word for word in words if word.format(**places) not in str(refused.value)] == [], refused.value


@pytest.mark.parametrize(
    ("days", "words"), [((-90, -0.1), "has expired on 2026-11-22"), ((1, 90), "is not valid before 2026-11-23")]
)
def test_a_certificate_out_of_its_time_is_refused(tmp_path: pathlib.Path, days: t.Any, words: str) -> None:
    made = make("mail.example.org", INTERMEDIATE, names=NAMES, days=days)
    with pytest.raises(config.TlsError, match=words):
        check(tmp_path, put(tmp_path, made.key_pem, made.pem, INTERMEDIATE.pem))


def test_a_stapled_answer_cannot_be_given(tmp_path: pathlib.Path) -> None:
    made = make("mail.example.org", INTERMEDIATE, names=NAMES, must_staple=True)
    with pytest.raises(config.TlsError, match="demands a stapled OCSP answer .* get one without"):
        check(tmp_path, put(tmp_path, made.key_pem, made.pem, INTERMEDIATE.pem))


def test_a_name_that_is_missing_is_said(tmp_path: pathlib.Path) -> None:
    source = put(tmp_path, LEAF.key_pem, LEAF.pem, INTERMEDIATE.pem)
    with pytest.raises(
        config.TlsError, match="not valid for mail.example.net, only for mail.example.org, imap.example.org"
    ):
        check(tmp_path, source, [*NAMES, "mail.example.net"])


def test_a_forged_issuer_is_none(tmp_path: pathlib.Path) -> None:
    forged = make("Intermediate", ROOT)
    with pytest.raises(config.TlsError, match="incomplete"):
        check(tmp_path, put(tmp_path, LEAF.key_pem, LEAF.pem, forged.pem))


def test_files_that_cannot_be_read_are_named(tmp_path: pathlib.Path) -> None:
    source = put(tmp_path, LEAF.key_pem, LEAF.pem)
    source.privkey.unlink()
    with pytest.raises(config.TlsError, match=f"{source.privkey} cannot be read: No such file"):
        pairs.read_pair(source)
    put(tmp_path, LEAF.key_pem, LEAF.pem)
    source.certificate.unlink()
    with pytest.raises(config.TlsError, match=f"{source.certificate} cannot be read: No such file"):
        pairs.read_pair(source)


def test_an_encrypted_key_is_refused(tmp_path: pathlib.Path) -> None:
    locked = LEAF.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    with pytest.raises(config.TlsError, match="is encrypted"):
        pairs.read_pair(put(tmp_path, locked, LEAF.pem))


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("mail.example.org", True),
        ("MAIL.example.org.", True),
        ("a.example.net", True),
        ("a.b.example.net", False),
        ("example.net", False),
        ("example.org", False),
        ("bücher.example", True),
        ("192.0.2.1", False),
    ],
)
def test_names_that_are_covered(name: str, covered: bool) -> None:
    made = make("x", names=["mail.example.org", "*.example.net", "xn--bcher-kva.example"])
    assert pairs.covers(made.certificate, name) is covered
