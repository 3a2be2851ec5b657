# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

_PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "webmail" / "files" / "sign_profiles.py"
_PROFILE = "<plist>\nÄ & Ö\r\n</plist>\n".encode()


class Host:
    """A host with profiles, certificates, and the program."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.config = folder / "config.json"
        self.pairs: list[list[str]] = []
        self.put("setup/example.org/imap.mobileconfig", _PROFILE)

    def put(self, name: str, content: bytes) -> None:
        path = self.folder / "unsigned" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def openssl(self, *arguments: str) -> bytes:
        return subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True).stdout

    def request(self, name: str, *arguments: str) -> None:
        self.openssl("req", "-nodes", "-keyout", f"{name}.key", "-subj", f"/CN={name}", "-newkey", *arguments)

    def make_pair(self, name: str, *key: str) -> None:
        """Make a certificate of an authority, as chain, and its key."""
        if not (self.folder / "ca.pem").exists():
            self.request("ca", "rsa:2048", "-x509", "-out", "ca.pem")
        self.request(name, *key, "-out", f"{name}.csr")
        authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        self.openssl("x509", "-req", "-in", f"{name}.csr", *authority, "-out", f"{name}.pem")
        chain = (self.folder / f"{name}.pem").read_bytes() + (self.folder / "ca.pem").read_bytes()
        (self.folder / f"{name}.pem").write_bytes(chain)

    def use(self, *names: str) -> None:
        self.pairs = [[str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")] for name in names]

    def run(self) -> subprocess.CompletedProcess[str]:
        config = {"source": str(self.folder / "unsigned"), "target": str(self.folder / "public"), "pairs": self.pairs}
        self.config.write_text(json.dumps(config))
        return subprocess.run(
            [sys.executable, "-I", str(_PROGRAM), str(self.config)], check=False, capture_output=True, text=True
        )

    def written(self, name: str = "setup/example.org/imap.mobileconfig") -> bytes:
        return (self.folder / "public" / name).read_bytes()

    def verified(self, name: str) -> bytes:
        """Return what is signed, after the signature was checked by the chain within it."""
        (self.folder / "signed").write_bytes(self.written())
        content = self.openssl(
            "cms", "-verify", "-binary", "-inform", "DER", "-in", "signed", "-CAfile", "ca.pem", "-purpose", "any",
            "-signer", "signer.pem",
        )  # fmt: skip
        assert f"CN = {name}" in self.openssl("x509", "-noout", "-subject", "-in", "signer.pem").decode()
        return content


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    return Host(tmp_path)


def test_nobody_signs(host: Host) -> None:
    done = host.run()
    assert (done.returncode, done.stdout) == (0, "setup/example.org/imap.mobileconfig: written\n")
    assert host.written() == _PROFILE
    assert host.run().stdout == ""


@pytest.mark.parametrize("key", [["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]], ids=["RSA", "ECDSA"])
def test_signs_once_and_with_each_certificate(host: Host, key: list[str]) -> None:
    host.make_pair("first", *key)
    host.make_pair("second", *key)
    host.use("none", "first")
    assert host.run().stdout == "setup/example.org/imap.mobileconfig: written\n"
    assert host.verified("first") == _PROFILE
    before = host.written()
    assert host.run().stdout == ""
    assert host.written() == before
    # A renewed certificate, another profile, one more, and one that was taken away.
    host.use("second")
    assert host.run().stdout == "setup/example.org/imap.mobileconfig: written\n"
    assert host.verified("second") == _PROFILE
    host.put("setup/example.org/imap.mobileconfig", b"changed")
    host.put("setup/example.net/pop3.mobileconfig", b"more")
    assert len(host.run().stdout.splitlines()) == 2
    assert host.verified("second") == b"changed"
    (host.folder / "public/setup/example.net/pop3.mobileconfig").unlink()
    assert host.run().stdout == "setup/example.net/pop3.mobileconfig: written\n"
    assert (host.folder / "public/setup/example.net/pop3.mobileconfig").stat().st_mode & 0o777 == 0o644


def test_a_certificate_that_is_its_own_issuer_signs_nothing(host: Host) -> None:
    host.make_pair("first", "rsa:2048")
    host.use("first")
    host.run()
    host.use("ca")
    assert host.run().stdout == "setup/example.org/imap.mobileconfig: written\n"
    assert host.written() == _PROFILE


def test_says_why_it_cannot_sign(host: Host) -> None:
    host.make_pair("first", "rsa:2048")
    host.make_pair("second", "rsa:2048")
    host.use("first")
    host.run()
    before = host.written()
    (host.folder / "first.pem").write_bytes((host.folder / "second.pem").read_bytes())
    done = host.run()
    assert done.returncode == 1
    assert "are not signed: openssl cms failed" in done.stderr
    assert host.written() == before
