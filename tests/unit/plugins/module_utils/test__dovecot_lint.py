# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint import lint
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint_host import lint_host
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint_meaning import incomplete
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import build


class FakeHost:
    """A host with one user, one group, two paths and a few modules."""

    def has_user(self, name):
        return name in {"postfix", "daemon"}

    def has_group(self, name):
        return name == "postfix"

    def user_number(self, name):
        return {"postfix": 5000, "daemon": 2}.get(name)

    def mode(self, path):
        return {"/there/key.pem": 0o640, "/there/open.pem": 0o644}.get(path)

    def exists(self, path):
        return path in {"/there", "/there/key.pem", "/there/open.pem"}

    def files(self, directory):
        return {
            "/m": ["lib10_quota_plugin.so", "lib20_mail_compress_plugin.so", "libdriver_sqlite.so", "README"],
            "/m/sieve": ["lib90_sieve_extprograms_plugin.so"],
            "/m/auth": ["libauthdb_ldap.so"],
        }.get(directory, [])


@pytest.mark.parametrize(
    ("settings", "setting", "cause"),
    [
        ({"dovecot_storage_version": "2.4.0"}, "dovecot_storage_version", "written by the module"),
        ({"mail_home": "/x/%u"}, "mail_home", "%u"),
        ({"mail_home": "/x/%Ln"}, "mail_home", "%Ln"),
        ({"pop3_uidl_format": "%08Xu%08Xv"}, "pop3_uidl_format", "%08Xu"),
        ({"mail_plugins": "$mail_plugins quota"}, "mail_plugins", "$mail_plugins"),
        ({"service x": {"user": "$default_internal_user"}}, "service x { user }", "$default_internal_user"),
        ({"ssl_client_ca_file": "</ca"}, "ssl_client_ca_file", "reads a file"),
        ({"ssl_cert": "/ca"}, "ssl_cert", "setting of Dovecot 2.3"),
        ({"service x": {"service_count": 1}}, "service x { service_count }", "setting of Dovecot 2.3"),
        ({"namespace x": {"location": "maildir"}}, "namespace x { location }", "setting of Dovecot 2.3"),
        ({"plugin": {}}, "plugin", "block of Dovecot 2.3"),
        ({"passdb": {"driver": "pam"}}, "passdb", "has no name"),
        ({"userdb nis": {}}, "userdb nis", "unknown driver nis"),
        ({"mail_driver": "maildri"}, "mail_driver", "unknown driver"),
        ({"sql_driver": "oracle"}, "sql_driver", "unknown driver"),
        ({"auth_mechanisms": "plain lgoin"}, "auth_mechanisms", "unknown mechanism lgoin"),
        ({"auth_mechanisms": {"lgoin": True}}, "auth_mechanisms", "unknown mechanism lgoin"),
        ({"quota q": {"quota_storage_size": "1G"}}, "quota q { quota_storage_size }", "hides the quota"),
        ({"service x": {"unix_listener y": {"mode": 432}}}, "service x { unix_listener y { mode } }", "432"),
        ({"service x": {"unix_listener y": {"mode": "660"}}}, "service x { unix_listener y { mode } }", "660"),
        (
            {"service x": {"inet_listener a": {"port": 1}, "inet_listener b": {"port": 1}}},
            "service x { inet_listener b }",
            "as service x { inet_listener a } does",
        ),
        ({"namespace a": {"inbox": True}, "namespace b": {"inbox": True}}, "namespace b { inbox }", "namespace a"),
        ({"namespace a": {"prefix": "A/"}, "namespace b": {"prefix": "A/"}}, "namespace b { prefix }", "namespace a"),
        ({"namespace a": {"prefix": "A", "separator": "/"}}, "namespace a { prefix }", "end with the separator /"),
        ({"namespace a": {"separator": "/"}, "namespace b": {"separator": "."}}, "namespace b { separator }", "is ."),
        ({"fts flatcurve": {}, "language en": {"default": True}}, "fts", "no language_tokenizers"),
        ({"fts flatcurve": {}, "language_tokenizers": "generic"}, "fts", "no default language"),
        ({"protocol imap": {"mail_plugins": {"imap_quota": True}}}, "protocol imap { mail_plugins }", "without quota"),
        ({"mail_home": "/srv/%{user | usernmae}"}, "mail_home", "unknown filter usernmae"),
        (
            {"userdb static": {"fields": {"home": "/srv/%{username}"}}},
            "userdb static { fields { home } }",
            "%{username}, which Dovecot 2.4 has not",
        ),
        ({"passdb sql": {"query": "SELECT %{usr}"}}, "passdb sql { query }", "unknown variable %{usr}"),
    ],
)
def test_faults_of_a_tree(settings, setting, cause):
    faults = lint(build(settings))
    assert [fault.setting for fault in faults] == [setting]
    assert cause in faults[0].cause
    assert faults[0].remedy


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"mail_home": "/x/%d/%Ln"}, "Write /x/%{user | domain}/%{user | username | lower}."),
        ({"mail_plugins": "$mail_plugins quota acl"}, "Write mail_plugins { quota = yes, acl = yes }."),
        ({"service x": {"user": "$default_login_user"}}, "Write $SET:default_login_user."),
    ],
)
def test_the_remedy_is_the_form_of_24(settings, remedy):
    assert [fault.remedy for fault in lint(build(settings))] == [remedy]


