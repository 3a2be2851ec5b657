from __future__ import annotations

import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _bind_dnssec as bind_dnssec

# Made by BIND 9.18.49 with a policy, and the digest that its dnssec-dsfromkey -2 makes of it.
PUBLIC = "bpQJxK/cIYSWPQ/wh00F0QbXkzef4YxUYXwCrdWn2V3LWtT0hFkN4ny0 OHVEomAMQpsGqXt+lcICgDgdI6TKag=="
KEY = f"""\
; This is a key-signing key, keyid 27164, for example.org.
; Created: 20261122151700 (Sun Nov 22 15:17:00 2026)
; Publish: 20261122151700 (Sun Nov 22 15:17:00 2026)
example.org. 3600 IN DNSKEY 257 3 13 {PUBLIC}
"""
DIGEST = "73FDA89248D4AD8C7C5AFE811C2DB8495920F242777ABAC988250DA6050836C9"
STATE = """\
; This is the state of key 27164, for example.org.
Algorithm: 13
KSK: yes
ZSK: no
DSState: hidden
GoalState: omnipresent
"""


def test_the_digest_is_that_of_bind() -> None:
    record = bind_dnssec.make_ds(KEY, STATE)
    assert record is not None
    assert record.text == f"example.org. IN DS 27164 13 2 {DIGEST}"
    assert (record.zone, record.key_tag, record.algorithm, record.parent) == ("example.org.", 27164, 13, "hidden")


def test_the_example_of_rfc_4509() -> None:
    key = """dskey.example.com. 86400 IN DNSKEY 256 3 5 ( ... )"""
    assert bind_dnssec.make_ds(key, "") is None
    public = (
        "AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMm"
        "mAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw=="
    )
    record = bind_dnssec.make_ds(f"dskey.example.com. 86400 IN DNSKEY 257 3 5 {public}\n", "")
    assert record is not None
    # The RFC has the flags 256 and the key tag 60485; the flag of a key that signs keys counts one more.
    assert record.key_tag == 60486
    assert record.parent == "unknown"


@pytest.mark.parametrize(
    ("key", "state"),
    [
        (KEY.replace(" 257 ", " 256 "), STATE),
        (KEY, STATE.replace("GoalState: omnipresent", "GoalState: hidden")),
        (KEY.replace("bpQJ", "b"), STATE),
        ("", STATE),
    ],
)
def test_keys_that_the_parent_does_not_vouch_for(key: str, state: str) -> None:
    assert bind_dnssec.make_ds(key, state) is None


def test_only_keys_of_the_zones_count(tmp_path: pathlib.Path) -> None:
    (tmp_path / "Kexample.org.+013+27164.key").write_text(KEY)
    (tmp_path / "Kexample.org.+013+27164.state").write_text(STATE)
    (tmp_path / "Kexample.net.+013+00001.key").write_text(KEY.replace("example.org", "example.net"))
    (tmp_path / "Kexample.org.+013+27164.private").write_text("secret")
    assert [record.zone for record in bind_dnssec.read_ds(str(tmp_path), ["example.org."])] == ["example.org."]
    assert bind_dnssec.read_ds(str(tmp_path / "nowhere"), ["example.org."]) == []
