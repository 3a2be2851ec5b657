# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _ldif

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"


@pytest.mark.parametrize("name", ["ldapsearch-2.5.13-accounts.ldif", "ldapsearch-2.6.10-accounts.ldif"])
def test_what_ldapsearch_prints(name: str) -> None:
    entries = _ldif.parse((FIXTURES / name).read_text(encoding="utf-8"))
    by_mail = {entry.first("mail"): entry for entry in entries}
    alice = by_mail["Alice@example.org"]
    assert alice.dn == "uid=alice,ou=people,dc=example,dc=org"
    assert alice.all("objectclass") == ("inetOrgPerson", "inetLocalMailRecipient")
    assert alice.first("userPassword") == "Correct-Horse-1"
    assert alice.first("nosuch") == ""
    assert alice.all("") == ()
    assert "Correct-Horse-1" not in repr(alice)
    assert by_mail["o'brien@example.net"].first("cn") == "O'Brien"
    assert by_mail["zoe@example.org"].first("displayName") == "Zo\u00eb \u00c9xample "
    assert by_mail["zoe@example.org"].dn == "cn=Zo\u00eb\\2C the second,ou=people,dc=example,dc=org"


def test_folded_lines_and_comments() -> None:
    text = "version: 1\n\ndn: cn=a,\n dc=example\ncn: a\n# a comment\nmail;x-old: b\n\n# pagedresults: cookie=\n"
    (entry,) = _ldif.parse(text)
    assert (entry.dn, entry.all("cn"), entry.all("mail")) == ("cn=a,dc=example", ("a",), ("b",))
    assert _ldif.parse("\n\n# pagedresults: cookie=\n\n") == []


@pytest.mark.parametrize("text", ["cn: a\n", "dn: cn=a\nnonsense\n", "dn: cn=a\nmail:: ***\n"])
def test_no_ldif(text: str) -> None:
    with pytest.raises(_ldif.LdifError):
        _ldif.parse(text)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("alice", "cn: alice"),
        ("two words", "cn: two words"),
        ("a:b <c>", "cn: a:b <c>"),
        ("", "cn: "),
        (" begins", "cn:: IGJlZ2lucw=="),
        ("ends ", "cn:: ZW5kcyA="),
        (":colon", "cn:: OmNvbG9u"),
        ("<url", "cn:: PHVybA=="),
        ("two\nlines", "cn:: dHdvCmxpbmVz"),
        ("Zo\u00eb", "cn:: Wm/Dqw=="),
        ("x\ndn: cn=admin", "cn:: eApkbjogY249YWRtaW4="),
    ],
)
def test_values_come_back_as_they_went(value: str, line: str) -> None:
    text = _ldif.add("cn=a,dc=example", {"cn": [value]})
    assert text == f"dn: cn=a,dc=example\nchangetype: add\n{line}\n\n"
    assert _ldif.parse(text.replace("changetype: add\n", ""))[0].first("cn") == value


def test_changes() -> None:
    assert _ldif.modify("cn=a", {"mail": ["b"], "title": [], "description": ["x", "y"]}) == (
        "dn: cn=a\nchangetype: modify\nreplace: mail\nmail: b\n-\nreplace: title\n-\n"
        "replace: description\ndescription: x\ndescription: y\n-\n\n"
    )
    assert _ldif.rename("cn=a,dc=b", "cn=c") == "dn: cn=a,dc=b\nchangetype: modrdn\nnewrdn: cn=c\ndeleteoldrdn: 1\n\n"
    assert _ldif.delete("cn=a") == "dn: cn=a\nchangetype: delete\n\n"


@pytest.mark.parametrize(
    ("value", "rdn"),
    [
        ("alice@example.org", "mail=alice@example.org"),
        ("a+b=c@example.org", "mail=a\\+b\\=c@example.org"),
        ('#a,b;c<d>e"f\\g', 'mail=\\#a\\,b\\;c\\<d\\>e\\"f\\\\g'),
        (" a ", "mail=\\ a\\ "),
        ("a\0b", "mail=a\\00b"),
    ],
)
def test_relative_names(value: str, rdn: str) -> None:
    assert _ldif.rdn("mail", value) == rdn
    assert _ldif.rdn_attribute(f"{rdn},dc=example") == "mail"
    assert _ldif.with_rdn(f"{rdn},dc=example,dc=org", "mail=x") == "mail=x,dc=example,dc=org"


def test_a_relative_name_of_several_attributes_is_not_changed() -> None:
    assert _ldif.rdn_attribute("mail=a+cn=b,dc=example") == ""
