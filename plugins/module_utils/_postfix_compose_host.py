# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who the host is for Postfix, what it receives mail for, its limits and logs."""

from __future__ import annotations

import ipaddress
import typing as t

from ._postfix_compose import Share, Tables, Wishes

# Among postfix_account_maps it stands for the table that the role writes.
_OWN_TABLE = "inventory"
_NOTICES = {
    "bounce": "bounce_notice_recipient",
    "twobounce": "2bounce_notice_recipient",
    "error": "error_notice_recipient",
    "delay": "delay_notice_recipient",
}
_RATES = {
    "connections": "smtpd_client_connection_count_limit",
    "connection_rate": "smtpd_client_connection_rate_limit",
    "message_rate": "smtpd_client_message_rate_limit",
    "recipient_rate": "smtpd_client_recipient_rate_limit",
    "auth_rate": "smtpd_client_auth_rate_limit",
    "new_tls_session_rate": "smtpd_client_new_tls_session_rate_limit",
}

# Nobody writes as many messages by hand, and who tries passwords gets nowhere: not every SASL engine slows that down.
_AUTH_RATE = 60


def compose_host(wishes: Wishes, platform: t.Mapping[str, str]) -> Share:
    """Return names, networks, limits and notices."""
    share = Share("host")
    share.params.update(
        compatibility_level=platform["compatibility_level"],
        myhostname=wishes.text("hostname"),
        myorigin=wishes.text("myorigin"),
        inet_interfaces=wishes.text("inet_interfaces"),
        inet_protocols=wishes.text("inet_protocols"),
        recipient_delimiter=wishes.text("recipient_delimiter"),
        message_size_limit=wishes.number("message_size_limit"),
        mailbox_size_limit=wishes.number("mailbox_size_limit"),
        disable_vrfy_command=True,
        smtpd_helo_required=True,
        smtpd_banner=wishes.text("banner"),
        notify_classes=wishes.texts("notify_classes"),
    )
    if wishes.text("mydomain"):
        share.params["mydomain"] = wishes.text("mydomain")
    if wishes.text("mynetworks_style"):
        share.params.update(mynetworks={"state": "absent"}, mynetworks_style=wishes.text("mynetworks_style"))
    else:
        share.params["mynetworks"] = wishes.texts("mynetworks")
    share.params.update(
        {_NOTICES[kind]: to for kind, to in wishes.mapping("notice_recipients").items() if kind in _NOTICES}
    )
    _destinations(wishes, share)
    _local_delivery(wishes, share)
    _rates(wishes, share)
    _log(wishes, share)
    return share


def compose_protocol(known: t.AbstractSet[str]) -> Share:
    """Return what keeps one message from being taken for two (CVE-2023-51764), by what the installed Postfix has."""
    share = Share("protocol")

    def has(parameter: str) -> bool:
        return not known or parameter in known

    if has("smtpd_forbid_bare_newline_reject_code"):
        share.params["smtpd_forbid_bare_newline"] = "reject"
    elif has("smtpd_forbid_bare_newline"):
        share.params["smtpd_forbid_bare_newline"] = True
    else:
        # The remedy its authors name for releases without the parameter, with reject_unauth_pipelining at DATA.
        share.params["smtpd_discard_ehlo_keywords"] = ["chunking", "silent-discard"]
    if has("smtpd_forbid_unauth_pipelining"):
        share.params["smtpd_forbid_unauth_pipelining"] = True
    # What other servers could take for the end of a message does not leave this one.
    if has("cleanup_replace_stray_cr_lf"):
        share.params["cleanup_replace_stray_cr_lf"] = True
    return share


def compose_accounts(wishes: Wishes, tables: Tables, accounts: t.Mapping[str, t.Any]) -> Share:
    """Return the virtual domains with their mailboxes, aliases and owners of sender addresses."""
    share = Share("accounts")
    elsewhere = wishes.mapping("account_maps")
    if "virtual_mailbox_domains" not in elsewhere:
        share.extend("virtual_mailbox_domains", [str(domain) for domain in accounts["domains"]], earlier="last")
    for parameter, name, key in (
        ("virtual_mailbox_maps", "virtual_mailboxes", "mailboxes"),
        ("virtual_alias_maps", "virtual_aliases", "aliases"),
        ("smtpd_sender_login_maps", "sender_logins", "sender_logins"),
    ):
        sources = [str(source) for source in elsewhere.get(parameter, [_OWN_TABLE])]
        if _OWN_TABLE in sources:
            sources[sources.index(_OWN_TABLE)] = tables.add(name, dict(accounts[key]))
        share.extend(parameter, sources, earlier="last")
    for parameter in ("virtual_mailbox_domains", "transport_maps"):
        if parameter in elsewhere:
            share.extend(parameter, [str(source) for source in elsewhere[parameter]], earlier="last")
    share.params["virtual_transport"] = wishes.text("virtual_transport")
    if wishes.texts("defer_transports"):
        share.params["defer_transports"] = wishes.texts("defer_transports")
    share.params["smtpd_sasl_auth_enable"] = False
    share.params["smtpd_sasl_security_options"] = ["noanonymous"]
    return share


