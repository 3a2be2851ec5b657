# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_conf_output import as_data, parse
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_clients import client_changes
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_pins import (
    needed_of,
    pin_defaults,
    with_namespace,
    without_mechanisms,
)


def changes(effective, tree=""):
    return {change.topic: change for change in client_changes(parse(effective), parse(tree))}


def pinned(tree, effective=""):
    body, pins = pin_defaults(parse(tree), parse(effective))
    return as_data(body), [pin.setting for pin in pins]


@pytest.mark.parametrize(
    ("effective", "topic", "before", "action"),
    [
        ("ssl_min_protocol = TLSv1\n", "TLS", "TLSv1 and later", "Find the clients"),
        ("disable_plaintext_auth = no\n", "passwords in clear text", "are accepted without TLS", "Consider"),
        ("disable_plaintext_auth = yes\n", "passwords in clear text", "refused without TLS", ""),
        ("auth_mechanisms = plain NTLM rpa\n", "login", "ntlm, rpa", "Set the clients to PLAIN"),
        ("auth_mechanisms = gssapi\n", "login", "Kerberos", "dovecot-gssapi"),
        ("protocols = imap\n", "IMAP COMPRESS", "Not offered", ""),
        ("protocols = imap\nmail_plugins = quota imap_quota\n", "IMAP SETQUOTA", "change quotas", "Change quotas"),
        ("protocols = imap\nimap_client_workarounds = delay-newmail\n", "IMAP workarounds", "delay-newmail", ""),
        ("protocols = pop3\npop3_client_workarounds = oe-ns-eoh\n", "POP3 workarounds", "oe-ns-eoh", ""),
        ("protocols = pop3\npop3_uidl_format = %08Xu\n", "POP3 UIDL", "%08Xu", "fetch all messages once more"),
        ("mail_location =\n", "folders", "looks for the mail", "Set both"),
        ("mail_plugins = fts fts_squat\n", "searching", "present full-text search", "doveadm index"),
        ("mail_plugins = quota\nplugin {\n  quota = dirsize:U\n}\n", "quota", "dirsize", "doveadm quota recalc"),
    ],
)
def test_changes_for_clients(effective, topic, before, action):
    change = changes(effective)[topic]
    assert before in change.before
    assert action in change.action
    assert bool(action) == bool(change.action)


def test_what_does_not_change_is_no_topic():
    effective = (
        "ssl_min_protocol = TLSv1.2\nmail_location = maildir:~/Maildir\nprotocols = imap\n"
        "mail_plugins = quota\nprotocol imap {\n  mail_plugins = quota imap_zlib\n}\nplugin {\n  quota = count:U\n}\n"
    )
    assert list(changes(effective)) == ["passwords in clear text"]


def test_uidls_that_are_kept_need_nothing():
    change = changes("protocols = pop3\npop3_uidl_format = %f\n", "pop3_uidl_format = %{filename}\n")["POP3 UIDL"]
    assert "written %{filename}" in change.after
    assert not change.action


def test_port_465_is_a_change_unless_it_is_closed():
    closed = "service submission-login {\n  inet_listener submissions {\n    port = 0\n  }\n}\n"
    assert "465" in changes("protocols = submission\n")["submission"].after
    assert "465" not in changes("protocols = submission\n", closed)["submission"].after


@pytest.mark.parametrize(
    ("tree", "effective", "setting", "value"),
    [
        ("", "protocols = imap lmtp\n", "protocols", ["imap", "lmtp"]),
        ("", "disable_plaintext_auth = no\n", "auth_allow_cleartext", True),
        ("", "disable_plaintext_auth = yes\n", "auth_allow_cleartext", False),
        ("", "ssl = yes\nssl_min_protocol = TLSv1\n", "ssl_min_protocol", "TLSv1"),
        ("mail_driver = maildir\n", "", "mailbox_list_layout", "maildir++"),
        ("mail_driver = mbox\n", "mbox_write_locks = dotlock fcntl\n", "mbox_write_locks", "dotlock fcntl"),
        ("", "protocols = pop3\npop3_uidl_format = %f\n", "pop3_uidl_format", "%{filename}"),
        ("", "protocols = lmtp\nlmtp_user_concurrency_limit = 0\n", "lmtp_user_concurrency_limit", "unlimited"),
    ],
)
def test_defaults_are_pinned(tree, effective, setting, value):
    data, pins = pinned(tree, effective)
    assert data[setting] == value
    assert setting in pins


