from __future__ import annotations

import datetime

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter import (
    mail_aliases_from_aliases_file,
    mail_users_from_csv,
    mail_users_from_passwd_file,
    mail_users_from_rows,
    mail_users_to_csv,
)

from_csv = mail_users_from_csv.FilterModule().filters()["mail_users_from_csv"]
to_csv = mail_users_to_csv.FilterModule().filters()["mail_users_to_csv"]
from_passwd = mail_users_from_passwd_file.FilterModule().filters()["mail_users_from_passwd_file"]
from_rows = mail_users_from_rows.FilterModule().filters()["mail_users_from_rows"]
from_aliases = mail_aliases_from_aliases_file.FilterModule().filters()["mail_aliases_from_aliases_file"]

USERS = [
    {
        "address": "alice@example.org",
        "password": 'a,"b;',
        "name": "Alice, A.",
        "addresses": ["al@example.org", "a@example.org"],
    },
    {"address": "bob@example.org", "quota": "1G", "state": "disabled", "forward_keep_copy": False},
]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_comes_back_as_it_was(delimiter):
    assert from_csv(to_csv(USERS, delimiter), delimiter) == USERS


def test_columns_that_nobody_uses_are_left_out():
    assert to_csv([{"address": "a@example.org", "quota": None, "app_passwords": [1]}]) == "address\na@example.org\n"
    assert from_csv("\ufeffaddress, quota\r\na@example.org,\r\n\r\n") == [{"address": "a@example.org"}]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it needs address"),
        ("name\nAlice\n", "it needs address"),
        ("address,mail\n", "may name password"),
        ("address,name\na@example.org\n", "line 2 has another number of cells"),
        ("address,name\na@example.org,b,c\n", "line 2 has another number of cells"),
        ("address,name\n,Alice\n", "line 2 has no address"),
        ("address,forward_keep_copy\na@example.org,perhaps\n", "line 2: forward_keep_copy is 'perhaps'"),
        ('address\n"a@example.org', "unexpected end of data"),
    ],
)
def test_tables_that_do_not_fit_are_refused(text, fault):
    with pytest.raises(AnsibleFilterError, match=fault):
        from_csv(text)


def test_accounts_of_a_passwd_file():
    text = (
        "# accounts\n"
        "Alice@example.org:{PLAIN}x:5000:5000:Alice:/a::userdb_quota_rule=*:storage=1G allow_nets=192.0.2.1 note=1\n"
        "bob:$6$salt$hash::::::nologin allow_nets=255.255.255.255/32\n"
        "carol@example.org:{PLAIN}y::::::userdb_quota_storage_size=unlimited expires=2027-01-01 userdb_mail\n"
    )
    assert from_passwd(text, domain="example.net") == [
        {
            "address": "alice@example.org",
            "password_hash": "{PLAIN}x",
            "name": "Alice",
            "home": "/a",
            "allow_nets": ["192.0.2.1"],
            "quota": "1G",
            "extra_fields": {"note": "1"},
        },
        {"address": "bob@example.net", "password_hash": "{CRYPT}$6$salt$hash", "state": "disabled"},
        {
            "address": "carol@example.org",
            "password_hash": "{PLAIN}y",
            "expires": "2027-01-01",
            "quota": "0",
            "extra_fields": {"userdb_mail": ""},
        },
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("bob:x\n", "bob has no domain: say which in domain"),
        ("a*b@example.org:x\n", "cannot name a mailbox"),
        ("a@example.org:x\na@example.org:y\n", "stands on line 1 and on line 2"),
    ],
)
def test_passwd_files_that_do_not_fit_are_refused(text, fault):
    with pytest.raises(AnsibleFilterError, match=fault):
        from_passwd(text)


def test_aliases_of_a_file():
    text = '# aliases\nPostmaster: root\nroot:\talice,\n  # not this\n  bob@example.com\n"info": \\carol, "dave"\n'
    assert from_aliases(text, domain="example.org") == [
        {"address": "postmaster@example.org", "to": ["root@example.org"]},
        {"address": "root@example.org", "to": ["alice@example.org", "bob@example.com"]},
        {"address": "info@example.org", "to": ["carol@example.org", "dave@example.org"]},
    ]


def test_targets_that_are_no_addresses_are_all_named():
    text = 'a: "|/usr/bin/prog, x"\nb: /var/spool/file\nc: :include:/etc/list\nnonsense\n'
    with pytest.raises(AnsibleFilterError) as caught:
        from_aliases(text, domain="example.org")
    for fault in ("line 1 delivers to |/usr/bin/prog, x", "line 2 delivers to /var", "line 3 delivers", "line 4 is no"):
        assert fault in str(caught.value)


MAILBOXES = {"address": "username", "password_hash": "password", "name": "name", "quota": "quota", "active": "active"}


@pytest.mark.parametrize(
    ("row", "user"),
    [
        (
            {"username": "Al@example.org", "password": "$1$x", "name": "Al", "quota": 1024, "active": True, "more": 1},
            {"address": "al@example.org", "password_hash": "{CRYPT}$1$x", "name": "Al", "quota": "1024"},
        ),
        (
            {"username": "al", "password": "{SSHA}x", "name": None, "quota": 0, "active": 0},
            {"address": "al@example.net", "password_hash": "{SSHA}x", "quota": "0", "state": "disabled"},
        ),
        (
            {"username": "al", "password": "", "name": "", "quota": None, "active": "f"},
            {"address": "al@example.net", "state": "disabled"},
        ),
    ],
)
def test_rows_of_a_database(row, user):
    assert from_rows([row], columns=MAILBOXES, domain="example.net") == [user]


def test_columns_with_the_names_of_keys():
    rows = [
        {
            "address": "al@example.org",
            "expires": datetime.datetime(2027, 1, 31, 12, 0),
            "forward_to": "b@example.org,c@example.org",
            "allow_nets": ["192.0.2.1"],
            "forward_keep_copy": False,
            "id": 7,
        },
        {"address": "bo@example.org", "expires": "2027-01-31T00:00:00", "active": "t"},
    ]
    assert from_rows(rows) == [
        {
            "address": "al@example.org",
            "expires": "2027-01-31",
            "forward_to": ["b@example.org", "c@example.org"],
            "allow_nets": ["192.0.2.1"],
            "forward_keep_copy": False,
        },
        {"address": "bo@example.org", "expires": "2027-01-31"},
    ]
    assert from_rows([]) == []


def test_rows_that_do_not_fit_are_refused_all_at_once():
    rows = [
        {"a": "x@example.org", "b": 1},
        {"a": None, "b": 1},
        {"a": "y", "b": 1},
        {"a": "x@example.org", "b": "2"},
        {},
    ]
    with pytest.raises(AnsibleFilterError) as caught:
        from_rows(rows, columns={"address": "a", "active": "b"})
    for fault in ("row 2 has no address", "row 3: y has no domain", "row 4: active is '2'", "row 5 has no column a, b"):
        assert fault in str(caught.value)
    assert "row 1" not in str(caught.value)
    with pytest.raises(AnsibleFilterError, match="columns has mail, which no account has"):
        from_rows([], columns={"mail": "x"})
