# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

import pytest
from certificates import Made, new_key, request
from tls_material import load, make

config = load("tls_config")
install = load("tls_install")

NAME = "mail.example.org"
FIRST = make(NAME, names=[NAME], days=(-1, 4000))
SECOND = make(NAME, names=[NAME], days=(-1, 4000))
RSA = make(NAME, names=[NAME], days=(-1, 4000), key=new_key("rsa"))


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "hooks.d").mkdir()
    hook(tmp_path, "50-note", f'echo "$1" >> {tmp_path}/ran')
    return tmp_path


def hook(place: pathlib.Path, name: str, body: str, mode: int = 0o755) -> None:
    path = place / "hooks.d" / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(mode)


def give(place: pathlib.Path, *pairs: Made, **more: t.Any) -> None:
    sources = []
    for number, pair in enumerate(pairs):
        path = place / f"source-{number}"
        path.write_bytes(pair.key_pem + pair.pem)
        sources.append({"certificate": str(path), "privkey": str(path)})
    said = {"names": [NAME], "sources": sources, "trust": [], "proof_timeout": 0, **more}
    (place / f"{NAME}.json").write_text(json.dumps(said))


def ran(place: pathlib.Path) -> int:
    path = place / "ran"
    return len(path.read_text().splitlines()) if path.exists() else 0


def serial(made: Made) -> str:
    return t.cast("str", load("tls_pairs").serial(made.certificate))


def test_a_pair_is_installed_once(place: pathlib.Path) -> None:
    give(place, FIRST)
    assert install.install(place, NAME, True).startswith(f"to be installed, ECC serial {serial(FIRST)}")
    assert not (place / NAME).exists()
    assert install.install(place, NAME, False).startswith(f"installed, ECC serial {serial(FIRST)}")
    assert (place / NAME / "combined.pem").read_bytes() == FIRST.key_pem + FIRST.pem
    assert install.install(place, NAME, False).startswith("unchanged")
    assert install.renew(place, NAME, False).startswith("unchanged")
    assert ran(place) == 1


def test_a_changed_source_is_installed_at_the_next_renewal(place: pathlib.Path) -> None:
    give(place, FIRST)
    install.install(place, NAME, False)
    give(place, SECOND, RSA)
    assert serial(RSA) in install.renew(place, NAME, False)
    assert (place / NAME / "fullchain.pem").read_bytes() == SECOND.pem
    assert (place / NAME / "fullchain-rsa.pem").read_bytes() == RSA.pem
    assert ran(place) == 2


@pytest.mark.parametrize(
    ("pairs", "changes", "words"),
    [
        ([Made(SECOND.certificate, FIRST.key)], {}, "does not belong"),
        ([make(NAME, names=[NAME], days=(-9, -8))], {}, "has expired"),
        ([SECOND], {"names": ["mail.example.net"]}, "not valid for mail.example.net"),
        ([SECOND, FIRST], {}, "keys of the same kind"),
        ([], {}, "No source"),
        ([SECOND], {"group": "no-such-group"}, "no-such-group that is to read keys does not exist"),
    ],
)
def test_what_is_wrong_leaves_everything_as_it_was(
    place: pathlib.Path, pairs: list[Made], changes: dict[str, t.Any], words: str
) -> None:
    give(place, FIRST)
    install.install(place, NAME, False)
    give(place, *pairs, **changes)
    for command in (install.install, install.renew):
        with pytest.raises(config.TlsError, match=words):
            command(place, NAME, False)
    assert (place / NAME / "combined.pem").read_bytes() == FIRST.key_pem + FIRST.pem
    assert ran(place) == 1


def test_a_hook_that_fails_is_named_and_tried_again(place: pathlib.Path) -> None:
    hook(place, "40-broken", "echo the reason >&2; exit 3")
    hook(place, "45-asleep", "exit 4", 0o644)
    hook(place, ".hidden", "exit 5")
    give(place, FIRST)
    for command in (install.install, install.renew):
        with pytest.raises(config.TlsError, match=r"40-broken failed \(3\): the reason"):
            command(place, NAME, False)
    # Those behind it ran all the same.
    assert ran(place) == 2
    hook(place, "40-broken", "exit 0")
    assert install.renew(place, NAME, False).startswith("installed")
    assert install.renew(place, NAME, False).startswith("unchanged")
    assert ran(place) == 3


