"""From the role's variables to contributions and tables."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.postmaster.mail.plugins.module_utils._postfix_composition import (
    Composition,
    CompositionError,
    compose,
)

_ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles" / "postfix"
_FOLDER = "/etc/postfix/postmaster"
_INDEXED = f"$default_database_type:{_FOLDER}"


def _defaults() -> dict[str, t.Any]:
    defaults = yaml.safe_load((_ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    variables = {name[len("postfix_") :]: value for name, value in defaults.items()}
    named = {
        "hostname": "mail.example.org",
        "domains": ["example.org"],
        "tls_chain_files": ["/tls/key.pem", "/tls/chain.pem"],
        "tls_certificates": [],
        "tls_profile": "intermediate",
        "sasl_params": {"smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"},
        "account_maps": {},
        "account_map_files": {},
    }
    return {**variables, **named}


def _compose(
    *,
    dns_lists: dict[str, t.Any] | None = None,
    known: list[str] | None = None,
    suspended: dict[str, str] | None = None,
    key_types: list[str] | None = None,
    client_certificates: dict[str, str] | None = None,
    **variables: t.Any,
) -> Composition:
    host = {
        "directory": _FOLDER,
        "chroot": "y",
        "compatibility_level": "3.6",
        "ca_file": "/etc/ssl/ca.pem",
        "known": known or [],
        "accounts": {
            "domains": ["example.org"],
            "mailboxes": {"alice@example.org": "alice@example.org"},
            "aliases": {"info@example.org": "alice@example.org"},
            "sender_logins": {"alice@example.org": "alice@example.org"},
            "transports": suspended or {},
        },
        "dns_lists": dns_lists or {},
        "tls_directory": "/tls",
        "tls_key_types": key_types or ["ECC"],
        "client_certificates": client_certificates or {},
    }
    return compose({**_defaults(), **variables}, host)


def _params(composition: Composition) -> dict[str, t.Any]:
    return {name: value for item in composition.contributions for name, value in item["params"].items()}


def _list(composition: Composition, parameter: str) -> list[str]:
    """Return the elements as postfix_contribution orders them."""
    found = [
        (element.get("order", item["order"]), element["value"])
        for item in composition.contributions
        for element in item["lists"].get(parameter, {"elements": []})["elements"]
    ]
    return list(dict.fromkeys(value for _order, value in sorted(found, key=lambda entry: entry[0])))


def _earlier(composition: Composition, parameter: str) -> str:
    return next(item["lists"][parameter]["earlier"] for item in composition.contributions if parameter in item["lists"])


def _services(composition: Composition) -> dict[str, dict[str, t.Any]]:
    return {
        f"{service['name']}/{service['type']}": service
        for item in composition.contributions
        for service in item["services"]
    }


def _table(composition: Composition, name: str) -> t.Any:
    return next(item for item in composition.maps if item["path"] == f"{_FOLDER}/{name}")


def test_the_role_hands_over_each_variable_that_is_composed() -> None:
    names = yaml.safe_load((_ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))["__postfix_variable_names"]
    by_tasks = {"accounts", "aliases", "postmaster", "dnsbl", "dnsbl_guard", "instances", "prove_relay_refused"}
    assert sorted(names) == sorted(set(_defaults()) - by_tasks)


def test_defaults_make_four_tables_and_restrictions_in_the_order_given() -> None:
    composition = _compose()
    assert composition.files == ["null_sender", "sender_logins", "virtual_aliases", "virtual_mailboxes"]
    assert _list(composition, "smtpd_sender_restrictions") == _defaults()["sender_restrictions"]
    assert _list(composition, "smtpd_relay_restrictions") == ["permit_mynetworks", "reject_unauth_destination"]
    assert _list(composition, "smtpd_client_restrictions") == []
    assert "smtpd_client_restrictions" not in composition.contributions[4]["lists"]
    assert composition.bounce_template == ""
    names = [item["name"] for item in composition.contributions]
    assert len(names) == len(set(names))
    assert composition.contributions[-1] == {"name": "user", "order": 900, "params": {}, "lists": {}, "services": []}


@pytest.mark.parametrize(
    "parameter",
    [
        "virtual_mailbox_maps",
        "virtual_alias_maps",
        "virtual_mailbox_domains",
        "smtpd_sender_login_maps",
        "mydestination",
    ],
)
def test_what_the_host_had_comes_after(parameter: str) -> None:
    assert _earlier(_compose(), parameter) == "last"


def test_no_hosted_or_relayed_domain_stays_a_destination_of_system_users() -> None:
    params = _params(_compose(relay_domains=["example.net"], hostname="example.org"))
    unwanted = ["$myhostname", "example.org", "example.net"]
    assert params["mydestination"] == {"value": unwanted, "elements": "absent"}
    assert "$myhostname" in _list(_compose(), "mydestination")
    assert _params(_compose())["mydestination"]["value"] == ["$mydomain", "example.org"]


def test_login_ports_refuse_the_null_sender_first() -> None:
    services = _services(_compose())
    for name, tls in (("submission", "smtpd_tls_security_level"), ("submissions", "smtpd_tls_wrappermode")):
        options = services[f"{name}/inet"]["options"]
        assert tls in options
        assert options["smtpd_sender_restrictions"][0] == f"check_sender_access {_INDEXED}/null_sender"
    composition = _compose()
    assert composition.login_services == ["submission", "submissions"]
    assert composition.listener_tls == {"submission": "starttls", "submissions": "implicit"}
    assert not [service for item in composition.contributions_before_logins for service in item["services"]]


def test_a_port_that_is_not_wanted_is_closed() -> None:
    assert _services(_compose(submission=False))["submission/inet"]["state"] == "absent"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (
            ["smtpd_forbid_bare_newline", "smtpd_forbid_bare_newline_reject_code"],
            {"smtpd_forbid_bare_newline": "reject"},
        ),
        (["smtpd_forbid_bare_newline"], {"smtpd_forbid_bare_newline": True}),
        (["mail_version"], {"smtpd_discard_ehlo_keywords": ["chunking", "silent-discard"]}),
        (["mail_version", "cleanup_replace_stray_cr_lf"], {"cleanup_replace_stray_cr_lf": True}),
    ],
)
def test_smuggling_is_refused_by_what_the_version_has(known: list[str], expected: dict[str, t.Any]) -> None:
    params = _params(_compose(known=known))
    assert {name: params[name] for name in expected} == expected


def test_access_tables_stand_after_the_trusted_and_before_dns_lists() -> None:
    composition = _compose(
        access={
            "client": [
                {"pattern": "192.0.2.0/24", "action": "REJECT", "type": "cidr"},
                {"pattern": "bad.example", "action": "REJECT"},
            ],
            "recipient": [{"pattern": "/^x/", "action": "REJECT", "type": "pcre"}],
        },
        client_restrictions=["permit_mynetworks", "check_policy_service unix:private/policy"],
        dns_lists={"client": ["reject_rbl_client zen.example.org=127.0.0.2"]},
    )
    assert _list(composition, "smtpd_client_restrictions") == [
        "permit_mynetworks",
        f"check_client_access {_INDEXED}/client_access",
        f"check_client_access cidr:{_FOLDER}/client_access_cidr",
        "check_policy_service unix:private/policy",
        "reject_rbl_client zen.example.org=127.0.0.2",
    ]
    assert _list(composition, "smtpd_recipient_restrictions") == [
        "permit_mynetworks",
        f"check_recipient_access pcre:{_FOLDER}/recipient_access_pcre",
        "reject_non_fqdn_recipient",
        "reject_unlisted_recipient",
    ]


def test_contributions_come_in_by_their_rank() -> None:
    composition = _compose(
        recipient_restrictions=["reject_non_fqdn_recipient", "permit_sasl_authenticated", "reject"],
        contributions={"filter": {"lists": {"smtpd_recipient_restrictions": [{"value": "check_policy_service x:y"}]}}},
    )
    assert composition.contributions[-2]["order"] == 600
    assert composition.contributions[-2]["name"] == "contributions.filter"
    ranks = [
        element["order"]
        for element in composition.contributions[4]["lists"]["smtpd_recipient_restrictions"]["elements"]
    ]
    assert ranks == [100, 100, 900]


def test_postscreen_takes_the_lists_of_clients() -> None:
    composition = _compose(
        postscreen=True,
        postscreen_params={"postscreen_greet_wait": "2s"},
        dns_lists={
            "client": ["reject_rbl_client a.example=127.0.0.2", "warn_if_reject reject_rbl_client b.example=127.0.0.2"],
            "postscreen_sites": ["a.example=127.0.0.2*3"],
        },
    )
    services = _services(composition)
    assert services["smtp/inet"]["command"] == "postscreen"
    assert services["smtp/inet"]["maxproc"] == "1"
    assert {"smtpd/pass", "dnsblog/unix", "tlsproxy/unix"} <= set(services)
    assert _list(composition, "postscreen_dnsbl_sites") == ["a.example=127.0.0.2*3"]
    assert _list(composition, "smtpd_client_restrictions")[1:] == [
        "warn_if_reject reject_rbl_client b.example=127.0.0.2"
    ]
    assert _params(composition)["postscreen_greet_wait"] == "2s"


def test_relay_hosts_with_logins_are_spoken_to_by_tls_and_their_passwords_are_secret() -> None:
    composition = _compose(
        defer_transports=["lmtp"],
        relayhost="[smtp.example.net]:587",
        relayhost_login={"username": "us", "password": "secret"},
        sender_relays=[
            {"sender": "@Example.org", "relayhost": "[mx.example.com]", "username": "we", "password": "hidden"},
            {"sender": "b@example.org", "relayhost": "[mx.example.com]"},
        ],
    )
    params = _params(composition)
    assert params["relayhost"] == "[smtp.example.net]:587"
    assert params["defer_transports"] == ["lmtp"]
    assert params["smtp_sender_dependent_authentication"] is True
    assert params["smtp_sasl_security_options"] == ["noplaintext", "noanonymous"]
    passwords = _table(composition, "sasl_password")
    assert passwords["secret"] is True
    assert passwords["entries"] == {"[smtp.example.net]:587": "us:secret", "@example.org": "we:hidden"}
    assert _table(composition, "tls_policy")["entries"] == {
        "[smtp.example.net]:587": "encrypt",
        "[mx.example.com]": "encrypt",
    }
    assert _table(composition, "sender_relays")["entries"]["b@example.org"] == "[mx.example.com]"


def test_relay_domains_with_a_place_to_go_to() -> None:
    composition = _compose(
        relay_domains=["example.net", {"domain": "example.com", "to": "192.0.2.1:25"}],
        relay_recipients=["bob@example.net", "@example.com"],
        transports=[{"domain": ".example.edu", "transport": "smtp:[192.0.2.2]"}],
        tls_policies=[{"domain": "example.net", "policy": "secure", "params": {"match": "mx.example.net"}}],
    )
    assert _list(composition, "relay_domains") == ["example.net", "example.com"]
    assert _table(composition, "transport")["entries"] == {
        "example.com": "relay:[192.0.2.1]:25",
        ".example.edu": "smtp:[192.0.2.2]",
    }
    assert _table(composition, "tls_policy")["entries"] == {"example.net": "secure match=mx.example.net"}
    assert _table(composition, "relay_recipients")["entries"] == {"bob@example.net": "OK", "@example.com": "OK"}


def test_checks_of_submitted_mail_go_through_a_cleanup_of_their_own() -> None:
    composition = _compose(
        header_checks=[{"pattern": "/^X-A:/", "action": "IGNORE"}],
        submission_header_checks=[
            {"pattern": "if /^Received:/"},
            {"pattern": "/./", "action": "IGNORE"},
            {"pattern": "endif"},
        ],
    )
    services = _services(composition)
    assert services["submission/inet"]["options"]["cleanup_service_name"] == "cleanup-submission"
    assert services["cleanup-submission/unix"]["options"] == {
        "header_checks": [f"pcre:{_FOLDER}/submission_header_checks", f"pcre:{_FOLDER}/header_checks"]
    }
    assert _table(composition, "submission_header_checks")["entries"] == [
        {"pattern": "if /^Received:/"},
        {"pattern": "/./", "value": "IGNORE"},
        {"pattern": "endif"},
    ]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"local_delivery": "lmtp"}, {"mailbox_transport": "lmtp:unix:private/dovecot-lmtp"}),
        ({"local_delivery": "procmail"}, {"mailbox_command": '/usr/bin/procmail -a "$EXTENSION"'}),
        ({"local_delivery": "maildrop"}, {"mailbox_command": "/usr/bin/maildrop"}),
        ({"home_mailbox": "Maildir/"}, {"home_mailbox": "Maildir/", "mailbox_command": ""}),
        ({"mynetworks_style": "host"}, {"mynetworks_style": "host", "mynetworks": {"state": "absent"}}),
        ({"log": "journald"}, {"maillog_file": {"state": "absent"}}),
        ({"log": "file", "log_file": "/srv/log/mail"}, {"maillog_file_prefixes": ["/var", "/dev/stdout", "/srv/log"]}),
        ({"rate_limits": {"message_rate": 0}}, {"smtpd_client_message_rate_limit": 0}),
        ({"rate_limits": {"message_rate": 9}}, {"smtpd_client_auth_rate_limit": 60}),
        ({"rate_limits": {"auth_rate": 0}}, {"smtpd_client_auth_rate_limit": 0}),
        (
            {"rate_limits": {"exceptions": ["192.0.2.1", "2001:db8::/32", "[2001:db8::1]"]}},
            {
                "smtpd_client_event_limit_exceptions": [
                    "$mynetworks",
                    "192.0.2.1",
                    "[2001:db8::]/32",
                    "[2001:db8::1]",
                ]
            },
        ),
        ({"notice_recipients": {"twobounce": "a@example.org"}}, {"2bounce_notice_recipient": "a@example.org"}),
        ({"mydomain": "example.org"}, {"mydomain": "example.org"}),
        ({"always_bcc": "a@example.org"}, {"always_bcc": "a@example.org"}),
        ({"masquerade_domains": ["example.org"]}, {"masquerade_domains": ["example.org"]}),
        ({"restriction_classes": {"own": ["reject"]}}, {"own": ["reject"]}),
    ],
)
def test_variables_become_parameters(variables: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    params = _params(_compose(**variables))
    assert {name: params[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("variable", "parameter"),
    [
        ("canonical", "canonical_maps"),
        ("sender_canonical", "sender_canonical_maps"),
        ("recipient_canonical", "recipient_canonical_maps"),
        ("generic", "smtp_generic_maps"),
        ("sender_bcc", "sender_bcc_maps"),
        ("recipient_bcc", "recipient_bcc_maps"),
    ],
)
def test_addresses_become_tables(variable: str, parameter: str) -> None:
    composition = _compose(**{variable: [{"address": "A@example.org", "to": "b@example.org"}]})
    assert _list(composition, parameter) == [f"{_INDEXED}/{variable}"]
    assert _table(composition, variable)["entries"] == {"a@example.org": "b@example.org"}


def test_local_aliases_come_before_those_of_the_host() -> None:
    composition = _compose(local_aliases=[{"address": "staff", "to": ["alice", "bob"]}])
    assert _earlier(composition, "alias_maps") == "last"
    assert _table(composition, "local_aliases")["format"] == "aliases"


def test_bounce_templates() -> None:
    composition = _compose(bounce_templates={"failure": {"subject": "Came back", "body": "From $myhostname\n"}})
    assert composition.bounce_template == (
        "failure_template = <<EOF\nCharset: us-ascii\nFrom: MAILER-DAEMON (Mail Delivery System)\n"
        "Subject: Came back\n\nFrom $myhostname\nEOF\n"
    )
    assert "bounce.cf" in composition.files
    assert _params(composition)["bounce_template_file"] == f"{_FOLDER}/bounce.cf"


def test_listeners() -> None:
    composition = _compose(
        listeners=[
            {"name": "192.0.2.1:2525", "role": "submission", "options": {"smtpd_tls_auth_only": False}},
            {"name": "2465", "role": "submission", "wrappermode": True},
            {"name": "2526"},
            {"name": "2527", "state": "absent"},
        ]
    )
    services = _services(composition)
    assert services["192.0.2.1:2525/inet"]["options"]["syslog_name"] == "postfix/192.0.2.1-2525"
    assert services["192.0.2.1:2525/inet"]["options"]["smtpd_tls_auth_only"] is False
    assert services["2526/inet"]["options"] == {"syslog_name": "postfix/2526"}
    assert services["2527/inet"] == {"name": "2527", "type": "inet", "state": "absent"}
    assert composition.listener_tls["2465"] == "implicit"
    assert composition.login_services == ["192.0.2.1:2525", "2465", "submission", "submissions"]
    left = [service["name"] for item in composition.contributions_before_logins for service in item["services"]]
    assert left == ["2526", "2527"]


def test_the_user_wins() -> None:
    own = {"path": f"{_FOLDER}/virtual_aliases", "entries": {}}
    composition = _compose(
        params={"smtpd_helo_restrictions": "", "virtual_alias_maps": {"value": ["x"], "elements": "present"}},
        services=[{"name": "submission", "type": "inet", "maxproc": "5"}],
        maps=[own],
    )
    assert _list(composition, "smtpd_helo_restrictions") == []
    assert _list(composition, "virtual_alias_maps") == [f"{_INDEXED}/virtual_aliases"]
    assert composition.contributions[-1]["services"] == [{"name": "submission", "type": "inet", "maxproc": "5"}]
    assert [item for item in composition.maps if item["path"] == own["path"]] == [own]


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({"mynetworks": ["0.0.0.0/0"]}, "open relay"),
        ({"mynetworks": ["[::]/0"]}, "open relay"),
        ({"mynetworks": ["::/0"]}, "open relay"),
        ({"mynetworks": ["192.0.2.1/24"]}, "192.0.2.1/24 is no network"),
        ({"mynetworks": ["2001:db8::/32"]}, "with brackets"),
        ({"mynetworks": ["192.0.2.0/24"], "mynetworks_style": "host"}, "keep one of them"),
        ({"relay_restrictions": []}, "lets everybody relay"),
        ({"relay_restrictions": ["permit", "reject_unauth_destination"]}, "permit stands before"),
        ({"mydestination": ["example.org"]}, "both postfix_mydestination and postfix_domains"),
        ({"relay_domains": ["Example.org"]}, "both postfix_domains and postfix_relay_domains"),
        ({"mydestination": ["a.example"], "relay_domains": ["a.example"]}, "postfix_mydestination and postfix_relay"),
        ({"relay_recipients": ["a@example.net"]}, "none of postfix_relay_domains"),
        ({"relayhost_login": {"username": "a", "password": "b"}}, "is for no host"),
        ({"relayhost": "[a]", "relayhost_login": {"username": "a"}}, "both username and password"),
        (
            {"relayhost": "[a]", "relayhost_tls": "may", "relayhost_login": {"username": "a", "password": "b"}},
            "must not travel in clear",
        ),
        ({"sender_relays": [{"sender": "a", "relayhost": "b"}]}, "needs a sender with an @"),
        ({"recipient_restrictions": ["permit_mynetwork"]}, "did you mean permit_mynetworks"),
        ({"recipient_restrictions": ["check_policy_service"]}, "lacks what it shall look at"),
        ({"restriction_classes": {"own": ["hash:/etc/x"]}}, "write check_sender_access hash:/etc/x"),
        ({"restriction_classes": {"reject": ["permit"]}}, "is a word of Postfix"),
        (
            {"access": {"helo": [{"pattern": "192.0.2.0/24", "action": "REJECT", "type": "cidr"}]}},
            "only clients have one",
        ),
        ({"access": {"client": [{"pattern": "a"}]}}, "both pattern and action"),
        ({"access": {"clients": []}}, "knows no clients"),
        ({"header_checks": [{"pattern": "Subject", "action": "REJECT"}]}, "is no pattern"),
        ({"header_checks": [{"pattern": "/Subject/"}]}, "needs an action"),
        ({"listeners": [{"name": "587"}]}, "is the port of submission"),
        ({"listeners": [{"name": "2525"}, {"name": "2525"}]}, "names 2525 twice"),
        ({"canonical": [{"address": "a@example.org"}]}, "both address and to"),
        ({"local_aliases": [{"address": "a@example.org", "to": ["b"]}]}, "a local part without @"),
        ({"transports": [{"domain": "a.example", "transport": "x"}] * 2}, "keep one entry"),
        ({"mailbox_size_limit": 5}, "no mailbox could take the largest message"),
        ({"message_size_limit": "10 MB"}, "write a whole number"),
        ({"bounce_templates": {"delay": {"body": "a\nEOF\n"}}}, "which ends a template"),
        ({"log": "file", "log_file": "postfix.log"}, "absolute path"),
        ({"contributions": {"x": {"parms": {}}}}, "it may have order, params, lists and services"),
    ],
)
def test_contradictions_are_refused(variables: dict[str, t.Any], fault: str) -> None:
    with pytest.raises(CompositionError, match=fault):
        _compose(**variables)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(CompositionError) as caught:
        _compose(mynetworks=["0.0.0.0/0"], relay_restrictions=[], recipient_restrictions=["rejects"])
    assert str(caught.value).count("; ") >= 2


def test_tables_of_accounts_elsewhere_stand_in_place_of_those_in_files() -> None:
    elsewhere = {
        name: [f"proxy:sqlite:{_FOLDER}/sql-{name}.cf"]
        for name in ("virtual_mailbox_domains", "virtual_mailbox_maps", "virtual_alias_maps", "transport_maps")
    }
    composition = _compose(
        account_maps=elsewhere,
        account_map_files={"sql-aliases.cf": "dbpath = /x\n"},
        suspended={"alice@example.org": "retry:4.2.1 Suspended"},
        transports=[{"domain": "example.net", "transport": "smtp:[192.0.2.1]"}],
    )
    for name, sources in elsewhere.items():
        assert _list(composition, name)[:1] == sources
    assert composition.files == ["null_sender", "sender_logins", "sql-aliases.cf", "transport"]
    assert _table(composition, "transport")["entries"] == {"example.net": "smtp:[192.0.2.1]"}


def test_tables_of_accounts_elsewhere_stand_beside_those_in_files() -> None:
    composition = _compose(
        account_maps={
            "virtual_mailbox_maps": ["proxy:ldap:/mailboxes"],
            "virtual_alias_maps": ["proxy:ldap:/first", "inventory", "proxy:ldap:/last"],
        }
    )
    assert _list(composition, "virtual_mailbox_maps")[:1] == ["proxy:ldap:/mailboxes"]
    first, own, last = _list(composition, "virtual_alias_maps")[:3]
    assert (first, last) == ("proxy:ldap:/first", "proxy:ldap:/last")
    assert own.endswith("/virtual_aliases")
    assert composition.files == ["null_sender", "sender_logins", "virtual_aliases"]


def test_suspended_accounts_get_no_mail_whatever_the_transports_say() -> None:
    composition = _compose(
        suspended={"alice@example.org": "retry:4.2.1 Suspended"},
        transports=[
            {"domain": "example.org", "transport": "lmtp:unix:x"},
            {"domain": "alice@example.org", "transport": "discard:"},
        ],
    )
    assert _table(composition, "transport")["entries"] == {
        "alice@example.org": "retry:4.2.1 Suspended",
        "example.org": "lmtp:unix:x",
    }
    assert _list(composition, "transport_maps") == [f"$default_database_type:{_FOLDER}/transport"]


_PEM = """\
-----BEGIN CERTIFICATE-----
AAEC
-----END CERTIFICATE-----
"""
_OF_PEM = "AE:4B:32:80:E5:6E:2F:AF:83:F4:14:A6:E3:DA:BE:9D:5F:BE:18:97:65:44:C0:5F:ED:12:1A:CC:B8:5B:53:FC"
_FINGERPRINT = ":".join(["AB"] * 32)


@pytest.mark.parametrize(
    ("profile", "required", "opportunistic", "ciphers"),
    [
        ("modern", "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1, !TLSv1.2", "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1", "medium"),
        ("intermediate", "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1", "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1", "medium"),
        ("legacy", "!SSLv2, !SSLv3", "!SSLv2, !SSLv3", "high"),
    ],
)
def test_port_25_is_never_stricter_than_intermediate(
    profile: str, required: str, opportunistic: str, ciphers: str
) -> None:
    params = _params(_compose(tls_profile=profile))
    assert params["smtpd_tls_mandatory_protocols"] == required
    assert params["smtpd_tls_protocols"] == opportunistic
    assert params["smtpd_tls_ciphers"] == ciphers
    assert params["smtpd_tls_mandatory_ciphers"] == "high"
    assert params["smtp_tls_protocols"] == "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1"
    assert {"aNULL", "eNULL", "EXPORT"} <= set(params["smtpd_tls_exclude_ciphers"])


def test_ciphers_follow_the_profile() -> None:
    assert "tls_high_cipherlist" not in _params(_compose(tls_profile="modern"))
    assert "AES128-SHA" not in _params(_compose())["tls_high_cipherlist"]
    legacy = _params(_compose(tls_profile="legacy"))
    assert legacy["tls_high_cipherlist"].endswith(":@SECLEVEL=0")
    assert legacy["tls_preempt_cipherlist"] is True
    assert "3DES" not in legacy["smtpd_tls_exclude_ciphers"]
    assert "tls_medium_cipherlist" not in legacy


def test_old_spellings_go() -> None:
    params = _params(_compose())
    for name in ("smtpd_use_tls", "smtp_use_tls", "smtpd_tls_cert_file", "smtpd_tls_eecdh_grade"):
        assert params[name] == {"state": "absent"}


def test_one_certificate_needs_no_table() -> None:
    composition = _compose()
    assert "tls_server_sni_maps" not in _params(composition)
    assert composition.certificate_files == ["/tls/key.pem", "/tls/chain.pem"]


def test_each_name_has_its_certificates() -> None:
    composition = _compose(
        key_types=["ECC", "RSA"],
        tls_certificates=[
            {"name": "mail.example.org", "names": ["imap.example.org"]},
            {"name": "mail.example.net", "names": ["*.example.net"], "chain_files": ["/own/a.pem"]},
        ],
    )
    both = "/tls/mail.example.org/combined.pem, /tls/mail.example.org/combined-rsa.pem"
    table = _table(composition, "tls_names")
    assert table["type"] == "texthash"
    assert table["entries"] == {
        "mail.example.org": both,
        "imap.example.org": both,
        "mail.example.net": "/own/a.pem",
        ".example.net": "/own/a.pem",
    }
    assert _params(composition)["tls_server_sni_maps"] == f"texthash:{_FOLDER}/tls_names"
    assert composition.certificate_files[2:] == [*both.split(", "), "/own/a.pem"]


def test_a_known_certificate_relays_where_it_is_asked_for() -> None:
    composition = _compose(
        relay_clientcerts=[
            {"name": "printer", "fingerprint": _FINGERPRINT.lower()},
            {"name": "branch office", "file": "branch.pem"},
        ],
        client_certificates={"branch.pem": f"text before\n{_PEM}"},
    )
    assert _table(composition, "relay_clientcerts")["entries"] == {_FINGERPRINT: "printer", _OF_PEM: "branch office"}
    assert _params(composition)["smtpd_tls_fingerprint_digest"] == "sha256"
    services = _services(composition)
    asking, other = (services[f"{name}/inet"]["options"] for name in ("submission", "submissions"))
    assert asking["smtpd_tls_ask_ccert"] is True
    assert asking["smtpd_sender_restrictions"][0] == "permit_tls_clientcerts"
    assert asking["smtpd_relay_restrictions"] == ["permit_tls_clientcerts", "permit_sasl_authenticated", "reject"]
    assert "permit_tls_clientcerts" in asking["smtpd_recipient_restrictions"]
    assert "clientcerts" not in str(other)
    assert "smtpd_tls_ask_ccert" not in other
    assert "permit_tls_clientcerts" not in _list(composition, "smtpd_relay_restrictions")


@pytest.mark.parametrize(("postscreen", "service"), [(False, "smtp/inet"), (True, "smtpd/pass")])
def test_port_25_can_ask_for_certificates(postscreen: bool, service: str) -> None:
    composition = _compose(
        relay_clientcerts=[{"name": "printer", "fingerprint": _FINGERPRINT}],
        relay_clientcerts_listeners=["smtp"],
        postscreen=postscreen,
    )
    options = [item["options"] for one in composition.contributions for item in one["services"] if "options" in item]
    assert sum(wish.get("smtpd_tls_ask_ccert", False) for wish in options) == 1
    assert _services(composition)[service]["options"] == {"smtpd_tls_ask_ccert": True}
    relay = _list(composition, "smtpd_relay_restrictions")
    assert relay.index("permit_tls_clientcerts") < relay.index("reject_unauth_destination")


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        ({"tls_profile": "strict"}, "postfix_tls_profile is 'strict'"),
        ({"tls_certificates": [{"name": "a.example", "chain_files": ["a.pem"]}]}, "'a.pem' must be an absolute path"),
        ({"relay_clientcerts": [{"name": "a"}]}, "a needs either a fingerprint or a file"),
        ({"relay_clientcerts": [{"name": "a", "fingerprint": "AB:CD"}]}, "the fingerprint of a must be SHA-256"),
        ({"relay_clientcerts": [{"name": "a", "file": "/a"}]}, "/a of a holds no certificate"),
        ({"relay_clientcerts": [{"fingerprint": _FINGERPRINT}]}, "an entry has no name"),
        (
            {"relay_clientcerts": [{"name": name, "fingerprint": _FINGERPRINT} for name in "ab"]},
            "b has the certificate of a",
        ),
        (
            {
                "relay_clientcerts": [{"name": "a", "fingerprint": _FINGERPRINT}],
                "relay_clientcerts_listeners": ["2525"],
            },
            "there is no 2525; use smtp, submission, submissions",
        ),
        (
            {"relay_clientcerts": [{"name": "a", "fingerprint": _FINGERPRINT}], "relay_clientcerts_listeners": []},
            "nobody would be asked",
        ),
    ],
)
def test_tls_that_would_not_work_is_refused(variables: dict[str, t.Any], fault: str) -> None:
    with pytest.raises(CompositionError, match=re.escape(fault)):
        _compose(**variables)
