# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_table import (
    Entry,
    Line,
    TableError,
    TableFormat,
    fold,
    parse,
    read_entries,
    render,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_table_lint import lint_entries, lint_lines

READ_ENTRIES = [
    ({"a@example.org": "x"}, [Entry("a@example.org", "x")]),
    ({550: 1}, [Entry("550", "1")]),
    ({"a": ["x", " y "]}, [Entry("a", "x, y")]),
    ([{"key": "a", "value": "x"}, {"pattern": "/b/", "value": 2}], [Entry("a", "x"), Entry("/b/", "2")]),
    ([{"key": "endif"}], [Entry("endif", "")]),
]


@pytest.mark.parametrize(("raw", "expected"), READ_ENTRIES)
def test_read_entries(raw: object, expected: list[Entry]) -> None:
    assert read_entries(raw) == expected


BAD_ENTRIES = [
    ("text", "must be a dictionary, or a list"),
    (["a"], "entry 1 of the list is not a dictionary"),
    ([{"key": "a", "pattern": "b"}], "must have 'key' or 'pattern'"),
    ([{"key": "a", "vlaue": "b"}], "nothing else"),
    ({"a": True}, "the value of 'a' is not text but bool"),
    ({"a": {"b": 1}}, "the value of 'a' is not text but dict"),
    ({None: "x"}, "a key is not text but NoneType"),
]


