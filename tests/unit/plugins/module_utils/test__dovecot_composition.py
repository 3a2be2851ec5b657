from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_compose import merge
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_composition import (
    Composition,
    CompositionError,
    compose,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_lint import lint
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_translate import translate
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_tree import build, render

_ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles" / "dovecot"
_HOST = {
    "folder": "/etc/dovecot/postmaster",
    "libexec": "/usr/lib/dovecot",
    "auth_group": "dovecot",
    "fts": True,
    "ports_of_others": {"Postfix": 587},
    "hybrid_groups": [],
    "dh_file": "/usr/share/dovecot/dh.pem",
    "tls_directory": "/tls",
    "tls_key_types": ["ECC"],
}
_TEMPLATES = {
    "dovecot_tls_certificate": "/etc/tls/fullchain.pem",
    "dovecot_tls_key": "/etc/tls/privkey.pem",
    "dovecot_tls_alt_certificate": "",
    "dovecot_tls_alt_key": "",
    "dovecot_tls_certificates": [],
    "dovecot_tls_profile": "intermediate",
    "dovecot_passwd_file": "/etc/dovecot/users",
    "dovecot_mail_root": "/var/vmail",
    "dovecot_mail_user": "vmail",
    "dovecot_mail_home": "/var/vmail/%{user | domain}/%{user | username}",
    "dovecot_recipient_delimiter": "+",
    "dovecot_shared_dict_path": "/var/vmail/shared-mailboxes",
    "dovecot_sieve": False,
    "dovecot_passdbs": [{"driver": "passwd-file", "path": "/etc/dovecot/users"}],
    "dovecot_userdbs": [{"driver": "passwd-file", "path": "/etc/dovecot/users"}],
    "dovecot_sql": {},
    "dovecot_ldap": {},
    "dovecot_postfix_logins": True,
    "dovecot_trusted_networks": [],
    "dovecot_quota_warning_group": "",
}


def _variables(**wanted: t.Any) -> dict[str, t.Any]:
    """The defaults of the role, with what a test wants instead."""
    defaults = {**yaml.safe_load((_ROLE / "defaults" / "main.yml").read_text()), **_TEMPLATES}
    defaults["dovecot_quota_warning_message"]["from"] = "postmaster@example.org"
    return {**{key[len("dovecot_") :]: value for key, value in defaults.items()}, **wanted}


def _compose(**wanted: t.Any) -> Composition:
    return compose(_variables(**wanted), _HOST)


def _faults(**wanted: t.Any) -> str:
    with pytest.raises(CompositionError) as caught:
        _compose(**wanted)
    return str(caught.value)


_FEATURES: dict[str, dict[str, t.Any]] = {
    "nothing": {},
    "sieve": {"sieve": True, "sieve_scripts": [{"name": "tag", "content": "keep;"}]},
    "managesieve": {"sieve": True, "protocols": ["imap", "lmtp", "sieve"]},
    "learning": {"sieve": True, "learning": {"spam": "rspamc learn_spam", "ham": "rspamc learn_ham"}},
    "vacation": {"sieve": True, "sieve_vacation": {"min_period": "1d"}, "sieve_extensions": ["vacation-seconds"]},
    "quota": {"quota_size": "1G", "quota_messages": 10, "quota_grace": "1M", "quota_trash_extra": "10M"},
    "quota warnings": {"quota_warnings": [80, 95]},
    "quota policy": {"quota_policy": True},
    "no quota": {"quota": False},
    "acl": {"acl": True, "acl_anyone": True, "mail_index_path": "/var/index/%{user}"},
    "search": {"fts": True, "fts_languages": ["en", "de"]},
    "compression": {"compression": "zstd", "compression_level": 5},
    "encryption": {"encryption": "write"},
    "encryption that ended": {"encryption": "read", "compression": "read"},
    "hibernation": {"imap_hibernate_timeout": "30s"},
    "workarounds": {"imap_client_workarounds": ["delay-newmail"], "pop3_client_workarounds": ["outlook-no-nuls"]},
    "uidl": {"pop3_uidl_format": "%{uid | hex(8)}%{uidvalidity | hex(8)}"},
    "limits": {
        "limits": {"user_connections": 5, "login_processes": 20, "imap_processes": 9, "auth_failure_delay": "1s"}
    },
    "listeners": {
        "listeners": [{"name": "pop3", "port": 0}, {"name": "b", "protocol": "imap", "port": 1993, "tls": True}]
    },
    "haproxy": {"listeners": [{"name": "imap", "haproxy": True}], "haproxy_networks": ["192.0.2.1/32"]},
    "networks": {"trusted_networks": ["192.0.2.0/24", "2001:db8::/32"]},
    "submission": {
        "protocols": ["submission"],
        "listeners": [{"name": "submission", "port": 1587}],
        "submission_relay": {"host": "smtp.example.org", "port": 25, "trusted": True, "ssl": "starttls"},
    },
    "last login": {"last_login": True},
    "metrics": {"metrics": True},
    "master users": {"master_users": [{"name": "warden", "password_hash": "{SHA512-CRYPT}$6$x"}], "acl": True},
    "mbox": {"mail_format": "mbox", "mail_inbox_path": "/var/mail/%{user}", "mail_privileged_group": "mail"},
    "sdbox": {"mail_format": "sdbox"},
    "paths": {
        "mail_index_path": "/var/index/%{user}",
        "mail_control_path": "/var/control/%{user}",
        "mail_layout": "fs",
    },
    "namespaces": {
        "namespaces": [{"name": "old", "prefix": "Old/", "mail_path": "~/old", "mailboxes": {"A": {"auto": "create"}}}]
    },
    "system users": {
        "passdbs": [{"driver": "pam", "service": "dovecot"}],
        "userdbs": [{"driver": "passwd"}],
        "auth_username_format": "%{user | username | lower}",
        "quota_warnings": [90],
        "quota_warning_group": "mailquota",
    },
    "users of the system with full addresses": {
        "passdbs": [
            {
                "name": "local-part",
                "driver": "static",
                "fields": {"user": "%{user | username}", "noauthenticate": "yes"},
            },
            {
                "driver": "pam",
                "service": "mail",
                "settings": {"result_success": "continue", "result_failure": "return-fail"},
            },
            {
                "driver": "passwd-file",
                "path": "/etc/dovecot/users",
                "fields": {"user": "%{original_user | lower}"},
                "settings": {"auth_username_format": "%{original_user | lower}", "skip": "unauthenticated"},
            },
        ],
        "userdbs": [{"driver": "passwd-file", "path": "/etc/dovecot/users", "personal": True}],
    },
    "sqlite": {
        "sql": {"driver": "sqlite", "path": "/etc/dovecot/users.sqlite"},
        "passdbs": [
            {"driver": "sql", "query": "SELECT password FROM users WHERE address = '%{user}'", "scheme": "BLF-CRYPT"}
        ],
        "userdbs": [{"driver": "sql", "query": "SELECT home FROM users WHERE address = '%{user}'"}],
    },
    "pgsql": {
        "sql": {"driver": "pgsql", "host": "db.example.org", "user": "mail", "password": "secret", "dbname": "mail"},
        "passdbs": [{"driver": "sql", "query": "SELECT password FROM users WHERE address = '%{user}'"}],
        "userdbs": [
            {"driver": "prefetch"},
            {"driver": "sql", "query": "SELECT home FROM users", "iterate_query": "SELECT 1"},
        ],
    },
    "mysql": {
        "sql": {"driver": "mysql", "host": "db.example.org", "user": "mail", "password": "secret", "dbname": "mail"},
        "passdbs": [{"name": "accounts", "driver": "sql", "query": "SELECT password FROM users"}],
        "userdbs": [{"name": "accounts", "driver": "sql", "query": "SELECT home FROM users"}],
    },
    "ldap": {
        "ldap": {"uris": ["ldap://ldap.example.org"], "base": "dc=example,dc=org", "starttls": True},
        "passdbs": [{"driver": "ldap", "filter": "(mail=%{user})", "bind": True}],
        "userdbs": [{"driver": "ldap", "filter": "(mail=%{user})", "iterate_fields": {"user": "%{ldap:mail}"}}],
    },
    "static": {
        "passdbs": [{"driver": "static", "password": "secret"}],
        "userdbs": [{"driver": "static", "fields": {"home": "/srv/%{user}"}}],
    },
}


@pytest.mark.parametrize(
    ("driver", "settings"),
    [
        (
            "pgsql",
            {"parameters": {"user": "mail", "dbname": "mail", "sslmode": "verify-full", "sslrootcert": "/ca.pem"}},
        ),
        (
            "mysql",
            {"user": "mail", "dbname": "mail", "option_file": f"{_HOST['folder']}/mysql.cnf"},
        ),
    ],
)
def test_a_database_elsewhere_is_verified(driver: str, settings: dict[str, t.Any]) -> None:
    sql = {"driver": driver, "host": "db.example.org", "user": "mail", "dbname": "mail", "ca_file": "/ca.pem"}
    assert _compose(**{**_FEATURES["pgsql"], "sql": sql}).settings[f"{driver} db.example.org"] == settings


def test_the_client_library_of_mariadb_is_told_of_authorities_and_to_verify() -> None:
    (file,) = _compose(**{**_FEATURES["mysql"], "sql": {**_FEATURES["mysql"]["sql"], "ca_file": "/ca.pem"}}).files
    assert file["path"] == "mysql.cnf"
    assert file["content"] == "[client]\nssl-ca = /ca.pem\nssl-verify-server-cert = 1\n"


@pytest.mark.parametrize("path", ["/my ca.pem", "/ca.pem#", "/ca.pem\nskip-ssl", "/'ca'.pem"])
def test_authorities_that_no_file_can_quote_are_refused(path: str) -> None:
    sql = {**_FEATURES["mysql"]["sql"], "ca_file": path}
    assert "ca_file" in _faults(**{**_FEATURES["mysql"], "sql": sql})


def test_libldap_is_told_of_authorities() -> None:
    ldap = {"uris": ["ldap://ldap.example.org"], "base": "dc=example,dc=org", "starttls": True, "ca_file": "/ca.pem"}
    settings = _compose(**{**_FEATURES["ldap"], "ldap": ldap}).settings
    assert settings["ssl_client_ca_file"] == "/ca.pem"
    assert settings["import_environment"] == {"LDAPTLS_CACERT": "/ca.pem"}
    lines = [line.text for line in render(translate(build(settings), "/etc/dovecot/dovecot").body)]
    imported = "TZ CORE_OUTOFMEM CORE_ERROR LISTEN_PID LISTEN_FDS NOTIFY_SOCKET LDAPTLS_CACERT=/ca.pem"
    assert f"import_environment = {imported}" in lines


@pytest.mark.parametrize("feature", _FEATURES)
def test_every_feature_makes_a_tree_without_faults_that_2_3_can_have_too(feature: str) -> None:
    body = build(_compose(**_FEATURES[feature]).settings)
    translation = translate(body, "/etc/dovecot/dovecot")
    assert [str(fault) for fault in (*lint(body), *translation.faults)] == []


@pytest.mark.parametrize("feature", [name for name in _FEATURES if name not in {"nothing", "encryption that ended"}])
def test_a_feature_that_is_off_leaves_nothing(feature: str) -> None:
    on, off = _compose(**_FEATURES[feature]), _compose()
    assert on.settings != off.settings
    assert (off.files, off.scripts, off.kept, off.features, off.postfix, off.encryption_keys) == (
        [],
        [],
        [],
        [],
        [],
        {},
    )


def test_all_features_that_can_live_together_do() -> None:
    together = [
        "last login",
        "learning",
        "quota",
        "quota warnings",
        "quota policy",
        "acl",
        "search",
        "encryption",
        "metrics",
    ]
    wanted: dict[str, t.Any] = {}
    for name in together:
        wanted.update(_FEATURES[name])
    composition = _compose(**wanted)
    assert composition.settings["mail_plugins"] == dict.fromkeys(
        ["acl", "fts", "fts_flatcurve", "mail_crypt", "quota"], True
    )
    assert composition.settings["protocol imap"]["mail_plugins"] == dict.fromkeys(
        ["imap_acl", "imap_quota", "imap_sieve", "last_login"], True
    )
    assert composition.settings["protocol pop3"]["mail_plugins"] == {"last_login": True}
    assert composition.settings["last_login"] == {"dict file": {"path": "%{home}/.dovecot.last-login"}}
    assert composition.features == ["fts", "sieve"]
    assert "sieve/learn-ham.svbin" in composition.kept


def test_sieve_sends_by_smtp_where_there_is_a_server() -> None:
    host = {**_HOST, "submission_host": "127.0.0.1:25"}
    assert compose(_variables(sieve=True), host).settings["submission_host"] == "127.0.0.1:25"
    assert "submission_host" not in compose(_variables(sieve=False), host).settings
    assert "submission_host" not in _compose(sieve=True).settings


def test_sessions_outlive_a_reload_unless_the_user_wants_their_end() -> None:
    assert _compose().settings["shutdown_clients"] is False
    assert _compose(settings={"shutdown_clients": True}).settings["shutdown_clients"] is True


def test_settings_of_the_user_win() -> None:
    own = {"ssl": "yes", "protocol imap": {"mail_plugins": {"imap_quota": False}, "imap_idle_notify_interval": "1m"}}
    settings = _compose(settings=own).settings
    assert settings["ssl"] == "yes"
    assert settings["protocol imap"] == own["protocol imap"]


def test_the_policy_service_stands_among_the_other_policies_of_postfix() -> None:
    (part,) = _compose(quota_policy=True).postfix
    assert part["lists"] == {
        "smtpd_recipient_restrictions": [
            {
                "value": "check_policy_service { unix:private/quota-status, timeout=10s, default_action=DUNNO }",
                "order": 400,
            }
        ]
    }


def test_only_listeners_that_are_open_are_waited_for() -> None:
    ports = _compose(
        listeners=[{"name": "imap", "port": 0}, {"name": "pop3", "addresses": ["192.0.2.1"]}], listen=["::"]
    ).ports
    assert ports == [
        {"name": "imaps", "address": "::1", "port": 993},
        {"name": "pop3", "address": "192.0.2.1", "port": 110},
        {"name": "pop3s", "address": "::1", "port": 995},
    ]


def test_the_folder_of_others_mail_is_that_of_the_owner() -> None:
    shared = _compose(acl=True, mail_index_path="/var/index/%{user | domain}/%{user | username}").settings[
        "namespace shared"
    ]
    assert shared["mail_path"] == "%{owner_home}/Maildir"
    assert shared["mail_index_path"] == "/var/index/%{owner_user | domain}/%{owner_user | username}"
    assert shared["prefix"] == "shared/$user/"


def test_folders_for_indexes_are_made_up_to_the_first_variable() -> None:
    assert _compose(mail_index_path="/var/index/of-%{user}").directories == ["/var/index"]
    assert _compose(mail_index_path="%{home}/index").directories == []


def test_text_of_the_user_stays_text_in_the_warning_script() -> None:
    message = {
        "from": "postmaster@example.org",
        "subject": "Größe {percentage} %",
        "text": "it's $(reboot)\n\n{percentage}",
    }
    (file,) = _compose(quota_warnings=[90], quota_warning_message=message).files
    assert file["mode"] == "0755"
    assert "printf '%s\\n' 'it'\"'\"'s $(reboot)'" in file["content"]
    assert "printf '%s\\n' \"$percentage\"" in file["content"]
    assert "=?utf-8?" in file["content"]


def test_the_highest_warning_comes_first() -> None:
    root = _compose(quota_warnings=[50, 95, 80]).settings['quota "User quota"']
    assert [key for key in root if key.startswith("warning")] == [
        "warning warn-95",
        "warning warn-80",
        "warning warn-50",
    ]


def test_users_of_the_system_are_warned_by_root() -> None:
    settings = _compose(**_FEATURES["system users"]).settings
    assert settings["service quota-warning"]["user"] == "root"
    assert settings["service quota-warning"]["unix_listener quota-warning"] == {"group": "mailquota", "mode": "0660"}
    assert settings["mail_access_groups"] == "mailquota"


def test_one_owner_of_all_mail_calls_for_warnings_alone() -> None:
    settings = _compose(quota_warnings=[80]).settings
    assert settings["service quota-warning"]["unix_listener quota-warning"] == {"user": "vmail", "mode": "0600"}
    assert "mail_access_groups" not in settings


def test_a_master_user_has_the_rights_of_the_one_whose_mail_it_reads() -> None:
    composition = _compose(**_FEATURES["master users"])
    assert composition.settings["acl_user"] == "%{user}"
    assert composition.files[0]["mode"] == "0640"
    assert list(composition.settings).index("passdb master-users") < list(composition.settings).index(
        "passdb passwd-file"
    )


def test_search_is_left_out_where_it_is_not_packaged() -> None:
    settings = compose(_variables(fts=True), {**_HOST, "fts": False}).settings
    assert not [key for key in settings if key.startswith(("fts", "language"))]


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"listeners": [{"name": "x", "port": 1}]}, "x needs protocol"),
        ({"listeners": [{"name": "x", "protocol": "imap"}]}, "x needs a port"),
        ({"listeners": [{"name": "x", "protocol": "imap", "port": 993}]}, "x wants port 993, which imaps has"),
        ({"listeners": [{"name": "imap", "port": 70000}]}, "the highest is 65535"),
        ({"listeners": [{"name": "imap", "addresses": ["mail"]}]}, "'mail': write an IP address"),
        ({"listeners": [{"name": "imap"}, {"name": "imap"}]}, "names imap twice"),
        ({"listeners": [{"name": "sieve", "port": 2000}]}, "sieve is not among dovecot_protocols"),
        ({"listeners": [{"name": "imap", "haproxy": True}]}, "name the proxies in dovecot_haproxy_networks"),
        ({"trusted_networks": ["0.0.0.0/0"]}, "names every host there is"),
        ({"trusted_networks": ["mail"]}, "mail is no network"),
        ({"protocols": ["submission"]}, "dovecot_submission_relay needs host"),
        ({"protocols": ["submission"], "submission_relay": {"host": "x"}}, "port 587, which Postfix has"),
        ({"submission_relay": {"host": "x"}}, "submission is not among dovecot_protocols"),
        ({"limits": {"imap_processes": 1}, "protocols": ["lmtp"]}, "imap is not among dovecot_protocols"),
        ({"imap_hibernate_timeout": "1s", "protocols": ["lmtp"]}, "imap is not among dovecot_protocols"),
        ({"metrics": True, "metrics_port": 993, "metrics_listen": "::1"}, "metrics wants port 993"),
        ({"metrics": True, "metrics_listen": "localhost"}, "write an IP address"),
        ({"passdbs": []}, "dovecot_passdbs is empty: nobody could log in"),
        ({"passdbs": [{"driver": "shadow"}]}, "has the driver 'shadow'"),
        ({"passdbs": [{"driver": "passwd-file"}]}, "passwd-file needs path"),
        ({"passdbs": [{"driver": "pam", "query": "x"}]}, "pam has query, which pam does not know"),
        ({"passdbs": [{"driver": "pam"}, {"driver": "pam"}]}, "dovecot_passdbs names pam twice"),
        ({"passdbs": [{"driver": "sql", "query": "x"}]}, "say in dovecot_sql which driver"),
        ({"passdbs": [{"driver": "sql", "query": "x"}], "sql": {"driver": "pgsql"}}, "dovecot_sql needs dbname"),
        ({"passdbs": [{"driver": "sql", "query": "x"}], "sql": {"driver": "sqlite"}}, "dovecot_sql needs path"),
        ({"userdbs": [{"driver": "ldap", "filter": "x"}]}, "dovecot_ldap needs uris"),
        ({"master_users": [{"name": "a*b", "password_hash": "{X}y"}]}, "has the name 'a*b'"),
        ({"master_users": [{"name": "a", "password_hash": "y"}]}, "has no {SCHEME} before it"),
        ({"mail_format": "sdbox", "mail_control_path": "/x"}, "sdbox has no control files"),
        ({"mailboxes": {"Trash": {}}}, "write 'mailbox NAME'"),
        ({"namespaces": [{"name": "a"}]}, "a needs a prefix"),
        ({"namespaces": [{"name": "a", "prefix": "a/", "type": "public"}]}, "a is public and needs mail_path"),
        ({"namespaces": [{"name": "inbox", "prefix": "a/"}]}, "dovecot_namespaces names inbox twice"),
        ({"acl_anyone": True}, "dovecot_acl is not"),
        ({"fts": True, "fts_languages": []}, "dovecot_fts_languages is empty"),
        ({"compression_level": 3}, "goes with zstd and gz only"),
        ({"userdbs": [{"driver": "passwd"}], "quota_warnings": [80]}, "needs dovecot_quota_warning_group"),
        ({"quota_size": "much"}, "write a size such as 100M"),
        ({"quota_messages": "many"}, "write a whole number"),
        ({"quota_warnings": [0]}, "write percentages from 1 to 100"),
        ({"quota": False, "quota_policy": True}, "dovecot_quota_policy is set, but dovecot_quota is off"),
        ({"quota_policy": True, "postfix_queue_directory": ""}, "needs a Postfix on this host"),
        ({"quota_trash_extra": "1M", "mailboxes": {}}, "has no 'mailbox Trash'"),
        ({"quota_warnings": [9], "quota_warning_message": {"from": "me"}}, "write an address"),
        ({"learning": {"spam": "x"}}, "dovecot_learning is set, but dovecot_sieve is off"),
        ({"protocols": ["sieve"]}, "dovecot_protocols has sieve, but dovecot_sieve is off"),
        ({"sieve": True, "learning": {"mailbox": "Junk"}}, "needs spam or ham"),
        ({"sieve": True, "learning": {"spam": "x", "mailbox": "Spam"}}, "has no 'mailbox Spam'"),
        ({"sieve": True, "learning": {"spam": "a\nb"}}, "write one command"),
        ({"sieve": True, "sieve_scripts": [{"name": "../a", "content": "keep;"}]}, "has the name '../a'"),
        ({"sieve": True, "sieve_scripts": [{"name": "a", "content": " "}]}, "a has no content"),
        ({"sieve": True, "sieve_scripts": [{"name": "personal", "content": "x"}]}, "which the role uses itself"),
        ({"listen": "*"}, "dovecot_listen is '*': write a list"),
        ({"passdbs": ["pam"]}, "write a list of dictionaries"),
        ({"limits": ["x"]}, "write a dictionary"),
    ],
)
def test_contradictions_are_refused(wanted: dict[str, t.Any], fault: str) -> None:
    assert fault in _faults(**wanted)


