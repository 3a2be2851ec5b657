# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_map import GLOBAL_ROWS, PLUGIN_ROWS
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate import translate
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate_base import render_external
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import Block, build, parse, render
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_variables import UnknownVariableError, to_23

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
SAMPLES = {
    "same": ("5", "5"),
    "literal": ("a%b", "a%b"),
    "invert": ("yes", "no"),
    "file": ("/x.pem", "</x.pem"),
    "list": ("a b", "a b"),
    "zero": ("unlimited", "0"),
    "ciphers": ("client", "no"),
    "allow": ("yes", "allow"),
    "seconds": ("300", "300s"),
}


def translated(settings):
    result = translate(build(settings), "/etc/dovecot/dovecot")
    assert not result.faults, result.faults
    return "\n".join(line.text.strip() for line in render(result.body))


@pytest.mark.parametrize("row", GLOBAL_ROWS, ids=lambda row: row.new)
def test_every_global_row(row):
    given, wanted = SAMPLES[row.how]
    assert translated({row.new: given}) == f"{row.old} = {wanted}"
    assert translated({"protocol imap": {row.new: given}}) == f"protocol imap {{\n{row.old} = {wanted}\n}}"


@pytest.mark.parametrize("row", PLUGIN_ROWS, ids=lambda row: row.new)
def test_every_plugin_row(row):
    given, wanted = SAMPLES[row.how]
    assert translated({row.new: given}) == f"plugin {{\n{row.old} = {wanted}\n}}"


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"mail_driver": "maildir", "mail_path": "~/M"}, "mail_location = maildir:~/M"),
        (
            {
                "mail_driver": "maildir",
                "mail_path": "~/M",
                "mail_index_path": "/i/%{user}",
                "mailbox_list_layout": "fs",
            },
            "mail_location = maildir:~/M:INDEX=/i/%u:LAYOUT=fs",
        ),
        ({"log_debug": "category=ssl"}, "verbose_ssl = yes"),
        ({"mail_plugins": {"quota": True}}, "mail_plugins = $mail_plugins quota"),
        ({"mail_plugins": "quota mail_compress"}, "mail_plugins = quota zlib"),
        (
            {"mail_plugins": "quota acl", "protocol imap": {"mail_plugins": {"acl": False, "imap_quota": True}}},
            "mail_plugins = quota acl\nprotocol imap {\nmail_plugins = quota imap_quota\n}",
        ),
        ({"protocols": {"imap": True}}, "protocols = $protocols imap"),
        ({"service x": {"restart_request_count": "unlimited"}}, "service x {\nservice_count = 0\n}"),
        ({"service x": {"idle_kill_interval": "1 min"}}, "service x {\nidle_kill = 1 min\n}"),
        ({"service auth-worker": {"process_limit": 9}}, "auth_worker_max_count = 9"),
        (
            {"service x": {"inet_listener y": {"listen": "192.0.2.1"}}},
            "service x {\ninet_listener y {\naddress = 192.0.2.1\n}\n}",
        ),
        ({"service x": {"user": "$SET:default_internal_user"}}, "service x {\nuser = $default_internal_user\n}"),
        (
            {"passdb passwd-file": {"passwd_file_path": "/u", "default_password_scheme": "PLAIN"}},
            "passdb {\ndriver = passwd-file\nargs = scheme=PLAIN username_format=%u /u\n}",
        ),
        (
            {"passdb master": {"driver": "passwd-file", "master": True, "passwd_file_path": "/u"}},
            "passdb {\ndriver = passwd-file\nmaster = yes\nargs = username_format=%u /u\n}",
        ),
        (
            {"userdb passwd-file": {"passwd_file_path": "/u", "fields": {"uid:default": 1, "home": "/h/%{user}"}}},
            "userdb {\ndriver = passwd-file\nargs = username_format=%u /u\ndefault_fields = uid=1\n"
            "override_fields = home=/h/%u\n}",
        ),
        (
            {"userdb static": {"fields": {"uid": "v", "home": "/h"}}},
            "userdb {\ndriver = static\nargs = uid=v home=/h\n}",
        ),
        ({"userdb prefetch": {}}, "userdb {\ndriver = prefetch\n}"),
        (
            {"passdb pam": {"service_name": "mail", "session": True}},
            "passdb {\ndriver = pam\nargs = session=yes mail\n}",
        ),
        ({"passdb static": {"passdb_static_password": "x"}}, "passdb {\ndriver = static\nargs = password=x\n}"),
        ({"quota_storage_size": "1G"}, "plugin {\nquota_rule = *:storage=1G\n}"),
        (
            {"quota_storage_size": "1G", "quota_message_count": 9},
            "plugin {\nquota_rule = *:storage=1G\nquota_rule2 = *:messages=9\n}",
        ),
        ({"quota_message_count": 9}, "plugin {\nquota_rule = *:storage=0\nquota_rule2 = *:messages=9\n}"),
        (
            {
                "namespace inbox": {
                    "mailbox Trash": {"quota_storage_extra": "1M"},
                    "mailbox Junk": {"quota_ignore": True},
                }
            },
            "namespace inbox {\nmailbox Trash {\n}\nmailbox Junk {\n}\n}\n"
            "plugin {\nquota_rule = Trash:storage=+1M\nquota_rule2 = Junk:ignore\n}",
        ),
        (
            {
                "quota User quota": {
                    "driver": "count",
                    "warning w": {"quota_storage_percentage": 95, "execute q": {"args": "95 %{user}"}},
                }
            },
            "plugin {\nquota_warning = storage=95%% q 95 %u\nquota = count:User quota\nquota_vsizes = yes\n}",
        ),
        (
            {"sieve_script personal": {"path": "~/s", "active_path": "~/.d"}},
            "plugin {\nsieve = file:~/s;active=~/.d\n}",
        ),
        (
            {"sieve_script a": {"type": "before", "path": "/a"}, "sieve_script b": {"type": "before", "path": "/b"}},
            "plugin {\nsieve_before = file:/a\nsieve_before2 = file:/b\n}",
        ),
        (
            {"imapsieve_from Junk": {"sieve_script h": {"type": "before", "cause": "copy", "path": "/h"}}},
            "plugin {\nimapsieve_mailbox1_name = *\nimapsieve_mailbox1_from = Junk\nimapsieve_mailbox1_causes = COPY\n"
            "imapsieve_mailbox1_before = file:/h\n}",
        ),
        ({"sieve_extensions": {"a": True, "b": False}}, "plugin {\nsieve_extensions = +a -b\n}"),
        (
            {"metric m": {"filter": "event=x", "group_by a": {"method linear": {"min": 1, "max": 9, "step": 2}}}},
            "metric m {\nfilter = event=x\ngroup_by = a:linear:1:9:2\n}",
        ),
        (
            {"event_exporter e": {"driver": "log", "format": "json"}},
            "event_exporter e {\ntransport = log\nformat = json\nformat_args = time-rfc3339\n}",
        ),
        (
            {"namespace s": {"prefix": "shared/$user/", "mail_driver": "maildir", "mail_path": "%{owner_home}/M"}},
            "namespace s {\nlocation = maildir:%%h/M\nprefix = shared/%%u/\n}",
        ),
        (
            {"crypt_global_private_key main": {"crypt_private_key_file": "/k"}},
            "plugin {\nmail_crypt_save_version = 2\nmail_crypt_global_private_key = </k\n}",
        ),
        ({"acl_sharing_map": {"dict file": {"path": "/f"}}}, "plugin {\nacl_shared_dict = file:/f\n}"),
    ],
)
def test_every_other_row(settings, wanted):
    assert translated(settings) == wanted


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("%{user}", "%u"),
        ("%{user | lower}", "%Lu"),
        ("%{user|username|lower}", "%Ln"),
        ("/a/%{user | domain}/%{user | username}", "/a/%d/%n"),
        ("%{home}/x", "%h/x"),
        ("%{uid | hex(8)}%{uidvalidity | hex(8)}", "%08Xu%08Xv"),
        ("%{session}", "%{session}"),
        ("%{ldap:mail}", "%{ldap:mail}"),
        ("10%", "10%%"),
    ],
)
def test_variables(new, old):
    assert to_23(new) == old


