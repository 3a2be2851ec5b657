# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _account
from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError, Wish

NOTHING: dict[str, t.Any] = dict.fromkeys(
    (
        "password",
        "password_hash",
        "update_password",
        "quota",
        "home",
        "on_remove",
        "name",
        "allow_nets",
        "extra_fields",
        "rename_from",
        "expires",
        "app_passwords",
    )
)

GOOD_ADDRESSES = [
    ("alice@example.org", "alice@example.org"),
    (" Alice.B@Example.ORG ", "alice.b@example.org"),
    ("Alice@Bücher.example", "alice@xn--bcher-kva.example"),
    ("o'brien+tag=x@xn--bcher-kva.example", "o'brien+tag=x@xn--bcher-kva.example"),
    ("root@localhost", "root@localhost"),
]
BAD_ADDRESSES = [
    ("alice", "not a full address"),
    ("@example.org", "not a full address"),
    ("alice@", "not a full address"),
    ("jörg@example.org", "outside ASCII"),
    ("alice@faß.example", "write xn-- labels"),
    ("alice@bücher..example", "no internationalised domain"),
    ("älice@example.org", "outside ASCII"),
    ("../etc@example.org", "cannot name a mailbox"),
    ("a/b@example.org", "cannot name a mailbox"),
    ("a:b@example.org", "cannot name a mailbox"),
    ("a*@example.org", "cannot name a mailbox"),
    ("%u@example.org", "cannot name a mailbox"),
    ("#a@example.org", "cannot name a mailbox"),
    ("-a@example.org", "cannot name a mailbox"),
    ("a..b@example.org", "cannot name a mailbox"),
    (".a@example.org", "cannot name a mailbox"),
    ("a b@example.org", "cannot name a mailbox"),
    ("a\n@example.org", "cannot name a mailbox"),
    ("a@b@example.org", "cannot name a mailbox"),
    (f"{'a' * 65}@example.org", "cannot name a mailbox"),
    ("a@exa_mple.org", "not a host name"),
    ("a@-example.org", "not a host name"),
    ("a@example..org", "not a host name"),
    ("a@example.org.", "not a host name"),
    (f"a@{'b' * 64}.org", "not a host name"),
]
QUOTAS = [
    ("0", 0, "0"),
    ("1G", 1 << 30, "1G"),
    ("1024M", 1 << 30, "1G"),
    ("100k", 102400, "100K"),
    ("1000", 1000, "1000B"),
]
TOKENS = [
    ("userdb_quota_rule=*:storage=1G", 1 << 30),
    ("userdb_quota_rule=*:storage=2048", 2 << 20),
    ("userdb_quota_rule=*:storage=0", 0),
    ("userdb_quota_rule=*:storage=10%", None),
    ("userdb_quota_rule=*:storage=1G:messages=9", None),
    ("userdb_quota_rule=Trash:storage=1G", None),
    ("userdb_quota_storage_size=1G", 1 << 30),
    ("userdb_quota_storage_size=2048", 2048),
    ("userdb_quota_storage_size=unlimited", 0),
    ("userdb_quota_storage_size=much", None),
    ("nologin", None),
]


def wish(**options: t.Any) -> Wish:
    given = {"address": "a@example.org", "state": "present", **NOTHING, **options}
    return _account.parse_wish(given, update_password="on_create", on_remove="archive")


@pytest.mark.parametrize(("text", "address"), GOOD_ADDRESSES)
def test_address(text: str, address: str) -> None:
    assert _account.parse_address(text) == address


@pytest.mark.parametrize(("text", "error"), BAD_ADDRESSES)
def test_bad_address(text: str, error: str) -> None:
    with pytest.raises(AccountError, match=error):
        _account.parse_address(text)


@pytest.mark.parametrize(("text", "limit", "_spelling"), QUOTAS)
def test_quota(text: str, limit: int, _spelling: str) -> None:
    assert _account.parse_quota(text) == limit


@pytest.mark.parametrize(("_text", "limit", "spelling"), QUOTAS)
def test_quota_token_survives_reading(_text: str, limit: int, spelling: str) -> None:
    assert _account.quota_token(limit, grammar_2_4=False) == f"userdb_quota_rule=*:storage={spelling}"
    for grammar_2_4 in (False, True):
        assert _account.read_quota(_account.quota_token(limit, grammar_2_4=grammar_2_4)) == limit


@pytest.mark.parametrize(("token", "limit"), TOKENS)
def test_read_quota(token: str, limit: int | None) -> None:
    assert _account.read_quota(token) == limit


