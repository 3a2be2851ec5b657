# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_upgrade_accounts as accounts
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_conf_output import parse

USERS = b"""# user:password:uid:gid:gecos:home:shell:extra fields
alice@example.org:{SHA512-CRYPT}$6$abcdefgh$hush::::::userdb_quota_rule=*:storage=2G
bob@example.org:{md5-crypt}$1$abcdefgh$hush::::::
carol@example.org:$1$abcdefgh$hush::::::userdb_quota_rule=*:storage=3G userdb_mail=maildir:/srv/x nologin
dave@example.org:{PLAIN-MD5.HEX}hush::::::userdb_home=/x userdb_acl_groups=a
erin@example.org:{LANMAN}hush::::::
frank@example.org::::::
"""


@pytest.mark.parametrize(
    ("password", "default", "scheme"),
    [
        ("{SHA512-CRYPT}$6$a$b", "CRYPT", "SHA512-CRYPT"),
        ("{crypt}$6$a$b", "PLAIN", "SHA512-CRYPT"),
        ("{CRYPT}$1$a$b", "PLAIN", "MD5-CRYPT"),
        ("{CRYPT}$2y$05$b", "PLAIN", "BLF-CRYPT"),
        ("{CRYPT}$y$j9T$b", "PLAIN", "CRYPT"),
        ("x6y/qHC4PsgBs", "CRYPT", "DES-CRYPT"),
        ("{SSHA.b64}abc", "CRYPT", "SSHA"),
        ("secret", "PLAIN", "PLAIN"),
        ("{no brace", "PLAIN", "PLAIN"),
    ],
)
def test_the_scheme_is_read_from_the_password(password, default, scheme):
    assert accounts.scheme_of(password, default) == scheme


@pytest.mark.parametrize(
    ("scheme", "refused"),
    [("MD5-CRYPT", True), ("PLAIN-MD5", True), ("LANMAN", True), ("SSHA", False), ("PLAIN", False), ("CRYPT", False)],
)
def test_which_schemes_2_4_refuses(scheme, refused):
    assert accounts.is_refused(scheme) is refused


def test_sources_are_found_in_order():
    body = parse(
        "userdb {\n  driver = passwd-file\n  args = /etc/b\n}\n"
        "passdb {\n  driver = passwd-file\n  args = scheme=SHA1 username_format=%n /etc/%d/a\n}\n"
        "passdb {\n  driver = passwd-file\n  deny = yes\n  args = /etc/deny\n}\n"
        "passdb {\n  driver = shadow\n}\n"
        "passdb {\n  driver = pam\n}\n"
        "passdb {\n  driver = sql\n  args = /etc/sql\n}\n"
        "passdb {\n  driver = ldap\n  args = /etc/ldap-bind\n}\n"
        "passdb {\n  driver = ldap\n  args = /etc/ldap\n}\n"
    )
    externals = {
        "/etc/sql": parse("driver = pgsql\n"),
        "/etc/ldap-bind": parse("auth_bind = yes\n"),
        "/etc/ldap": parse("default_pass_scheme = SSHA\n"),
    }
    found = [(source.path, source.driver, source.default_scheme) for source in accounts.sources_of(body, externals)]
    assert found == [
        ("/etc/%d/a", "passwd-file", "SHA1"),
        ("/etc/shadow", "shadow", "CRYPT"),
        ("/etc/sql", "sql", "MD5"),
        ("/etc/ldap", "ldap", "SSHA"),
        ("/etc/b", "passwd-file", ""),
    ]


def test_accounts_of_a_passwd_file_are_judged():
    source = accounts.Source("/etc/dovecot/users", "passwd-file", "CRYPT")
    found = accounts.judge_passwd_file(source, source.path, USERS)
    assert [(one.user, one.scheme) for one in found.refused] == [
        ("bob@example.org", "MD5-CRYPT"),
        ("carol@example.org", "MD5-CRYPT"),
        ("dave@example.org", "PLAIN-MD5"),
        ("erin@example.org", "LANMAN"),
    ]
    assert "does not know" in found.refused[-1].remedy
    assert [(one.scheme, one.accounts, one.refused) for one in found.schemes] == [
        ("LANMAN", 1, True),
        ("MD5-CRYPT", 2, True),
        ("PLAIN-MD5", 1, True),
        ("SHA512-CRYPT", 1, False),
    ]
    assert [str(fault) for fault in found.faults] == [
        "/etc/dovecot/users: userdb_quota_rule: is a field that Dovecot 2.4 ignores, in 2 accounts "
        "(alice@example.org, carol@example.org). "
        "Write userdb_quota_storage_size with the size alone (1G for *:storage=1G).",
        "/etc/dovecot/users: userdb_mail: is a field that Dovecot 2.4 ignores, in 1 account (carol@example.org). "
        "Write userdb_mail_driver and userdb_mail_path.",
    ]
    assert "hush" not in repr(found)


def test_passwords_of_a_userdb_are_not_judged():
    source = accounts.Source("/etc/dovecot/users", "passwd-file", "")
    found = accounts.judge_passwd_file(source, source.path, USERS)
    assert (found.refused, found.schemes, len(found.faults)) == ((), (), 2)


def test_many_accounts_are_counted_and_not_all_named():
    lines = "".join(f"u{number}:{{PLAIN}}x::::::userdb_lazy_expunge=X\n" for number in range(9))
    source = accounts.Source("/u", "passwd-file", "CRYPT")
    fault = accounts.judge_passwd_file(source, "/u", lines.encode()).faults[0]
    assert "in 9 accounts (u0, u1, u2, u3, u4, and more)" in fault.cause
    assert fault.remedy == "Write userdb_lazy_expunge_mailbox."


def test_a_passwd_file_with_an_account_twice_is_named():
    source = accounts.Source("/u", "passwd-file", "CRYPT")
    found = accounts.judge_passwd_file(source, "/u", b"a:x\na:y\n")
    assert "stands on line 1 and on line 2" in found.faults[0].cause


def test_locked_accounts_of_the_system_are_left_out():
    shadow = b"root:*:1::::::\nold:$1$abcdefgh$hush:1::::::\nnew:$y$j9T$hush:1::::::\nlocked:!$1$hush:1::::::\nx::1:\n"
    found = accounts.judge_shadow(shadow)
    assert [(one.user, one.scheme) for one in found.refused] == [("old", "MD5-CRYPT")]
    assert "passdb pam" in found.refused[0].remedy
    assert [(one.scheme, one.accounts) for one in found.schemes] == [("CRYPT", 1), ("MD5-CRYPT", 1)]


@pytest.mark.parametrize(("default", "scheme"), [("CRYPT", "CRYPT"), ("md5", "MD5"), ("SSHA", "SSHA")])
def test_of_a_database_the_default_scheme_is_known(default, scheme):
    found = accounts.judge_database(accounts.Source("/etc/sql", "sql", default))
    assert found.schemes == (accounts.SchemeCount("/etc/sql", scheme, None),)
    assert [fault.setting for fault in found.faults] == ["/etc/sql: default_pass_scheme"] * (scheme == "MD5")
