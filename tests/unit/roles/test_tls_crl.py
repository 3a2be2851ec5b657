# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import pathlib
import typing as t

import pytest
from certificates import Made
from cryptography import x509
from tls_material import NOW, load, make

config = load("tls_config")
crl = load("tls_crl")
pairs = load("tls_pairs")

ROOT = make("Root", days=(-10, 3650))
INTERMEDIATE = make("Intermediate", ROOT, days=(-5, 300))


def keep(folder: pathlib.Path, authority: Made = INTERMEDIATE, days: float = 0, crl_days: int = 90) -> t.Any:
    """Keep the list as of some day, and return it."""
    (folder / "authority").write_bytes(authority.pem)
    (folder / "authority.key").write_bytes(authority.key_pem)
    issuer = config.Issuer("ca", 90, folder / "authority", folder / "authority.key", (), 1, folder / "crl", crl_days)
    crl.keep_crl(issuer, 30, NOW + datetime.timedelta(days=days))
    return x509.load_pem_x509_crl((folder / "crl").read_bytes())


def test_the_list_is_empty_and_signed_by_the_intermediate(tmp_path: pathlib.Path) -> None:
    made = keep(tmp_path)
    assert list(made) == []
    assert made.is_signature_valid(INTERMEDIATE.key.public_key())
    assert made.issuer == INTERMEDIATE.certificate.subject
    assert pairs.moment_of(made, "next_update") == NOW + datetime.timedelta(days=90)
    assert (tmp_path / "crl").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"days": 59}, True),
        ({"days": 61}, False),
        ({"authority": make("Intermediate", ROOT, days=(-5, 300))}, False),
        ({"authority": make("Another", ROOT, days=(-5, 300), key=INTERMEDIATE.key)}, False),
    ],
)
def test_when_it_is_made_anew(tmp_path: pathlib.Path, changes: dict[str, t.Any], same: bool) -> None:
    assert (keep(tmp_path) == keep(tmp_path, **changes)) is same


def test_it_ends_no_later_than_the_intermediate_and_is_not_made_at_each_run(tmp_path: pathlib.Path) -> None:
    made = keep(tmp_path, days=290)
    assert pairs.moment_of(made, "next_update") == pairs.not_after(INTERMEDIATE.certificate)
    assert keep(tmp_path, days=291) == made


def test_a_damaged_list_is_made_anew(tmp_path: pathlib.Path) -> None:
    keep(tmp_path)
    (tmp_path / "crl").write_bytes(b"nothing")
    assert keep(tmp_path).is_signature_valid(INTERMEDIATE.key.public_key())


def test_without_a_path_there_is_none() -> None:
    nowhere = pathlib.Path("/nonexistent")
    crl.keep_crl(config.Issuer("ca", 90, nowhere, nowhere, (), 1), 30, NOW)
