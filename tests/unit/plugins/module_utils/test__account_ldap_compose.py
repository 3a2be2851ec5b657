# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter.mail_ldap_composition import FilterModule

WISHES: dict[str, t.Any] = {
    "uris": ["ldap://ldap1.example.org", "ldap://ldap2.example.org"],
    "starttls": True,
    "ca_file": "/etc/ssl/ca.pem",
    "bind_dn": "cn=mail reader,dc=example,dc=org",
    "bind_password": "p$t'f#x",
    "base": "ou=people,dc=example,dc=org",
    "auth_bind": True,
    "user_filter": "(&(objectClass=inetOrgPerson)(mail=%s))",
    "login_filter": "",
    "address_filter": "(mailLocalAddress=%s)",
    "alias_filter": "(&(objectClass=nisMailAlias)(cn=%s))",
    "attributes": {"address": "mail", "alias_targets": "rfc822MailMember", "name": "displayName"},
    "domains": ["example.org", "b\u00fccher.example"],
    "aliases": [],
    "mail_user": "vmail",
    "mail_root": "/var/vmail",
    "quota": "",
    "postfix_directory": "/etc/postfix/postmaster",
}
USER = "(&(objectClass=inetOrgPerson)(mail=%{user}))"


def compose(**changes: t.Any) -> dict[str, t.Any]:
    composition: dict[str, t.Any] = FilterModule().filters()["mail_ldap_composition"]({**WISHES, **changes})
    return composition


def attributes(**changes: str) -> dict[str, str]:
    return {**WISHES["attributes"], **changes}


def settings(name: str, **changes: t.Any) -> dict[str, str]:
    lines = compose(**changes)["postfix_map_files"][name].splitlines()
    return dict(line.split(" = ", 1) for line in lines)


def test_postfix_asks_over_tls_with_the_reader_and_for_its_own_domains_alone() -> None:
    assert settings("ldap-mailboxes.cf") == {
        "server_host": "ldap://ldap1.example.org ldap://ldap2.example.org",
        "version": "3",
        "timeout": "10",
        "start_tls": "yes",
        "tls_require_cert": "yes",
        "tls_ca_cert_file": "/etc/ssl/ca.pem",
        "bind": "yes",
        "bind_dn": "cn=mail reader,dc=example,dc=org",
        "bind_pw": "p$t'f#x",
        "search_base": "ou=people,dc=example,dc=org",
        "domain": "example.org xn--bcher-kva.example",
        "query_filter": "(&(objectClass=inetOrgPerson)(mail=%s))",
        "result_attribute": "mail",
    }


def test_without_a_reader_nobody_logs_in() -> None:
    assert settings("ldap-mailboxes.cf", bind_dn="", bind_password="")["bind"] == "no"
    assert "bind_pw" not in settings("ldap-mailboxes.cf", bind_dn="", bind_password="x")
    assert "auth_dn" not in compose(bind_dn="", bind_password="")["dovecot_ldap"]


def test_the_tables_of_postfix() -> None:
    maps = compose()["postfix_maps"]
    assert maps == {
        "virtual_mailbox_maps": ["proxy:ldap:/etc/postfix/postmaster/ldap-mailboxes.cf"],
        "virtual_alias_maps": [
            "inventory",
            "proxy:ldap:/etc/postfix/postmaster/ldap-aliases.cf",
            "proxy:ldap:/etc/postfix/postmaster/ldap-addresses.cf",
        ],
        "smtpd_sender_login_maps": ["inventory", "proxy:ldap:/etc/postfix/postmaster/ldap-logins.cf"],
    }
    assert settings("ldap-aliases.cf")["result_attribute"] == "rfc822MailMember"
    assert settings("ldap-logins.cf")["query_filter"] == f"(|{WISHES['user_filter']}(mailLocalAddress=%s))"
    assert settings("ldap-addresses.cf")["query_filter"] == "(mailLocalAddress=%s)"


def test_a_catch_all_takes_no_mail_from_accounts() -> None:
    aliases = [
        {"address": "@example.org", "to": ["a@example.org"]},
        {"address": "@example.com", "to": ["@example.org"]},
    ]
    asked = settings("ldap-own.cf", aliases=aliases)
    assert (asked["domain"], asked["query_filter"]) == ("example.org", WISHES["user_filter"])
    maps = compose(aliases=aliases)["postfix_maps"]["virtual_alias_maps"]
    assert "proxy:ldap:/etc/postfix/postmaster/ldap-own.cf" in maps
    assert "ldap-own.cf" not in compose()["postfix_map_files"]


