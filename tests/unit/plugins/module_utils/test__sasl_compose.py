# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.postmaster.mail.plugins.filter.sasl_composition import FilterModule
from ansible_collections.postmaster.mail.plugins.module_utils._sasl_compose import (
    Composition,
    CompositionError,
    compose,
)
from ansible_collections.postmaster.mail.plugins.module_utils._sasl_files import MARK

ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles" / "sasl"
DIRECTORY = "/var/spool/postfix/var/run/saslauthd"
HOST = {
    "queue": "/var/spool/postfix",
    "chroot": True,
    "config_path": "/etc/postfix/sasl",
    "folder": "/etc/postmaster/sasl",
    "directory": DIRECTORY,
    "saslauthd": "/usr/sbin/saslauthd",
    "authdaemond_socket": "/run/courier/authdaemon/socket",
    "authdaemond_runs": True,
    "socket_proxy": "/usr/lib/systemd/systemd-socket-proxyd",
    "ca_file": "/etc/ssl/certs/ca-certificates.crt",
    "pam_rules": ["@include common-auth"],
    "present": [],
    "own": [],
    "rivals": [],
}
LDAP = {
    "saslauthd_mechanism": "ldap",
    "ldap_servers": ["ldap://ldap.example.org"],
    "ldap_search_base": "ou=people,dc=example,dc=org",
}


def variables(**wanted: t.Any) -> dict[str, t.Any]:
    """The defaults of the role, with what a test wants instead."""
    defaults = {
        key[len("sasl_") :]: value
        for key, value in yaml.safe_load((ROLE / "defaults" / "main.yml").read_text()).items()
    }
    mechanism = wanted.get("saslauthd_mechanism", "pam")
    servers = wanted.get("ldap_servers", [])
    rendered = {
        "accounts": [],
        "dovecot_follows": True,
        "login_with_realm": mechanism in ("ldap", "rimap"),
        "ldap_start_tls": any(server.startswith("ldap:") for server in servers),
    }
    return {**defaults, **rendered, **wanted}


def composed(host: dict[str, t.Any] | None = None, **wanted: t.Any) -> Composition:
    return compose(variables(**wanted), {**HOST, **(host or {})})


def cyrus(host: dict[str, t.Any] | None = None, **wanted: t.Any) -> Composition:
    return composed(host, engine="cyrus", **wanted)


def content(composition: Composition, path: str) -> str:
    return next(file.content for file in composition.files if file.path == path)


def command(composition: Composition) -> str:
    found = re.search("^ExecStart=(.*)$", content(composition, "/etc/systemd/system/saslauthd-postfix.service"), re.M)
    assert found
    return found[1]


def test_dovecot_needs_parameters_and_no_file() -> None:
    assert composed() == Composition({"smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"})


@pytest.mark.parametrize(
    ("wanted", "parameter"),
    [
        ({"realm": "example.org"}, ("smtpd_sasl_local_domain", "example.org")),
        ({"mechanisms": ["plain", "login"]}, ("smtpd_sasl_mechanism_filter", "PLAIN, LOGIN")),
        ({"dovecot_socket": "inet:192.0.2.1:12345"}, ("smtpd_sasl_path", "inet:192.0.2.1:12345")),
        ({"engine": "cyrus"}, ("smtpd_sasl_type", "cyrus")),
        ({"engine": "cyrus"}, ("smtpd_sasl_path", "smtpd")),
        ({"engine": "cyrus", "realm": "example.org"}, ("smtpd_sasl_local_domain", "example.org")),
        ({"engine": "cyrus", "pam_service": "mail"}, ("smtpd_sasl_service", "mail")),
    ],
)
def test_postfix_is_told(wanted: dict[str, t.Any], parameter: tuple[str, str]) -> None:
    assert parameter in composed(**wanted).postfix_params.items()


def test_pam_brings_its_service_and_a_socket_that_only_postfix_reaches() -> None:
    composition = cyrus()
    assert content(composition, "/etc/postfix/sasl/smtpd.conf") == (
        f"{MARK}\npwcheck_method: saslauthd\nsaslauthd_path: /var/run/saslauthd/mux\nmech_list: PLAIN LOGIN\n"
    )
    assert content(composition, "/etc/pam.d/smtp") == f"{MARK}\n@include common-auth\n"
    assert command(composition) == f"/usr/sbin/saslauthd -a pam -m {DIRECTORY} -n 5"
    assert [(item.path, item.mode, item.group) for item in composition.directories] == [
        ("/etc/postfix/sasl", "0755", "root"),
        ("/var/spool/postfix/var/run", "0755", "root"),
        (DIRECTORY, "0710", "postfix"),
    ]
    assert composition.units == ["saslauthd-postfix.service"]
    assert composition.socket == f"{DIRECTORY}/mux"
    assert composition.features == ["plain", "saslauthd"]
    assert composition.plugins == ["liblogin.so", "libplain.so"]
    assert composition.kept == sorted(
        [
            "/etc/pam.d/smtp",
            "/etc/postfix/sasl",
            "/etc/postfix/sasl/smtpd.conf",
            "/etc/systemd/system/saslauthd-postfix.service",
            "/var/spool/postfix/var/run",
            DIRECTORY,
        ]
    )


