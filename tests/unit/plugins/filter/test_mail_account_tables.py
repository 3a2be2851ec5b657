from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter.mail_account_tables import FilterModule

mail_account_tables = FilterModule().filters()["mail_account_tables"]


def test_addresses_are_lower_case_and_absent_entries_left_out():
    tables = mail_account_tables(
        [{"address": "Alice@Example.org"}, {"address": "old@example.org", "state": "absent"}],
        aliases=[
            {"address": "Info@example.org", "to": ["ALICE@example.org"]},
            {"address": "gone@example.org", "to": ["nobody@example.org"], "state": "absent"},
        ],
        domains=["Example.ORG"],
    )
    assert tables["mailboxes"] == {"alice@example.org": "alice@example.org"}
    assert tables["aliases"]["info@example.org"] == "alice@example.org"
    assert "gone@example.org" not in tables["aliases"]
    assert tables["domains"] == ("example.org",)


def test_a_disabled_account_still_receives():
    tables = mail_account_tables([{"address": "a@example.org", "state": "disabled"}], domains=["example.org"])
    assert "a@example.org" in tables["mailboxes"]


@pytest.mark.parametrize("entry", [{}, {"address": "alice"}, {"address": 5}])
def test_an_entry_without_a_full_address_is_refused(entry):
    with pytest.raises(AnsibleFilterError, match="write a full address such as alice@example.org"):
        mail_account_tables([entry], domains=["example.org"])


@pytest.mark.parametrize("listed", ["bob@example.org", ["bob"], {"a@example.org": 1}, [7]])
@pytest.mark.parametrize(("origin", "key"), [("mail_users", "senders"), ("mail_aliases", "to")])
def test_anything_but_a_list_of_addresses_is_refused(listed, origin, key):
    users = [{"address": "a@example.org", **({"senders": listed} if key == "senders" else {})}]
    aliases = [{"address": "x@example.org", "to": listed}] if key == "to" else []
    with pytest.raises(AnsibleFilterError, match=f"{key} of .* in {origin} is .*write a list of full addresses"):
        mail_account_tables(users, aliases=aliases, domains=["example.org"])


def test_an_alias_that_leads_nowhere_is_refused():
    with pytest.raises(AnsibleFilterError, match="the alias x@example.org leads nowhere"):
        mail_account_tables([], aliases=[{"address": "x@example.org", "to": []}], domains=["example.org"])


def test_faults_reach_the_user():
    with pytest.raises(AnsibleFilterError, match="add example.com to mail_domains"):
        mail_account_tables([{"address": "x@example.com"}], domains=["example.org"])


HOSTILE = [
    "a" * 300 + "@example.org",
    '"alice"@example.org',
    "alice;@example.org",
    "alice%d@example.org",
    "a*)(uid=*))(|(uid=*@example.org",
    "alice\\@example.org",
    "${home}@example.org",
    "a@b, c@example.org",
    "alice@example.org\nroot: mallory",
    "|/bin/sh@example.org",
    "-oops@example.org",
    "j\u00f6rg@example.org",
    "alice@exam_ple.org",
    "alice@fa\u00df.example",
]


@pytest.mark.parametrize("address", HOSTILE)
@pytest.mark.parametrize("key", ["address", "addresses", "senders", "forward_to", "alias", "to"])
def test_characters_that_tables_would_mistake_are_refused(address, key):
    user = {"address": "bob@example.org"}
    alias = {"address": "info@example.org", "to": ["bob@example.org"]}
    if key == "address":
        user["address"] = address
    elif key in ("alias", "to"):
        alias.update({"address": address} if key == "alias" else {"to": [address]})
    else:
        user[key] = [address]
    with pytest.raises(AnsibleFilterError, match="mail_(users|aliases): "):
        mail_account_tables([user], aliases=[alias], domains=["example.org"])


def test_internationalised_domains_become_labels_that_mail_servers_know():
    tables = mail_account_tables(
        [{"address": "Alice@B\u00fccher.example"}],
        aliases=[{"address": "@b\u00fccher.example", "to": ["alice@B\u00dcCHER.example"]}],
        domains=["b\u00fccher.example"],
    )
    assert tables["domains"] == ("xn--bcher-kva.example",)
    assert tables["mailboxes"] == {"alice@xn--bcher-kva.example": "alice@xn--bcher-kva.example"}
    assert tables["aliases"]["@xn--bcher-kva.example"] == "alice@xn--bcher-kva.example"


def test_keys_of_the_mail_store_are_left_to_it():
    user = {"address": "a@example.org", "password": "x", "quota": "1G", "rename_from": "b@example.org"}
    assert mail_account_tables([user], domains=["example.org"])["mailboxes"]


def test_a_suspended_account_is_put_off():
    tables = mail_account_tables([{"address": "a@example.org", "delivery": "suspend"}], domains=["example.org"])
    assert tables["transports"]["a@example.org"].startswith("retry:4.2.1 ")
    assert tables["mailboxes"]


@pytest.mark.parametrize("keep", [False, "no", "False"])
def test_mail_may_be_forwarded_without_a_copy(keep):
    user = {"address": "a@example.org", "forward_to": ["x@example.com"], "forward_keep_copy": keep}
    assert mail_account_tables([user], domains=["example.org"])["aliases"]["a@example.org"] == "x@example.com"


@pytest.mark.parametrize(
    ("user", "fault"),
    [
        ({"delivery": "later"}, "delivery of a@example.org in mail_users is 'later': write accept or suspend"),
        ({"state": "gone"}, "state of a@example.org in mail_users is 'gone': write one of present, disabled, absent"),
    ],
)
def test_words_that_mean_nothing_are_refused(user, fault):
    with pytest.raises(AnsibleFilterError, match=fault):
        mail_account_tables([{"address": "a@example.org", **user}], domains=["example.org"])


def test_all_faults_are_named_at_once():
    users = [{"address": "alice"}, {"address": "a@example.com"}, "bob@example.org"]
    aliases = [{"address": "x@example.org", "to": ["@example.org"]}, {"address": "y@example.org", "to": []}]
    with pytest.raises(AnsibleFilterError) as caught:
        mail_account_tables(users, aliases=aliases, domains=["example.org"])
    assert str(caught.value).count("; ") >= 4
    assert "add example.com to mail_domains" in str(caught.value)
    assert "only a whole domain can lead to a domain" in str(caught.value)
