# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_judge as judge
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_plan import Request, compute
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import build
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

INSTALLATION = judge.Installation("dovecot", "doveconf", "2.4.1")


class FakeHost:
    def user_number(self, _name):
        return None

    def mode(self, _path):
        return None

    """A host on which nothing is."""

    def has_user(self, _name):
        return False

    def has_group(self, _name):
        return False

    def exists(self, _path):
        return False

    def files(self, _directory):
        return []


class FakeDoveconf:
    """Refuses the candidate once, and the live tree always."""

    def __init__(self, root, message="", *, live=""):
        self.root = root
        self.message = message
        self.live = live

    def run(self, argv, **_options):
        if argv[1] == "-h":
            return CommandResult(0, "/m\n", "")
        if argv[1] == "-d":
            return CommandResult(0, "auth_cache_size = 0\nservice auth {\n", "")
        directory = os.path.dirname(argv[2])
        message = self.live
        if directory != self.root:
            message, self.message = self.message, ""
        text = message.replace("ROOT", directory)
        return CommandResult(89 if message else 0, "", f"doveconf: Fatal: {text}\n" if message else "")


def judged(tmp_path, settings, message="", *, live="", lenient=False, name="dovecot.conf"):
    wish = Request(str(tmp_path / name), build(settings), None, True, None, None, 0, 0, None)
    plan = compute(wish, "2.4")
    runner = FakeDoveconf(str(tmp_path), message, live=live)
    return judge.judge_host(plan, wish, INSTALLATION, runner, FakeHost(), lenient=lenient)


@pytest.mark.parametrize(
    ("stdout", "rc", "version"),
    [
        ("2.4.1-4 (7d8c0e5759)\n", 0, "2.4.1"),
        ("2.3.19.1 (9b53102964)\n", 0, "2.3.19.1"),
        ("", 0, ""),
        ("2.4.1\n", 89, ""),
    ],
)
def test_version(stdout, rc, version):
    class Runner:
        def run(self, _argv, **_options):
            return CommandResult(rc, stdout, "")

    assert judge.read_version(Runner(), "dovecot") == version


def test_grammar():
    assert [judge.Installation("", "", version).grammar for version in ("2.3.19.1", "2.4.1")] == ["2.3", "2.4"]


def test_an_unknown_setting_gets_the_nearest_name(tmp_path):
    message = "Error in configuration file ROOT/dovecot.conf line 4: auth_cache_sise: Unknown setting: auth_cache_sise"
    fault = judged(tmp_path, {"auth_cache_sise": 1}, message).faults[0]
    assert str(fault) == "auth_cache_sise: is no setting of Dovecot 2.4.1. Did you mean auth_cache_size?"


def test_a_refused_value_is_named_once(tmp_path):
    message = "Error in configuration file ROOT/dovecot.conf line 4: a: Invalid number x"
    fault = judged(tmp_path, {"a": "x"}, message).faults[0]
    assert (fault.setting, fault.cause) == ("a", "doveconf refuses it: Invalid number x")


def test_a_missing_file_is_a_fault_but_only_a_warning_in_check_mode(tmp_path):
    message = (
        "Error in configuration file ROOT/dovecot.conf line 4: x_file: open(/no) failed: No such file or directory"
    )
    strict = judged(tmp_path, {"x_file": "/no"}, message)
    assert [fault.setting for fault in strict.faults] == ["x_file"]
    lenient = judged(tmp_path, {"x_file": "/no", "mail_uid": "vmail"}, message, lenient=True)
    assert lenient.faults == ()
    assert len(lenient.warnings) == 2


def test_what_was_broken_before_is_said_to_be(tmp_path):
    (tmp_path / "dovecot.conf").write_text("")
    message = "Error in configuration file ROOT/local.conf line 1: no: Unknown thing"
    fault = judged(tmp_path, {"a": 1}, message, live=message, name="99-x.conf").faults[0]
    assert fault.cause.startswith("was broken before")
    assert judged(tmp_path, {"a": 1}, message, name="99-x.conf").faults[0].cause.startswith("doveconf refuses")


def test_a_drop_in_that_nothing_reads_is_worth_a_warning(tmp_path):
    (tmp_path / "dovecot.conf").write_text("")
    assert "has no effect" in judged(tmp_path, {"a": 1}, name="99-x.conf").warnings[0]


def test_a_drop_in_without_main_file_is_refused(tmp_path):
    assert "belongs to no dovecot.conf" in judged(tmp_path, {"a": 1}, name="a/b/c/d/99-x.conf").faults[0].cause


def test_secrets_are_hidden_longest_first():
    assert judge.hide("abc ab", ["ab", "abc"]) == "******** ********"


def test_a_tree_of_2_3_is_worth_one_warning(tmp_path):
    wish = Request(
        str(tmp_path / "x.conf"),
        build({"disable_plaintext_auth": True, "ssl_ca": "</c"}),
        None,
        True,
        None,
        None,
        0,
        0,
        None,
    )
    judgement = judge.judge_tree(compute(wish, "2.4"), "2.4")
    assert judgement.faults == ()
    assert judgement.warnings == (
        "The tree uses the grammar of Dovecot 2.3. Write it for 2.4: disable_plaintext_auth becomes "
        "auth_allow_cleartext = no; ssl_ca becomes ssl_server_ca_file = /c.",
    )


def test_what_has_no_successor_is_a_fault(tmp_path):
    wish = Request(str(tmp_path / "x.conf"), build({"replicator_port": 1}), None, True, None, None, 0, 0, None)
    judgement = judge.judge_tree(compute(wish, "2.4"), "2.4")
    assert [fault.setting for fault in judgement.faults] == ["replicator_port"]
