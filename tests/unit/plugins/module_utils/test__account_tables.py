from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._account_inventory import Account, Alias
from ansible_collections.postmaster.mail.plugins.module_utils._account_tables import (
    AccountTableError,
    AccountTables,
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
        ({"aliases": (Alias("@example.org", ("nobody@example.org",)),)}, "loop: @example.org -> @example.org"),
        (
            {"accounts": (Account("a@example.org", addresses=("bob@example.org",)), BOB)},
            "bob@example.org, one of the addresses of a@example.org, is an account as well",
        ),
        (
            {
                "accounts": (
                    Account("a@example.org", addresses=("x@example.org",)),
                    Account("b@example.org", ("x@example.org",)),
                )
            },
            "x@example.org, one of the addresses of b@example.org, is one of the addresses of a@example.org as well",
        ),
        ({"accounts": (Account("a@example.org", addresses=("x@example.com",)),)}, "x@example.com is in no domain"),
        (
            {
                "accounts": (Account("a@example.org", forward_to=("x@example.com",)),),
                "aliases": (Alias("a@example.org", ("a@example.org", "y@example.com")),),
            },
            "forwarded by both an alias and forward_to",
        ),
        (
            {
                "accounts": (
                    Account("a@example.org", forward_to=("b@example.org",), keep_copy=False),
                    Account("b@example.org", forward_to=("a@example.org",), keep_copy=False),
                )
            },
            "loop: a@example.org -> b@example.org -> a@example.org",
        ),
        ({"aliases": (Alias("@example.org", ("@example.com",)),)}, "unknown recipients could not be refused"),
        (
            {
                "domains": ("example.org", "example.net"),
                "aliases": (Alias("@example.org", ("@example.net",)), Alias("@example.net", ("@example.org",))),
            },
            "domains form a loop: @example.org -> @example.net -> @example.org",
        ),
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


def test_further_addresses_lead_to_the_account_and_may_be_sent_from():
    built = tables(accounts=(Account("alice@example.org", addresses=("al@example.org",)),))
    assert built.aliases["al@example.org"] == "alice@example.org"
    assert built.sender_logins["al@example.org"] == "alice@example.org"


def test_forwarding_keeps_a_copy_or_not():
    forward = ("x@example.com",)
    kept = tables(accounts=(Account("alice@example.org", forward_to=forward),))
    moved = tables(accounts=(Account("alice@example.org", forward_to=forward, keep_copy=False),))
    assert kept.aliases["alice@example.org"] == "alice@example.org, x@example.com"
    assert moved.aliases["alice@example.org"] == "x@example.com"
    assert moved.mailboxes == kept.mailboxes


def test_a_domain_that_leads_to_another_has_its_addresses_and_no_more():
    built = tables(
        accounts=(ALICE, Account("bob@example.org", addresses=("b@example.org",)), Account("own@example.net")),
        aliases=(
            Alias("info@example.org", ("alice@example.org",)),
            Alias("@example.net", ("@example.org",)),
            Alias("@example.com", ("@example.net",)),
        ),
        domains=("example.com", "example.net", "example.org"),
    )
    assert built.aliases["alice@example.net"] == "alice@example.org"
    assert built.aliases["info@example.net"] == "info@example.org"
    assert built.aliases["postmaster@example.net"] == "postmaster@example.org"
    assert built.aliases["own@example.com"] == "own@example.net"
    assert built.aliases["b@example.com"] == "b@example.net"
    assert "own@example.net" not in built.aliases
    assert not [address for address in built.aliases if address.startswith("@")]
    assert built.sender_logins["b@example.com"] == "bob@example.org"
    assert "info@example.net" not in built.sender_logins


def test_a_catch_all_is_followed_by_the_domain_that_leads_there_without_its_mailboxes():
    built = tables(
        accounts=(ALICE, Account("own@example.net")),
        aliases=(Alias("@example.org", ("alice@example.org",)), Alias("@example.net", ("@example.org",))),
        domains=("example.net", "example.org"),
    )
    assert built.aliases["@example.net"] == "alice@example.org"
    assert built.aliases["own@example.net"] == "own@example.net"


def test_aliases_may_lead_to_accounts_that_are_elsewhere():
    aliases = (
        Alias("team@example.org", ("carol@example.org",)),
        Alias("@example.org", ("dave@example.org",)),
        Alias("@example.net", ("@example.org",)),
    )
    built = build_account_tables(
        accounts=(),
        aliases=aliases,
        domains=("example.org", "example.net"),
        postmaster="erin@example.org",
        complete=False,
    )
    assert built.aliases["team@example.org"] == "carol@example.org"
    assert built.aliases["@example.org"] == "dave@example.org"
    assert built.aliases["postmaster@example.org"] == "erin@example.org"
    loop = (Alias("a@example.org", ("b@example.org",)), Alias("b@example.org", ("a@example.org",)))
    with pytest.raises(AccountTableError, match="form a loop"):
        build_account_tables(accounts=(), aliases=loop, domains=("example.org",), postmaster=None, complete=False)


def test_every_account_of_a_domain_is_reached_in_its_alias_domain():
    accounts = [Account(f"user{number}@example.org") for number in range(1_000)]
    built = tables(
        accounts=accounts, aliases=(Alias("@example.net", ("@example.org",)),), domains=("example.org", "example.net")
    )
    assert all(built.aliases[f"user{number}@example.net"] == f"user{number}@example.org" for number in range(1_000))
