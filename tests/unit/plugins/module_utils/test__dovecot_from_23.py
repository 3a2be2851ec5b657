# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import textwrap

import pytest
import yaml

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23 import external_paths, to_24
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_removed import minimum_protocol
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_variables import (
    has_variables,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23_variables import (
    to_24 as variables_to_24,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import GLOBAL_ROWS, PLUGIN_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate import translate
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, build, parse, render
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_variables import UnknownVariableError

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
SAMPLES = {
    "same": ("5", "5"),
    "literal": ("a%b", "a%b"),
    "invert": ("no", "yes"),
    "file": ("</x.pem", "/x.pem"),
    "list": ("a, b", "a b"),
    "zero": ("0", "unlimited"),
    "ciphers": ("no", "client"),
    "allow": ("allow", "yes"),
    "seconds": ("5 mins", "300"),
}
VARS = pathlib.Path(__file__).parents[3] / "integration" / "targets" / "dovecot_setting" / "vars"
DATA = {key: value for path in VARS.glob("table_*.yml") for key, value in yaml.safe_load(path.read_text()).items()}
FILES = DATA.pop("dovecot_setting_table_files")
TABLE = [row for rows in DATA.values() for row in rows]
PREFIX = "/etc/dovecot/dovecot"


def text(body):
    return "\n".join(line.text for line in render(body))


def converted(source):
    result = to_24(parse(textwrap.dedent(source)), FILES)
    assert not result.without_successor, [str(fault) for fault in result.without_successor]
    return text(result.tree)


@pytest.mark.parametrize("row", [row for row in GLOBAL_ROWS if row.old != row.new], ids=lambda row: row.old)
def test_every_global_row(row):
    given, wanted = SAMPLES[row.how]
    assert converted(f"{row.old} = {given}") == f"{row.new} = {wanted}"
    wanted_inside = f"protocol imap {{\n  {row.new} = {wanted}\n}}"
    assert converted(f"protocol imap {{\n{row.old} = {given}\n}}") == wanted_inside


@pytest.mark.parametrize("row", PLUGIN_ROWS, ids=lambda row: row.old)
def test_every_plugin_row(row):
    given, wanted = SAMPLES[row.how]
    tree = converted(f"plugin {{\n{row.old} = {given}\n}}")
    if row.new == "sieve_plugins":
        assert "sieve_plugins {" in tree
    elif row.new == "quota_storage_grace":
        assert tree == "quota_storage_grace = 5k"
    else:
        assert tree == f"{row.new} = {wanted}"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["old"].splitlines()[0])
def test_every_other_row_from_23(row):
    assert converted(row["old"]) + "\n" == row["new"]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["old"].splitlines()[0])
def test_every_other_row_to_23(row):
    result = translate(parse(row["new"]), PREFIX)
    assert not result.faults, [str(fault) for fault in result.faults]
    assert text(result.body) + "\n" == row.get("again", row["old"])


def test_sizes_joined_by_mysql():
    sql = (
        "driver = mysql\nconnect = host=db user=mail pass=s3cret\n"
        "user_query = SELECT CONCAT('*:storage=', q) AS quota_rule"
    )
    body = parse("userdb {\n  driver = sql\n  args = /sql\n}")
    result = to_24(body, {"/sql": sql})
    assert "CONCAT(q, 'k') AS quota_storage_size" in text(result.tree)
    assert "mysql db {\n    user = mail\n    password = s3cret\n  }" in text(result.tree)
    assert any("unit" in note.check for note in result.notes)


