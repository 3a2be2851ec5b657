# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.modules import dovecot_config_info

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def run(run_with_doveconf):
    return functools.partial(run_with_doveconf, dovecot_config_info.main)


def test_the_configuration_is_returned_without_secrets(run):
    result = run((FIXTURES / "doveconf-2.4.1-nP.txt").read_text())
    assert not result["changed"]
    assert (result["version"], result["grammar"], result["pigeonhole_version"]) == ("2.4.1", "2.4", "2.4.1-4")
    assert result["settings"]["pgsql db.example.org"]["parameters"]["password"] == "********"
    assert "s3 cret" not in json.dumps(result)


def test_what_is_asked_for_is_returned(run):
    result = run((FIXTURES / "doveconf-2.3.19.1-nP.txt").read_text(), settings=["service auth", "mail_uid"])
    assert list(result["settings"]) == ["mail_uid", "service auth"]


@pytest.mark.parametrize(("output", "message"), [(None, "Install Dovecot first"), ("", "it is broken")])
def test_failures_name_their_cause(run, output, message):
    result = run(output)
    assert result["failed"]
    assert message in result["msg"]
