"""Make certificates as others would bring them: good ones, and each kind of bad one.

Argument: a folder. A pair NAME has NAME-key.pem and NAME-chain.pem, NAME.pem both; FOLDER.tar has all of it.
"""

from __future__ import annotations

import datetime
import functools
import pathlib
import shutil
import sys

import certificates
from cryptography.hazmat.primitives import serialization

make = functools.partial(certificates.make, now=datetime.datetime.now(datetime.timezone.utc))
NAMES = ("mail.example.org", "imap.example.org")


def main(folder: pathlib.Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    root = make("Root of others", days=(-400, 4000))
    above = make("Intermediate of others", root, days=(-400, 2000))
    expired = make("Intermediate of others", root, days=(-400, -1))
    good, newer, other = (make(NAMES[0], above, names=NAMES) for _number in range(3))
    old = make(NAMES[0], above, names=NAMES, days=(-90, -1))
    below_expired = make(NAMES[0], expired, names=NAMES)
    foreign = make("www.example.org", above, names=["www.example.org"])
    stapled = make(NAMES[0], above, names=NAMES, must_staple=True)
    encrypted = newer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    lines = newer.pem.splitlines(keepends=True)
    pairs = {
        "good": (good.key_pem, good.pem + above.pem),
        "newer": (newer.key_pem, newer.pem + above.pem),
        "other": (other.key_pem, other.pem + above.pem),
        "mismatched": (other.key_pem, good.pem + above.pem),
        "expired": (old.key_pem, old.pem + above.pem),
        "expired-issuer": (below_expired.key_pem, below_expired.pem + expired.pem),
        "foreign": (foreign.key_pem, foreign.pem + above.pem),
        "incomplete": (newer.key_pem, newer.pem),
        "disordered": (newer.key_pem, above.pem + newer.pem),
        "damaged": (newer.key_pem, b"".join(lines[:3] + lines[5:])),
        "empty": (newer.key_pem, b""),
        "encrypted": (encrypted, newer.pem + above.pem),
        "stapled": (stapled.key_pem, stapled.pem + above.pem),
    }
    (folder / "root.pem").write_bytes(root.pem)
    for name, (key, chain) in pairs.items():
        (folder / f"{name}-key.pem").write_bytes(key)
        (folder / f"{name}-chain.pem").write_bytes(chain)
        (folder / f"{name}.pem").write_bytes(key + chain)
    shutil.make_archive(str(folder), "tar", folder)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
