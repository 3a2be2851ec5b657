# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.modules import dovecot_upgrade_plan

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def run(run_with_doveconf):
    return functools.partial(run_with_doveconf, dovecot_upgrade_plan.main)


def test_a_2_3_is_planned(run):
    result = run((FIXTURES / "doveconf-2.3.19.1-nP.txt").read_text())
    assert not result["changed"]
    assert result["needed"]
    assert result["tree"]["mail_driver"] == "maildir"
    assert result["tree"]["quota User quota"]["driver"] == "count"
    assert {"setting": "doveadm_password", "file": "rec.conf"} in result["secrets"]
    assert {"kind": "user", "name": "nosuchuser", "present": False} not in result["requirements"]
    assert any(one["kind"] == "file" for one in result["requirements"])
    assert "/etc/dovecot/users does not exist." in result["messages"]


def test_a_2_4_needs_no_plan(run):
    result = run((FIXTURES / "doveconf-2.4.1-nP.txt").read_text())
    assert not result["needed"]
    assert result["client_changes"] == []
    assert "s3 cret" not in json.dumps(result)


@pytest.mark.parametrize(("output", "message"), [(None, "Install Dovecot first"), ("", "it is broken")])
def test_failures_name_their_cause(run, output, message):
    result = run(output)
    assert result["failed"]
    assert message in result["msg"]