def test_without_further_addresses_and_aliases_nobody_asks_for_them() -> None:
    composition = compose(address_filter="", alias_filter="", attributes=attributes(alias_targets=""))
    assert sorted(composition["postfix_map_files"]) == ["ldap-logins.cf", "ldap-mailboxes.cf"]
    assert settings("ldap-logins.cf", address_filter="")["query_filter"] == WISHES["user_filter"]


def test_a_domain_that_leads_to_another_one_has_its_accounts() -> None:
    chain = [
        {"address": "@example.com", "to": ["@example.net"]},
        {"address": "@example.net", "to": ["@example.org"]},
        {"address": "@example.org", "to": ["alice@example.org"]},
        {"address": "info@example.org", "to": ["alice@example.org"]},
    ]
    for domain in ("example.com", "example.net"):
        asked = settings(f"ldap-domain-{domain}.cf", aliases=chain, user_filter="(|(mail=%s)(&(uid=%u)(o=%d)))")
        assert asked["domain"] == domain
        assert asked["result_format"] == "%U@example.org"
        assert asked["query_filter"] == (
            "(|(|(|(mail=%u@example.org)(&(uid=%u)(o=example.org)))(mailLocalAddress=%u@example.org))"
            "(&(objectClass=nisMailAlias)(cn=%u@example.org)))"
        )
    assert "ldap-domain-example.org.cf" not in compose(aliases=chain)["postfix_map_files"]


def test_domains_in_a_loop_are_no_endless_task() -> None:
    loop = [{"address": "@example.com", "to": ["@example.net"]}, {"address": "@example.net", "to": ["@example.com"]}]
    assert "ldap-domain-example.com.cf" in compose(aliases=loop)["postfix_map_files"]


def test_dovecot_checks_passwords_by_a_login() -> None:
    composition = compose(login_filter="(!(employeeType=left))")
    assert composition["dovecot_passdbs"] == [
        {
            "driver": "ldap",
            "filter": f"(&{USER}(!(employeeType=left)))",
            "bind": True,
            "fields": {"user": "%{user}"},
        }
    ]
    assert composition["dovecot_userdbs"] == [
        {
            "driver": "ldap",
            "filter": USER,
            "iterate_filter": "(&(objectClass=inetOrgPerson)(mail=*))",
            "iterate_fields": {"user": "%{ldap:mail}"},
            "fields": {
                "uid": "vmail",
                "gid": "vmail",
                "home": "/var/vmail/%{user | domain}/%{user | username}",
            },
        }
    ]
    assert composition["dovecot_ldap"] == {
        "uris": ["ldap://ldap1.example.org", "ldap://ldap2.example.org"],
        "base": "ou=people,dc=example,dc=org",
        "starttls": True,
        "auth_dn": "cn=mail reader,dc=example,dc=org",
        "auth_dn_password": "p$t'f#x",
        "ca_file": "/etc/ssl/ca.pem",
    }


def test_dovecot_checks_passwords_itself() -> None:
    (passdb,) = compose(auth_bind=False, attributes=attributes(password="userPassword"))["dovecot_passdbs"]
    assert passdb["bind"] is False
    assert passdb["fields"]["password"] == "%{ldap:userPassword}"


@pytest.mark.parametrize(
    ("text", "asked", "everybody"),
    [
        ("(mail=%s)", "(mail=%{user})", "(mail=*)"),
        ("(&(uid=%u)(o=%d))", "(&(uid=%{user | username})(o=%{user | domain}))", "(&(uid=*)(o=*))"),
        ("(mail=%s%%)", "(mail=%{user}%)", "(mail=*%)"),
    ],
)
def test_placeholders(text: str, asked: str, everybody: str) -> None:
    (userdb,) = compose(user_filter=text)["dovecot_userdbs"]
    assert (userdb["filter"], userdb["iterate_filter"]) == (asked, everybody)


@pytest.mark.parametrize(("quota", "limit"), [("", 1 << 60), ("0", 1 << 60), ("2G", 2 << 30), ("300k", 307200)])
def test_an_account_without_a_limit_has_that_of_the_server(quota: str, limit: int) -> None:
    (userdb,) = compose(quota=quota, attributes=attributes(quota="mailQuota"))["dovecot_userdbs"]
    assert userdb["fields"]["quota_storage_size"] == f"%{{ldap:mailQuota | default('{limit}')}}B"


