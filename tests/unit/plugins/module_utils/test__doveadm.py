# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _doveadm
from ansible_collections.postmaster.mail.plugins.module_utils._doveadm import Doveadm, DoveadmError
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"

# Messages of Dovecot 2.3.19.1 and 2.4.1.
REFUSED_2_3 = "Error: auth-master: auth cache flush: connect(/run/dovecot/auth-master) failed: Connection refused"
NO_ANVIL_2_3 = "Fatal: net_connect_unix(/run/dovecot/anvil) failed: Connection refused"
NO_ANVIL_2_4 = "Error: conn unix:/run/dovecot/anvil: net_connect_unix(/run/dovecot/anvil) failed: Connection refused"
NO_CONFIG_2_3 = "Fatal: Error reading configuration: stat(/etc/dovecot/dovecot.conf) failed: No such file or directory"
NO_CONFIG_2_4 = "Fatal: Failed to read configuration: stat(/etc/dovecot/dovecot.conf) failed: No such file or directory"
MISMATCH = "Fatal: reverse password verification check failed: Password mismatch"
UNKNOWN = "Fatal: reverse decode check failed: Unknown scheme"


class FakeRunner:
    def __init__(self, *results: CommandResult) -> None:
        self.results = list(results)
        self.calls: list[tuple[list[str], str | None]] = []

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        self.calls.append((list(argv), data))
        return self.results.pop(0)


def doveadm(*results: CommandResult) -> tuple[Doveadm, FakeRunner]:
    runner = FakeRunner(*results)
    return Doveadm(runner, doveadm="doveadm", dovecot="dovecot"), runner


@pytest.mark.parametrize(("text", "version"), [("2.3.19.1 (9b53102964)\n", (2, 3)), ("2.4.1-4 (7d8c0e5759)\n", (2, 4))])
def test_version(text: str, version: tuple[int, int]) -> None:
    assert doveadm(CommandResult(0, text, ""))[0].version() == version


@pytest.mark.parametrize("version", ["2.3.19.1", "2.4.1"])
def test_schemes(version: str) -> None:
    text = (FIXTURES / f"doveadm-{version}-pw-l.txt").read_text()
    schemes = doveadm(CommandResult(0, text, ""))[0].schemes()
    assert {"ARGON2ID", "SHA512-CRYPT", "BLF-CRYPT"} <= schemes
    assert _doveadm.choose_scheme(None, schemes) == "ARGON2ID"
    assert _doveadm.choose_scheme("blf-crypt", schemes) == "BLF-CRYPT"
    with pytest.raises(DoveadmError, match="FOO is not known"):
        _doveadm.choose_scheme("FOO", schemes)


def test_scheme_without_argon2() -> None:
    assert _doveadm.choose_scheme(None, {"SHA512-CRYPT"}) == "SHA512-CRYPT"


@pytest.mark.parametrize(
    ("result", "verified"),
    [
        (CommandResult(0, "{SHA512-CRYPT}$6$x (verified)\n", ""), True),
        (CommandResult(75, "", MISMATCH), False),
        (CommandResult(75, "", UNKNOWN), False),
    ],
)
def test_verify(result: CommandResult, verified: bool) -> None:
    tool, runner = doveadm(result)
    assert tool.verify("{SHA512-CRYPT}$6$x", "secret", "a@example.org") is verified
    argv, data = runner.calls[0]
    assert "secret" not in " ".join(argv)
    assert data == "secret\n"


def test_verify_of_a_hash_without_scheme_starts_nothing() -> None:
    tool, runner = doveadm()
    assert not tool.verify("$6$x", "secret", "a@example.org")
    assert runner.calls == []


def test_verify_that_cannot_be_done() -> None:
    with pytest.raises(DoveadmError, match=r"a@example.org: .* out of memory"):
        doveadm(CommandResult(83, "", "Fatal: out of memory"))[0].verify("{PLAIN}x", "x", "a@example.org")


def test_hash() -> None:
    tool, runner = doveadm(CommandResult(0, "{SHA512-CRYPT}$6$rounds=9000$x\n", ""))
    assert tool.hash("secret", "SHA512-CRYPT", "a@example.org", rounds=9000) == "{SHA512-CRYPT}$6$rounds=9000$x"
    argv, data = runner.calls[0]
    assert argv[-2:] == ["-r", "9000"]
    assert "secret" not in " ".join(argv)
    assert data == "secret\nsecret\n"


