# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import pathlib

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_conf_output import as_data, parse
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_read import Configuration, External
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_sources import Place
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_plan import make_plan

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
LDAP = "uris = ldap://ldap.example.org\ndn = cn=x\ndnpass = hush-ldap\nuser_filter = (uid=%u)\n"
OLD = """
doveadm_password = hush-doveadm
mail_location = maildir:~/Maildir
managesieve_sieve_capability = fileinto
passdb {
  args = password=hush-static nopassword=y
  driver = static
}
userdb {
  args = /etc/dovecot/ldap.conf.ext
  driver = ldap
}
service replicator {
  process_min_avail = 1
}
"""


def configuration(text, version="2.3.19.1"):
    return Configuration(
        version=version,
        pigeonhole="",
        config_file="/etc/dovecot/dovecot.conf",
        body=parse(text),
        externals=(External("/etc/dovecot/ldap.conf.ext", "userdb { args }", parse(LDAP)),),
        files=(),
        places=(Place("doveadm_password", "/etc/dovecot/local.conf", 3),),
        messages=(),
    )


def plan(text=OLD, *, include_secrets=False, version="2.3.19.1"):
    effective = parse("protocols = imap\ndisable_plaintext_auth = yes\n" + text)
    files = {"/etc/dovecot/ldap.conf.ext": LDAP}
    return make_plan(configuration(text, version), effective, files, include_secrets=include_secrets)


def test_the_tree_is_that_of_2_4():
    data = as_data(plan().tree)
    assert (data["mail_driver"], data["mail_path"]) == ("maildir", "~/Maildir")
    assert data["mailbox_list_layout"] == "maildir++"
    assert data["namespace inbox"]["inbox"] is True
    assert data["auth_allow_cleartext"] is False
    assert data["userdb ldap"]["filter"] == "(uid=%{user})"
    assert "managesieve_sieve_capability" not in data


def test_secrets_become_references_to_their_files():
    found = plan()
    data = as_data(found.tree)
    assert data["doveadm_password"] == "<secret: set me from /etc/dovecot/local.conf>"
    assert data["passdb static"]["password"] == "<secret: set me from /etc/dovecot/dovecot.conf>"
    assert data["userdb ldap"]["ldap_auth_dn_password"] == "<secret: set me from /etc/dovecot/ldap.conf.ext>"
    assert {(secret.setting, secret.file.rpartition("/")[2]) for secret in found.secrets} == {
        ("doveadm_password", "local.conf"),
        ("passdb static { password }", "dovecot.conf"),
        ("userdb ldap { ldap_auth_dn_password }", "ldap.conf.ext"),
    }
    assert "hush" not in repr(found)


def test_secrets_are_included_on_demand_and_still_in_no_text():
    found = plan(include_secrets=True)
    data = as_data(found.tree)
    assert data["doveadm_password"] == "hush-doveadm"
    assert data["userdb ldap"]["ldap_auth_dn_password"] == "hush-ldap"
    assert "hush" not in repr((found.rewritten, found.without_successor))


def test_what_has_no_successor_is_named():
    assert any("replicator" in fault.setting for fault in plan().without_successor)
    lost = plan("auth_mechanisms = plain ntlm\nmail_location = mbox:~/mail\n").without_successor
    assert any(fault.setting == "auth_mechanisms" for fault in lost)


def test_a_2_4_needs_no_upgrade():
    text = "mail_driver = maildir\ndoveadm_password = hush\nprotocols = imap\n"
    found = plan(text, version="2.4.1")
    assert as_data(found.tree) == {
        "mail_driver": "maildir",
        "doveadm_password": "<secret: set me from /etc/dovecot/local.conf>",
        "protocols": ["imap"],
    }
    assert (found.pinned, found.client_changes, found.without_successor) == ((), (), ())


def test_a_large_configuration_keeps_its_secrets():
    text = (FIXTURES / "doveconf-2.3.19.1-nP.txt").read_text()
    found = make_plan(configuration(text), parse(text), {}, include_secrets=False)
    shown = json.dumps([as_data(found.tree), *map(str, found.rewritten), *map(str, found.without_successor)])
    for secret in ('"plug"', "= plug", "a # b", "pem sekrit", "password = test"):
        assert secret not in shown
    assert "plugin { quota }" in shown


def test_a_secret_that_is_a_common_word_does_not_harm_the_tree():
    found = plan("doveadm_password = imap\nprotocols = imap\nmail_location = maildir:~/Maildir\n")
    data = as_data(found.tree)
    assert data["protocols"] == ["imap"]
    assert data["doveadm_password"].startswith("<secret")


def test_a_column_with_the_name_of_a_secret_stays_in_the_query():
    sql = "driver = pgsql\nconnect = host=db dbname=m password=password\npassword_query = SELECT password FROM u\n"
    text = "passdb {\n  args = /etc/sql\n  driver = sql\n}\n"
    given = configuration(text)
    given = dataclasses.replace(given, externals=(External("/etc/sql", "passdb { args }", parse(sql)),))
    data = as_data(make_plan(given, parse(text), {"/etc/sql": sql}, include_secrets=False).tree)
    assert data["passdb sql"]["query"] == "SELECT password FROM u"
    assert "set me from /etc/sql" in json.dumps(data)
