# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
import typing as t

import pytest
from password_program import load

dovecot = load("password_dovecot")

ALICE = "alice@example.org"


class Doveadm:
    """Answers instead of doveadm and notes what it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], str]] = []
        self.answers: dict[str, tuple[int, str, str]] = {}

    def __call__(self, argv: list[str], **options: t.Any) -> subprocess.CompletedProcess[str]:
        self.calls.append((argv[1:], options["input"]))
        rc, out, err = next((a for words, a in self.answers.items() if words in " ".join(argv)), (0, "", ""))
        return subprocess.CompletedProcess(argv, rc, out, err)


@pytest.fixture
def doveadm(monkeypatch: pytest.MonkeyPatch) -> Doveadm:
    one = Doveadm()
    monkeypatch.setattr(dovecot.subprocess, "run", one)
    return one


def test_the_password_is_said_on_standard_input_for_a_service_of_its_own(doveadm: Doveadm) -> None:
    doveadm.answers["auth test"] = (0, f"passdb: {ALICE} auth succeeded\nextra fields:\n  user={ALICE}\n  \n", "")
    assert dovecot.is_password(ALICE, "secret")
    ((words, said),) = doveadm.calls
    assert said == "secret\n"
    assert "secret" not in " ".join(words)
    assert "service=password-change" in words


@pytest.mark.parametrize(
    "text",
    [
        f"extra fields:\n  user={ALICE}\n  nologin\n",
        f"extra fields:\n  user={ALICE}\n  nologin=\n",
        "extra fields:\n  user=bob@example.org\n",
        f"extra fields:\n  user={ALICE}\n  user=bob@example.org\n",
        "extra fields:\n",
        "",
    ],
)
def test_who_may_not_log_in_as_that_account_is_not_let_in(text: str) -> None:
    assert not dovecot.opens(text, ALICE)


def test_a_wrong_password_is_told_from_a_server_that_is_down(doveadm: Doveadm) -> None:
    doveadm.answers["auth test"] = (77, "", f"passdb: {ALICE} auth failed")
    assert not dovecot.is_password(ALICE, "wrong")
    doveadm.answers["auth test"] = (75, "", "Fatal: connect failed")
    with pytest.raises(dovecot.DovecotError, match="75: Fatal: connect failed"):
        dovecot.is_password(ALICE, "secret")


def test_a_doveadm_that_hangs_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(argv: list[str], **options: t.Any) -> t.NoReturn:
        raise subprocess.TimeoutExpired(argv, options["timeout"])

    monkeypatch.setattr(dovecot.subprocess, "run", run)
    with pytest.raises(dovecot.DovecotError, match="did not end") as raised:
        dovecot.is_password(ALICE, "secret")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("known", "scheme"), [("PLAIN ARGON2ID SHA512-CRYPT", "ARGON2ID"), ("PLAIN", "SHA512-CRYPT")])
def test_the_best_scheme_there_is_is_taken(doveadm: Doveadm, known: str, scheme: str) -> None:
    doveadm.answers = {"pw -l": (0, known, ""), "pw -u": (0, f"{{{scheme}}}hash\n", "")}
    assert dovecot.new_hash(ALICE, "secret", "") == f"{{{scheme}}}hash"
    assert doveadm.calls[-1] == (["-O", "pw", "-u", ALICE, "-s", scheme], "secret\nsecret\n")


@pytest.mark.parametrize("made", ["", "hash", "{SHA512-CRYPT}a:b", "{SHA512-CRYPT}a\n{SHA512-CRYPT}b"])
def test_only_a_hash_is_taken_for_one(doveadm: Doveadm, made: str) -> None:
    doveadm.answers["pw -u"] = (0, made, "")
    with pytest.raises(dovecot.DovecotError):
        dovecot.new_hash(ALICE, "secret", "SHA512-CRYPT")


def test_the_daemon_forgets_and_nobody_to_kick_is_no_fault(
    doveadm: Doveadm, capsys: pytest.CaptureFixture[str]
) -> None:
    doveadm.answers["kick"] = (68, "", "no users kicked")
    dovecot.follow(ALICE)
    assert [words for words, _said in doveadm.calls] == [["auth", "cache", "flush", ALICE], ["kick", ALICE]]
    assert capsys.readouterr().err == ""
    doveadm.answers["flush"] = (75, "", "Error: connect failed")
    dovecot.follow(ALICE)
    assert "flush alice@example.org ended with 75" in capsys.readouterr().err


def test_what_doveadm_prints_is_read_whatever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.run

    def run(_argv: list[str], check: bool = False, **options: t.Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "import sys; sys.stderr.buffer.write(b'\\xff'); sys.exit(1)"]
        return t.cast("subprocess.CompletedProcess[str]", real(command, check=check, **options))

    monkeypatch.setattr(dovecot.subprocess, "run", run)
    with pytest.raises(dovecot.DovecotError):
        dovecot.is_password(ALICE, "Grüße")