@pytest.mark.parametrize(("own", "written"), [([], False), (["/etc/pam.d/smtp"], True)])
def test_a_pam_service_of_somebody_else_stays(own: list[str], written: bool) -> None:
    paths = [file.path for file in cyrus({"present": ["/etc/pam.d/smtp"], "own": own}).files]
    assert ("/etc/pam.d/smtp" in paths) is written


@pytest.mark.parametrize(
    ("wanted", "end"),
    [
        ({"saslauthd_mechanism": "shadow"}, f"-a shadow -m {DIRECTORY} -n 5"),
        ({"saslauthd_threads": 9}, "-n 9"),
        ({"saslauthd_cache": 60}, "-n 5 -c -t 60"),
        ({"login_with_realm": True}, "-n 5 -r"),
        ({"saslauthd_mechanism": "rimap"}, "-n 5 -O 127.0.0.1/143 -r"),
        ({**LDAP}, "-n 5 -O /etc/postmaster/sasl/saslauthd.conf -r"),
        ({"saslauthd_directory": "/srv/mux"}, "-m /srv/mux -n 5"),
    ],
)
def test_saslauthd_gets_options(wanted: dict[str, t.Any], end: str) -> None:
    assert command(cyrus(**wanted)).endswith(end)


def test_without_a_chroot_smtpd_sees_the_whole_path() -> None:
    text = content(cyrus({"chroot": False}), "/etc/postfix/sasl/smtpd.conf")
    assert f"saslauthd_path: {DIRECTORY}/mux\n" in text


def test_a_directory_that_is_lost_at_boot_is_made_by_systemd() -> None:
    composition = cyrus({"chroot": False, "directory": "/run/saslauthd"})
    assert "RuntimeDirectory=saslauthd\n" in content(composition, "/etc/systemd/system/saslauthd-postfix.service")
    assert [item.path for item in composition.directories] == ["/etc/postfix/sasl"]


def test_the_password_for_ldap_is_in_a_file_of_root_alone() -> None:
    composition = cyrus(**LDAP, ldap_bind_dn="cn=mail", ldap_bind_password="p#1 x", ldap_settings={"ldap_timeout": 3})
    path = "/etc/postmaster/sasl/saslauthd.conf"
    assert [file.mode for file in composition.files if file.path == path] == ["0600"]
    assert content(composition, path).splitlines()[1:] == [
        "ldap_servers: ldap://ldap.example.org",
        "ldap_version: 3",
        "ldap_start_tls: yes",
        "ldap_tls_check_peer: yes",
        "ldap_tls_cacert_file: /etc/ssl/certs/ca-certificates.crt",
        "ldap_bind_dn: cn=mail",
        "ldap_password: p#1 x",
        "ldap_search_base: ou=people,dc=example,dc=org",
        "ldap_scope: sub",
        "ldap_filter: (mail=%u)",
        "ldap_auth_method: bind",
        "ldap_timeout: 3",
    ]


@pytest.mark.parametrize(
    ("server", "start_tls"),
    [
        ("ldap://127.0.0.1", False),
        ("ldap://[::1]:389", False),
        ("ldapi:///", False),
        ("ldaps://ldap.example.org", False),
    ],
)
def test_servers_that_are_safe_without_starttls(server: str, start_tls: bool) -> None:
    composition = cyrus(**{**LDAP, "ldap_servers": [server]}, ldap_start_tls=start_tls)
    text = content(composition, "/etc/postmaster/sasl/saslauthd.conf")
    assert ("ldap_tls_check_peer: yes" in text) is server.startswith("ldaps:")
    assert "ldap_start_tls" not in text


def test_sasldb_is_inside_the_chroot_and_serves_more_mechanisms() -> None:
    composition = cyrus(
        cyrus_pwcheck="auxprop", users=[{"name": "alice@example.org"}], mechanisms=["plain", "CRAM-MD5"]
    )
    assert composition.database == "/var/spool/postfix/var/lib/sasl/sasldb2"
    assert content(composition, "/etc/postfix/sasl/smtpd.conf").splitlines()[1:] == [
        "pwcheck_method: auxprop",
        "auxprop_plugin: sasldb",
        "sasldb_path: /var/lib/sasl/sasldb2",
        "mech_list: PLAIN CRAM-MD5",
    ]
    assert composition.plugins == ["libcrammd5.so", "libplain.so", "libsasldb.so"]
    assert composition.features == ["md5", "plain", "sasldb"]
    assert composition.units == []
    private = [(item.mode, item.group) for item in composition.directories if item.path.endswith("/sasl")]
    assert ("0750", "postfix") in private


