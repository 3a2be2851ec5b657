# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._passwd_file import (
    Entry,
    PasswdFileError,
    parse,
    parse_line,
    with_field,
)

ODD_FILE = (
    b"# by hand\n"
    b"\n"
    b":no user\n"
    b"alice@example.org:{PLAIN}a:::\xff\xfe Latin:/var/vmail/alice::weird=1  proxy_maybe \r\n"
    b"only-a-name\n"
    b"short@example.org:{PLAIN}b\n"
    b"old@example.org:x:1000:1000::/h:/bin/sh::mbox:~/mail\n"
    b"  \n"
    b"last@example.org:{PLAIN}c::::::\x0ballow_nets=2001:db8::/32"
)

LINES = [
    ("a", Entry("a", "")),
    ("a:x", Entry("a", "x")),
    ("a:x::::::", Entry("a", "x")),
    ("a:x:1:2:g:/h:/s:nologin", Entry("a", "x", "1", "2", "g", "/h", "/s", ("nologin",))),
    ("a:x::::/h::k=1  l=2", Entry("a", "x", home="/h", extra=("k=1", "l=2"))),
    ("a:x::::/h::allow_nets=2001:db8::/32,::1", Entry("a", "x", home="/h", extra=("allow_nets=2001:db8::/32,::1",))),
    ("a:x::::/h:::maildir:~/M k=1", Entry("a", "x", home="/h", extra=("userdb_mail=maildir:~/M", "k=1"))),
]


@pytest.mark.parametrize("content", [b"", b"\n", b"a:x", b"a:x\n", ODD_FILE, ODD_FILE + b"\n"])
def test_unchanged_file_is_byte_identical(content: bytes) -> None:
    assert parse(content).replaced({}) == content


def test_foreign_lines_keep_every_byte_around_a_change() -> None:
    current = parse(ODD_FILE)
    changed = replace(current.accounts["short@example.org"], home="/h")
    content = current.replaced(
        {"short@example.org": changed, "only-a-name": None, "new@example.org": Entry("new@example.org", "{PLAIN}n")}
    )
    expected = ODD_FILE.replace(b"only-a-name\n", b"").replace(
        b"short@example.org:{PLAIN}b\n", b"short@example.org:{PLAIN}b::::/h::\n"
    )
    assert content == expected + b"\nnew@example.org:{PLAIN}n::::::\n"


def test_changed_line_keeps_its_end() -> None:
    current = parse(b"a:x\r\nb:y\r\n")
    assert current.replaced({"a": Entry("a", "z")}) == b"a:z::::::\r\nb:y\r\n"


@pytest.mark.parametrize(("line", "entry"), LINES)
def test_line(line: str, entry: Entry) -> None:
    assert parse_line(line) == entry
    assert parse_line(entry.render()) == entry


def test_account_twice_is_refused_with_its_lines() -> None:
    with pytest.raises(PasswdFileError, match="a@example.org stands on line 1 and on line 3"):
        parse(b"a@example.org:x\n#\na@example.org:y\n")


def test_entry_does_not_show_its_password() -> None:
    assert "secret" not in repr(Entry("a", "{PLAIN}secret"))


@pytest.mark.parametrize(
    ("names", "token", "result"),
    [
        ({"k"}, "k=3", ("a", "k=3", "z")),
        ({"k"}, None, ("a", "z")),
        ({"n"}, "n", ("a", "k=1", "k=2", "z", "n")),
        ({"a", "z"}, "n", ("n", "k=1", "k=2")),
    ],
)
def test_with_field(names: set[str], token: str | None, result: tuple[str, ...]) -> None:
    assert with_field(("a", "k=1", "k=2", "z"), names, token) == result