def bounce_templates(wishes: Wishes) -> str:
    """Return the text of bounce(5) templates, empty for those that are built in."""
    blocks = []
    for kind, template in wishes.mapping("bounce_templates").items():
        body = str(template.get("body") or "")
        if not body.strip():
            wishes.fault(f"postfix_bounce_templates.{kind} has no body")
        if any(line.rstrip() == "EOF" for line in body.splitlines()):
            wishes.fault(f"postfix_bounce_templates.{kind}: a line of the body is EOF, which ends a template")
        headers = {
            "Charset": template.get("charset") or "us-ascii",
            "From": template.get("from") or "MAILER-DAEMON (Mail Delivery System)",
            "Subject": template.get("subject"),
            "Postmaster-Subject": template.get("postmaster_subject"),
        }
        lines = [f"{name}: {value}" for name, value in headers.items() if value]
        if any("\n" in line for line in lines):
            wishes.fault(f"postfix_bounce_templates.{kind}: a header holds a line break")
        blocks.append("\n".join([f"{kind}_template = <<EOF", *lines, "", body.rstrip("\n"), "EOF", ""]))
    return "\n".join(blocks)


def _destinations(wishes: Wishes, share: Share) -> None:
    domains = [domain.lower() for domain in wishes.texts("domains")]
    elsewhere = [*domains, *relay_domain_names(wishes)]
    hosted = wishes.text("hostname").lower() in domains
    own = [*([] if hosted else ["$myhostname"]), "localhost.$mydomain", "localhost", *wishes.texts("mydestination")]
    share.extend("mydestination", own, earlier="last")
    # A host that had one of the domains here before would go on to deliver its mail to users of the system.
    mydomain = wishes.text("mydomain") or wishes.text("hostname").partition(".")[2]
    by_reference = [*(["$myhostname"] if hosted else []), *(["$mydomain"] if mydomain.lower() in elsewhere else [])]
    unwanted = [*by_reference, *elsewhere]
    if unwanted:
        share.params["mydestination"] = {"value": unwanted, "elements": "absent"}


def relay_domain_names(wishes: Wishes) -> list[str]:
    """Return the domains of postfix_relay_domains, whose items are names or dictionaries."""
    value = wishes.raw("relay_domains") or []
    return [str(item.get("domain") if isinstance(item, t.Mapping) else item).lower() for item in value]


def _local_delivery(wishes: Wishes, share: Share) -> None:
    way, home_mailbox = wishes.text("local_delivery"), wishes.text("home_mailbox")
    if home_mailbox:
        share.params["home_mailbox"] = home_mailbox
    if way == "lmtp":
        share.params["mailbox_transport"] = wishes.text("virtual_transport")
    elif way == "procmail":
        default = f' DEFAULT="$HOME/{home_mailbox}"' if home_mailbox else ""
        share.params["mailbox_command"] = f'/usr/bin/procmail -a "$EXTENSION"{default}'
    elif way == "maildrop":
        share.params["mailbox_command"] = "/usr/bin/maildrop"
    elif home_mailbox:
        # A command that the host had set comes before home_mailbox.
        share.params["mailbox_command"] = ""


def _rates(wishes: Wishes, share: Share) -> None:
    limits = {"auth_rate": _AUTH_RATE, **wishes.mapping("rate_limits")}
    share.params.update({_RATES[name]: limit for name, limit in limits.items() if name in _RATES})
    if limits.get("exceptions"):
        exceptions = ["$mynetworks", *(_bracketed(str(item)) for item in limits["exceptions"])]
        share.params["smtpd_client_event_limit_exceptions"] = exceptions


def _bracketed(text: str) -> str:
    """Return an IPv6 address or network in the form Postfix wants; whatever else there is as it is."""
    address, slash, length = text.partition("/")
    try:
        return f"[{ipaddress.IPv6Address(address)}]{slash}{length}"
    except ValueError:
        return text


def _log(wishes: Wishes, share: Share) -> None:
    way, path = wishes.text("log"), wishes.text("log_file")
    if way == "journald":
        share.params["maillog_file"] = {"state": "absent"}
    elif way == "file":
        # The suffix of the role's logrotate file: what "postfix logrotate" puts aside ages with the other files.
        share.params.update(maillog_file=path, maillog_file_rotate_suffix="%Y%m%d-%H%M%S")
        if not path.startswith("/var/"):
            share.params["maillog_file_prefixes"] = ["/var", "/dev/stdout", path.rpartition("/")[0] or "/"]
        share.serve(
            "postlog", "unix-dgram", private="n", unpriv="-", chroot="n", wakeup="-", maxproc="1", command="postlogd"
        )