def test_sasldb_offers_by_default_what_is_not_outdated() -> None:
    composition = cyrus(cyrus_pwcheck="auxprop", users=[{"name": "alice"}], realm="example.org")
    text = content(composition, "/etc/postfix/sasl/smtpd.conf")
    assert "mech_list: PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256\n" in text


def test_authdaemond_is_reached_by_a_socket_in_the_chroot() -> None:
    composition = cyrus(cyrus_pwcheck="authdaemond")
    assert composition.units == ["authdaemond-postfix.socket"]
    assert "authdaemond_path: /var/run/authdaemond/socket\n" in content(composition, "/etc/postfix/sasl/smtpd.conf")
    listener = content(composition, "/etc/systemd/system/authdaemond-postfix.socket")
    assert "ListenStream=/var/spool/postfix/var/run/authdaemond/socket\nSocketGroup=postfix\n" in listener
    service = content(composition, "/etc/systemd/system/authdaemond-postfix.service")
    assert "systemd-socket-proxyd /run/courier/authdaemon/socket\n" in service


DROP_IN = "/etc/systemd/system/courier-authdaemon.service.d/postfix.conf"


@pytest.mark.parametrize(
    ("runs", "own", "started"),
    [(True, [], False), (False, [], True), (True, [DROP_IN], True), (False, [DROP_IN], True)],
)
def test_a_courier_that_the_role_starts_is_known_as_such(runs: bool, own: list[str], started: bool) -> None:
    composition = cyrus({"authdaemond_runs": runs, "own": own}, cyrus_pwcheck="authdaemond")
    assert ("courier-authdaemon.service" in composition.units) is started
    assert {DROP_IN, DROP_IN.rpartition("/")[0]} & set(composition.kept) == (
        {DROP_IN, DROP_IN.rpartition("/")[0]} if started else set()
    )
    if started:
        assert content(composition, DROP_IN) == f"{MARK}\n[Unit]\nPartOf=authdaemond-postfix.socket\n"


ALIKE = [{"address": "alice@example.org"}, {"address": "Alice@example.net", "password": "x"}]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"saslauthd_mechanism": "shadow"},
        {"saslauthd_mechanism": "rimap", "login_with_realm": False},
        {**LDAP, "ldap_filter": "(uid=%U)"},
        {**LDAP, "login_with_realm": False},
    ],
)
def test_accounts_that_one_password_would_open_are_refused(wanted: dict[str, t.Any]) -> None:
    with pytest.raises(CompositionError, match="one password would open each of alice@example.net, alice@example.org"):
        cyrus(accounts=ALIKE, **wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        {"engine": "dovecot"},
        {"login_with_realm": True},
        {"saslauthd_mechanism": "rimap"},
        LDAP,
        {**LDAP, "ldap_filter": "(&(uid=%U)(domain=%d))"},
        {**LDAP, "ldap_filter": "(mail=%u@%r)", "login_with_realm": False},
        {"cyrus_pwcheck": "auxprop", "users": [{"name": "alice@example.org"}]},
        {"cyrus_pwcheck": "authdaemond"},
    ],
)
def test_engines_that_look_at_the_domain_may_have_them(wanted: dict[str, t.Any]) -> None:
    assert composed(**{"engine": "cyrus", "accounts": ALIKE, **wanted}).postfix_params


