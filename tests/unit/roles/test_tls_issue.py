# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import pathlib
import sys
import typing as t

import pytest
from certificates import Made, new_key, request
from tls_material import NOW, load, make

config = load("tls_config")
issue = load("tls_issue")
pairs = load("tls_pairs")

NAMES = ("mail.example.org", "imap.example.org")
KEY = new_key()
ROOT = make("Root", days=(-10, 3650))
INTERMEDIATE = make("Intermediate", ROOT, days=(-5, 60))


def settings(
    folder: pathlib.Path, kind: str, *, authority: Made = INTERMEDIATE, names: t.Sequence[str] = NAMES, key: t.Any = KEY
) -> t.Any:
    (folder / "request").write_bytes(request(key, "mail.example.org", names))
    (folder / "key").write_bytes(Made(ROOT.certificate, key).key_pem)
    (folder / "authority").write_bytes(authority.pem)
    (folder / "authority.key").write_bytes(authority.key_pem)
    issuer = config.Issuer(kind, 90, folder / "authority", folder / "authority.key", (), 1)
    source = config.Source(folder / "chain", folder / "key", folder / "request")
    return config.Config("mail.example.org", tuple(names), (source,), issuer, 30, None, "", (), 1)


def renewed(wanted: t.Any, now: datetime.datetime = NOW) -> t.Any:
    issue.make(wanted, wanted.sources[0], now)
    pair = pairs.read_pair(wanted.sources[0])
    pairs.check_pair(pair, wanted.names, [], now) if wanted.issuer.kind == "selfsigned" else None
    return pair


@pytest.mark.parametrize("kind", ["selfsigned", "ca"])
def test_a_new_certificate_is_not_due_again(tmp_path: pathlib.Path, kind: str) -> None:
    wanted = settings(tmp_path, kind)
    assert issue.due(wanted, wanted.sources[0], NOW) == "there is none yet"
    pair = renewed(wanted)
    assert issue.due(wanted, wanted.sources[0], NOW) == ""
    assert tuple(pairs.dns_names(pair.leaf)) == NAMES
    assert len(pair.chain) == (2 if kind == "ca" else 1)
    assert (tmp_path / "chain").stat().st_mode & 0o777 == 0o644


def test_a_certificate_ends_no_later_than_its_authority(tmp_path: pathlib.Path) -> None:
    pair = renewed(settings(tmp_path, "ca"))
    assert pairs.not_after(pair.leaf) == pairs.not_after(INTERMEDIATE.certificate)
    assert pairs.issued(INTERMEDIATE.certificate, pair.leaf)


def test_an_authority_at_its_end_makes_no_certificates(tmp_path: pathlib.Path) -> None:
    wanted = settings(tmp_path, "ca", authority=make("Intermediate", ROOT, days=(-5, 30)))
    with pytest.raises(config.TlsError, match="authority ends on 2026-12-22: run role postmaster.mail.tls"):
        issue.make(wanted, wanted.sources[0], NOW)
    assert not (tmp_path / "chain").exists()


def test_an_authority_with_the_key_of_another_makes_none(tmp_path: pathlib.Path) -> None:
    wanted = settings(tmp_path, "ca")
    (tmp_path / "authority.key").write_bytes(ROOT.key_pem)
    with pytest.raises(config.TlsError, match="does not belong"):
        issue.make(wanted, wanted.sources[0], NOW)


@pytest.mark.parametrize("kind", ["selfsigned", "ca"])
@pytest.mark.parametrize(
    ("changes", "days", "reason"),
    [
        ({"names": [*NAMES, "pop.example.org"]}, 0, "its names changed"),
        ({"key": new_key()}, 0, "its key or subject changed"),
        ({}, 61, "29 days are left"),
    ],
)
def test_when_a_new_one_is_due(
    tmp_path: pathlib.Path, kind: str, changes: dict[str, t.Any], days: int, reason: str
) -> None:
    authority = make("Intermediate", ROOT, days=(-5, 1000))
    renewed(settings(tmp_path, kind, authority=authority))
    wanted = settings(tmp_path, kind, authority=authority, **changes)
    now = NOW + datetime.timedelta(days=days)
    assert issue.due(wanted, wanted.sources[0], now) == reason
    pair = renewed(wanted, now)
    assert issue.due(wanted, wanted.sources[0], now) == ""
    assert (pair.leaf.public_key() == KEY.public_key()) is ("key" not in changes)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [("selfsigned", "ca", "its authority changed"), ("ca", "selfsigned", "it is not signed by its own key")],
)
def test_another_mode_makes_another_certificate(tmp_path: pathlib.Path, before: str, after: str, reason: str) -> None:
    renewed(settings(tmp_path, before))
    wanted = settings(tmp_path, after)
    assert issue.due(wanted, wanted.sources[0], NOW) == reason


def test_a_new_intermediate_makes_another_certificate(tmp_path: pathlib.Path) -> None:
    renewed(settings(tmp_path, "ca"))
    wanted = settings(tmp_path, "ca", authority=make("Intermediate", ROOT))
    assert issue.due(wanted, wanted.sources[0], NOW) == "its authority changed"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (
            (sys.executable, "-c", "import sys; print('a reason'); sys.exit('the end')"),
            r"failed \(1\): the end / a reason",
        ),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "did not end within 1 seconds"),
        (("/nonexistent/command",), "cannot be started: No such file"),
    ],
)
def test_a_command_that_fails_says_why(argv: tuple[str, ...], words: str) -> None:
    nowhere = pathlib.Path("/nonexistent")
    with pytest.raises(config.TlsError, match=words):
        issue.ask(config.Issuer("command", 90, nowhere, nowhere, argv, 1))