@pytest.mark.parametrize("text", ["%{nosuch}", "%{user | sha256}", "%{user | hex(x)}"])
def test_unknown_variables(text):
    with pytest.raises(UnknownVariableError):
        to_23(text)


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"passdb oauth2": {}}, "passdb oauth2"),
        ({"push_notification ox": {"driver": "ox", "ox_nosuch": 1}}, "push_notification ox { ox_nosuch }"),
        ({"auth_allow_weak_schemes": True}, "auth_allow_weak_schemes"),
        ({"mail_path": "~/M"}, "mail_path"),
        ({"mail_home": "/x/%{user | sha256}"}, "mail_home"),
        ({"userdb static": {"fields": {"home": "/a b"}}}, "userdb static { fields { home } }"),
        ({"userdb sql": {"query": "x"}}, "userdb sql"),
        ({"passdb passwd-file": {}}, "passdb passwd-file"),
        ({"protocol imap": {"mail_plugins": {"quota": False}}}, "protocol imap { mail_plugins }"),
        ({"service x": {"inet_listener y": {"type": "z"}}}, "service x { inet_listener y { type } }"),
        ({"sieve_script x": {"type": "before"}}, "sieve_script x"),
        ({"quota q": {"warning w": {}}}, "quota q { warning w }"),
    ],
)
def test_what_has_no_counterpart_is_named(settings, setting):
    faults = translate(build(settings), "/x").faults
    assert [fault.setting for fault in faults] == [setting]
    assert all(fault.cause and fault.remedy for fault in faults)


