"""What the profiles offer, compared with Mozilla's Server Side TLS 5.7, and names of certificates."""

from __future__ import annotations

import ssl
import subprocess

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._role_variables import RoleVariables
from ansible_collections.postmaster.mail.plugins.module_utils._tls_profiles import (
    PROFILES,
    default_file,
    named_certificates,
    profile_of,
)


class _Variables(RoleVariables):
    prefix = "some_"


def _variables(**values: object) -> tuple[_Variables, list[str]]:
    faults: list[str] = []
    return _Variables(values, faults), faults


@pytest.mark.parametrize(
    ("name", "versions", "ciphers", "server_chooses"),
    [
        ("modern", ("TLSv1.3",), 0, False),
        ("intermediate", ("TLSv1.2", "TLSv1.3"), 9, False),
        ("legacy", ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"), 26, True),
    ],
)
def test_profiles_are_those_of_the_guidelines(
    name: str, versions: tuple[str, ...], ciphers: int, server_chooses: bool
) -> None:
    profile = PROFILES[name]
    assert (profile.versions, len(profile.ciphers), profile.server_chooses) == (versions, ciphers, server_chooses)
    assert len(set(profile.ciphers)) == ciphers


def test_only_legacy_has_ciphers_without_forward_secrecy_and_integrity_of_today() -> None:
    ciphers = PROFILES["intermediate"].ciphers
    assert all(cipher.startswith(("ECDHE-", "DHE-")) for cipher in ciphers)
    assert all("GCM" in cipher or "CHACHA20" in cipher for cipher in ciphers)
    assert "AES128-SHA" in PROFILES["legacy"].ciphers


@pytest.mark.parametrize("name", ["intermediate", "legacy"])
def test_openssl_knows_the_names(name: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(PROFILES[name].cipher_list)
    known = {cipher["name"] for cipher in context.get_ciphers()}
    # Builds of today leave out triple DES.
    assert set(PROFILES[name].ciphers) - known <= {"DES-CBC3-SHA"}


def test_openssl_knows_the_suites_of_tls_13() -> None:
    suites = ":".join(PROFILES["modern"].suites)
    listed = subprocess.run(
        ["openssl", "ciphers", "-s", "-tls1_3", "-ciphersuites", suites], capture_output=True, text=True, check=True
    )
    assert listed.stdout.strip().split(":") == list(PROFILES["modern"].suites)


@pytest.mark.parametrize(
    ("name", "refused"),
    [("modern", ("TLSv1", "TLSv1.1", "TLSv1.2")), ("intermediate", ("TLSv1", "TLSv1.1")), ("legacy", ())],
)
def test_what_is_not_offered_is_refused(name: str, refused: tuple[str, ...]) -> None:
    assert PROFILES[name].refused_versions == refused


def test_an_unknown_profile_is_a_fault() -> None:
    wishes, faults = _variables(tls_profile="old")
    assert profile_of(wishes) is PROFILES["intermediate"]
    assert faults == ["some_tls_profile is 'old': write one of modern, intermediate, legacy"]


def test_names_are_as_clients_send_them() -> None:
    wishes, faults = _variables(
        tls_certificates=[{"name": "mail.example.org", "names": ["Mail.Example.Org", "post.bücher.example"]}]
    )
    (found,) = named_certificates(wishes)
    assert found.names == ("mail.example.org", "post.xn--bcher-kva.example")
    assert faults == []


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([{"names": ["a.example"]}], "an entry has no name"),
        ([{"name": "a.example"}, {"name": "b.example", "names": ["A.example"]}], "names a.example twice"),
        ([{"name": "ü" * 70 + ".example"}], "is no name of a host"),
    ],
)
def test_certificates_that_cannot_be_told_apart_are_faults(entries: list[dict[str, object]], fault: str) -> None:
    wishes, faults = _variables(tls_certificates=entries)
    named_certificates(wishes)
    assert len(faults) == 1
    assert fault in faults[0]


def test_a_second_pair_has_its_kind_in_the_name() -> None:
    assert default_file("/tls", "mail.example.org", "combined") == "/tls/mail.example.org/combined.pem"
    assert default_file("/tls", "mail.example.org", "combined", "RSA") == "/tls/mail.example.org/combined-rsa.pem"