def test_tls_of_mysql_stays():
    sql = (
        "driver = mysql\nconnect = host=db user=mail ssl_ca=/ca.pem ssl_verify_server_cert=yes option_file=/my.cnf "
        "read_timeout=5\npassword_query = SELECT 1 AS password"
    )
    result = to_24(parse("passdb {\n  driver = sql\n  args = /sql\n}"), {"/sql": sql})
    assert (
        "mysql db {\n    user = mail\n    option_file = /my.cnf\n    read_timeout = 5 secs\n    mysql_ssl = yes\n"
        "    ssl_client_ca_file = /ca.pem\n    ssl_client_require_valid_cert = yes\n  }"
    ) in text(result.tree)


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        pytest.param(
            "passdb {\n  driver = sql\n  args = /sql\n}\nuserdb {\n  driver = sql\n  args = /sql\n}",
            [
                "  pgsql db1.example.org {\n    parameters {\n      dbname = mail\n      user = mail\n",
                "  pgsql db2.example.org {",
                "connection_limit = 5",
                "default_password_scheme = MD5",
                "quota || 'M' AS userdb_quota_storage_size FROM users WHERE a = '%{user | lower}'",
                "SELECT 'maildir' AS mail_driver, '/srv/' || home AS mail_path, uid FROM",
                "iterate_query = SELECT username FROM users",
            ],
            id="sql with several hosts",
        ),
        pytest.param(
            "userdb {\n  driver = ldap\n  args = /ldap\n}",
            [
                "filter = (&(objectClass=posixAccount)(uid=%{user}))",
                "home = %{ldap:homeDirectory}",
                "uid = vmail",
                "quota_storage_size = %{ldap:quota | default('0')}B",
                "iterate_fields {\n    user = %{ldap:uid}",
            ],
            id="ldap of users",
        ),
    ],
)
def test_databases(source, parts):
    tree = converted(source)
    assert [part for part in parts if part not in tree] == []


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ("*:bytes=%$", "%{ldap:quota | default('524288000')}B"),
        ("*:storage=%$", "%{ldap:quota | default('512000')}k"),
        ("*:storage=%$G", "%{ldap:quota | default('1')}G"),
    ],
)
def test_an_entry_without_a_quota_has_that_of_all(rule, field):
    ldap = f"uris = ldap://ldap.example.org\nbase = dc=example\nuser_attrs = homeDirectory=home,quota=quota_rule={rule}"
    body = "plugin {\n  quota = count:u\n  quota_rule = *:storage=500M\n}\nuserdb {\n  driver = ldap\n  args = /ldap\n}"
    result = to_24(parse(body), {"/ldap": ldap})
    assert f"quota_storage_size = {field}" in text(result.tree)
    assert "quota_message_count" not in text(result.tree)
    assert [note.check for note in result.notes if "entries without homeDirectory cannot log in" in note.check]


def test_a_quota_of_its_own_frees_an_entry_from_the_limit_of_messages():
    ldap = "uris = ldap://ldap.example.org\nbase = dc=example\nuser_attrs = quota=quota_rule=*:bytes=%$"
    body = "plugin {\n  quota = count:u\n  quota_rule = *:storage=1M:messages=9\n}\n"
    body += "userdb {\n  driver = ldap\n  args = /ldap\n}"
    field = "%{ldap:quota | default('all') | regexp('^[0-9].*$', '0') | regexp('^all$', '9')}"
    assert f"quota_message_count = {field}" in text(to_24(parse(body), {"/ldap": ldap}).tree)


