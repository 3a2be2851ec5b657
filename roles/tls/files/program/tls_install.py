# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a certificate to where daemons read it, and see that they serve it."""

from __future__ import annotations

import datetime
import grp
import os
import pathlib
import subprocess
import typing as t

from cryptography import x509
from tls_config import Config, Proof, TlsError, read_config
from tls_crl import keep_crl
from tls_issue import ask, due, make
from tls_pairs import Pair, check_pair, days_left, key_kind, not_after, read_chain, read_pair, serial
from tls_prove import der, listens, presented, prove
from tls_store import Store, files_of

_HOOK_TIMEOUT = 120
UNCHANGED = "unchanged"


def renew(directory: pathlib.Path, name: str, check: bool) -> str:
    """Get a new certificate if it is time, and install it; every port that listens has to serve it."""
    config = read_config(directory, name)
    failure = ""
    if config.issuer.kind == "command" and not check:
        try:
            ask(config.issuer)
        except TlsError as error:
            # What is there may still be newer than what is served.
            failure = str(error)
    try:
        said = _bring(directory, config, check, strict=True)
    except TlsError as error:
        raise TlsError("\n".join(filter(None, (failure, str(error))))) from error
    if failure:
        raise TlsError(failure)
    return said


def install(directory: pathlib.Path, name: str, check: bool) -> str:
    """Install what the sources have; the ports that serve the earlier certificate have to serve the new one."""
    return _bring(directory, read_config(directory, name), check, strict=False)


def prove_only(directory: pathlib.Path, name: str) -> str:
    """See whether every port that listens serves what is in place."""
    config = read_config(directory, name)
    leaves = _in_place(directory / name, len(config.sources))
    if not leaves:
        raise TlsError(f"There is no certificate in {directory / name} yet; install it first")
    proofs = [proof for proof in config.proofs if listens(proof)]
    _raise(prove(proofs, leaves, config.proof_timeout))
    return f"served on {', '.join(map(str, proofs)) or 'no port, as none listens'}"


def _bring(directory: pathlib.Path, config: Config, check: bool, *, strict: bool) -> str:
    now = datetime.datetime.now(datetime.timezone.utc)
    if config.issuer.kind in ("selfsigned", "ca"):
        reasons = [due(config, source, now) for source in config.sources]
        if check and any(reasons):
            return f"a new certificate is needed: {next(filter(None, reasons))}"
        for source, reason in zip(config.sources, reasons):
            if reason:
                make(config, source, now)
        if not check:
            keep_crl(config.issuer, config.renew_before_days, now)
    pairs = checked_pairs(config, now)
    store = Store(directory / config.name, _group(config.group))
    files = files_of(pairs)
    if store.holds(files) and not store.pending:
        return f"{UNCHANGED}, {_describe(pairs, now)}"
    if check:
        return f"to be installed, {_describe(pairs, now)}"
    proofs = [proof for proof in config.proofs if listens(proof)]
    if not strict:
        proofs = _answerable(proofs, store, pairs)
    if not store.holds(files):
        store.swap(files, now)
    _raise(run_hooks(directory / "hooks.d", config.name) + prove(proofs, [p.leaf for p in pairs], config.proof_timeout))
    store.settle()
    return f"installed, {_describe(pairs, now)}, served on {', '.join(map(str, proofs)) or 'no port yet'}"


def _in_place(folder: pathlib.Path, count: int) -> list[x509.Certificate]:
    """Return the certificates in use; files of a kind of key that is no longer wanted may be there, too."""
    if not (folder / "fullchain.pem").exists():
        return []
    first = read_chain(folder / "fullchain.pem")[0]
    same = f"fullchain-{key_kind(first.public_key())}.pem"
    others = [path for path in sorted(folder.glob("fullchain-*.pem")) if path.name != same and path.exists()]
    return [first, *(read_chain(path)[0] for path in others[: count - 1])]


def _answerable(proofs: t.Sequence[Proof], store: Store, pairs: t.Sequence[Pair]) -> list[Proof]:
    """Return the proofs that can be given before daemons are told of changes in their own configuration."""
    earlier = _in_place(store.folder, len(pairs))
    if {key_kind(leaf.public_key()) for leaf in earlier} != {pair.kind for pair in pairs}:
        return []
    return [proof for proof in proofs if _served(proof) in [der(leaf) for leaf in earlier]]


def _served(proof: Proof) -> bytes:
    try:
        return presented(proof)
    except (OSError, TlsError):
        return b""


def checked_pairs(config: Config, now: datetime.datetime) -> list[Pair]:
    """Read all sources and make sure that they can be used. Raises TlsError."""
    pairs = [read_pair(source) for source in config.sources]
    if not pairs:
        raise TlsError(f"No source is named for {config.name}")
    for pair in pairs:
        check_pair(pair, config.names, config.trust, now)
    kinds = [pair.kind for pair in pairs]
    if len(set(kinds)) < len(kinds):
        raise TlsError(f"Two sources of {config.name} have keys of the same kind; give one each of ECDSA and RSA")
    return pairs


def run_hooks(folder: pathlib.Path, name: str) -> list[str]:
    """Run the executable files of a folder in the order of their names; return what went wrong."""
    problems = []
    for hook in sorted(folder.glob("[!.]*")):
        if not hook.is_file() or not os.access(hook, os.X_OK):
            continue
        try:
            ended = subprocess.run(
                [str(hook), name], capture_output=True, text=True, errors="replace", check=False, timeout=_HOOK_TIMEOUT
            )
        except subprocess.TimeoutExpired:
            problems.append(f"hook {hook} did not end within {_HOOK_TIMEOUT} seconds")
        except OSError as error:
            problems.append(f"hook {hook} cannot be started: {error.strerror}")
        else:
            if ended.returncode:
                said = [line for line in (ended.stdout + "\n" + ended.stderr).splitlines() if line.strip()][-3:]
                problems.append(f"hook {hook} failed ({ended.returncode}): {' / '.join(said)}")
    return problems


def _raise(problems: t.Sequence[str]) -> None:
    if problems:
        raise TlsError("The new certificate is in place, but\n" + "\n".join(problems))


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid if name else -1
    except KeyError as error:
        raise TlsError(f"The group {name} that is to read keys does not exist on this host; create it first") from error


def _describe(pairs: t.Sequence[Pair], now: datetime.datetime) -> str:
    return " and ".join(
        f"{pair.kind.upper()} serial {serial(pair.leaf)} until {not_after(pair.leaf):%Y-%m-%d} "
        f"({days_left(pair.leaf, now)} days)"
        for pair in pairs
    )