@pytest.mark.parametrize(
    ("tree", "effective", "absent"),
    [
        ("mail_driver = sdbox\n", "", "mailbox_list_layout"),
        ("", "ssl = no\nssl_min_protocol = TLSv1\n", "ssl_min_protocol"),
        ("", "protocols = imap\npop3_uidl_format = %u\n", "pop3_uidl_format"),
        ("", "lmtp_user_concurrency_limit = 0\n", "lmtp_user_concurrency_limit"),
    ],
)
def test_what_does_not_matter_is_not_pinned(tree, effective, absent):
    assert absent not in pinned(tree, effective)[0]


def test_what_the_tree_sets_stays():
    data, pins = pinned("mail_driver = maildir\nmailbox_list_layout = fs\nprotocols = imap\n", "protocols = pop3\n")
    assert (data["mailbox_list_layout"], data["protocols"]) == ("fs", ["imap"])
    assert "mailbox_list_layout" not in pins


def test_a_namespace_with_its_own_place_takes_nothing_from_the_top():
    data, _pins = pinned(
        "mail_driver = maildir\nmail_index_path = /index\nmail_control_path = /control\n"
        "namespace inbox {\n  inbox = yes\n}\n"
        "namespace a {\n  mail_driver = maildir\n  mail_control_path = /a\n}\n"
        "namespace b {\n  mail_driver = mdbox\n}\n"
    )
    assert data["namespace inbox"] == {"inbox": True}
    assert data["namespace a"] == {
        "mail_driver": "maildir",
        "mail_control_path": "/a",
        "mailbox_list_layout": "maildir++",
        "mail_index_path": "",
    }
    assert data["namespace b"]["mailbox_list_layout"] == "fs"


def test_passwords_without_a_scheme_keep_theirs():
    data, _pins = pinned(
        "passdb passwd-file {\n  passwd_file_path = /u\n}\n"
        "passdb master {\n  driver = passwd-file\n  passdb_default_password_scheme = SSHA\n}\n"
        "passdb sql {\n  query = x\n}\npassdb ldap {\n  bind = yes\n}\npassdb pam {\n}\npassdb static {\n}\n"
    )
    assert data["passdb passwd-file"]["default_password_scheme"] == "CRYPT"
    assert data["passdb sql"]["default_password_scheme"] == "MD5"
    assert data["passdb master"] == {"driver": "passwd-file", "passdb_default_password_scheme": "SSHA"}
    assert (data["passdb ldap"], data["passdb pam"], data["passdb static"]) == ({"bind": True}, {}, {})


def test_port_465_stays_closed_unless_2_3_had_it_open():
    opened = (
        "protocols = submission\nservice submission-login {\n  inet_listener submissions {\n    port = 465\n  }\n}\n"
    )
    listener = {"inet_listener submissions": {"port": "0"}}
    assert pinned("", "protocols = submission\n")[0]["service submission-login"] == listener
    assert "service submission-login" not in pinned("", opened)[0]


def test_2_3_has_a_namespace_without_saying_so():
    assert as_data(with_namespace(parse("a = b\n"))) == {"a": "b", "namespace inbox": {"inbox": True}}
    assert as_data(with_namespace(parse("namespace x {\n}\n"))) == {"namespace x": {}}


def test_mechanisms_that_are_gone_are_taken_out():
    body, faults = without_mechanisms(
        parse("auth_mechanisms = plain NTLM login\npassdb pam {\n  mechanisms_filter = rpa plain\n}\n")
    )
    assert as_data(body) == {
        "auth_mechanisms": ["plain", "login"],
        "passdb pam": {"mechanisms_filter": ["plain"]},
    }
    assert [fault.setting for fault in faults] == ["auth_mechanisms", "passdb pam { mechanisms_filter }"]


def test_what_the_host_needs_is_listed():
    tree = (
        "mail_uid = vmail\nmail_access_groups = mail, adm\nlog_path = /var/log/x\nmail_path = ~/Maildir\n"
        "ssl_server_cert_file = /c.pem\nservice a {\n  user = $SET:default_internal_user\n  unix_listener b {\n"
        "    user = postfix\n    group = postfix\n  }\n}\nuserdb static {\n  fields {\n    uid:default = v2\n"
        "    gid = %{user}\n    home = /srv\n  }\n}\nsieve_script x {\n  path = /etc/s\n}\n"
    )
    assert needed_of(parse(tree)) == {
        "users": ["postfix", "v2", "vmail"],
        "groups": ["adm", "mail", "postfix"],
        "files": ["/c.pem", "/etc/s"],
    }