class Ports:
    """Daemons that serve what they were last told; those in deaf keep what they had."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **served: Made | None) -> None:
        self.served = {int(port[1:]): made for port, made in served.items()}
        monkeypatch.setattr(install, "listens", lambda proof: self.served[proof.port] is not None)
        monkeypatch.setattr(install, "presented", self.look)
        monkeypatch.setattr(install, "prove", self.prove)

    def look(self, proof: t.Any) -> bytes:
        made = self.served[proof.port]
        assert made
        return t.cast("bytes", load("tls_prove").der(made.certificate))

    def prove(self, proofs: t.Any, leaves: t.Any, timeout: float) -> list[str]:
        return t.cast("list[str]", load("tls_prove").prove(proofs, leaves, timeout, self.look))


PROOFS = [{"port": 25, "starttls": "smtp"}, {"port": 993}, {"port": 995}]


def test_install_asks_those_who_served_the_earlier_one(place: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = Ports(monkeypatch, p25=FIRST, p993=RSA, p995=None)
    give(place, FIRST, proofs=PROOFS)
    assert install.install(place, NAME, False).endswith("served on no port yet")
    give(place, SECOND, proofs=PROOFS)
    with pytest.raises(config.TlsError) as refused:
        install.install(place, NAME, False)
    assert "port 25 of 127.0.0.1" in str(refused.value)
    assert "port 993" not in str(refused.value)
    ports.served[25] = SECOND
    assert install.install(place, NAME, False).endswith("served on port 25 of 127.0.0.1 for mail.example.org")


def test_install_asks_nobody_who_has_to_learn_of_another_kind_of_key(
    place: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ports(monkeypatch, p25=FIRST, p993=FIRST, p995=None)
    give(place, FIRST, proofs=PROOFS)
    install.install(place, NAME, False)
    give(place, FIRST, RSA, proofs=PROOFS)
    assert install.install(place, NAME, False).endswith("served on no port yet")


def test_renew_asks_all_who_listen(place: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = Ports(monkeypatch, p25=FIRST, p993=RSA, p995=None)
    give(place, FIRST, proofs=PROOFS)
    with pytest.raises(config.TlsError) as refused:
        install.renew(place, NAME, False)
    assert f"port 993 of 127.0.0.1 for {NAME}: serves serial {serial(RSA)}, not {serial(FIRST)}" in str(refused.value)
    assert "port 995" not in str(refused.value)
    ports.served[993] = FIRST
    assert install.renew(place, NAME, False).startswith("installed")
    assert "port 993" in install.prove_only(place, NAME)


def test_a_certificate_of_its_own_is_made_and_kept(place: pathlib.Path) -> None:
    key = new_key()
    (place / "key").write_bytes(Made(FIRST.certificate, key).key_pem)
    (place / "request").write_bytes(request(key, NAME, [NAME]))
    source = {name: str(place / name) for name in ("certificate", "request")}
    give(place, issuer={"kind": "selfsigned", "valid_days": 90})
    said = json.loads((place / f"{NAME}.json").read_text())
    said["sources"] = [{**source, "privkey": str(place / "key")}]
    (place / f"{NAME}.json").write_text(json.dumps(said))
    assert install.install(place, NAME, True) == "a new certificate is needed: there is none yet"
    assert not (place / "certificate").exists()
    assert install.install(place, NAME, False).startswith("installed")
    assert install.renew(place, NAME, False).startswith("unchanged")
    said["renew_before_days"] = 91
    (place / f"{NAME}.json").write_text(json.dumps(said))
    assert install.renew(place, NAME, True).startswith("a new certificate is needed: 89 days are left")
    assert install.renew(place, NAME, False).startswith("installed")


def test_a_command_that_fails_is_said_and_the_rest_is_done(place: pathlib.Path) -> None:
    failing = {"kind": "command", "argv": [sys.executable, "-c", "raise SystemExit('the server is down')"]}
    give(place, FIRST, issuer=failing)
    install.install(place, NAME, False)
    give(place, SECOND, issuer=failing)
    with pytest.raises(config.TlsError, match="the server is down"):
        install.renew(place, NAME, False)
    assert (place / NAME / "fullchain.pem").read_bytes() == SECOND.pem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "lacks 'names'"),
        ("[]", "is not as it should be"),
        ("{", "is not as it should be"),
        (json.dumps({"names": [], "sources": [], "issuer": {"kind": "oracle"}}), "issuer oracle is none of"),
        (json.dumps({"names": [], "sources": [], "proofs": [{"port": 1, "starttls": "x"}]}), "starttls x is none of"),
    ],
)
def test_a_configuration_that_is_wrong(place: pathlib.Path, text: str, words: str) -> None:
    (place / f"{NAME}.json").write_text(text)
    with pytest.raises(config.TlsError, match=words):
        config.read_config(place, NAME)


def test_an_unknown_certificate(place: pathlib.Path) -> None:
    give(place, FIRST)
    with pytest.raises(
        config.TlsError, match=r"mail\.example\.net\.json does not exist; certificates here are mail\.example\.org"
    ):
        config.read_config(place, "mail.example.net")
