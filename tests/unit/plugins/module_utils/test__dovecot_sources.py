# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import fnmatch

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_sources as sources
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_conf_output import as_data
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import TreeError

TREE = {
    "/etc/dovecot/dovecot.conf": "# a comment\nprotocols = imap\n!include conf.d/*.conf\n!include_try local.conf\n",
    "/etc/dovecot/conf.d/10-master.conf": (
        'service auth {\n  unix_listener "/a b" {\n    #mode = 0600\n    mode = 0660 # for Postfix\n  }\n}\n'
    ),
    "/etc/dovecot/conf.d/20-sql.conf": "passdb {\n  !include nosuch\n  args = a \\\n    b\n}\nlast = x\n",
}


def scan(files, path="/etc/dovecot/dovecot.conf"):
    return sources.scan(path, files.get, lambda pattern: sorted(fnmatch.filter(files, pattern)))


def test_includes_are_followed_in_order():
    assert scan(TREE).files == tuple(TREE)


def test_each_line_that_sets_something_is_named():
    found = [(place.setting, place.file.rpartition("/")[2], place.line) for place in scan(TREE).places]
    assert found == [
        ("protocols", "dovecot.conf", 2),
        ("service auth { unix_listener /a b { mode } }", "10-master.conf", 4),
        ("passdb { args }", "20-sql.conf", 3),
        ("last", "20-sql.conf", 6),
    ]


def test_a_file_that_includes_itself_ends():
    assert scan({"/d.conf": "a = b\n!include d.conf\n"}, "/d.conf").files == ("/d.conf",)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("driver = pgsql\n# connect = x\nconnect = host=db   # local\n", {"driver": "pgsql", "connect": "host=db"}),
        ("user_query = \\\n  SELECT home \\\n  FROM users\n", {"user_query": "SELECT home FROM users"}),
        ("dnpass = \"a # b\"\nq = '%n' = x # y'\n", {"dnpass": "a # b", "q": "'%n' = x"}),
        ("pw = a#b\n", {"pw": "a#b"}),
        (
            "connect = /db\nmap {\n  table = quota\n  fields {\n    a = $b\n  }\n}\nmap {\n}\n",
            {"connect": "/db", "map": {"table": "quota", "fields": {"a": "$b"}}, "map 2": {}},
        ),
    ],
)
def test_external_files_are_read_as_dovecot_reads_them(text, data):
    assert as_data(sources.parse_file(text)) == data


@pytest.mark.parametrize("text", ["no equals sign\n", "map {\n"])
def test_a_broken_external_file_is_an_error(text):
    with pytest.raises(TreeError):
        sources.parse_file(text)
