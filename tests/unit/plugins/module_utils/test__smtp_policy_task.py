# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import ProbeError
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy import Answer, Client
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy_rules import Decision, Outcome, Unknown
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy_task import (
    check_options,
    describe,
    judge_envelopes,
    make_client,
)


def make_params(**changes: t.Any) -> dict[str, t.Any]:
    return {
        "helo": None,
        "sender": "",
        "recipients": ["alice@example.org"],
        "login_user": None,
        "xclient": None,
        "dialogue": True,
        "config": True,
        **changes,
    }


REFUSED = [
    ({"recipients": []}, "at least one address"),
    ({"recipients": ["a@example.org", ""]}, "none of them may be empty"),
    ({"sender": "a@example.org>\r\nDATA"}, "sender contains a control character"),
    ({"recipients": ["<a@example.org>"]}, "recipients contains"),
    ({"xclient": {"addr": "host"}}, "'host' is not an IP address"),
    ({"xclient": {"addr": "192.0.2.1", "name": "a\nb"}}, "xclient.name contains"),
    ({"dialogue": False, "config": False}, "nothing to do"),
    ({"config_client": "host"}, "config_client 'host' is not an IP address"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_refused(changes: dict[str, t.Any], message: str) -> None:
    with pytest.raises(ProbeError, match=message):
        check_options(make_params(**changes))


def test_make_client() -> None:
    assert make_client(None) is None
    assert make_client({"addr": "192.0.2.1", "name": None, "helo": "x"}) == Client("192.0.2.1", "", "x")


OUTCOME = Outcome(
    "refused",
    Decision("smtpd_relay_restrictions", "reject_unauth_destination", "why"),
    (Unknown("smtpd_client_restrictions", "reject_rbl_client x", "who knows"),),
)


def test_describe_without_dialogue() -> None:
    result = describe("a@example.net", None, OUTCOME)
    assert (result["verdict"], result["step"], result["code"]) == ("unknown", None, None)
    assert result["decided_by"]["restriction"] == "reject_unauth_destination"
    assert result["unknown"] == ["smtpd_client_restrictions: reject_rbl_client x: who knows"]


def test_describe_with_dialogue() -> None:
    answer = Answer("a@example.net", "refused", "rcpt", 554, "5.7.1", "Relay access denied")
    result = describe("a@example.net", answer, OUTCOME)
    assert (result["verdict"], result["code"], result["enhanced_code"]) == ("refused", 554, "5.7.1")
    assert result["config_verdict"] == "unknown"
    assert result["decided_by"]["parameter"] == "smtpd_relay_restrictions"
    assert describe("a@example.net", answer, None)["decided_by"] is None


def test_an_envelope_without_configuration_needs_the_server() -> None:
    nobody_listens = {"host": "127.0.0.1", "port": 1, "tls": "none", "timeout": 1, "login_password": None}
    options = make_params(**nobody_listens, ca_path=None, validate_certs=False, config=False)
    with pytest.raises(ProbeError, match="cannot be asked"):
        judge_envelopes([options], None)