def test_a_database_has_the_names_of_the_client_library():
    result = translate(
        build(
            {
                "sql_driver": "mysql",
                "mysql db.example.org": {
                    "user": "mail",
                    "password": "100%",
                    "mysql_option_file": "/etc/dovecot/mysql.cnf",
                },
                "passdb sql": {"query": "SELECT password WHERE user = '%{user}'", "default_password_scheme": "PLAIN"},
            }
        ),
        "/etc/dovecot/dovecot",
    )
    assert not result.faults
    assert (
        "connect = host=db.example.org user=mail password=100% option_file=/etc/dovecot/mysql.cnf\n"
        in render_external(result.files[0])
    )


@pytest.mark.parametrize("setting", ["mysql_ssl", "ssl_client_ca_file", "ssl_client_require_valid_cert"])
def test_tls_that_2_3_forgets_is_a_fault(setting):
    result = translate(
        build(
            {
                "sql_driver": "mysql",
                "mysql db.example.org": {"user": "mail", setting: "yes"},
                "passdb sql": {"query": "SELECT password WHERE user = '%{user}'", "default_password_scheme": "PLAIN"},
            }
        ),
        "/etc/dovecot/dovecot",
    )
    assert [fault.remedy.count("option_file") for fault in result.faults] == [1]


def test_sql_goes_into_one_file_beside():
    result = translate(
        build(
            {
                "sql_driver": "pgsql",
                "pgsql db.example.org": {"parameters": {"user": "mail", "password": "s3cret", "dbname": "mail"}},
                "passdb sql": {"query": "SELECT password WHERE user = '%{user}'", "default_password_scheme": "PLAIN"},
                "userdb sql": {"query": "SELECT coalesce(quota, 5) AS quota_storage_size, home FROM t"},
            }
        ),
        "/etc/dovecot/dovecot",
    )
    assert not result.faults
    assert [file.name for file in result.files] == ["/etc/dovecot/dovecot.sql.conf.ext"]
    assert render_external(result.files[0]) == (
        "driver = pgsql\n"
        "connect = host=db.example.org user=mail password=s3cret dbname=mail\n"
        "password_query = SELECT password WHERE user = '%u'\n"
        "default_pass_scheme = PLAIN\n"
        "user_query = SELECT '*:storage=' || (coalesce(quota, 5)) AS quota_rule, home FROM t\n"
    )


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {
                "sql_driver": "sqlite",
                "sqlite_path": "/x",
                "userdb sql": {
                    "query": "SELECT CASE q WHEN 0 THEN 'unlimited' ELSE q || 'B' END AS quota_storage_size FROM t"
                },
            },
            "user_query = SELECT '*:storage=' || (CASE q WHEN 0 THEN '0' ELSE q || 'B' END) AS quota_rule FROM t",
        ),
        (
            {"userdb passwd-file": {"passwd_file_path": "/x", "fields": {"quota_storage_size": "unlimited"}}},
            "override_fields = quota_rule=*:storage=0",
        ),
    ],
)
def test_no_limit_is_zero(settings, line):
    result = translate(build(settings), "/d/x")
    assert not result.faults
    texts = [line.text.strip() for line in render(result.body)]
    texts += [text for file in result.files for text in render_external(file).splitlines()]
    assert line in texts


