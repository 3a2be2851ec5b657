# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import (
    EntryError,
    option_fault,
    option_word,
    parse_command,
    parse_entries,
    parse_entry,
    placed_entry,
    words,
)

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"


@pytest.mark.parametrize("version", ["3.7.11", "3.10.13"])
def test_recorded_entries_keep_their_meaning(version: str) -> None:
    lines = (FIXTURES / f"postconf-{version}-M.txt").read_text().splitlines()
    entries = parse_entries([*lines, ""])
    assert len(entries) == len(lines)
    assert [entry.render() for entry in entries.values()] == [" ".join(line.split()) for line in lines]
    assert entries["postlog/unix-dgram"].command == "postlogd"
    assert entries["relay/unix"].option_map()["syslog_name"].endswith("/$service_name")
    assert entries["tlsmgr/unix"].fields["wakeup"] == "1000?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("-o {a = b, {c d}} e", ["-o", "{a = b, {c d}}", "e"]),
        ("-o a={b c}", ["-o", "a={b", "c}"]),
        ("{a b", ["{a b"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_options_end_at_the_first_argument() -> None:
    line = "x unix - n n - - pipe -v -o a=b=c -o {d = e, f} -o a=z flags=R argv=/bin/x -o y {a b}"
    entry = parse_entry(line)
    assert entry.program == ("pipe", "-v")
    assert entry.options == (("a", "b=c"), ("d", "e, f"), ("a", "z"))
    assert entry.option_map() == {"a": "z", "d": "e, f"}
    assert entry.arguments == ("flags=R", "argv=/bin/x", "-o", "y", "{a b}")
    assert entry.command == "pipe -v flags=R argv=/bin/x -o y {a b}"
    assert entry.render() == ("x unix - n n - - pipe -v -o a=b=c -o {d=e, f} -o a=z flags=R argv=/bin/x -o y {a b}")


def test_the_first_of_two_entries_counts() -> None:
    entries = parse_entries(["x inet n - n - - smtpd", "x inet n - n - - other", "x unix - - n - - smtp"])
    assert entries["x/inet"].command == "smtpd"
    assert entries["x/unix"].command == "smtp"


@pytest.mark.parametrize("line", ["x inet n - n - -", "x"])
def test_short_lines_are_no_entries(line: str) -> None:
    with pytest.raises(EntryError, match="no complete"):
        parse_entry(line)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("a", "b", "a=b"), ("a", "", "a="), ("a", "b, c", "{a=b, c}"), ("a", "b,c", "a=b,c"), ("a", "{b}", "a={b}")],
)
def test_values_with_blanks_get_braces(name: str, value: str, expected: str) -> None:
    assert option_word(name, value) == expected


@pytest.mark.parametrize(("value", "faulty"), [("a b", False), ("{a} ${b}", False), ("{a", True), ("}a{", True)])
def test_braces_must_pair(value: str, faulty: bool) -> None:
    assert bool(option_fault(value)) is faulty


def test_commands() -> None:
    assert parse_command(" smtpd  -v ") == (("smtpd", "-v"), ())
    assert parse_command("pipe flags=R argv=/x -o y") == (("pipe",), ("flags=R", "argv=/x", "-o", "y"))
    with pytest.raises(EntryError, match="is empty"):
        parse_command(" ")
    with pytest.raises(EntryError, match="holds -o"):
        parse_command("smtpd -o a=b")


ONE = "one inet n - - - - a\n -o x=y\n# inside\n\t-o z=1\n"
TWO = "two unix - - - - - b\n"
THREE = "# of three\nthree unix - - - - - c\n"


@pytest.mark.parametrize(
    ("text", "service", "after", "expected"),
    [
        (f"# top\n\n{TWO}{THREE}{ONE}", "one/inet", "two/unix", f"# top\n\n{TWO}{ONE}{THREE}"),
        (f"# top\n\n{TWO}{THREE}{ONE}", "one/inet", "", f"# top\n\n{ONE}{TWO}{THREE}"),
        (f"{TWO}{ONE}", "two/unix", "one/inet", f"{ONE}{TWO}"),
        (f"{ONE}{TWO}", "two/unix", "one/inet", f"{ONE}{TWO}"),
        (f"{ONE}{TWO}", "one/inet", "", f"{ONE}{TWO}"),
        (f"{ONE}{TWO}", "one/unix", "two/unix", f"{ONE}{TWO}"),
        (f"{ONE}{TWO}", "one/inet", "gone/unix", f"{ONE}{TWO}"),
        (f"{ONE}{TWO}", "one/inet", "one/inet", f"{ONE}{TWO}"),
        (f"{TWO}{ONE}{TWO}", "two/unix", "one/inet", f"{ONE}{TWO}{TWO}"),
        ("", "one/inet", "", ""),
        (" # only\n -o a=b\n", "one/inet", "", " # only\n -o a=b\n"),
    ],
)
def test_an_entry_is_moved_with_all_its_lines(text: str, service: str, after: str, expected: str) -> None:
    assert placed_entry(text, service, after) == expected
