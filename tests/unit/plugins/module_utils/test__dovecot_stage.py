# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_stage import Stage
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import build, render
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult


class FakeDoveconf:
    """Refuses each line that holds one of the given words, as doveconf does: the first only, with its number."""

    def __init__(self, refused, candidate):
        self.refused = refused
        self.candidate = candidate
        self.calls = []

    def run(self, argv, **_options):
        directory = os.path.dirname(argv[2])
        self.calls.append((argv, sorted(os.listdir(directory))))
        path = os.path.join(directory, self.candidate)
        with open(path, encoding="utf-8") as source:
            lines = source.read().splitlines()
        for number, line in enumerate(lines, start=1):
            for word, message in self.refused.items():
                if word in line:
                    text = f"doveconf: Fatal: Error in configuration file {path} line {number}: {message}\n"
                    return CommandResult(89, "", text + "doveconf: Error: managesieve-login: returned 89\n")
        return CommandResult(0, "secret = x\n", "doveconf: Warning: odd\ndoveconf: Warning: odd\n")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10-auth.conf").write_text("a = b\n")
    (tmp_path / "dovecot.conf").write_text(f"!include {tmp_path}/conf.d/*.conf\n")
    return tmp_path


def test_every_error_is_found_in_one_go_and_named_by_its_setting(root):
    body = build({"first": "bad1", "good": 1, "service x": {"bad2": 1, "bad1": 2}, "block bad2": {"inner": 1}})
    runner = FakeDoveconf({"bad1": "Invalid number bad1", "bad2": "Unknown setting: bad2"}, "dovecot.conf")
    verdict = Stage(runner, "doveconf", str(root), str(root / "dovecot.conf")).judge(render(body))
    assert [(one.origin, one.text) for one in verdict.complaints] == [
        (("first",), "Invalid number bad1"),
        (("service x", "bad2"), "Unknown setting: bad2"),
        (("service x", "bad1"), "Invalid number bad1"),
        (("block bad2",), "Unknown setting: bad2"),
    ]
    assert all(one.file == str(root / "dovecot.conf") for one in verdict.complaints)


def test_the_live_files_stay_and_the_stage_goes(root):
    runner = FakeDoveconf({}, "conf.d/99-x.conf")
    verdict = Stage(runner, "doveconf", str(root), str(root / "conf.d" / "99-x.conf")).judge(render(build({"a": 1})))
    assert verdict.complaints == ()
    assert verdict.warnings == ("odd",)
    argv, names = runner.calls[0]
    assert names == ["conf.d", "dovecot.conf"]
    assert argv[0] == "doveconf"
    assert argv[3:] == ["-n", "-x"]
    assert not os.path.exists(os.path.dirname(argv[2]))
    assert sorted(os.listdir(root / "conf.d")) == ["10-auth.conf"]


def test_an_error_without_line_is_found_by_the_name_it_starts_with(root):
    class Runner:
        def run(self, argv, **_options):
            with open(argv[2], encoding="utf-8") as source:
                bad = "protocols" in source.read()
            told = "protocols: Unknown protocol: pop9"
            text = f"doveconf: Error: {told}\ndoveconf: Fatal: Error in configuration file {argv[2]}: {told}\n"
            return CommandResult(89 if bad else 0, "", text if bad else "")

    body = build({"a": 1, "protocols": "pop9"})
    verdict = Stage(Runner(), "doveconf", str(root), str(root / "dovecot.conf")).judge(render(body))
    assert [one.origin for one in verdict.complaints] == [("protocols",)]


def test_an_error_elsewhere_ends_the_search(root):
    class Runner:
        def run(self, argv, **_options):
            path = f"{os.path.dirname(argv[2])}/conf.d/10-auth.conf"
            text = f"doveconf: Fatal: Error in configuration file {path} line 1: no\n"
            return CommandResult(89, "", text)

    stage = Stage(Runner(), "doveconf", str(root), str(root / "dovecot.conf"))
    verdict = stage.judge(render(build({"a": 1})))
    assert [(one.file, one.line) for one in verdict.complaints] == [(str(root / "conf.d" / "10-auth.conf"), 1)]
    assert stage.baseline() == verdict.complaints[0]


def test_a_crash_is_traced_to_the_settings_that_cause_it_together(root):
    class Runner:
        def run(self, argv, **_options):
            with open(argv[2], encoding="utf-8") as source:
                bad = [line for line in source.read().splitlines() if "bad" in line]
            return CommandResult(139 if len(bad) == 2 else 0, "", "")

    body = build({"a": "bad", "b": "fine", "service x": {"y": "fine"}, "c": "bad"})
    verdict = Stage(Runner(), "doveconf", str(root), str(root / "dovecot.conf")).judge(render(body))
    assert [(one.origin, one.text) for one in verdict.complaints] == [(("a",), "doveconf crashes over a and c")]