@pytest.mark.parametrize(
    ("setting", "variable"), [("tls_ca_cert_file", "LDAPTLS_CACERT"), ("tls_ca_cert_dir", "LDAPTLS_CACERTDIR")]
)
def test_libldap_is_told_of_authorities(setting, variable):
    ldap = f"uris = ldap://ldap.example.org\ntls = yes\nbase = dc=example\n{setting} = /ca"
    body = "import_environment = TZ\nuserdb {\n  driver = ldap\n  args = /ldap\n}"
    result = to_24(parse(body), {"/ldap": ldap})
    assert f"import_environment {{\n  TZ = %{{env:TZ}}\n  {variable} = /ca\n}}" in text(result.tree)
    assert [note.new for note in result.notes if variable in note.new] == [f"{variable} = /ca"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("%u", "%{user}"),
        ("%Lu", "%{user | lower}"),
        ("/a/%d/%n", "/a/%{user | domain}/%{user | username}"),
        ("%1Ln", "%{user | username | lower | substr(0, 1)}"),
        ("%2.1Mu", "%{user | md5 | hexlify | substr(2, 1)}"),
        ("%{rip} %{orig_username}", "%{remote_ip} %{original_user | username}"),
        ("%L{username}", "%{user | username | lower}"),
        ("10%%", "10%"),
        ("%{ldap:quota:5}", "%{ldap:quota | default('5')}"),
        ("postmaster@%{if;%d;ne;;%d;%{hostname}}", "postmaster@%{user | domain | default(hostname)}"),
    ],
)
def test_variables(old, new):
    assert variables_to_24(old) == new


@pytest.mark.parametrize(
    ("setting", "old", "new"),
    [
        ("pop3_uidl_format", "%08Xu%08Xv", "%{uid | hex(8)}%{uidvalidity | hex(8)}"),
        ("login_log_format", "%$: %s", "%{message}: %{elements}"),
        ("imap_logout_format", "in=%i out=%o", "in=%{input} out=%{output}"),
        ("rejection_reason", "<%t>:%n%r", "<%{to}>:%{literal('\\r\\n')}%{reason}"),
        ("deliver_log_format", "msgid=%m: %$", "msgid=%{msgid}: %{message}"),
        ("mail_log_prefix", "%s(%u)<%{pid}>", "%{service}(%{user})<%{process:pid}>"),
    ],
)
def test_variables_of_one_setting(setting, old, new):
    assert variables_to_24(old, setting=setting) == new


def test_unknown_variables():
    for old in ("%Hu", "%2.256Nu", "%Tu", "%{if;%u;eq;a;b;c}"):
        with pytest.raises(UnknownVariableError):
            variables_to_24(old)
    assert has_variables("/srv/%d")
    assert not has_variables("%{user} 100% sure")


@pytest.mark.parametrize(
    ("source", "setting"),
    [
        ("replication_max_conns = 5\n", "replication_max_conns"),
        ("director_servers = 192.0.2.1\n", "director_servers"),
        ("service director {\n  user = x\n}", "service director"),
        ("passdb {\n  driver = shadow\n}", "passdb { shadow }"),
        ("passdb {\n  driver = sql\n  args = /unknown\n}", "passdb { args }"),
        ("plugin {\n  zlib_save = xz\n}", "plugin { zlib_save }"),
        ("plugin {\n  quota = dict:User quota::proxy::quota\n}", "plugin { quota }"),
        ("plugin {\n  mail_replica = tcp:192.0.2.1\n}", "plugin { mail_replica }"),
        ("plugin {\n  nosuch = 1\n}", "plugin { nosuch }"),
        ("plugin {\n  fts = squat\n}", "plugin { fts }"),
        ("mail_plugins = $mail_plugins listescape", "mail_plugins"),
        ("ssl_cert = -----BEGIN", "ssl_cert"),
        ("mail_location = maildir:/srv/%Hu", "mail_location"),
    ],
)
def test_what_has_no_successor_is_named(source, setting):
    faults = to_24(parse(source), FILES).without_successor
    assert [fault.setting for fault in faults] == [setting]
    assert all(fault.cause and fault.remedy for fault in faults)


def test_a_tree_of_24_comes_back_as_it_is():
    body = parse((FIXTURES / "dovecot-2.4.1-full.conf").read_text())
    result = to_24(body)
    assert result.tree is body
    assert (result.notes, result.without_successor) == ((), ())


