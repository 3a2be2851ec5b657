from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter import (
    mail_aliases_from_aliases_file,
    mail_users_from_csv,
    mail_users_from_passwd_file,
    mail_users_to_csv,
)

from_csv = mail_users_from_csv.FilterModule().filters()["mail_users_from_csv"]
to_csv = mail_users_to_csv.FilterModule().filters()["mail_users_to_csv"]
from_passwd = mail_users_from_passwd_file.FilterModule().filters()["mail_users_from_passwd_file"]
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
