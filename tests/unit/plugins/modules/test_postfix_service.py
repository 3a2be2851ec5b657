# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import json
import socket
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.modules import postfix_service

Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, postfix_service.main, config_dir="/nonexistent")


def test_check_mode_foresees_everything_where_postfix_is_absent(run: Run) -> None:
    result = run(
        services=[
            {"name": "587", "type": "inet", "command": "smtpd", "options": {"va_password": "not-to-be-seen"}},
            {"name": "smtps", "type": "inet", "state": "absent"},
        ],
        _ansible_check_mode=True,
        _ansible_diff=True,
    )
    entry = "587 inet n - - - - smtpd -o va_password=(hidden)"
    assert result["changed"] is True
    assert result["services"] == {"587/inet": {"before": None, "after": entry}}
    assert result["diff"] == {"before": "", "after": f"{entry}\n"}
    assert (result["restart_required"], result["reload_required"]) == (False, True)
    assert "not-to-be-seen" not in json.dumps(result)
    assert "Postfix is absent" in json.dumps(result["warnings"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "587", "type": "inet", "command": "smtpd"}, "Install the package postfix"),
        ({"name": "587", "type": "inet", "private": "y"}, "cannot be private"),
        ({"name": "587", "type": "inet", "options": {"a": "$"}}, "no parameter name"),
        ({"name": "587"}, "type"),
        ({"services": [], "name": "587", "type": "inet"}, "mutually exclusive"),
        ({"services": [{"name": "587"}]}, "missing required arguments: type"),
        ({"services": [], "command": "smtpd"}, "name"),
        ({}, "one of the following is required"),
    ],
)
def test_failures(run: Run, arguments: dict[str, t.Any], message: str) -> None:
    result = run(**arguments)
    assert result["failed"] is True
    assert message in result["msg"]


def test_the_resolver_asks_the_host() -> None:
    resolver = postfix_service.SystemResolver()
    assert resolver.port("no-such-service") is None
    assert resolver.port("\udce4") is None
    assert resolver.has_address("127.0.0.1")
    assert not resolver.has_address("a" * 300)


def test_a_listener_is_noticed() -> None:
    resolver = postfix_service.SystemResolver()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert resolver.in_use("127.0.0.1", port)
    assert not resolver.in_use("127.0.0.1", port)
