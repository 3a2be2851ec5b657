# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_read import ReadError, read_configuration
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult


class Doveconf:
    """Answers like doveconf, and keeps what it was asked."""

    def __init__(self, stdout="", stderr="", rc=0):
        self.result = CommandResult(rc, stdout, stderr)
        self.asked = []

    def run(self, argv, *, data=None):
        assert data is None
        self.asked.append(list(argv))
        return self.result


def test_the_external_files_are_read(tmp_path):
    sql, quota = tmp_path / "sql.conf.ext", tmp_path / "quota.conf.ext"
    sql.write_text("driver = sqlite\nconnect = /db\n")
    quota.write_text("not understood\n")
    main = tmp_path / "dovecot.conf"
    main.write_text("protocols = imap\n")
    output = (
        f"# 2.3.19.1 (9b53102964): {main}\nprotocols = imap\n"
        f"passdb {{\n  driver = sql\n  args = {sql}\n}}\nuserdb {{\n  driver = sql\n  args = {sql}\n}}\n"
        "userdb {\n  driver = ldap\n  args = /nonexistent/ldap.conf\n}\npassdb {\n  driver = pam\n}\n"
        f"dict {{\n  quota = mysql:{quota}\n  other = redis:host=192.0.2.1\n}}\n"
    )
    doveconf = Doveconf(output, "doveconf: Warning: Obsolete setting\ndoveconf: Warning: Obsolete setting\n")
    found = read_configuration(doveconf, "doveconf")
    assert doveconf.asked == [["doveconf", "-n", "-P"]]
    assert (found.version, found.grammar, found.config_file) == ("2.3.19.1", "2.3", str(main))
    assert [(external.path, external.named_by) for external in found.externals] == [(str(sql), "passdb { args }")]
    assert found.files == (str(main), str(sql))
    assert found.messages == (
        "Obsolete setting",
        "/nonexistent/ldap.conf, named by userdb { args }, does not exist.",
        f"{quota}, named by dict {{ quota }}, is not understood: "
        "line 1: is neither a setting nor a block. Correct the line.",
    )


def test_defaults_and_another_file_are_asked_for():
    doveconf = Doveconf("# 2.4.1-4 (7d8c0e5759): /nonexistent/x.conf\nprotocols = imap\n")
    found = read_configuration(doveconf, "doveconf", config_file="/nonexistent/x.conf", defaults=True)
    assert doveconf.asked == [["doveconf", "-c", "/nonexistent/x.conf", "-a", "-P"]]
    assert (found.grammar, found.files) == ("2.4", ())


@pytest.mark.parametrize(
    ("stderr", "message"),
    [
        (
            "doveconf: Error: managesieve-login: dump-capability process returned 89\n"
            "doveconf: Fatal: Error in configuration file /x line 1: Unknown setting: nosuch\n",
            "refuses the configuration of this host: Error in configuration file /x line 1: Unknown setting: nosuch.",
        ),
        ("", "exit status 89"),
    ],
)
def test_a_broken_configuration_is_an_error(stderr, message):
    with pytest.raises(ReadError, match=message):
        read_configuration(Doveconf("", stderr, 89), "doveconf")


def test_output_that_is_not_understood_is_an_error():
    with pytest.raises(ReadError, match="not understood: line 1"):
        read_configuration(Doveconf("what\n"), "doveconf")


@pytest.mark.parametrize(
    ("output", "message"), [("a = b\n", "names no version"), ("# 2.2.36 (x): /f\n", "names 2.2.36")]
)
def test_another_version_is_an_error(output, message):
    with pytest.raises(ReadError, match=message):
        read_configuration(Doveconf(output), "doveconf")
