# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

_PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "webmail" / "files" / "publish_clients.py"
_NAME = "setup/example.org/imap.mobileconfig"
_WRITTEN = f"{_NAME}: written\n"
_PROFILE = "<plist>\nÄ & Ö\r\n</plist>\n"


class Host:
    """A host with certificates, the program, and what it is to publish."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.config = folder / "config.json"
        self.pairs: list[list[str]] = []
        self.public = folder / "public"
        self.public.mkdir()
        self.files: dict[str, str] = {}
        self.profiles = {_NAME: _PROFILE}

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

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        config = {
            "target": str(self.public),
            "state": str(self.folder / "profiles.json"),
            "files": self.files,
            "profiles": self.profiles,
            "pairs": self.pairs,
        }
        self.config.write_text(json.dumps(config))
        return subprocess.run(
            [sys.executable, "-I", str(_PROGRAM), str(self.config), *arguments],
            check=False,
            capture_output=True,
            text=True,
        )

    def published(self) -> dict[str, bytes]:
        """Return all files that are served, and folders as empty ones."""
        paths = self.public.rglob("*")
        return {str(path.relative_to(self.public)): path.read_bytes() if path.is_file() else b"" for path in paths}

    def written(self) -> bytes:
        return (self.public / _NAME).read_bytes()

    def verified(self, name: str) -> str:
        """Return what is signed, after the signature was checked by the chain within it."""
        (self.folder / "signed").write_bytes(self.written())
        content = self.openssl(
            "cms", "-verify", "-binary", "-inform", "DER", "-in", "signed", "-CAfile", "ca.pem", "-purpose", "any",
            "-signer", "signer.pem",
        )  # fmt: skip
        assert f"CN = {name}" in self.openssl("x509", "-noout", "-subject", "-in", "signer.pem").decode()
        return content.decode()


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    return Host(tmp_path)


def test_nobody_signs(host: Host) -> None:
    done = host.run()
    assert (done.returncode, done.stdout) == (0, _WRITTEN)
    assert host.written() == _PROFILE.encode()
    assert host.run().stdout == ""


@pytest.mark.parametrize("key", [["rsa:2048"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]], ids=["RSA", "ECDSA"])
def test_signs_once_and_with_each_certificate(host: Host, key: list[str]) -> None:
    host.make_pair("first", *key)
    host.make_pair("second", *key)
    host.use("none", "first")
    assert host.run().stdout == _WRITTEN
    assert host.verified("first") == _PROFILE
    before = host.written()
    assert host.run().stdout == ""
    assert host.written() == before
    # A renewed certificate, another profile, one more, and one that was taken away.
    host.use("second")
    assert host.run().stdout == _WRITTEN
    assert host.verified("second") == _PROFILE
    host.profiles[_NAME] = "changed"
    host.profiles["setup/example.net/pop3.mobileconfig"] = "more"
    assert len(host.run().stdout.splitlines()) == 2
    assert host.verified("second") == "changed"
    (host.public / "setup/example.net/pop3.mobileconfig").unlink()
    assert host.run().stdout == "setup/example.net/pop3.mobileconfig: written\n"
    assert (host.public / "setup/example.net/pop3.mobileconfig").stat().st_mode & 0o777 == 0o644


def test_a_certificate_that_is_its_own_issuer_signs_nothing(host: Host) -> None:
    host.make_pair("first", "rsa:2048")
    host.use("first")
    host.run()
    host.use("ca")
    assert host.run().stdout == _WRITTEN
    assert host.written() == _PROFILE.encode()


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


def test_what_is_served_is_what_is_given(host: Host) -> None:
    host.profiles = {}
    host.files = {"autoconfig/example.org.xml": "<ä/>\n", "setup/example.org/de/index.html": "<p>", "style.css": ""}
    assert host.run("--check").stdout.splitlines() == [f"{name}: written" for name in sorted(host.files)]
    assert host.published() == {}
    assert len(host.run().stdout.splitlines()) == 3
    assert host.run().stdout == ""
    assert (host.public / "setup/example.org/de").stat().st_mode & 0o777 == 0o755
    assert (host.public / "style.css").stat().st_mode & 0o777 == 0o644
    # Changed by somebody, taken away, put there by somebody; a domain that is gone, a file that becomes a folder.
    (host.public / "autoconfig/example.org.xml").write_text("other")
    (host.public / "setup/mine.html").write_text("mine")
    (host.public / "autoconfig/away").symlink_to("/etc")
    host.files = {"autoconfig/example.org.xml": "<ä/>\n", "style.css/blue": "b"}
    before = host.published()
    expected = [
        "style.css: removed",
        "setup/mine.html: removed",
        "setup/example.org/de/index.html: removed",
        "setup/example.org/de: removed",
        "setup/example.org: removed",
        "setup: removed",
        "autoconfig/away: removed",
        "autoconfig/example.org.xml: written",
        "style.css/blue: written",
    ]
    assert host.run("--check").stdout.splitlines() == expected
    assert host.published() == before
    assert host.run().stdout.splitlines() == expected
    files = {name: text.encode() for name, text in host.files.items()}
    assert host.published() == {"autoconfig": b"", "style.css": b"", **files}
    assert host.run().stdout == ""


def test_a_signed_profile_that_somebody_changed_is_put_back(host: Host) -> None:
    host.make_pair("first", "rsa:2048")
    host.use("first")
    host.run()
    (host.public / _NAME).write_text("changed")
    assert host.run("--check").stdout == _WRITTEN
    assert host.written() == b"changed"
    assert host.run().stdout == _WRITTEN
    assert host.verified("first") == _PROFILE
