# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postconf import (
    Obsolete,
    Postconf,
    PostconfError,
    normalise,
    parse_complaints,
    parse_parameters,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"


class FakeRunner:
    """Answers each command line with what was recorded for it."""

    def __init__(self, answers: t.Mapping[str, CommandResult]) -> None:
        self._answers = answers
        self.calls: list[str] = []

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        assert data is None
        self.calls.append(" ".join(argv))
        return self._answers[self.calls[-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  a\t b\n\n c\r\n", "a b c"),
        ("a,b", "a,b"),
        ("a, b", "a, b"),
        ("{ a  = b }", "{ a = b }"),
    ],
)
def test_normalise_collapses_white_space_only(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("version", "count", "sample"),
    [
        ("3.7.11", 22, {"relayhost": "", "smtp_tls_CApath": "/etc/ssl/certs"}),
        ("3.10.13", 24, {"mailbox_command": "", "compatibility_level": "3.9"}),
    ],
)
def test_recorded_parameters_are_read(version: str, count: int, sample: dict[str, str]) -> None:
    parameters = parse_parameters((FIXTURES / f"postconf-{version}-n.txt").read_text())
    assert len(parameters) == count
    assert sample.items() <= parameters.items()
    assert parameters["mydestination"].endswith("localhost.localdomain, , localhost")


def test_values_may_hold_equals_signs_and_hashes() -> None:
    stdout = "virtual_transport = a\nvirtual_transport_rate_delay = 1s\nx = a=b # c\nempty =\n"
    assert parse_parameters(stdout) == {
        "virtual_transport": "a",
        "virtual_transport_rate_delay": "1s",
        "x": "a=b # c",
        "empty": "",
    }


@pytest.mark.parametrize(
    ("version", "obsolete"),
    [
        ("3.7.11", {}),
        ("3.10.13", {"smtpd_use_tls": Obsolete("smtpd_use_tls", 'specify "smtpd_tls_security_level"', removed=False)}),
    ],
)
def test_recorded_complaints_are_sorted(version: str, obsolete: dict[str, Obsolete]) -> None:
    complaints = parse_complaints((FIXTURES / f"postconf-{version}-n-stderr.txt").read_text())
    assert complaints.unused == {
        ("main", "nosuch_p"): "foo bar",
        ("main", "va_password"): "hunter2",
        ("master", "nosuch_o"): "1",
    }
    assert complaints.unused_in("main") == {"nosuch_p", "va_password"}
    assert complaints.undefined == {("main", "undefd")}
    assert complaints.obsolete == obsolete
    assert "main.cf: overriding earlier entry: biff" in complaints.other
    assert not complaints.fatal


@pytest.mark.parametrize("program", ["postconf", "/usr/sbin/postconf"])
def test_the_program_may_call_itself_by_its_path(program: str) -> None:
    stderr = (
        f"{program}: warning: /etc/postfix/main.cf: unused parameter: a=b\n  c\n"
        f'{program}: warning: truncated macro reference: "${{foo"\n'
        f"{program}: warning: /etc/postfix/main.cf: support for parameter b has been removed; instead, specify c\n"
        f"{program}: fatal: file /etc/postfix/master.cf: line 9: bad field count\n"
        "something else\n"
    )
    complaints = parse_complaints(stderr)
    assert complaints.unused == {("main", "a"): "b c"}
    assert complaints.obsolete == {"b": Obsolete("b", "specify c", removed=True)}
    assert complaints.other == ('truncated macro reference: "${foo"',)
    assert complaints.fatal.startswith("file master.cf: line 9: bad field count")


def test_reading_selects_the_instance_and_keeps_outputs_apart() -> None:
    stderr = "postconf: fatal: open /srv/pf/main.cf: No such file or directory\n"
    runner = FakeRunner({"pc -c /srv/pf -n": CommandResult(1, "", stderr)})
    reading = Postconf(runner, "pc", "/srv/pf").explicit()
    assert not reading.ok
    assert reading.missing_file == "/srv/pf/main.cf"
    assert reading.parameters == {}


def test_a_missing_master_cf_alone_does_not_count_as_missing() -> None:
    stderr = "postconf: warning: open /etc/postfix/master.cf: No such file or directory\n"
    runner = FakeRunner({"postconf -n": CommandResult(0, "a = b\n", stderr)})
    reading = Postconf(runner).explicit()
    assert reading.ok
    assert not reading.missing_file


def test_capabilities_are_asked_for() -> None:
    types = (FIXTURES / "postconf-3.10.13-m.txt").read_text()
    runner = FakeRunner(
        {
            "postconf -m": CommandResult(0, types, ""),
            "postconf -d config_directory": CommandResult(0, "config_directory = /etc/postfix\n", ""),
            "postconf -d": CommandResult(0, "a = b\nc =\n", ""),
        }
    )
    postconf = Postconf(runner)
    assert {"hash", "lmdb", "pgsql"} <= postconf.map_types()
    assert "cdb" not in postconf.map_types()
    assert postconf.config_directory() == "/etc/postfix"
    assert postconf.known_names() == {"a", "c"}


def test_failures_carry_the_reason() -> None:
    stderr = 'postconf: warning: truncated macro reference: "${foo"\npostconf: fatal: macro processing error\n'
    runner = FakeRunner(
        {
            "postconf -m": CommandResult(1, "", stderr),
            "postconf -d config_directory": CommandResult(127, "", "not found"),
            "postconf -e a=b": CommandResult(1, "", ""),
        }
    )
    postconf = Postconf(runner)
    with pytest.raises(PostconfError, match="truncated macro reference.*macro processing error"):
        postconf.map_types()
    with pytest.raises(PostconfError, match="not found"):
        postconf.config_directory()
    with pytest.raises(PostconfError, match="postconf -e failed: exit status 1"):
        postconf.edit(["-e", "a=b"])
