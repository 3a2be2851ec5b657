from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._account_tables import (
    Account,
    AccountTableError,
    AccountTables,
    Alias,
    build_account_tables,
)

ALICE = Account(address="alice@example.org")
BOB = Account(address="bob@example.org", senders=("sales@example.org",))


def tables(*, accounts=(ALICE, BOB), aliases=(), domains=("example.org",), postmaster=None) -> AccountTables:
    return build_account_tables(accounts=accounts, aliases=aliases, domains=domains, postmaster=postmaster)


def test_every_account_is_a_mailbox_and_owns_its_address():
    built = tables()
    assert built.mailboxes == {"alice@example.org": "alice@example.org", "bob@example.org": "bob@example.org"}
    assert built.sender_logins == {
        "alice@example.org": "alice@example.org",
        "bob@example.org": "bob@example.org",
        "sales@example.org": "bob@example.org",
    }


def test_a_sender_shared_by_two_accounts_lists_both():
    carol = Account(address="carol@example.org", senders=("sales@example.org",))
    assert tables(accounts=(BOB, carol)).sender_logins["sales@example.org"] == "bob@example.org, carol@example.org"


def test_postmaster_and_abuse_of_each_domain_and_root_are_answered():
    built = tables(domains=("example.org", "example.net"))
    assert built.aliases == {
        "abuse@example.net": "alice@example.org",
        "abuse@example.org": "alice@example.org",
        "postmaster@example.net": "alice@example.org",
        "postmaster@example.org": "alice@example.org",
        "root": "alice@example.org",
        "postmaster": "alice@example.org",
        "abuse": "alice@example.org",
    }


def test_a_named_postmaster_is_kept():
    built = tables(aliases=(Alias("postmaster@example.org", ("bob@example.org",)),), postmaster="alice@example.org")
    assert built.aliases["postmaster@example.org"] == "bob@example.org"
    assert built.aliases["abuse@example.org"] == "alice@example.org"


def test_a_server_without_accounts_has_empty_tables():
    assert tables(accounts=()) == AccountTables(domains=("example.org",))


def test_a_catch_all_leaves_every_mailbox_its_mail():
    built = tables(aliases=(Alias("@example.org", ("bob@example.org",)),))
    assert built.aliases["@example.org"] == "bob@example.org"
    assert built.aliases["alice@example.org"] == "alice@example.org"
    assert built.aliases["bob@example.org"] == "bob@example.org"


def test_an_alias_may_keep_a_copy_in_the_mailbox_of_its_own_address():
    built = tables(aliases=(Alias("alice@example.org", ("alice@example.org", "alice@example.com")),))
    assert built.aliases["alice@example.org"] == "alice@example.org, alice@example.com"


def test_targets_in_other_domains_are_not_judged():
    assert tables(aliases=(Alias("away@example.org", ("x@example.com",)),)).aliases["away@example.org"]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"accounts": (ALICE, ALICE)}, "account alice@example.org is listed more than once"),
        ({"aliases": (Alias("a@example.org", ("bob@example.org",)),) * 2}, "alias a@example.org is listed more"),
        ({"accounts": (Account("x@example.com"),)}, "x@example.com is in no domain of this server: add example.com"),
        ({"aliases": (Alias("alice@example.org", ("bob@example.org",)),)}, "would take all mail from the mailbox"),
        ({"aliases": (Alias("a@example.org", ("nobody@example.org",)),)}, "leads to nobody@example.org, which is"),
        (
            {"aliases": (Alias("a@example.org", ("b@example.org",)), Alias("b@example.org", ("a@example.org",)))},
            "aliases form a loop: a@example.org -> b@example.org -> a@example.org",
        ),
        ({"aliases": (Alias("a@example.org", ("a@example.org",)),)}, "loop: a@example.org -> a@example.org"),
    ],
)
def test_contradictions_are_refused(arguments, fault):
    with pytest.raises(AccountTableError) as caught:
        tables(**arguments)
    assert fault in str(caught.value)


def test_a_long_chain_of_nested_aliases_is_no_loop():
    chain = [Alias(f"a{number}@example.org", (f"a{number + 1}@example.org",)) for number in range(2000)]
    built = tables(aliases=(*chain, Alias("a2000@example.org", ("bob@example.org",))))
    assert built.aliases["a2000@example.org"] == "bob@example.org"


def test_all_faults_are_named_at_once():
    with pytest.raises(AccountTableError) as caught:
        tables(accounts=(ALICE, ALICE), aliases=(Alias("a@example.org", ("nobody@example.org",)),))
    assert len(caught.value.faults) == 2
