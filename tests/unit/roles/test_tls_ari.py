"""When an ACME server wants a certificate to be renewed."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from certificates import Made, new_key
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from tls_material import NOW, load, make

ari = load("tls_ari")
ROOT = make("Root", days=(-10, 3650))
LEAF = make("mail.example.org", ROOT, names=["mail.example.org"]).certificate
DIRECTORY = "https://acme.example.com/directory"
INFO = "https://acme.example.com/renewal-info"


def window(start: float, end: float, form: str = "%Y-%m-%dT%H:%M:%SZ") -> dict[str, t.Any]:
    """A window whose edges are these days from NOW."""
    edges = {name: NOW + datetime.timedelta(days=days) for name, days in (("start", start), ("end", end))}
    return {"suggestedWindow": {name: edge.strftime(form) for name, edge in edges.items()}}


def asked(answer: t.Any, directory: t.Any = None, leaf: x509.Certificate = LEAF) -> str:
    documents = {DIRECTORY: {"renewalInfo": INFO} if directory is None else directory}
    if leaf is LEAF:
        documents[f"{INFO}/{ari.identifier(LEAF)}"] = answer

    def fetch(url: str) -> t.Any:
        if isinstance(documents[url], Exception):
            raise documents[url]
        return documents[url]

    said: str = ari.suggestion(DIRECTORY, leaf, NOW, fetch)
    return said


@pytest.mark.parametrize(
    "answer",
    [
        window(-2, -1),
        window(-2, 0),
        window(-1, -1),
        window(-1, -2),
        window(-2, -1, "%Y-%m-%dT%H:%M:%S.123456789Z"),
        window(-2, -1, "%Y-%m-%dT%H:%M:%S.5+01:00"),
        window(-2, -1, "%Y-%m-%dT%H:%M:%S-05:00"),
    ],
)
def test_a_window_that_is_over_is_a_reason(answer: t.Any) -> None:
    assert asked(answer).startswith("its ACME server suggests that since 2026-11-2")


@pytest.mark.parametrize(
    "answer",
    [
        window(1, 2),
        {},
        {"suggestedWindow": {}},
        {"suggestedWindow": {"start": "soon", "end": "later"}},
        {"suggestedWindow": {"start": "2020-01-01T00:00:00", "end": "2020-01-01T00:00:00"}},
        [],
        None,
        OSError("Connection refused"),
        ValueError("no JSON"),
    ],
)
def test_anything_else_is_none(answer: t.Any) -> None:
    assert asked(answer) == ""


@pytest.mark.parametrize("directory", [{}, {"renewalInfo": ""}, [], OSError("Connection refused")])
def test_a_server_without_renewal_information_gives_none(directory: t.Any) -> None:
    assert asked(window(-2, -1), directory) == ""


def test_a_certificate_that_names_no_issuer_has_none() -> None:
    assert asked(window(-2, -1), leaf=make("mail.example.org", names=["mail.example.org"]).certificate) == ""


def test_certificates_of_one_window_are_renewed_at_different_times() -> None:
    start, end = NOW, NOW + datetime.timedelta(days=1)
    leaves = [make(f"{number}.example.org", ROOT, names=["x.example.org"]).certificate for number in range(5)]
    moments = [ari._moment(leaf, start, end) for leaf in leaves]
    assert len(set(moments)) > 1
    assert all(start <= moment <= end for moment in moments)
    assert moments == [ari._moment(leaf, start, end) for leaf in leaves]


def test_the_identifier_is_that_of_the_standard() -> None:
    """The example in section 4.1 of RFC 9773."""
    key = new_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.com")])
    issuer = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    made = Made(
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0x87654321)
        .not_valid_before(NOW)
        .not_valid_after(NOW)
        .add_extension(x509.AuthorityKeyIdentifier(issuer, None, None), critical=False)
        .sign(key, hashes.SHA256()),
        key,
    )
    assert ari.identifier(made.certificate) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


@pytest.mark.parametrize("url", ["http://acme.example.com/directory", "file:///etc/passwd", ""])
def test_only_https_is_asked(url: str) -> None:
    with pytest.raises(ValueError, match="begins with https://"):
        ari.fetcher("")(url)
