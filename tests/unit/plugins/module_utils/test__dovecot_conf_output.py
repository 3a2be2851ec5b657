# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_conf_output as conf_output
from ansible_collections.postmaster.mail.plugins.module_utils import _dovecot_tree as tree
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_secrets import masked, secrets_of

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"


def recorded(version):
    return (FIXTURES / f"doveconf-{version}-nP.txt").read_text()


@pytest.fixture(params=["2.3.19.1", "2.4.1"])
def version(request):
    return request.param


def test_the_header_names_version_and_file(version):
    header = conf_output.read_header(recorded(version))
    assert (header.version, header.config_file) == (version, "rec.conf")
    assert header.pigeonhole in {"0.5.19", "2.4.1-4"}


def test_text_without_a_header_names_nothing():
    assert conf_output.read_header("protocols = imap\n") == conf_output.Header("", "", "")


def test_the_data_makes_the_same_tree_again(version):
    data = conf_output.as_data(conf_output.parse(recorded(version)))
    # Applied group settings ("@mailbox_defaults") are printed by doveconf and are no setting of a tree.
    data.pop("@mailbox_defaults", None)
    again = tree.parse("\n".join(line.text for line in tree.render(tree.build(data))))
    assert conf_output.as_data(again) == data


def test_values_of_2_3():
    data = conf_output.as_data(conf_output.parse(recorded("2.3.19.1")))
    assert data["login_greeting"] == '  hello # "x" \\ y'
    assert data["doveadm_password"] == "a # b"
    assert data["mail_plugins"] == ["quota"]
    assert data["protocol imap"]["mail_plugins"] == ["quota", "imap_quota", "imap_sieve"]
    assert data["namespace inbox"]["inbox"] is True
    assert data["namespace shared"]["mailbox Sent Messages"] == {"special_use": "\\Sent"}
    assert data["service auth"]["unix_listener /var/spool/my dir/auth"] == {"mode": "0600"}
    assert data["ssl_key"] == "</etc/ssl/private/ssl-cert-snakeoil.key"
    assert [head for head in data if head.startswith("passdb")] == ["passdb", "passdb 2", "passdb 3"]
    assert data["passdb 2"] == {"args": "/etc/dovecot/sql.conf.ext", "driver": "sql"}
    assert data["plugin"]["quota_vsizes"] == "yes"


def test_values_of_2_4():
    data = conf_output.as_data(conf_output.parse(recorded("2.4.1")))
    assert data["ssl_server_cert_file"] == "/etc/ssl/certs/ssl-cert-snakeoil.pem"
    assert data["local_name alt.example"]["ssl_server_key_file"] == "/etc/ssl/private/ssl-cert-snakeoil.key"
    assert "ssl_server" not in data
    assert data["mail_plugins"] == {"quota": True, "fts": True, "fts_flatcurve": True}
    assert data["local 192.0.2.0/24"]["protocol imap"]["mail_plugins"] == {"quota": False}
    assert data["metric imap_command"]["group_by cmd_name"] == {"method discrete": {}}
    assert data["quota User quota"]["warning warn-95"]["execute quota-warning"] == {"args": "95 %{user}"}
    assert data["namespace inbox"]["mailbox Drafts"]["special_use"] == "\\Drafts"


def test_a_group_wins_over_the_empty_settings_that_2_4_prints_before_it():
    text = "ssl_server_cert_file = \nssl_server_dh_file = \nssl_server {\n  cert_file = /c.pem\n}\n"
    data = conf_output.as_data(conf_output.parse(text))
    assert data == {"ssl_server_cert_file": "/c.pem", "ssl_server_dh_file": ""}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["mail_uid"], ["mail_uid"]),
        (["service auth", "nosuch"], ["service auth"]),
        (["passdb"], ["passdb passwd-file", "passdb sql", "passdb static"]),
        (['quota "User quota"'], ["quota User quota"]),
        ([], []),
    ],
)
def test_settings_are_selected_by_name_head_or_kind(names, found):
    body = conf_output.select(conf_output.parse(recorded("2.4.1")), names)
    assert list(conf_output.as_data(body)) == found


def test_secrets_are_masked(version):
    body = conf_output.parse(recorded(version))
    text = json.dumps(conf_output.as_data(masked(body)))
    for secret in ("pem sekrit", "a # b", "ldapsekrit", "s3 cret", "yak", "gnu", 'plug"', "password=test", "pass=foo"):
        assert secret not in text
    for shown in ("quota-warning", "/etc/ssl/private/ssl-cert-snakeoil.key"):
        assert shown in text


@pytest.mark.parametrize(
    ("key", "value", "secrets"),
    [
        ("dnpass", "/starts/like/a/path", ["/starts/like/a/path"]),
        ("ssl_key", "</etc/key.pem", []),
        ("ssl_server_key_file", "/etc/key.pem", []),
        ("ssl_server_key_file", "inline:-----BEGIN PRIVATE KEY-----x", ["inline:-----BEGIN PRIVATE KEY-----x"]),
        ("mail_crypt_global_public_key", "abc", []),
        ("connect", "host=db user=x password='a b' dbname=m", ["a b"]),
        ("connect", "host=db password=pw123 dbname=m", ["pw123"]),
        ("args", "nopassword=y uid=1", []),
        ("args", "scheme=CRYPT /etc/users", []),
        ("oauth2_introspection_url", "https://client:hush@id.example.org/?t=", ["hush"]),
        ("auth_policy_server_api_header", "Authorization: Basic eHg=", ["Authorization: Basic eHg="]),
        ("password_query", "SELECT password AS password FROM users WHERE password=2", []),
        ("password", "", []),
        ("password", "%{ldap:userPassword}", []),
        ("pass_attrs", "uid=user, password=password", []),
    ],
)
def test_what_is_a_secret(key, value, secrets):
    assert list(secrets_of((tree.Setting(key, value),))) == secrets


def test_a_value_that_doveconf_hides_stays_hidden():
    assert conf_output.as_data(masked(conf_output.parse("ssl_key = # hidden, use -P to show it"))) == {
        "ssl_key": "********"
    }


def test_a_line_of_no_known_kind_is_an_error():
    with pytest.raises(tree.TreeError, match="line 2"):
        conf_output.parse("a = b\nsomething else\n")
