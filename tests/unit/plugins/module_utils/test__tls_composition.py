# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter.tls_composition import FilterModule

_SETTINGS: dict[str, t.Any] = {
    "mode": "selfsigned",
    "certificates": [{"name": "mail.example.org", "names": ["imap.example.org", "mail.example.org"]}],
    "key_types": ["ECC"],
    "issuer": {"kind": "selfsigned", "valid_days": 397},
    "patterns": {"certificate": "/s/{name}/fullchain-{kind}.pem", "privkey": "/s/{name}/privkey-{kind}.pem"},
    "sources": "/s",
    "renew_before_days": 30,
    "trust": [],
    "group": "",
    "proofs": [{"port": 25, "starttls": "smtp"}, {"port": 993, "starttls": None}],
    "proof_timeout": 20,
}


def composed(**changes: t.Any) -> list[dict[str, t.Any]]:
    found = FilterModule().filters()["tls_composition"]({**_SETTINGS, **changes})
    certificates: list[dict[str, t.Any]] = found["certificates"]
    return certificates


def test_every_name_is_proven_on_every_port() -> None:
    (one,) = composed(certificates=[{"name": "mail.example.org", "names": ["imap.example.org", "*.example.org"]}])
    assert one["names"] == ["mail.example.org", "imap.example.org", "*.example.org"]
    assert [(proof["port"], proof.get("starttls"), proof["server_name"]) for proof in one["config"]["proofs"]] == [
        (25, "smtp", "mail.example.org"),
        (25, "smtp", "imap.example.org"),
        (993, None, "mail.example.org"),
        (993, None, "imap.example.org"),
    ]


def test_a_certificate_may_have_proofs_of_its_own() -> None:
    own = [{"port": 465, "server_name": "mail.example.net", "host": "192.0.2.1"}]
    (one,) = composed(certificates=[{"name": "mail.example.org", "proofs": own}])
    assert one["config"]["proofs"] == own
    assert composed(certificates=[{"name": "mail.example.org", "proofs": []}])[0]["config"]["proofs"] == []


def test_names_in_other_scripts_are_those_that_certificates_have() -> None:
    names = ["autoconfig.bücher.example", "autoconfig.xn--bcher-kva.example", "*.bücher.example"]
    (one,) = composed(certificates=[{"name": "mail.example.org", "names": names}])
    assert one["names"] == ["mail.example.org", "autoconfig.xn--bcher-kva.example", "*.xn--bcher-kva.example"]
    with pytest.raises(AnsibleFilterError, match="is no host name"):
        composed(certificates=[{"name": "mail.example.org", "names": [f"{'ü' * 70}.example"]}])


def test_each_kind_of_key_is_a_source() -> None:
    (one,) = composed(key_types=["RSA", "ECC"])
    assert one["config"]["sources"] == [
        {
            "certificate": f"/s/mail.example.org/fullchain-{kind}.pem",
            "privkey": f"/s/mail.example.org/privkey-{kind}.pem",
        }
        for kind in ("rsa", "ecc")
    ]
    assert one["pairs"] == []


def test_pairs_of_the_controller_are_one_file_each() -> None:
    given = {
        "name": "mail.example.org",
        "pairs": [{"certificate": "c", "privkey": "k"}, {"certificate_file": "c", "privkey_file": "k"}],
    }
    (one,) = composed(mode="provided", certificates=[given], issuer={"kind": "none"})
    assert [pair["number"] for pair in one["pairs"]] == [1, 2]
    assert one["config"]["sources"] == [
        dict.fromkeys(("certificate", "privkey"), f"/s/mail.example.org/provided-{number}.pem") for number in (1, 2)
    ]


def test_existing_files_stay_where_they_are() -> None:
    given = {"name": "mail.example.org", "certificate_file": "/root/c.pem", "privkey_file": "/root/k.pem"}
    (one,) = composed(mode="existing", certificates=[given], issuer={"kind": "none"})
    assert one["config"]["sources"] == [{"certificate": "/root/c.pem", "privkey": "/root/k.pem"}]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"certificates": []}, "tls_certificates is empty"),
        ({"certificates": [{"name": "a.example"}, {"name": "A.example"}]}, "has a.example twice"),
        ({"certificates": [{"name": "../x"}]}, r"\.\./x in tls_certificates is no host name"),
        ({"certificates": [{"name": "hooks.d"}]}, "hooks.d in tls_certificates is no host name"),
        ({"certificates": [{"name": "*.example.org"}]}, r"\*\.example\.org in tls_certificates is no host name"),
        ({"certificates": [{"name": "a.example", "names": ["b c"]}]}, "b c among the names of a.example"),
        ({"key_types": []}, "tls_key_types is empty"),
        ({"key_types": ["ECC", "ECC"]}, "tls_key_types is ECC, ECC"),
        ({"renew_before_days": 397}, "valid for 397 days and made anew 397 days before"),
        ({"mode": "existing"}, "Pair 1 of mail.example.org in tls_certificates needs certificate_file, the path"),
        (
            {
                "mode": "existing",
                "certificates": [{"name": "a.example", "certificate_file": "/c", "privkey_file": "k"}],
            },
            "needs privkey_file, the path",
        ),
        ({"mode": "provided"}, "needs either certificate, its contents, or certificate_file"),
        (
            {"mode": "provided", "certificates": [{"name": "a.example", "certificate": "c", "certificate_file": "c"}]},
            "needs either certificate,.* needs either privkey",
        ),
        (
            {
                "mode": "provided",
                "certificates": [{"name": "a.example", "pairs": [{"certificate": "c", "privkey": "k"}] * 3}],
            },
            "more than one pair",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        composed(**changes)


def test_the_arguments_of_a_command_may_have_the_name() -> None:
    issuer = {"kind": "command", "argv": ["/usr/bin/issue", "--force", "/s/{name}/ecc.ini"], "timeout": 900}
    (one,) = composed(mode="acme", issuer=issuer, trust=None)
    assert one["config"]["issuer"] == {**issuer, "argv": ["/usr/bin/issue", "--force", "/s/mail.example.org/ecc.ini"]}
    assert "argv" not in composed()[0]["config"]["issuer"]