@pytest.mark.parametrize(
    ("server", "trusted"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("::1", ["::1"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("imap.example.org", []),
    ],
)
def test_dovecot_is_told_who_asks_for_all_users(server: str, trusted: list[str]) -> None:
    composition = cyrus(saslauthd_mechanism="rimap", rimap_host=server, rimap_allow_cleartext=True)
    assert composition.dovecot_trusted_networks == trusted
    assert cyrus().dovecot_trusted_networks == []


@pytest.mark.parametrize(
    ("wanted", "host", "fault"),
    [
        ({"engine": "exim"}, {}, "sasl_engine is 'exim': write dovecot or cyrus"),
        ({"dovecot_follows": False}, {}, "'SASL: Connect to private/auth failed'"),
        ({"engine": "cyrus", "cyrus_pwcheck": "x"}, {}, "write saslauthd, auxprop or authdaemond"),
        ({"engine": "cyrus", "saslauthd_mechanism": "kerberos5"}, {}, "write pam, shadow, ldap or rimap"),
        ({"engine": "cyrus", "saslauthd_threads": 0}, {}, "at least 1"),
        ({"engine": "cyrus", "saslauthd_cache": "long"}, {}, "sasl_saslauthd_cache is 'long'"),
        ({"engine": "cyrus", "mechanisms": ["CRAM-MD5"]}, {}, "can serve PLAIN and LOGIN only"),
        ({"engine": "cyrus", "mechanisms": ["GSSAPI"]}, {}, "sasl_mechanisms has GSSAPI"),
        ({"engine": "cyrus", "mechanisms": ["PLAIN", "plain"]}, {}, "names PLAIN twice"),
        ({"engine": "cyrus", "pam_service": "../x"}, {}, "the name of a file in /etc/pam.d"),
        (
            {"engine": "cyrus"},
            {"present": ["/etc/postfix/sasl/smtpd.conf"]},
            "/etc/postfix/sasl/smtpd.conf is not from this role",
        ),
        ({"engine": "cyrus"}, {"rivals": ["/etc/default/saslauthd"]}, "/etc/default/saslauthd lets another saslauthd"),
        ({"engine": "cyrus", **LDAP, "ldap_servers": []}, {}, "sasl_ldap_servers is empty"),
        ({"engine": "cyrus", **LDAP, "ldap_servers": ["ldap.example.org"]}, {}, "write ldap://, ldaps:// or ldapi://"),
        ({"engine": "cyrus", **LDAP, "ldap_search_base": ""}, {}, "sasl_ldap_search_base is empty"),
        ({"engine": "cyrus", **LDAP, "ldap_start_tls": False}, {}, "would see passwords in clear"),
        (
            {"engine": "cyrus", **LDAP, "ldap_servers": ["ldaps://ldap.example.org"], "ldap_start_tls": True},
            {},
            "knows no STARTTLS",
        ),
        ({"engine": "cyrus", **LDAP, "ldap_auth_method": "guess"}, {}, "write bind, custom or fastbind"),
        ({"engine": "cyrus", **LDAP, "ldap_bind_password": " x"}, {}, "ldap_password begins or ends with a blank"),
        (
            {"engine": "cyrus", "saslauthd_mechanism": "rimap", "rimap_host": "imap.example.org"},
            {},
            "speaks IMAP without TLS",
        ),
        ({"engine": "cyrus", "saslauthd_mechanism": "rimap", "rimap_host": "a b"}, {}, "of an IMAP server"),
        ({"engine": "cyrus", "cyrus_pwcheck": "auxprop"}, {}, "sasl_users is empty"),
        ({"engine": "cyrus", "cyrus_pwcheck": "auxprop", "users": [{}]}, {}, "entry 1 has no name"),
        ({"engine": "cyrus", "cyrus_pwcheck": "auxprop", "users": [{"name": "a"}]}, {}, "a without a realm"),
        ({"engine": "cyrus", "cyrus_pwcheck": "authdaemond"}, {"authdaemond_socket": ""}, "does not package"),
    ],
)
def test_contradictions_are_refused(wanted: dict[str, t.Any], host: dict[str, t.Any], fault: str) -> None:
    with pytest.raises(CompositionError, match=re.escape(fault)):
        composed(host, **wanted)


def test_a_socket_that_is_there_may_be_anybodys() -> None:
    present = {"present": ["/var/spool/postfix/private/auth"]}
    assert composed(present, dovecot_follows=False).postfix_params["smtpd_sasl_path"] == "private/auth"


def test_a_remote_imap_server_can_be_allowed() -> None:
    composition = cyrus(saslauthd_mechanism="rimap", rimap_host="imap.example.org", rimap_allow_cleartext=True)
    assert "-O imap.example.org/143" in command(composition)


def test_all_faults_reach_the_user_at_once() -> None:
    sasl_composition = FilterModule().filters()["sasl_composition"]
    wanted = variables(engine="cyrus", saslauthd_mechanism="ldap")
    with pytest.raises(
        AnsibleFilterError, match="sasl_composition: .*servers is empty.*; sasl_ldap_search_base is empty"
    ):
        sasl_composition(wanted, HOST)


def test_the_filter_returns_plain_data() -> None:
    sasl_composition = FilterModule().filters()["sasl_composition"]
    result = sasl_composition(variables(engine="cyrus"), HOST)
    assert result["files"][0]["path"] == "/etc/postfix/sasl/smtpd.conf"
    assert "/etc/pam.d/smtp" in result["kept"]


@pytest.mark.parametrize("platform", ["Debian_12", "Debian_13", "RedHat_9", "RedHat_10"])
def test_each_platform_names_packages_for_every_feature(platform: str) -> None:
    names = yaml.safe_load((ROLE / "vars" / f"{platform}.yml").read_text())
    assert set(names["__sasl_feature_packages"]) == {"authdaemond", "md5", "plain", "saslauthd", "sasldb", "scram"}
