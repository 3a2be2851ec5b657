"""Sign the configuration profiles of the mail programs of Apple with the certificate of the host.

Argument: a JSON file with "source" (a folder of profiles), "target" (the folder that they go to, by the same paths)
and "pairs" (certificate chain and key, the first that exists is taken). What is up to date is left alone. A profile is
passed on unsigned where the certificate is its own issuer, or where there are no pairs. Prints what it wrote.
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
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as target:
        target.write(content)
        os.fchmod(target.fileno(), 0o644)
    os.replace(name, path)


def run(config: t.Mapping[str, t.Any]) -> list[str]:
    """Write what is not up to date and return its paths."""
    source, target = pathlib.Path(config["source"]), pathlib.Path(config["target"])
    pair = find_pair(config["pairs"])
    chain = pair[0].read_bytes() if pair else b""
    signs = pair is not None and not is_its_own_issuer(chain)
    # A signature holds the time it was made at: what it was made of tells whether it is still good.
    state_file = source / ".written.json"
    state = json.loads(state_file.read_text(encoding="ascii")) if state_file.exists() else {}
    written: list[str] = []
    known: dict[str, str] = {}
    for path in sorted(source.rglob("*.mobileconfig")):
        name = str(path.relative_to(source))
        profile = path.read_bytes()
        known[name] = hashlib.sha256(profile + (b"\0" + chain if signs else b"")).hexdigest()
        if state.get(name) == known[name] and (target / name).exists():
            continue
        write(target / name, signed(profile, chain, pair[1]) if signs and pair else profile)
        written.append(name)
    if known != state:
        write(state_file, json.dumps(known).encode("ascii"))
    return written


def main() -> int:
    try:
        written = run(json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")))
    except CannotSignError as error:
        sys.stderr.write(f"The profiles of {sys.argv[1]} are not signed: {error}\n")
        return 1
    for name in written:
        sys.stdout.write(f"{name}: written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