def test_a_home_of_its_own_is_asked_for_first() -> None:
    own, standard = compose(attributes=attributes(home="homeDirectory"))["dovecot_userdbs"]
    assert (own["name"], own["filter"]) == ("ldap-home", f"(&{USER}(homeDirectory=*))")
    assert own["fields"]["home"] == "%{ldap:homeDirectory}"
    assert standard["filter"] == f"(&{USER}(!(homeDirectory=*)))"
    assert standard["fields"]["home"].startswith("/var/vmail/")


def test_networks_and_locks_are_those_of_the_entry() -> None:
    networks, anywhere = compose(attributes=attributes(allow_nets="nets", disabled="locked"))["dovecot_passdbs"]
    assert networks["filter"] == f"(&(&{USER}(!(locked=TRUE)))(nets=*))"
    assert networks["fields"] == {"user": "%{user}", "allow_nets": "%{ldap:nets}"}
    assert anywhere["filter"] == f"(&(&{USER}(!(locked=TRUE)))(!(nets=*)))"


APP = (
    "(&(objectClass=mailAppPassword)(postmasterMailAddress=%{user})(postmasterMailSlot={0})"
    "(postmasterMailService=%{protocol}))"
)


def test_each_app_password_has_a_passdb() -> None:
    names = attributes(app_passwords="mailAppPassword", disabled="locked")
    own, refused, *further = compose(attributes=names, app_passwords=2)["dovecot_passdbs"]
    assert own["filter"] == f"(&{USER}(!(locked=TRUE)))"
    assert (refused["name"], refused["deny"]) == ("ldap-refused", True)
    assert refused["filter"] == f"(&{USER}(!(&{USER}(!(locked=TRUE)))))"
    assert [one["name"] for one in further] == ["app-1", "app-2"]
    assert [one["filter"] for one in further] == [APP.replace("{0}", slot) for slot in "12"]
    assert further[0]["fields"] == {"user": "%{user}", "allow_nets": "%{ldap:postmasterMailAllowNets}"}
    assert all(one["bind"] is True for one in further)


def test_app_passwords_that_dovecot_checks_itself() -> None:
    names = attributes(app_passwords="mailAppPassword", password="secret")
    own, further = compose(attributes=names, app_passwords=1, auth_bind=False)["dovecot_passdbs"]
    assert (own["fields"]["password"], further["fields"]["password"]) == ("%{ldap:secret}", "%{ldap:userPassword}")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"app_passwords": 1}, "accounts_ldap_attributes.app_passwords is empty, but needed"),
        ({"uris": []}, "accounts_ldap_uris is empty"),
        ({"uris": ["ldap.example.org"]}, "'ldap.example.org' is none"),
        ({"uris": ["ldaps://ldap.example.org"]}, "starttls is for ldap:// alone"),
        ({"bind_password": ""}, "bind_dn needs accounts_ldap_bind_password"),
        ({"bind_password": "a\nbind_dn = cn=admin"}, "accounts_ldap_bind_password begins or ends"),
        ({"bind_password": " a"}, "accounts_ldap_bind_password begins or ends"),
        ({"bind_password": "a #b"}, "accounts_ldap_bind_password begins or ends"),
        ({"base": ""}, "accounts_ldap_base is empty"),
        ({"user_filter": ""}, "accounts_ldap_user_filter is empty"),
        ({"user_filter": "mail=%s"}, "is no filter"),
        ({"user_filter": "(mail=%s"}, "is no filter"),
        ({"user_filter": "(mail=%{user})"}, "has %{: write %s"),
        ({"user_filter": "(mail=100%)"}, "has %): write %s"),
        ({"user_filter": "(mail=*)"}, "would find the same entries"),
        ({"alias_filter": "(o=%d)"}, "would find the same entries"),
        ({"login_filter": "employeeType=left"}, "accounts_ldap_login_filter"),
        ({"login_filter": "(a=b\n)"}, "control character"),
        ({"attributes": {"address": "mail", "alias_targets": ""}}, "alias_targets is empty, but needed"),
        ({"attributes": {"address": "", "alias_targets": "x"}}, "address is empty, but needed"),
        ({"auth_bind": False}, "password is empty, but needed"),
        ({"attributes": {"address": "mail=*)(", "alias_targets": "x"}}, "is no name of an attribute"),
        ({"attributes": {"adress": "mail"}}, "accounts_ldap_attributes has adress"),
        ({"quota": "much", "attributes": {"address": "m", "alias_targets": "x", "quota": "q"}}, "dovecot_quota_size"),
        ({"domains": ["no domain"]}, "mail_domains"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, t.Any], fault: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        compose(**changes)
    assert fault in str(caught.value)
    assert "p$t'f#x" not in str(caught.value)
