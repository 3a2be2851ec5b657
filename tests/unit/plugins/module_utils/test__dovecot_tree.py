# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_tree as tree

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"


def text(settings):
    return "\n".join(line.text for line in tree.render(tree.build(settings)))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("", ""),
        (True, "yes"),
        (False, "no"),
        (20, "20"),
        (["a", "b"], "a b"),
        ("two\nlines\n", "two lines"),
        ("a # b", '"a # b"'),
        (" lead", '" lead"'),
        ("end\\", '"end\\\\"'),
        ("\\Trash", "\\Trash"),
        ('"quoted"', '"\\"quoted\\""'),
        ("$literal", '"$literal"'),
        ("$SET:default_internal_user", "$SET:default_internal_user"),
        ("<file", '"<file"'),
    ],
)
def test_values_are_written_as_dovecot_reads_them_and_read_back(value, written):
    body = tree.build({"key": value})
    rendered = "\n".join(line.text for line in tree.render(body))
    assert rendered == f"key = {written}".rstrip()
    assert tree.parse(rendered) == body


def test_blocks_nest_and_null_is_left_out():
    settings = {"service auth": {"unix_listener /a b": {"mode": "0600", "user": None}}, "userdb prefetch": {}}
    assert text(settings) == ('service auth {\n  unix_listener "/a b" {\n    mode = 0600\n  }\n}\nuserdb prefetch {\n}')


def test_heads_in_quotes_are_the_same_block():
    assert tree.build({'quota "User quota"': {}}) == tree.build({"quota  User quota": {}})


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"a": 1, "service  x": {}, "service x": {}}, "stands twice"),
        ({"service/auth/user": "x"}, "not a setting's name"),
        ({"!include x": "y"}, "not a setting's name"),
        ({"!x": {}}, "not the head of a block"),
        ({"a": [1, "b c"]}, "no single word"),
        ({"a": [{}]}, "no single word"),
        ({"a": "b\x00"}, "control character"),
        ({"a": "-----BEGIN PRIVATE KEY-----\n"}, "PEM"),
        ({"a": object()}, "no known type"),
    ],
)
def test_faults_of_the_data(settings, cause):
    with pytest.raises(tree.TreeError) as error:
        tree.build(settings)
    assert any(cause in fault.cause for fault in error.value.faults)
    assert all(fault.remedy for fault in error.value.faults)


def test_all_faults_are_reported_at_once():
    with pytest.raises(tree.TreeError) as error:
        tree.build({"a/b": 1, "c": {"d e": 2}})
    assert [fault.setting for fault in error.value.faults] == ["a/b", "c { d e }"]


def test_filters_come_last_in_their_order():
    body = tree.build({"protocol imap": {}, "a": 1, "local_name x": {}, "b": 2})
    heads = [entry.key if isinstance(entry, tree.Setting) else entry.head for entry in tree.filters_last(body)]
    assert heads == ["a", "b", "protocol imap", "local_name x"]


def test_complete_configuration_survives_reading_and_writing():
    body = tree.parse((FIXTURES / "dovecot-2.4.1-full.conf").read_text())
    assert tree.parse("\n".join(line.text for line in tree.render(body))) == body


@pytest.mark.parametrize("broken", ["a", "a {", "}", "a {\n}\n}"])
def test_text_that_nobody_writes_is_refused(broken):
    with pytest.raises(tree.TreeError):
        tree.parse(broken)


def test_put_replaces_in_place_and_adds_missing_blocks():
    body = tree.build({"a": 1, "b": {"c": 2, "d": 3}, "e": 4})
    changed = tree.put(body, ("b",), tree.Setting("c", "9"))
    assert changed == tree.build({"a": 1, "b": {"c": 9, "d": 3}, "e": 4})
    added = tree.put(body, ("x y", "z"), tree.Setting("c", "9"))
    assert added == tree.build({"a": 1, "b": {"c": 2, "d": 3}, "e": 4, "x y": {"z": {"c": 9}}})


def test_drop_takes_emptied_blocks_along_but_no_others():
    body = tree.build({"a": {"b": {"c": 1}}, "userdb prefetch": {}, "d": 2})
    assert tree.drop(body, ("a", "b", "c")) == tree.build({"userdb prefetch": {}, "d": 2})
    assert tree.drop(body, ("a", "x")) == body
    assert tree.drop(body, ("userdb prefetch",)) == tree.build({"a": {"b": {"c": 1}}, "d": 2})


def test_find():
    body = tree.build({"a": {"b": 1}})
    assert tree.find(body, ("a", "b")) == tree.Setting("b", "1")
    assert tree.find(body, ("a", "c")) is None
    assert tree.find(body, ("x",)) is None