def test_defaults_of_the_task() -> None:
    assert (wish().update_password, wish().on_remove) == ("on_create", "archive")
    assert wish(update_password="always", on_remove="delete").on_remove == "delete"


def test_extra_fields() -> None:
    fields = {"flag": "", "gone": None, "yes_no": True, "number": 5, "text": "a:b"}
    assert wish(extra_fields=fields).extra_fields == (
        ("flag", "flag"),
        ("gone", None),
        ("yes_no", "yes_no=yes"),
        ("number", "number=5"),
        ("text", "text=a:b"),
    )


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"quota": "1.5G"}, "is not a size"),
        ({"quota": "-1"}, "is not a size"),
        ({"password": ""}, "password is empty"),
        ({"password": "a\nb"}, "control character"),
        ({"password_hash": "$6$x"}, "is not of the form"),
        ({"password_hash": "{PLAIN}a:b"}, "is not of the form"),
        ({"name": "a:b"}, "colon or control"),
        ({"home": "relative"}, "absolute path"),
        ({"home": "/a:b"}, "absolute path"),
        ({"allow_nets": ["example.org"]}, "neither a network"),
        ({"extra_fields": {"a-b": 1}}, "is not a field name"),
        ({"extra_fields": {"a": "b c"}}, "holds a blank"),
        ({"extra_fields": {"nologin": None}}, "state: disabled"),
        ({"extra_fields": {"userdb_quota_rule": "x"}}, "use quota"),
    ],
)
def test_bad_option_names_the_account(options: dict[str, t.Any], error: str) -> None:
    with pytest.raises(AccountError, match=f"a@example.org: .*{error}"):
        wish(**options)


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(wish(password="secret")) + repr(wish(password_hash="{PLAIN}secret"))


def test_bad_secret_is_not_shown() -> None:
    with pytest.raises(AccountError) as caught:
        wish(password_hash="secret:hash")
    assert "secret" not in str(caught.value)


def test_address_twice() -> None:
    with pytest.raises(AccountError, match="named twice"):
        _account.check_duplicates([wish(), wish(address="A@Example.org")])


def app_password(**options: t.Any) -> dict[str, t.Any]:
    given = {"name": "phone", "password": None, "password_hash": None, "services": [], "allow_nets": []}
    return {**given, "state": "present", **options}


def test_app_passwords() -> None:
    entries = [
        app_password(password="secret", services=["smtp", "imap"], allow_nets=["192.0.2.0/24"]),
        app_password(name="old", state="absent"),
        app_password(name="tablet", password_hash="{PLAIN}x"),
    ]
    phone, tablet = wish(app_passwords=entries).app_passwords or ()
    assert (phone.name, phone.services, phone.allow_nets) == ("phone", ("imap", "smtp"), ("192.0.2.0/24",))
    assert tablet.services == ("imap", "pop3", "smtp", "sieve")
    assert "secret" not in repr(phone)


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        ([app_password(name="a:b")], "is no name"),
        ([app_password(name=" ")], "is no name"),
        ([app_password(), app_password(state="absent")], "'phone' is named twice"),
        ([app_password(password_hash="x")], "app_passwords: phone: password_hash is not of the form"),
        ([app_password(allow_nets=["x"])], "app_passwords: phone: allow_nets: 'x' is neither"),
    ],
)
def test_bad_app_passwords(entries: list[dict[str, t.Any]], error: str) -> None:
    with pytest.raises(AccountError, match=error):
        wish(app_passwords=entries)


@pytest.mark.parametrize("day", ["never", "2027-01-31"])
def test_day(day: str) -> None:
    assert wish(expires=day).expires == day


@pytest.mark.parametrize("day", ["", "tomorrow", "2027-02-30", "31.01.2027"])
def test_bad_day(day: str) -> None:
    with pytest.raises(AccountError, match="is no day"):
        wish(expires=day)


def test_former_address_is_read_as_addresses_are() -> None:
    assert wish(rename_from="Old@Example.ORG").rename_from == "old@example.org"
    with pytest.raises(AccountError, match="rename_from is the address itself"):
        wish(rename_from="A@example.org")


@pytest.mark.parametrize(
    ("wishes", "error"),
    [
        ((Wish("a@example.org", rename_from="b@example.org"), Wish("b@example.org")), "is an account of its own and"),
        (
            (Wish("a@example.org", rename_from="o@example.org"), Wish("b@example.org", rename_from="o@example.org")),
            "o@example.org is rename_from of both a@example.org and b@example.org",
        ),
    ],
)
def test_former_addresses_that_contradict(wishes: tuple[Wish, ...], error: str) -> None:
    with pytest.raises(AccountError, match=error):
        _account.check_duplicates(wishes)
