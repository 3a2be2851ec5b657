# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import ProbeError, Transcript
from ansible_collections.postmaster.mail.plugins.module_utils._tls_certificate import moment, read_certificate
from ansible_collections.postmaster.mail.plugins.module_utils._tls_check import plan_checks
from ansible_collections.postmaster.mail.plugins.module_utils._tls_check_report import failure, report
from ansible_collections.postmaster.mail.plugins.module_utils._tls_check_run import CheckResult, run_check
from ansible_collections.postmaster.mail.plugins.module_utils._tls_hello import (
    Alert,
    Answer,
    ServerHello,
    parse_certificates,
)
from ansible_collections.postmaster.mail.plugins.module_utils._tls_look import Handshake

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"


def recorded_chain() -> tuple[bytes, ...]:
    """The certificates of a recorded flight: the Certificate message follows the ServerHello."""
    text = (FIXTURES / "openssl-3.0.19-s_server-tlsv1.2.hex").read_text()
    data = bytes.fromhex(text.replace("\n", ""))
    records, position = b"", 0
    while position < len(data):
        size = int.from_bytes(data[position + 3 : position + 5], "big")
        records += data[position + 5 : position + 5 + size]
        position += 5 + size
    start = 4 + int.from_bytes(records[1:4], "big")
    size = int.from_bytes(records[start + 1 : start + 4], "big")
    return parse_certificates(records[start + 4 : start + 4 + size], tls13=False)


CHAIN = recorded_chain()
LEAF = read_certificate(CHAIN[0])
NOW = moment(LEAF.base.not_after) - datetime.timedelta(days=30, hours=1)


class FakeServer:
    """Accepts the suites listed for each version."""

    def __init__(
        self, accepted: dict[str, list[int]] | None = None, *, failure: str = "", fault: Exception | None = None
    ) -> None:
        self.address = "192.0.2.25"
        self._accepted = accepted if accepted is not None else {"TLSv1.2": [0xC02B], "TLSv1.3": [0x1301]}
        self._failure = failure
        self._fault = fault
        self.trusted = True
        self.chain_in_clear: tuple[bytes, ...] = ()
        self.questions: list[str] = []
        self.shaken: list[tuple[str, str, str]] = []

    def ask(self, version: str, ciphers: t.Sequence[int], server_name: str) -> Answer:
        self.questions.append(server_name)
        for code in self._accepted.get(version, []):
            if code in ciphers:
                return Answer(ServerHello(version, code, 0, True), None, self.chain_in_clear)
        return Answer(None, Alert(True, "handshake_failure"))

    def shake(self, server_name: str, ca_path: str, key_type: str = "any") -> Handshake:
        self.shaken.append((server_name, ca_path, key_type))
        if self._fault is not None:
            raise self._fault
        if self._failure:
            return Handshake(server_name, (), failure=self._failure)
        if self.trusted:
            return Handshake(server_name, CHAIN, "TLSv1.3", "TLS_AES_128_GCM_SHA256", 128, trusted=True)
        return Handshake(server_name, CHAIN, "TLSv1.3", "x", 128, False, "unable to get issuer", 20)


def run(server: FakeServer, **params: t.Any) -> CheckResult:
    [plan] = plan_checks({"host": "mail.example.org", "port": 993, **params})
    return run_check(plan, NOW, server)


def test_report() -> None:
    result = report(run(FakeServer(), server_names=["mail.example.org", "imap.example.org"]))
    assert (result["met"], result["problems"], result["address"]) == (True, [], "192.0.2.25")
    assert result["accepted_versions"] == ["TLSv1.2", "TLSv1.3"]
    assert (result["ciphers"], result["ciphers_complete"]) == ([], False)
    first, second = result["presented"]
    assert (first["name_matches"], second["name_matches"]) == (True, False)
    assert (first["version"], first["cipher"], first["trusted"]) == ("TLSv1.3", "TLS_AES_128_GCM_SHA256", True)
    assert len(first["chain"]) == 2
    assert first["certificate"] == first["chain"][0]
    assert (first["certificate"]["serial"], first["certificate"]["days_left"]) == ("4FA1079C", 30)
    assert [entry["id"] for entry in result["client_warnings"]] == ["name_mismatch"]


def test_all_ciphers() -> None:
    server = FakeServer({"TLSv1.2": [0x002F, 0xC02B], "TLSv1.3": [0x1301]})
    result = report(run(server, depth="ciphers"))
    assert result["ciphers_complete"]
    assert [(entry["version"], entry["openssl"]) for entry in result["ciphers"]] == [
        ("TLSv1.2", "AES128-SHA"),
        ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
    ]
    assert result["ciphers"][0]["weaknesses"] == ["no_forward_secrecy"]


@pytest.mark.parametrize(("depth", "questions"), [("certificate", 0), ("versions", 5), ("weak_ciphers", 6)])
def test_questions(depth: str, questions: int) -> None:
    server = FakeServer()
    names = ["mail.example.org", "smtp.example.org"]
    assert run(server, depth=depth, server_names=names, key_type="rsa", ca_path="/ca.pem").problems == []
    assert server.questions == ["mail.example.org"] * questions
    assert server.shaken == [(name, "/ca.pem", "rsa") for name in names]