def test_ldap_goes_into_a_file_beside():
    result = translate(
        build(
            {
                "ldap_uris": "ldap://ldap.example.org",
                "ldap_auth_dn_password": "s3cret",
                "passdb ldap": {"ldap_bind": True, "ldap_filter": "(mail=%{user})", "fields": {"user": "%{ldap:mail}"}},
                "userdb ldap": {
                    "ldap_filter": "(uid=%{user | username})",
                    "fields": {"home": "/h/%{ldap:uid}"},
                    "iterate_filter": "(a=b)",
                    "iterate_fields": {"user": "%{ldap:mail}"},
                },
            }
        ),
        "/d/x",
    )
    assert not result.faults
    assert render_external(result.files[0]) == (
        "uris = ldap://ldap.example.org\n"
        "dnpass = s3cret\n"
        "auth_bind = yes\n"
        "pass_filter = (mail=%u)\n"
        "pass_attrs = =user=%{ldap:mail}\n"
        "user_filter = (uid=%n)\n"
        "iterate_filter = (a=b)\n"
        "user_attrs = =home=/h/%{ldap:uid}\n"
        "iterate_attrs = mail=user\n"
    )


def test_a_search_with_solr_stays():
    settings = {
        "mail_plugins": {"fts": True, "fts_solr": True},
        "fts solr": {"url": "http://127.0.0.1/solr/"},
        "fts_autoindex": True,
        "language_tokenizers": "generic",
        "language en": {"default": True},
    }
    assert translated(settings) == (
        "mail_plugins = $mail_plugins fts fts_solr\n"
        "plugin {\nfts = solr\nfts_solr = url=http://127.0.0.1/solr/\nfts_autoindex = yes\n}"
    )


def leaves(body, above=()):
    for index, entry in enumerate(body):
        if isinstance(entry, Block):
            head = f"{entry.head} {index}" if entry.head in {"passdb", "userdb"} else entry.head
            yield from leaves(entry.body, (*above, head.rstrip("0123456789 ") if not above else head))
        else:
            yield (*above, entry.key, entry.value)


def test_complete_configuration_keeps_its_meaning():
    source = [
        entry
        for entry in parse((FIXTURES / "dovecot-2.4.1-full.conf").read_text())
        if not getattr(entry, "key", "").startswith("dovecot_")
    ]
    result = translate(tuple(source), "/etc/dovecot/dovecot")
    assert not result.faults
    ours = set(leaves(parse("\n".join(line.text for line in render(result.body)))))
    reference = set(leaves(parse((FIXTURES / "dovecot-2.3.19-full.conf").read_text())))
    # Same meaning, said otherwise: file names, defaults spelled out, size instead of percentage.
    assert reference - ours == {
        ("passdb", "args", "/etc/dovecot/sql.conf.ext"),
        ("userdb", "args", "/etc/dovecot/sql.conf.ext"),
        ("plugin", "quota_grace", "10%%"),
        ("plugin", "sieve_before", "/etc/dovecot/sieve/before.sieve"),
        ("plugin", "sieve_extensions", "+notify +imapflags +vnd.dovecot.pipe"),
    }
    assert ours - reference == {
        ("passdb", "args", "/etc/dovecot/dovecot.sql.conf.ext"),
        ("userdb", "args", "/etc/dovecot/dovecot.sql.conf.ext"),
        ("namespace inbox", "mailbox Junk", "auto", "subscribe"),
        ("namespace inbox", "mailbox Junk", "special_use", "\\Junk"),
        ("plugin", "quota_grace", "100M"),
        ("plugin", "sieve_before", "file:/etc/dovecot/sieve/before.sieve"),
        ("plugin", "sieve_extensions", "+vnd.dovecot.pipe"),
        ("service submission-login", "inet_listener submissions", "port", "0"),
    }
    assert [note for note in result.notes if "full-text" not in note] == []
