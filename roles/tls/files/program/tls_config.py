# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the JSON file of a certificate says."""

from __future__ import annotations

import json
import pathlib
import typing as t
from dataclasses import dataclass

STARTTLS = ("", "smtp", "imap", "pop3", "sieve")
ISSUERS = ("none", "selfsigned", "ca", "command")


class TlsError(Exception):
    """Why a certificate is not put in its place, or not served."""


@dataclass(frozen=True)
class Source:
    """Where a pair comes from; request is the signing request that a new certificate is made of."""

    certificate: pathlib.Path
    privkey: pathlib.Path
    request: pathlib.Path | None


@dataclass(frozen=True)
class Issuer:
    """Who makes a new certificate: nobody here, this program by itself, by an authority, or a command.

    crl is where the revocation list of the authority is kept.
    """

    kind: str
    valid_days: int
    certificate: pathlib.Path
    privkey: pathlib.Path
    argv: tuple[str, ...]
    timeout: int
    crl: pathlib.Path | None = None
    crl_days: int = 365


@dataclass(frozen=True)
class Proof:
    """One handshake: starttls is empty where TLS comes first."""

    host: str
    port: int
    starttls: str
    server_name: str

    def __str__(self) -> str:
        return f"port {self.port} of {self.host} for {self.server_name}"


@dataclass(frozen=True)
class Config:
    """A certificate: its names, where it comes from and where it must be seen afterwards.

    trust is None where nobody says which authorities count.
    """

    name: str
    names: tuple[str, ...]
    sources: tuple[Source, ...]
    issuer: Issuer
    renew_before_days: int
    trust: tuple[pathlib.Path, ...] | None
    group: str
    proofs: tuple[Proof, ...]
    proof_timeout: int


def read_config(directory: pathlib.Path, name: str) -> Config:
    """Read <directory>/<name>.json. Raises TlsError."""
    path = directory / f"{name}.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return _config(name, said)
    except FileNotFoundError as error:
        raise TlsError(f"{path} does not exist; certificates here are {', '.join(all_names(directory))}") from error
    except OSError as error:
        raise TlsError(f"{path} cannot be read: {error.strerror}") from error
    except KeyError as error:
        raise TlsError(f"{path} lacks {error}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise TlsError(f"{path} is not as it should be: {error}") from error


def all_names(directory: pathlib.Path) -> list[str]:
    return sorted(path.name[: -len(".json")] for path in directory.glob("*.json"))


def _config(name: str, said: t.Mapping[str, t.Any]) -> Config:
    trust = said.get("trust")
    return Config(
        name=name,
        names=tuple(said["names"]),
        sources=tuple(_source(one) for one in said["sources"]),
        issuer=_issuer(said.get("issuer", {"kind": "none"})),
        renew_before_days=int(said.get("renew_before_days", 30)),
        trust=None if trust is None else tuple(pathlib.Path(one) for one in trust),
        group=said.get("group", ""),
        proofs=tuple(_proof(name, one) for one in said.get("proofs", ())),
        proof_timeout=int(said.get("proof_timeout", 20)),
    )


def _source(said: t.Mapping[str, str]) -> Source:
    request = said.get("request")
    return Source(
        certificate=pathlib.Path(said["certificate"]),
        privkey=pathlib.Path(said["privkey"]),
        request=pathlib.Path(request) if request else None,
    )


def _issuer(said: t.Mapping[str, t.Any]) -> Issuer:
    if said["kind"] not in ISSUERS:
        raise ValueError(f"issuer {said['kind']} is none of {', '.join(ISSUERS)}")
    return Issuer(
        kind=said["kind"],
        valid_days=int(said.get("valid_days", 90)),
        certificate=pathlib.Path(said.get("certificate", "")),
        privkey=pathlib.Path(said.get("privkey", "")),
        argv=tuple(said.get("argv", ())),
        timeout=int(said.get("timeout", 900)),
        crl=pathlib.Path(said["crl"]) if said.get("crl") else None,
        crl_days=int(said.get("crl_days", 365)),
    )


def _proof(name: str, said: t.Mapping[str, t.Any]) -> Proof:
    starttls = said.get("starttls", "")
    if starttls not in STARTTLS:
        raise ValueError(f"starttls {starttls} is none of {', '.join(filter(None, STARTTLS))}")
    return Proof(
        host=said.get("host") or "127.0.0.1",
        port=int(said["port"]),
        starttls=starttls,
        server_name=said.get("server_name") or name,
    )