@pytest.mark.parametrize(
    "result", [CommandResult(75, "", "Fatal: Unknown scheme: FOO"), CommandResult(0, "{PLAIN}a:b\n", "")]
)
def test_hash_that_cannot_be_stored(result: CommandResult) -> None:
    with pytest.raises(DoveadmError, match="no PLAIN hash"):
        doveadm(result)[0].hash("a:b", "PLAIN", "a@example.org")


@pytest.mark.parametrize(
    "result",
    [
        CommandResult(0, "2 cache entries flushed\n", ""),
        CommandResult(0, "0 cache entries flushed\n", REFUSED_2_3),
    ],
)
def test_flush(result: CommandResult) -> None:
    tool, runner = doveadm(result)
    assert tool.flush(["a@example.org", "b@example.org"]) is None
    assert runner.calls[0][0] == ["doveadm", "auth", "cache", "flush", "a@example.org", "b@example.org"]


def test_flush_of_more_users_than_a_line_holds_empties_the_cache() -> None:
    tool, runner = doveadm(CommandResult(0, "9 cache entries flushed\n", ""))
    assert tool.flush([f"u{number}@example.org" for number in range(500)]) is None
    assert runner.calls[0][0] == ["doveadm", "auth", "cache", "flush"]


def test_flush_of_nobody_starts_nothing() -> None:
    tool, runner = doveadm()
    assert tool.flush([]) is None
    assert runner.calls == []


@pytest.mark.parametrize("message", [NO_CONFIG_2_3, NO_CONFIG_2_4])
def test_flush_without_configuration_asks_the_usual_socket(message: str) -> None:
    tool, runner = doveadm(CommandResult(75, "", message), CommandResult(0, "1 cache entries flushed\n", ""))
    assert tool.flush(["a@example.org"]) is None
    assert runner.calls[1][0][1] == "-O"


def test_flush_that_fails() -> None:
    problem = doveadm(CommandResult(0, "", "Error: auth-master: Permission denied"))[0].flush(["a@example.org"])
    assert problem == "doveadm auth cache flush: Error: auth-master: Permission denied"


@pytest.mark.parametrize(
    "result",
    [
        CommandResult(68, "", "no users kicked\n"),
        CommandResult(0, "0 connections kicked\n", ""),
        CommandResult(75, "", NO_ANVIL_2_3),
        CommandResult(75, "", NO_ANVIL_2_4),
    ],
)
def test_kick(result: CommandResult) -> None:
    assert doveadm(result)[0].kick("a@example.org") is None


def test_kick_that_fails() -> None:
    assert "exit status 64" in str(doveadm(CommandResult(64, "", ""))[0].kick("a@example.org"))


@pytest.mark.parametrize(
    ("password_hash", "scheme", "rounds", "good"),
    [
        ("{SHA512-CRYPT}$6$salt$x", "SHA512-CRYPT", None, True),
        ("{SHA512-CRYPT}$6$salt$x", "SHA512-CRYPT", 5000, True),
        ("{SHA512-CRYPT}$6$salt$x", "SHA512-CRYPT", 20000, False),
        ("{SHA512-CRYPT}$6$rounds=20000$salt$x", "SHA512-CRYPT", 20000, True),
        ("{BLF-CRYPT}$2y$05$x", "BLF-CRYPT", 12, False),
        ("{BLF-CRYPT}$2y$12$x", "BLF-CRYPT", 12, True),
        ("{PBKDF2}$1$salt$6000$x", "PBKDF2", 6000, True),
        ("{ssha512.hex}x", "SSHA512", None, True),
        ("{ARGON2ID}$argon2id$x", "SHA512-CRYPT", None, False),
    ],
)
def test_meets(password_hash: str, scheme: str, rounds: int | None, good: bool) -> None:
    assert _doveadm.meets(password_hash, scheme, rounds) is good


def test_rounds() -> None:
    _doveadm.check_rounds("BLF-CRYPT", 12)
    _doveadm.check_rounds("ARGON2ID", None)
    with pytest.raises(DoveadmError, match="1 GiB"):
        _doveadm.check_rounds("ARGON2ID", 4)