def test_the_socket_for_logins_is_only_opened_for_a_postfix_that_asks_dovecot() -> None:
    listener = "unix_listener /var/spool/postfix/private/auth"
    assert listener in _compose().settings["service auth"]
    assert listener not in _compose(postfix_logins=False).settings.get("service auth", {})


def test_all_faults_are_named_at_once() -> None:
    text = _faults(passdbs=[], quota_size="x", acl_anyone=True)
    assert len(text.split("; ")) == 3


def test_blocks_of_the_same_head_become_one() -> None:
    assert merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 4}, "d": {"e": 5}}) == {
        "a": {"b": 1, "c": 4},
        "d": {"e": 5},
    }


def test_users_of_a_passwd_file_own_their_mail_where_it_says_so() -> None:
    userdb = {"driver": "passwd-file", "path": "/etc/dovecot/users"}
    shared = _compose(userdbs=[userdb]).settings["userdb passwd-file"]
    assert shared["fields"]["uid:default"] == "vmail"
    personal = _compose(userdbs=[{**userdb, "personal": True}]).settings["userdb passwd-file"]
    assert list(personal["fields"]) == ["home:default"]
    assert "personal" not in personal


@pytest.mark.parametrize(
    ("profile", "lowest", "prefers"),
    [("modern", "TLSv1.3", "client"), ("intermediate", "TLSv1.2", "client"), ("legacy", "TLSv1", "server")],
)
def test_tls_follows_the_profile(profile: str, lowest: str, prefers: str) -> None:
    settings = _compose(tls_profile=profile).settings
    assert settings["ssl_min_protocol"] == lowest
    assert settings["ssl_server_prefer_ciphers"] == prefers
    assert settings["ssl_curve_list"] == "X25519:prime256v1:secp384r1"
    assert ("ssl_cipher_list" in settings) == ("ssl_server_dh_file" in settings) == (profile != "modern")
    assert ("@SECLEVEL=0" in settings.get("ssl_cipher_list", "")) == (profile == "legacy")


