# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""DS records of the keys that named made for the zones it signs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import struct
import typing as t
from dataclasses import dataclass

_DNSKEY = re.compile(r"^(\S+)\s+(?:\d+\s+)?IN\s+DNSKEY\s+(\d+)\s+(\d+)\s+(\d+)\s+([A-Za-z0-9+/=\s]+)$", re.MULTILINE)
_STATE = re.compile(r"^(\w+): (.*)$", re.MULTILINE)
_SECURE_ENTRY_POINT = 1
_SHA256 = 2


@dataclass(frozen=True)
class DsRecord:
    """What the parent of a zone publishes about one of its keys."""

    zone: str
    key_tag: int
    algorithm: int
    digest: str
    parent: str

    @property
    def text(self) -> str:
        """The record in the form of a zone file."""
        return f"{self.zone} IN DS {self.key_tag} {self.algorithm} {_SHA256} {self.digest}"


def key_tag(rdata: bytes) -> int:
    """Return the key tag of the data of a DNSKEY record (RFC 4034, appendix B)."""
    total = sum(byte if position & 1 else byte << 8 for position, byte in enumerate(rdata))
    return (total + (total >> 16 & 0xFFFF)) & 0xFFFF


def wire_name(name: str) -> bytes:
    """Return an absolute name of A-labels in wire form."""
    labels = [label.encode("ascii") for label in name.lower().rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def make_ds(key_file: str, state_file: str) -> DsRecord | None:
    """Return the DS record of a public key, or None if the key signs no other keys or is on its way out."""
    found = _DNSKEY.search(key_file)
    if not found or not int(found.group(2)) & _SECURE_ENTRY_POINT:
        return None
    state = dict(_STATE.findall(state_file))
    if state.get("GoalState", "omnipresent") != "omnipresent":
        return None
    flags, protocol, algorithm = (int(number) for number in found.groups()[1:4])
    try:
        public = base64.b64decode("".join(found.group(5).split()), validate=True)
    except binascii.Error:
        return None
    rdata = struct.pack("!HBB", flags, protocol, algorithm) + public
    digest = hashlib.sha256(wire_name(found.group(1)) + rdata).hexdigest().upper()
    return DsRecord(found.group(1).lower(), key_tag(rdata), algorithm, digest, state.get("DSState", "unknown"))


def read_ds(directory: str, zones: t.Iterable[str]) -> list[DsRecord]:
    """Return the DS records of all keys in directory that belong to zones (absolute names)."""
    wanted = {f"K{zone}" for zone in zones}
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        if name.endswith(".key") and name.split("+")[0] in wanted:
            path = os.path.join(directory, name)
            record = make_ds(_read(path), _read(f"{path[:-4]}.state"))
            found += [record] if record else []
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as source:
            return source.read()
    except FileNotFoundError:
        return ""
