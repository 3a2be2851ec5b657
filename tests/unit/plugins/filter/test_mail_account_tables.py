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


@pytest.mark.parametrize("listed", ["bob@example.org", ["bob"], ["a@example.org, b@example.org"], [7]])
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