def test_what_the_platform_has_not_is_not_offered() -> None:
    settings = compose(_variables(), {**_HOST, "dh_file": "", "hybrid_groups": ["X25519MLKEM768"]}).settings
    assert "ssl_server_dh_file" not in settings
    assert settings["ssl_curve_list"] == "X25519:prime256v1:secp384r1:X25519MLKEM768"


def test_each_name_has_its_certificate() -> None:
    variables = _variables(
        tls_alt_certificate="/etc/tls/fullchain-rsa.pem",
        tls_alt_key="/etc/tls/privkey-rsa.pem",
        tls_certificates=[
            {"name": "mail.example.org", "names": ["*.example.org"]},
            {"name": "mail.example.net", "certificate": "/own/a.pem", "key": "/own/a.key"},
        ],
    )
    settings = compose(variables, {**_HOST, "tls_key_types": ["ECC", "RSA"]}).settings
    assert settings["ssl_server_alt_cert_file"] == "/etc/tls/fullchain-rsa.pem"
    assert settings["local_name *.example.org"] == settings["local_name mail.example.org"]
    assert settings["local_name mail.example.org"] == {
        "ssl_server_cert_file": "/tls/mail.example.org/fullchain.pem",
        "ssl_server_key_file": "/tls/mail.example.org/privkey.pem",
        "ssl_server_alt_cert_file": "/tls/mail.example.org/fullchain-rsa.pem",
        "ssl_server_alt_key_file": "/tls/mail.example.org/privkey-rsa.pem",
    }
    # Without a word, the second certificate would be that of the other names.
    assert settings["local_name mail.example.net"]["ssl_server_alt_cert_file"] == ""


def test_the_other_version_has_the_same_certificates() -> None:
    entries = [{"name": "mail.example.org"}, {"name": "mail.example.net", "names": ["imap.example.net"]}]
    translated = translate(build(_compose(tls_certificates=entries).settings), "/etc/dovecot/dovecot")
    assert translated.faults == ()
    text = "".join(f"{line.text}\n" for line in render(translated.body))
    assert "local_name imap.example.net {\n  ssl_cert = </tls/mail.example.net/fullchain.pem\n" in text
    assert "ssl_dh = </usr/share/dovecot/dh.pem\n" in text
    assert text.index("ssl_min_protocol") < text.index("local_name")


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"tls_profile": "strict"}, "dovecot_tls_profile is 'strict'"),
        ({"tls_alt_key": "/k"}, "belong together"),
        ({"tls_certificates": [{"name": "a.example", "key": "/k"}]}, "a certificate without its key"),
        ({"tls_certificates": [{"name": "a.example"}, {"name": "a.example"}]}, "names a.example twice"),
    ],
)
def test_tls_that_would_not_work_is_refused(wanted: dict[str, t.Any], fault: str) -> None:
    assert fault in _faults(**wanted)
