"""Publish what mail programs are told, and sign the profiles of those of Apple with the certificate of the host.

Arguments: a JSON file, and --check to write nothing. The file has "target" (the folder that the web server serves),
"files" and "profiles" (path in that folder to content), "pairs" (certificate chain and key, the first that exists is
taken) and "state" (a file that notes what the profiles were made of). What is up to date is left alone, what else is in
the folder is removed. A profile is passed on unsigned where the certificate is its own issuer, or where there are no
pairs. Prints what it wrote and removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import typing as t

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


class CannotSignError(Exception):
    """Why the profiles cannot be signed."""


def openssl(arguments: t.Sequence[str], data: bytes) -> bytes:
    try:
        done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotSignError(f"openssl {arguments[0]} did not run: {error}") from error
    if done.returncode:
        raise CannotSignError(f"openssl {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def is_its_own_issuer(certificate: bytes) -> bool:
    lines = openssl(["x509", "-noout", "-subject_hash", "-issuer_hash"], certificate).split()
    return len(lines) == 2 and lines[0] == lines[1]


def find_pair(pairs: t.Sequence[t.Sequence[str]]) -> tuple[pathlib.Path, pathlib.Path] | None:
    for certificate, key in pairs:
        if os.path.exists(certificate) and os.path.exists(key):
            return pathlib.Path(certificate), pathlib.Path(key)
    return None


def signed(profile: bytes, chain: bytes, key: pathlib.Path) -> bytes:
    """Return the profile within a CMS signature that carries the chain."""
    certificates = CERTIFICATE.findall(chain.decode("ascii", "replace"))
    with tempfile.TemporaryDirectory() as folder:
        leaf, others = pathlib.Path(folder, "leaf.pem"), pathlib.Path(folder, "others.pem")
        leaf.write_text(certificates[0], encoding="ascii")
        others.write_text("".join(certificates[1:]), encoding="ascii")
        arguments = [
            "cms",
            "-sign",
            "-binary",
            "-nodetach",
            "-outform",
            "DER",
            "-signer",
            str(leaf),
            "-inkey",
            str(key),
        ]
        return openssl([*arguments, *(["-certfile", str(others)] if certificates[1:] else [])], profile)


def write(path: pathlib.Path, content: bytes) -> None:
    for folder in reversed([parent for parent in path.parents if not parent.exists()]):
        folder.mkdir()
        folder.chmod(0o755)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as target:
        target.write(content)
        os.fchmod(target.fileno(), 0o644)
    os.replace(name, path)


def is_as(path: pathlib.Path, content: bytes) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == content


class Publication:
    """The folder that is served, and what is to be there."""

    def __init__(self, config: t.Mapping[str, t.Any], *, writes: bool) -> None:
        self.target = pathlib.Path(config["target"])
        self.state_file = pathlib.Path(config["state"])
        self.files: dict[str, str] = config["files"]
        self.profiles: dict[str, str] = config["profiles"]
        self.pair = find_pair(config["pairs"])
        self.writes = writes

    def run(self) -> list[str]:
        """Make the folder what it is to be and return a line for each change."""
        return [*self.remove_others(), *self.put_files(), *self.put_profiles()]

    def put_files(self) -> t.Iterator[str]:
        for name, text in sorted(self.files.items()):
            if not is_as(self.target / name, text.encode()):
                self.put(name, text.encode())
                yield f"{name}: written"

    def put_profiles(self) -> t.Iterator[str]:
        chain = self.pair[0].read_bytes() if self.pair else b""
        key = self.pair[1] if self.pair and not is_its_own_issuer(chain) else None
        # A signature holds the time it was made at: what it was made of tells whether it is still good.
        state = json.loads(self.state_file.read_text(encoding="ascii")) if self.state_file.exists() else {}
        known: dict[str, dict[str, str]] = {}
        for name, text in sorted(self.profiles.items()):
            profile = text.encode()
            made_of = hashlib.sha256(profile + (b"\0" + chain if key else b"")).hexdigest()
            path = self.target / name
            if state.get(name, {}).get("made_of") != made_of or state[name]["sha256"] != checksum(path):
                content = signed(profile, chain, key) if key else profile
                self.put(name, content)
                known[name] = {"made_of": made_of, "sha256": hashlib.sha256(content).hexdigest()}
                yield f"{name}: written"
            else:
                known[name] = state[name]
        if known != state and self.writes:
            write(self.state_file, json.dumps(known).encode("ascii"))

    def put(self, name: str, content: bytes) -> None:
        if self.writes:
            write(self.target / name, content)

    def remove_others(self) -> t.Iterator[str]:
        wanted = {self.target / name for name in (*self.files, *self.profiles)}
        folders = {parent for path in wanted for parent in path.parents}
        # What is below comes first, so that folders are empty.
        for path in sorted(self.target.rglob("*"), reverse=True):
            is_folder = path.is_dir() and not path.is_symlink()
            if path in (folders if is_folder else wanted):
                continue
            if self.writes and is_folder:
                path.rmdir()
            elif self.writes:
                path.unlink()
            yield f"{path.relative_to(self.target)}: removed"


def checksum(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def main() -> int:
    try:
        config = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
        lines = Publication(config, writes="--check" not in sys.argv).run()
    except CannotSignError as error:
        sys.stderr.write(f"The profiles of {sys.argv[1]} are not signed: {error}\n")
        return 1
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