@pytest.mark.parametrize(
    "settings",
    [
        {"log_timestamp": "%b %d %H:%M:%S "},
        {"mail_home": "/x/%{user | username}", "quota_storage_grace": "10%"},
        {"namespace s": {"prefix": "shared/$user/", "mail_path": "%{owner_home}/M"}},
        {"service x": {"user": "$SET:default_internal_user"}},
        {"passdb x": {"driver": "static"}, "passdb y": {"passdb_driver": "pam"}},
        {"service x": {"inet_listener a": {"port": 0}, "inet_listener b": {"port": 0}}},
        {
            "service x": {
                "inet_listener a": {"port": 1, "listen": "192.0.2.1"},
                "inet_listener b": {"port": 1, "listen": "192.0.2.2"},
            }
        },
        {
            "protocols": "imap",
            "service pop3-login": {"inet_listener a": {"port": 1}},
            "service imap-login": {"inet_listener b": {"port": 1}},
        },
        {"userdb sql": {"query": "SELECT x WHERE a LIKE '%{user}%'"}},
    ],
)
def test_trees_without_fault(settings):
    assert lint(build(settings)) == []


@pytest.mark.parametrize(
    ("settings", "setting", "cause"),
    [
        ({"mail_uid": "vmail"}, "mail_uid", "user vmail"),
        ({"mail_gid": "vmail"}, "mail_gid", "group vmail"),
        ({"service x": {"user": "vmail"}}, "service x { user }", "user vmail"),
        ({"service x": {"extra_groups": "postfix vmail"}}, "service x { extra_groups }", "group vmail"),
        ({"service x": {"unix_listener y": {"group": "vmail"}}}, "service x { unix_listener y { group } }", "vmail"),
        ({"userdb x": {"fields": {"uid:default": "vmail"}}}, "userdb x { fields { uid:default } }", "user vmail"),
        ({"service x": {"unix_listener /no/y": {}}}, "service x { unix_listener /no/y }", "directory /no"),
        ({"ssl_server_key_file": "/no.pem"}, "ssl_server_key_file", "file /no.pem"),
        ({"mail_plugins": {"acl": True}}, "mail_plugins", "plug-in acl"),
        ({"protocol imap": {"mail_plugins": "acl"}}, "protocol imap { mail_plugins }", "plug-in acl"),
        ({"sieve_plugins": {"sieve_imapsieve": True}}, "sieve_plugins", "sieve_imapsieve"),
        ({"sql_driver": "pgsql"}, "sql_driver", "driver pgsql"),
        ({"passdb lua": {}}, "passdb lua", "driver lua"),
        ({"mail_uid": "daemon"}, "mail_uid", "below first_valid_uid 500"),
        ({"userdb x": {"fields": {"uid:default": 8}}}, "userdb x { fields { uid:default } }", "below first_valid_uid"),
        (
            {"passdb static": {"default_password_scheme": "plain-md5"}},
            "passdb static { default_password_scheme }",
            "refuses as weak",
        ),
    ],
)
def test_faults_with_the_host(settings, setting, cause):
    found = lint_host(build(settings), FakeHost(), "2.4", "/m")
    assert [fault.setting for fault in found.faults] == [setting]
    assert cause in found.faults[0].cause
    assert found.faults[0].remedy
    assert found.warnings == ()


@pytest.mark.parametrize(
    "settings",
    [
        {"mail_uid": "postfix", "mail_gid": 5000, "service x": {"user": "$SET:default_internal_user", "group": ""}},
        {"ssl_server_key_file": "/there/key.pem", "service x": {"unix_listener /there/y": {}, "unix_listener z": {}}},
        {"mail_plugins": {"quota": True}, "sieve_plugins": "sieve_extprograms", "sql_driver": "sqlite"},
        {"passdb ldap": {}, "userdb x": {"fields": {"uid": "%{ldap:uid}"}}},
        {"mail_uid": "daemon", "first_valid_uid": 2},
        {"passdb static": {"default_password_scheme": "MD5"}, "auth_allow_weak_schemes": True},
    ],
)
def test_trees_that_fit_the_host(settings):
    found = lint_host(build(settings), FakeHost(), "2.4", "/m")
    assert (found.faults, found.warnings) == ((), ())


def test_plugins_that_2_3_goes_without_are_not_missed_there():
    body = build({"mail_plugins": {"fts_flatcurve": True}})
    assert len(lint_host(body, FakeHost(), "2.4", "/m").faults) == 1
    assert lint_host(body, FakeHost(), "2.3", "/m").faults == ()


@pytest.mark.parametrize(
    "settings",
    [
        {"passdb passwd-file": {"passwd_file_path": "/no"}},
        {"sieve_script x": {"path": "/no"}},
        {"service x": {"executable": "script /no"}},
        {"sqlite_path": "/no"},
        {"ssl_server_key_file": "/there/open.pem"},
    ],
)
def test_files_that_may_come_later_only_warn(settings):
    found = lint_host(build(settings), FakeHost(), "2.4", None)
    assert found.faults == ()
    assert len(found.warnings) == 1


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"protocols": "imap", "mail_driver": "maildir"}, "no passdb"),
        ({"protocols": "lmtp"}, "mail_driver"),
        ({"namespace a": {"prefix": "A/"}}, "inbox = yes"),
    ],
)
def test_a_main_file_that_serves_nobody(settings, text):
    (warning,) = incomplete(build(settings), "2.4")
    assert text in warning