def test_values_are_read_as_23_only_where_nothing_is_of_24():
    assert text(to_24(build({"mail_home": "/srv/%d"})).tree) == "mail_home = /srv/%{user | domain}"
    mixed = build({"mail_home": "/srv/%d", "mail_driver": "maildir"})
    assert to_24(mixed).tree == mixed
    both = build({"auth_allow_cleartext": False, "mail_driver": "maildir", "disable_plaintext_auth": False})
    assert text(to_24(both).tree) == "mail_driver = maildir\nauth_allow_cleartext = yes"


def leaves(body, above=()):
    for entry in body:
        if isinstance(entry, Block):
            yield from leaves(entry.body, (*above, entry.head))
        else:
            yield (*above, entry.key, entry.value)


def test_complete_configuration_keeps_its_meaning():
    body = parse((FIXTURES / "dovecot-2.3.19-full.conf").read_text())
    assert external_paths(body) == ("/etc/dovecot/sql.conf.ext",)
    sql = (
        "driver = sqlite\nconnect = /etc/dovecot/mail.sqlite\ndefault_pass_scheme = SHA512-CRYPT\n"
        "password_query = SELECT '*:bytes=' || quota AS userdb_quota_rule FROM users WHERE username = '%n'\n"
        "user_query = SELECT home, '*:bytes=' || quota AS quota_rule FROM users WHERE username = '%n'\n"
    )
    result = to_24(body, {"/etc/dovecot/sql.conf.ext": sql})
    assert [fault.setting for fault in result.without_successor] == ["plugin { sieve_extensions }"]
    ours = {leaf for leaf in leaves(result.tree) if leaf[0] not in {"passdb sql", "userdb sql"}}
    wanted = set(leaves(parse((FIXTURES / "dovecot-2.4.1-full.conf").read_text())))
    assert {leaf for leaf in wanted - ours if not leaf[0].startswith(("passdb sql", "userdb sql", "dovecot_"))} == {
        ("fts_autoindex", "yes"),
        ("imapsieve_from Junk", "sieve_script ham", "cause", "copy"),
        ("imapsieve_from Junk", "sieve_script ham", "path", "/etc/dovecot/sieve/ham.sieve"),
        ("imapsieve_from Junk", "sieve_script ham", "type", "before"),
        ("language en", "default", "yes"),
        ("language_filters", "normalizer-icu snowball stopwords"),
        ("language_tokenizers", "generic email-address"),
        ("mail_plugins", "fts", "yes"),
        ("mail_plugins", "fts_flatcurve", "yes"),
        ("namespace inbox", "mailbox Junk", "auto", "subscribe"),
        ("namespace inbox", "mailbox Junk", "sieve_script spam", "cause", "copy"),
        ("namespace inbox", "mailbox Junk", "sieve_script spam", "path", "/etc/dovecot/sieve/spam.sieve"),
        ("namespace inbox", "mailbox Junk", "sieve_script spam", "type", "before"),
        ("namespace inbox", "mailbox Junk", "special_use", "\\Junk"),
        ("quota_storage_grace", "100M"),
        ("sql_driver", "sqlite"),
        ("sqlite_path", "/etc/dovecot/mail.sqlite"),
    }


def test_minimum_protocol():
    assert minimum_protocol("TLSv1.2 TLSv1.3") == "TLSv1.2"
    assert minimum_protocol("!SSLv2 !SSLv3") == "TLSv1"
    assert minimum_protocol("all") is None


def test_cleartext_that_tls_forbade_anyway():
    assert converted("ssl = required\ndisable_plaintext_auth = no") == "ssl = required"
    remote = "remote 192.0.2.1 {\ndisable_plaintext_auth = no\n}"
    assert converted(f"ssl = required\n{remote}") == "ssl = required\nremote 192.0.2.1 {\n}"
    assert "auth_allow_cleartext = yes" in converted(f"ssl = yes\n{remote}")


def test_a_port_that_is_new_in_24_stays_closed():
    tree = converted("protocols = submission\ndisable_plaintext_auth = yes")
    assert "service submission-login {\n  inet_listener submissions {\n    port = 0\n  }\n}" in tree
