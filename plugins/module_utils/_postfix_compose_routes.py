# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Where mail for others goes: relay hosts with their logins, transports, TLS policies and domains to relay for."""

from __future__ import annotations

import typing as t

from ._postfix_compose import Share, Tables, Wishes
from ._postfix_compose_host import relay_domain_names

_ENCRYPTED = frozenset({"encrypt", "verify", "secure", "dane", "dane-only", "fingerprint"})


def compose_routes(wishes: Wishes, tables: Tables, suspended: t.Mapping[str, str]) -> Share:
    """Return what decides the next hop of a message, and how it is spoken to.

    suspended holds a transport for each account that takes no mail for now.
    """
    share = Share("routes")
    logins: dict[str, str] = {}
    policies: dict[str, str] = {}
    _relayhost(wishes, share, logins, policies)
    _sender_relays(wishes, share, tables, logins, policies)
    _tls_policies(wishes, policies)
    _relay_domains(wishes, share, tables, suspended)
    if logins:
        share.extend("smtp_sasl_password_maps", [tables.add("sasl_password", logins, secret=True)], earlier="last")
        share.params.update(
            smtp_sasl_auth_enable=True,
            # A password goes through TLS only, whatever the policy for the host is.
            smtp_sasl_security_options=["noplaintext", "noanonymous"],
            smtp_sasl_tls_security_options=["noanonymous"],
        )
    if policies:
        share.extend("smtp_tls_policy_maps", [tables.add("tls_policy", policies)], earlier="last")
    return share


def bracketed(place: str) -> str:
    """Return host:port as a next hop that is not looked up by MX; what has brackets or a transport is left alone."""
    if "[" in place or place.count(":") > 1:
        return place
    host, colon, port = place.partition(":")
    return f"[{host}]{colon}{port}"


def _relayhost(wishes: Wishes, share: Share, logins: dict[str, str], policies: dict[str, str]) -> None:
    relayhost, login = wishes.text("relayhost"), wishes.mapping("relayhost_login")
    if login and not relayhost:
        wishes.fault("postfix_relayhost_login is for no host: name it in postfix_relayhost")
    if relayhost:
        share.params["relayhost"] = relayhost
        policies[relayhost] = wishes.text("relayhost_tls")
    if login:
        _login(wishes, "relayhost_login", login, relayhost, logins)
    if login and wishes.text("relayhost_tls") not in _ENCRYPTED:
        wishes.fault(
            f"postfix_relayhost_tls is {wishes.text('relayhost_tls')}, but postfix_relayhost_login must not travel "
            "in clear: say encrypt, verify or secure"
        )


def _sender_relays(
    wishes: Wishes, share: Share, tables: Tables, logins: dict[str, str], policies: dict[str, str]
) -> None:
    relays = wishes.entries("sender_relays")
    wishes.check_unique("sender_relays", [str(relay.get("sender")).lower() for relay in relays])
    hosts: dict[str, str] = {}
    for relay in relays:
        sender, host = str(relay.get("sender") or "").lower(), str(relay.get("relayhost") or "")
        if "@" not in sender or not host:
            wishes.fault(f"postfix_sender_relays: {sender or 'an entry'} needs a sender with an @ and a relayhost")
            continue
        hosts[sender] = host
        policies.setdefault(host, wishes.text("relayhost_tls"))
        if relay.get("username") or relay.get("password"):
            _login(wishes, f"sender_relays for {sender}", relay, sender, logins)
    if hosts:
        share.extend("sender_dependent_relayhost_maps", [tables.add("sender_relays", hosts)], earlier="last")
    if any(sender in logins for sender in hosts):
        share.params["smtp_sender_dependent_authentication"] = True


def _login(wishes: Wishes, name: str, login: t.Mapping[str, t.Any], key: str, logins: dict[str, str]) -> None:
    username, password = str(login.get("username") or ""), str(login.get("password") or "")
    if not username or not password:
        wishes.fault(f"postfix_{name} needs both username and password")
    elif ":" in username or any(character in username + password for character in "\r\n"):
        wishes.fault(f"postfix_{name}: a username with a colon and text of several lines have no place in the table")
    else:
        logins[key] = f"{username}:{password}"


def _tls_policies(wishes: Wishes, policies: dict[str, str]) -> None:
    entries = wishes.entries("tls_policies")
    wishes.check_unique("tls_policies", [str(entry.get("domain")).lower() for entry in entries])
    for entry in entries:
        attributes = [f"{name}={value}" for name, value in (entry.get("params") or {}).items()]
        policies[str(entry.get("domain")).lower()] = " ".join([str(entry.get("policy")), *attributes])


def _relay_domains(wishes: Wishes, share: Share, tables: Tables, suspended: t.Mapping[str, str]) -> None:
    names = relay_domain_names(wishes)
    wishes.check_unique("relay_domains", names)
    transports: dict[str, str] = {}
    for item in wishes.raw("relay_domains") or []:
        if isinstance(item, t.Mapping) and item.get("to"):
            transports[str(item.get("domain")).lower()] = f"relay:{bracketed(str(item['to']))}"
    for entry in wishes.entries("transports"):
        domain = str(entry.get("domain")).lower()
        if domain in transports:
            wishes.fault(f"postfix_transports names {domain}, for which there is a transport already: keep one entry")
        transports[domain] = str(entry.get("transport"))
    if "transport_maps" not in wishes.mapping("account_maps"):
        # Whatever way its mail goes otherwise, a suspended account gets none.
        transports.update(suspended)
    if names:
        share.extend("relay_domains", names, earlier="last")
    if transports:
        share.extend("transport_maps", [tables.add("transport", transports)], earlier="last")
    recipients = [recipient.lower() for recipient in wishes.texts("relay_recipients")]
    if recipients:
        share.extend(
            "relay_recipient_maps",
            [tables.add("relay_recipients", dict.fromkeys(recipients, "OK"))],
            earlier="last",
        )
    for recipient in recipients:
        if recipient.rpartition("@")[2] not in names:
            wishes.fault(f"postfix_relay_recipients: {recipient} is in none of postfix_relay_domains")