@pytest.mark.parametrize(
    "expect",
    [
        {"serial": "4f:a1:07:9c"},
        {"fingerprint": LEAF.base.fingerprint},
        {"names": ["mail.example.org"], "trusted": True},
        {"min_days_left": 30},
        {"versions": ["TLSv1.2"], "refused_versions": ["SSLv3", "TLSv1", "TLSv1.1"]},
        {"refused_weaknesses": ["all"], "tolerated_warnings": "none"},
    ],
)
def test_expectations_that_are_met(expect: dict[str, t.Any]) -> None:
    assert run(FakeServer(), expect=expect).problems == []


@pytest.mark.parametrize(
    ("expect", "text"),
    [
        ({"serial": "5"}, "(mail.example.org): the serial number is 4FA1079C, expected 05. If it was renewed, reload"),
        ({"fingerprint": "ab" * 32}, "expected abab"),
        ({"names": ["mail.example.org", "x.example.org"]}, "not valid for x.example.org; it holds mail.example.org."),
        ({"min_days_left": 31}, "CN=mail.example.org has 30 days left"),
        ({"trusted": False}, "is trusted, expected one that is not"),
        ({"versions": ["TLSv1.1"]}, "TLSv1.1 is not accepted (handshake_failure)"),
        ({"refused_versions": ["TLSv1.3"]}, "mail.example.org:993: TLSv1.3 is accepted, expected a refusal"),
    ],
)
def test_expectations_that_are_not_met(expect: dict[str, t.Any], text: str) -> None:
    result = run(FakeServer(), expect=expect)
    assert len(result.problems) == 1
    assert text in result.problems[0]
    assert text in failure([result])


def test_a_chain_that_is_not_trusted() -> None:
    server = FakeServer()
    server.trusted = False
    [problem] = run(server, expect={"trusted": True}).problems
    assert "is not trusted: unable to get issuer. Check the chain" in problem
    [problem] = run(server, expect={"tolerated_warnings": "warning"}).problems
    assert "(mail.example.org): error chain_incomplete" in problem
    assert run(server, expect={"trusted": False}).problems == []


def test_weak_ciphers() -> None:
    server = FakeServer({"TLSv1.2": [0x0018, 0xC02B], "TLSv1.3": [0x1301]})
    problems = run(server, expect={"refused_weaknesses": ["anonymous", "rc4", "export"]}).problems
    assert [problem.split(": ", 1)[1].split(" (")[0] for problem in problems] == [
        "weak cipher suites are accepted, anonymous",
        "weak cipher suites are accepted, rc4",
    ]
    assert all("ADH-RC4-MD5" in problem for problem in problems)
    assert run(server, expect={"refused_weaknesses": ["export"], "tolerated_warnings": "warning"}).problems == []
    assert len(run(server, expect={"tolerated_warnings": "info"}).problems) == 3


def test_certificates_of_a_handshake_that_cannot_be_finished() -> None:
    server = FakeServer(failure="certificate required")
    server.chain_in_clear = CHAIN
    result = report(run(server))
    [presented] = result["presented"]
    assert (presented["trusted"], presented["failure"]) == (None, "certificate required")
    assert presented["certificate"]["serial"] == "4FA1079C"
    assert [entry["id"] for entry in result["client_warnings"]] == ["handshake_failed"]
    [problem] = run(server, expect={"trusted": True}).problems
    assert "not trusted: certificate required" in problem


def test_no_certificate_at_all() -> None:
    server = FakeServer({"TLSv1.2": [0x0034]}, failure="no cipher")
    result = run(server, expect={"serial": "1"})
    assert ["no certificate was sent (no cipher)" in problem for problem in result.problems] == [True]
    assert report(result)["presented"][0]["certificate"] is None
    assert "cipher_anonymous" in [complaint.id for complaint in result.complaints]


@pytest.mark.parametrize(
    ("server", "text"),
    [
        (FakeServer({}, failure="closed"), "mail.example.org:993 (none) ended every TLS handshake: closed."),
        (FakeServer(fault=ProbeError("silent server")), "silent server"),
        (
            FakeServer(fault=Transcript().refuse("connect", "Connection refused")),
            "mail.example.org:993 (none) refused the step connect: Connection refused. Check host, port and firewall",
        ),
        (FakeServer(fault=Transcript().refuse("starttls", "502 no")), "refused the step starttls: 502 no. Check that"),
        (FakeServer(fault=Transcript().refuse("greeting", "421 no")), "step greeting: 421 no. Check port and starttls"),
    ],
)
def test_what_cannot_be_looked_at_fails_without_expectations(server: FakeServer, text: str) -> None:
    result = run(server)
    assert len(result.problems) == 1
    assert text in result.problems[0]
    assert report(result)["met"] is False


def test_failures_of_several_checks_are_named() -> None:
    plans = plan_checks({"host": "mail.example.org", "expect": {"serial": "1"}, "checks": [
        {"port": 25, "name": "MX"}, {"port": 993}, {"port": 465, "expect": {"serial": "4FA1079C"}},
    ]})  # fmt: skip
    results = [run_check(plan, NOW, FakeServer()) for plan in plans]
    lines = failure(results).splitlines()
    assert lines[0] == "2 of 3 checks did not come out as expected:"
    assert lines[1].startswith("MX: mail.example.org:25 (mail.example.org): the serial")
    assert lines[2].startswith("mail.example.org:993 (mail.example.org): the serial")
    assert failure(results[2:]) == ""
