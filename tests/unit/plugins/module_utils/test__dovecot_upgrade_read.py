# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_upgrade_sieve as sieve
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_conf_output import parse
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_read import Reader


class Files:
    """Files in memory; each pattern stands for what it is told to."""

    def __init__(self, contents, patterns=None):
        self.contents = contents
        self.patterns = patterns or {}

    def expand(self, pattern):
        return self.patterns.get(pattern, [pattern] if pattern in self.contents else [])

    def read(self, path):
        content = self.contents.get(path)
        if isinstance(content, OSError):
            raise content
        return content


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("", []),
        ("mail_home = /srv/%d/%n\n", ["/srv/*/*/sieve", "/srv/*/*/.dovecot.sieve"]),
        (
            "userdb {\n  args = uid=v home=/srv/%Ld/%{user}\n  driver = static\n}\n"
            "plugin {\n  sieve = file:~/s;active=~/.a;bindir=~/b\n}\n",
            ["/srv/*/*/s", "/srv/*/*/.a"],
        ),
        ("userdb {\n  driver = passwd\n}\nplugin {\n  sieve = ~/.dovecot.sieve\n}\n", None),
        (
            "plugin {\n  sieve = dict:file:/x\n  sieve_before2 = /etc/b\n  imapsieve_mailbox1_before = file:/etc/i\n"
            "  sieve_plugins = sieve_imapsieve\n}\n",
            ["/etc/b", "/etc/i"],
        ),
    ],
)
def test_places_of_scripts(text, patterns):
    expected = ["/home/*/.dovecot.sieve", "/root/.dovecot.sieve"] if patterns is None else patterns
    assert sieve.patterns(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('require ["fileinto", "notify"];', "requires the Sieve extension notify,"),
        ('REQUIRE "imapflags";\nrequire ["vnd.dovecot.duplicate"];', "imapflags and vnd.dovecot.duplicate"),
        ('# require "notify";\n/* require "notify"; */ require "enotify";', None),
        ("keep;", None),
    ],
)
def test_scripts_are_judged(text, cause):
    fault = sieve.judge_script("/s", text)
    assert (fault is None) if cause is None else (cause in fault.cause)


def test_accounts_and_scripts_of_a_host_are_surveyed():
    body = parse(
        "mail_home = /srv/%n\n"
        "passdb {\n  args = /etc/mail/%d/passwd\n  driver = passwd-file\n}\n"
        "passdb {\n  args = /etc/mail/gone\n  driver = passwd-file\n}\n"
        "passdb {\n  args = /etc/mail/%d/none\n  driver = passwd-file\n}\n"
        "passdb {\n  args = /etc/mail/secret\n  driver = passwd-file\n}\n"
        "passdb {\n  driver = shadow\n}\n"
        "passdb {\n  args = /etc/sql\n  driver = sql\n}\n"
    )
    files = Files(
        {
            "/etc/mail/a/passwd": b"a:{PLAIN-MD5}x\n",
            "/etc/mail/b/passwd": b"b:{SSHA}x\n",
            "/etc/mail/secret": PermissionError(13, "Permission denied"),
            "/etc/shadow": b"c:$1$x$y:1\n",
            "/srv/a/.dovecot.sieve": b'require "notify";',
            "/srv/b/.dovecot.sieve": PermissionError(13, "Permission denied"),
        },
        {
            "/etc/mail/*/passwd": ["/etc/mail/a/passwd", "/etc/mail/b/passwd"],
            "/srv/*/.dovecot.sieve": ["/srv/a/.dovecot.sieve", "/srv/b/.dovecot.sieve"],
        },
    )
    found = Reader(files).survey(body, {"/etc/sql": parse("default_pass_scheme = SSHA\n")})
    assert [(one.user, one.source) for one in found.accounts.refused] == [
        ("a", "/etc/mail/a/passwd"),
        ("c", "/etc/shadow"),
    ]
    assert [(one.source, one.accounts) for one in found.accounts.schemes][-1] == ("/etc/sql", None)
    assert [fault.setting for fault in found.faults] == ["/srv/a/.dovecot.sieve"]
    assert found.files == ("/etc/mail/a/passwd", "/etc/mail/b/passwd", "/etc/shadow", "/srv/a/.dovecot.sieve")
    assert found.messages == (
        "/etc/mail/gone does not exist.",
        "/etc/mail/%d/none of a passwd-file stands for no file.",
        "/etc/mail/secret cannot be read: Permission denied.",
        "/srv/b/.dovecot.sieve cannot be read: Permission denied.",
    )


def test_files_beside_lose_their_comments_if_they_can_be_parsed():
    reader = Reader(Files({"/etc/trash": b"1 Spam\n"}))
    bodies = {"/etc/sql": parse("connect = host=db\n")}
    assert reader.texts(["/etc/sql", "/etc/trash", "/etc/gone"], bodies) == {
        "/etc/sql": "connect = host=db\n",
        "/etc/trash": "1 Spam\n",
    }
