# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import typing as t

import dns.exception
import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset import RRset
from ansible_collections.postmaster.mail.plugins.module_utils._dns_rrset_server import NetworkTransport, Server
from ansible_collections.postmaster.mail.plugins.modules import dns_rrset

Run = t.Callable[..., dict[str, t.Any]]

_WANTED = [{"name": "a.example.org", "type": "A", "value": "192.0.2.1"}]


@pytest.fixture
def run(run_module: Run) -> Run:
    return functools.partial(run_module, dns_rrset.main, server="192.0.2.53", _ansible_diff=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A server that has no record until it is sent one; the list is what it was sent."""
    changes: list[str] = []

    def read(_server: Server, _name: str, _rtype: str, _zone: str) -> RRset | None:
        return RRset(3600, ("192.0.2.1",)) if changes else None

    monkeypatch.setattr(Server, "find_zone", lambda _server, _name: "example.org.")
    monkeypatch.setattr(Server, "read", read)
    monkeypatch.setattr(Server, "update", lambda _server, _zone, part: changes.extend(map(str, part)))
    return changes


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_record_is_added_once(run: Run, sent: list[str], check_mode: bool) -> None:
    first = run(rrsets=_WANTED, _ansible_check_mode=check_mode)
    assert first["changed"]
    assert first["diff"]["after"] == "a.example.org. 3600 IN A 192.0.2.1\n"
    assert first["rrsets"][0]["before"] == {"ttl": None, "value": []}
    assert sent == ([] if check_mode else ["a.example.org. A"])
    second = run(rrsets=_WANTED, _ansible_check_mode=check_mode)
    assert second["changed"] is check_mode


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rrsets": _WANTED, "timeout": 0}, "more than 0 seconds"),
        ({"rrsets": [{"name": "a", "type": "A", "value": "192.0.2.1"}]}, "single label"),
        ({"rrsets": _WANTED, "zone": "example.net"}, "not within the zone example.net."),
        ({"rrsets": _WANTED, "key": {"name": "k", "secret": "*"}}, "is no base64"),
        ({"rrsets": _WANTED, "state": "gone"}, "must be one of: present, absent, exact"),
        ({"rrsets": _WANTED, "server": "no-such.invalid"}, "no-such.invalid has no address"),
        ({}, "missing required arguments: rrsets"),
    ],
)
def test_refused(run: Run, sent: list[str], options: dict[str, t.Any], message: str) -> None:
    result = run(**options)
    assert result["failed"]
    assert message in result["msg"]
    assert sent == []


def test_silence_is_an_error_with_a_remedy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def silence(*_arguments: object, **_options: object) -> t.NoReturn:
        raise dns.exception.Timeout

    monkeypatch.setattr(NetworkTransport, "__call__", silence)
    result = run(rrsets=_WANTED, port=5353)
    assert result["msg"] == (
        "The server 192.0.2.53 port 5353 does not answer. Check address and port, and firewalls for UDP and TCP."
    )


def test_without_dnspython(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_rrset, "DNSPYTHON_MISSING", ImportError("No module named 'dns'"))
    assert "dnspython" in run(rrsets=_WANTED)["msg"]