@pytest.mark.parametrize(("raw", "message"), BAD_ENTRIES)
def test_read_entries_refuses(raw: object, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_entries(raw)


RENDERED = [
    ("postmap", None, [Entry("a", "x"), Entry("endif", "")], "a x\nendif\n"),
    ("postmap", "top\n# two\n\n", [], "# top\n# two\n#\n"),
    (
        "aliases",
        None,
        [Entry("root", "a, b"), Entry("a b", "x"), Entry('"q r"', "x")],
        'root: a, b\n"a b": x\n"q r": x\n',
    ),
]


@pytest.mark.parametrize(("table_format", "header", "entries", "expected"), RENDERED)
def test_render(table_format: TableFormat, header: str | None, entries: list[Entry], expected: str) -> None:
    assert render(entries, table_format, header) == expected


PARSED: list[tuple[str, str, TableFormat, list[tuple[int, str, str]]]] = [
    ("# c\n\na x\n  y z\n# in between\n\tw\nb\tq\n", "hash", "postmap", [(3, "a", "x  y z\tw"), (7, "b", "q")]),
    ('"a b"@example.org x\n', "hash", "postmap", [(1, '"a b"@example.org', "x")]),
    ('"a\\" b" x\n', "hash", "postmap", [(1, '"a\\" b"', "x")]),
    ("a", "lmdb", "postmap", [(1, "a", "")]),
    ("root: a, b\n", "hash", "aliases", [(1, "root", "a, b")]),
    ('"a b" : x\n', "hash", "aliases", [(1, "a b", "x")]),
    ("/^a b/i OK\n", "pcre", "postmap", [(1, "/^a b/i", "OK")]),
    ("!/a\\/b/ REJECT x\n", "regexp", "postmap", [(1, "!/a\\/b/", "REJECT x")]),
    ("if !/x y/\n/z/ OK\nendif\n", "regexp", "postmap", [(1, "if !/x y/", ""), (2, "/z/", "OK"), (3, "endif", "")]),
    ("192.0.2.0/24 OK\n", "cidr", "postmap", [(1, "192.0.2.0/24", "OK")]),
]


@pytest.mark.parametrize(("text", "map_type", "table_format", "expected"), PARSED)
def test_parse(text: str, map_type: str, table_format: TableFormat, expected: list[tuple[int, str, str]]) -> None:
    assert parse(text, map_type, table_format) == [Line(*line) for line in expected]


UNPARSABLE: list[tuple[str, str, TableFormat, str]] = [
    (" a x\n", "hash", "postmap", "line 1 starts with white space"),
    ('a x\n"b x\n', "hash", "postmap", "line 2: a double quote is not closed"),
    ("root a\n", "hash", "aliases", "line 1: expected 'name: value'"),
    ("abc OK\n", "pcre", "postmap", "line 1: expected a pattern between delimiters"),
    ("/abc OK\n", "pcre", "postmap", "line 1: the pattern has no closing delimiter '/'"),
    ("/\n", "pcre", "postmap", "no closing delimiter"),
    ("if\n", "pcre", "postmap", "expected a pattern"),
]


@pytest.mark.parametrize(("text", "map_type", "table_format", "message"), UNPARSABLE)
def test_parse_refuses(text: str, map_type: str, table_format: TableFormat, message: str) -> None:
    with pytest.raises(TableError, match=message):
        parse(text, map_type, table_format)


LINTED_ENTRIES: list[tuple[Entry, str, TableFormat, str]] = [
    (Entry("a b", "x"), "hash", "postmap", "key 'a b': the key contains a blank outside double quotes"),
    (Entry("", "x"), "hash", "postmap", "the key is empty"),
    (Entry("a\tb", "x"), "hash", "postmap", "line break, tab or control"),
    (Entry("a", "x\ny"), "hash", "postmap", "the value contains a line break"),
    (Entry("a ", "x"), "hash", "postmap", "starts or ends with white space"),
    (Entry("#a", "x"), "hash", "postmap", "starts with '#' is a comment"),
    (Entry('"a b', "x"), "hash", "postmap", "key '\"a b': a double quote is not closed"),
]


@pytest.mark.parametrize(("entry", "map_type", "table_format", "message"), LINTED_ENTRIES)
def test_lint_entries(entry: Entry, map_type: str, table_format: TableFormat, message: str) -> None:
    with pytest.raises(TableError, match=message):
        lint_entries([entry], map_type, table_format)


def test_lint_entries_lets_blanks_pass_where_they_belong() -> None:
    lint_entries([Entry('"a b"@example.org', "x")], "hash", "postmap")
    lint_entries([Entry("/a b/", "x"), Entry("if /a b/", "")], "pcre", "postmap")
    lint_entries([Entry("if 192.0.2.0/24", "")], "cidr", "postmap")
    lint_entries([Entry("#a b", "x")], "hash", "aliases")


LINTED_LINES: list[tuple[str, str, TableFormat, dict[str, t.Any], str]] = [
    ("a\n", "hash", "postmap", {}, r"line 1 \(key 'a'\): there is no value"),
    ("user:secret\n", "hash", "postmap", {"secret": True}, r"^line 1: there is no value$"),
    ("a x\nb y\nA z\n", "hash", "postmap", {}, r"line 3 \(key 'A'\): the same key as line 1"),
    ("a x\nA z\n", "hash", "postmap", {"from_entries": True}, "key 'A': the same key as 'a'"),
    ("bär x\nBÄR z\n", "texthash", "postmap", {}, "the same key as line 1"),
    ("a: x\n", "hash", "postmap", {}, "ends with ':' as in an alias file"),
    ("root:\n", "hash", "aliases", {}, "there is no value"),
    ("if /x/\n/y/ OK\n", "pcre", "postmap", {}, "line 1: an if without endif"),
    ("endif\n", "regexp", "postmap", {}, "line 1: endif without if"),
    ("/x/\n", "regexp", "postmap", {}, "there is no value"),
    ("a \0\n", "hash", "postmap", {}, "NUL"),
    ("a\nb\nc\nd\ne\nf\ng\n", "hash", "postmap", {}, "; and 2 more$"),
]


@pytest.mark.parametrize(("text", "map_type", "table_format", "options", "message"), LINTED_LINES)
def test_lint_lines(
    text: str, map_type: str, table_format: TableFormat, options: dict[str, t.Any], message: str
) -> None:
    with pytest.raises(TableError, match=message):
        lint_lines(text, map_type, table_format, **options)


def test_lint_lines_allows_one_pattern_twice() -> None:
    assert len(lint_lines("/x/ OK\n/x/ REJECT\n", "pcre", "postmap")) == 2


def test_a_secret_is_not_in_the_message() -> None:
    with pytest.raises(TableError) as caught:
        lint_lines("host user:s3cret\nuser:s3cret\n", "hash", "postmap", secret=True)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("key", "expected"), [("A@Example.org", "a@example.org"), ("BÄR", "bär")])
def test_fold(key: str, expected: str) -> None:
    assert fold(key) == expected
