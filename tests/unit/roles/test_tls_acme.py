# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import pathlib
import subprocess
import typing as t

import pytest
from tls_material import NOW, load, make

acme = load("tls_acme")
tls_config = load("tls_config")

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
NAMES = ("mail.example.org", "imap.example.org")
SETTINGS = {
    "cert-name": "postmaster-mail.example.org-ecc",
    "domains": ",".join(NAMES),
    "server": "https://acme.example.com/dir",
    "authenticator": "standalone",
}


@pytest.fixture
def state(tmp_path: pathlib.Path) -> pathlib.Path:
    """What certbot leaves: a certificate with 60 days left."""
    live = tmp_path / "live" / SETTINGS["cert-name"]
    live.mkdir(parents=True)
    (live / "fullchain.pem").write_bytes(make("mail.example.org", names=NAMES, days=(-30, 60.5)).pem)
    (tmp_path / "renewal").mkdir()
    recorded = (FIXTURES / "certbot-2.1.0-renewal.conf").read_text(encoding="utf-8")
    (tmp_path / "renewal" / f"{SETTINGS['cert-name']}.conf").write_text(recorded, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "days", "force", "expected"),
    [
        ({}, 60, False, ""),
        ({}, 61, False, "60 days are left"),
        ({}, 30, True, "a new one is asked for"),
        ({"domains": "imap.example.org,mail.example.org"}, 30, False, ""),
        ({"domains": "mail.example.org,IMAP.example.org"}, 30, False, ""),
        ({"domains": "mail.example.org"}, 30, False, "its names changed"),
        ({"domains": "mail.example.org,imap.example.org,smtp.example.org"}, 30, False, "its names changed"),
        ({"server": "https://acme.example.net/dir"}, 30, False, "its ACME server changed"),
        ({"authenticator": "dns-rfc2136"}, 30, False, "its challenge changed"),
        ({"cert-name": "postmaster-mail.example.org-rsa"}, 30, False, "there is none yet"),
    ],
)
def test_a_certificate_is_issued_when_it_is_time(
    state: pathlib.Path, changed: dict[str, str], days: int, force: bool, expected: str
) -> None:
    assert acme.due({**SETTINGS, **changed}, state, days, NOW, force) == expected


def test_an_expired_certificate_is_due(state: pathlib.Path) -> None:
    assert acme.due(SETTINGS, state, 0, NOW + datetime.timedelta(days=61), False) == "-1 days are left"


def test_settings_that_are_gone_are_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(tls_config.TlsError, match=r"gone.ini cannot be read: No such file"):
        acme.read_settings(tmp_path / "gone.ini")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "certbot-2.1.0-unresolvable.txt",
            "Domain: nosuch.example.org / Type: connection / Detail: Get "
            '"http://nosuch.example.org:80/.well-known/acme-challenge/4qrD4ONFnQGjacnk3inFqTRluDcl55VBLa5KKSwRbk8": '
            'could not resolve URL "http://nosuch.example.org:80/.well-known/acme-challenge/'
            '4qrD4ONFnQGjacnk3inFqTRluDcl55VBLa5KKSwRbk8"',
        ),
        ("certbot-4.0.0-down.txt", "ValueError: Requesting acme.example.com/dir: Connection refused"),
        (
            "certbot-4.0.0-unbound.txt",
            "Unable to register an account with ACME server. Server requires external account binding. "
            "Please use --eab-kid and --eab-hmac-key.",
        ),
        (
            "certbot-2.1.0-wrong-key.txt",
            "Encountered error when making query: The peer didn't know the key we used",
        ),
    ],
)
def test_the_cause_is_what_certbot_says_of_it(output: str, expected: str) -> None:
    assert acme.cause((FIXTURES / output).read_text(encoding="utf-8")) == expected


def test_silence_is_said() -> None:
    assert acme.cause("Saving debug log to /var/log/letsencrypt/letsencrypt.log\n") == "it does not say why"


class Certbot:
    """Ends as it is told, call by call, and notes how it was called."""

    def __init__(self, *ends: tuple[int, str]) -> None:
        self.ends = list(ends)
        self.calls: list[tuple[list[str], dict[str, str]]] = []

    def __call__(self, argv: list[str], **options: t.Any) -> subprocess.CompletedProcess[str]:
        self.calls.append((argv, options["env"]))
        code, output = self.ends.pop(0)
        return subprocess.CompletedProcess(argv, code, output)


def test_certbot_gets_settings_in_a_file_and_roots_in_its_environment(tmp_path: pathlib.Path) -> None:
    certbot = Certbot((0, "Successfully received certificate."))
    acme.issue(tmp_path / "one.ini", "/etc/ssl/root.pem", run=certbot)
    argv, environment = certbot.calls[0]
    assert argv == ["/usr/bin/certbot", "certonly", "--config", str(tmp_path / "one.ini"), "--force-renewal"]
    assert environment["REQUESTS_CA_BUNDLE"] == "/etc/ssl/root.pem"


def test_what_is_forced_has_a_new_key() -> None:
    certbot = Certbot((0, ""))
    acme.issue(pathlib.Path("one.ini"), "", True, run=certbot)
    assert certbot.calls[0][0][-2:] == ["--force-renewal", "--new-key"]


def test_another_certbot_is_waited_for() -> None:
    certbot = Certbot((1, "Another instance of Certbot is already running."), (0, ""))
    slept: list[float] = []
    acme.issue(pathlib.Path("one.ini"), "", run=certbot, sleep=slept.append)
    assert (len(certbot.calls), slept) == (2, [5])


def test_it_is_not_waited_for_without_end() -> None:
    certbot = Certbot(*[(1, "Another instance of Certbot is already running.")] * 5)
    with pytest.raises(tls_config.TlsError, match="already running"):
        acme.issue(pathlib.Path("one.ini"), "", run=certbot, sleep=lambda _seconds: None)


def test_a_failure_is_not_tried_again() -> None:
    certbot = Certbot((1, "ValueError: Requesting acme.example.com/dir: Connection refused"))
    with pytest.raises(tls_config.TlsError, match=r"Connection refused \(more in /var/log/letsencrypt"):
        acme.issue(pathlib.Path("one.ini"), "", run=certbot)
    assert len(certbot.calls) == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (subprocess.TimeoutExpired("certbot", 400), "did not end within 400 seconds"),
        (FileNotFoundError(2, "No such file or directory"), "cannot be started: No such file"),
    ],
)
def test_a_certbot_that_does_not_work_is_said(error: Exception, said: str) -> None:
    def run(*_arguments: t.Any, **_options: t.Any) -> t.Any:
        raise error

    with pytest.raises(tls_config.TlsError, match=said):
        acme.issue(pathlib.Path("one.ini"), "", run=run)
