# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.postmaster.mail.plugins.modules import dovecot_setting

pytestmark = pytest.mark.usefixtures("without_programs")


@pytest.fixture
def run(tmp_path, run_module):
    """Run the module in check mode on a host without Dovecot, and return its result."""

    def run(check_mode=True, **options):
        options.setdefault("path", str(tmp_path / "dovecot.conf"))
        return run_module(dovecot_setting.main, _ansible_check_mode=check_mode, **options)

    return run


def test_check_mode_needs_no_dovecot(run, tmp_path):
    result = run(settings={"protocols": ["imap"]})
    assert result["changed"]
    assert result["version"] == ""
    assert result["files"] == [{"path": str(tmp_path / "dovecot.conf"), "action": "written"}]
    assert not (tmp_path / "dovecot.conf").exists()


def test_a_real_run_does(run):
    assert "Install Dovecot first" in run(check_mode=False, settings={"protocols": ["imap"]})["msg"]


def test_secrets_stay_out_of_the_result(run):
    assert "s3cr3t" not in json.dumps(run(settings={"doveadm_password": "s3cr3t"}))
    assert "s3cr3t" not in json.dumps(run(settings={"doveadm_password": "s3cr3t", "a/b": "s3cr3t"}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing to set"),
        ({"name": "a"}, "value of a is missing"),
        ({"settings": {}, "block": ["x"]}, "block goes with name"),
        ({"settings": {}, "state": "absent"}, "Leave out settings"),
        ({"settings": {}, "mode": "999"}, "not octal"),
        ({"settings": {}, "owner": "nosuchuser"}, "does not exist on this host"),
        ({"settings": {"a/b": 1, "c d": 2}}, "c d: is not a setting's name"),
        ({"settings": {"mail_home": "%u", "mail_driver": "maildir"}}, "uses %u"),
        ({"state": "absent"}, "main file"),
    ],
)
def test_refusals(run, options, message):
    result = run(**options)
    assert result["failed"]
    assert message in result["msg"]
