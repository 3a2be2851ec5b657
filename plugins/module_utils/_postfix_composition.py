# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From the variables of role postfix to what its modules take, or to a list of all contradictions in them."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ._postfix_compose import CONTRIBUTED, USER, Share, Tables, Wishes
from ._postfix_compose_host import (
    bounce_templates,
    compose_accounts,
    compose_host,
    compose_protocol,
    relay_domain_names,
)
from ._postfix_compose_restrictions import compose_restrictions
from ._postfix_compose_routes import compose_routes
from ._postfix_compose_services import (
    compose_postscreen,
    compose_services,
    login_services,
    tls_of_listeners,
    without_services,
    without_sites,
)
from ._postfix_compose_tables import compose_tables
from ._postfix_compose_tls import certificate_files, compose_client_certificates, compose_tls

_TABLE = re.compile(r"[a-z]\w*:/")
_LOOPBACK = frozenset({"127.0.0.0/8", "[::ffff:127.0.0.0]/104", "[::1]/128"})
_DNS_LISTS = ("client", "helo", "sender", "recipient")


class CompositionError(Exception):
    """The variables contradict each other; the text lists every fault."""


@dataclasses.dataclass(frozen=True)
class Composition:
    """What the role asks its modules for; files are the names in the role's folder that belong there.

    contributions_before_logins leave out the listeners that check logins, named in login_services.
    """

    contributions: list[dict[str, t.Any]]
    contributions_before_logins: list[dict[str, t.Any]]
    login_services: list[str]
    maps: list[dict[str, t.Any]]
    files: list[str]
    bounce_template: str
    listener_tls: dict[str, str]
    certificate_files: list[str]


def compose(variables: t.Mapping[str, t.Any], host: t.Mapping[str, t.Any]) -> Composition:
    """Return the composition.

    variables are those of the role without their prefix. host says what the platform and the installed Postfix are
    like: directory, chroot, compatibility_level, ca_file, known (parameters, empty if Postfix cannot be asked yet),
    accounts (as from mail_account_tables), dns_lists (as from dnsbl_restrictions, or empty), tls_directory and
    tls_key_types (of role tls) and client_certificates (by the path that postfix_relay_clientcerts names).
    Raises CompositionError.
    """
    faults: list[str] = []
    wishes = Wishes(variables, faults)
    tables = Tables(str(host["directory"]))
    dns_lists = {kind: [str(item) for item in host["dns_lists"].get(kind, [])] for kind in _DNS_LISTS}
    sites = [str(site) for site in host["dns_lists"].get("postscreen_sites", [])]
    postscreen = compose_postscreen(wishes, host, sites)
    if postscreen is not None:
        dns_lists["client"] = without_sites(dns_lists["client"], sites)
    restrictions = {f"smtpd_{kind}_restrictions": checks for kind, checks in dns_lists.items()}
    client_certificates, asking = compose_client_certificates(wishes, tables, host["client_certificates"])
    shares = [
        compose_host(wishes, host),
        compose_tls(wishes, tables, host),
        compose_protocol(frozenset(host["known"])),
        compose_accounts(wishes, tables, host["accounts"]),
        compose_restrictions(wishes, tables, _declared_classes(wishes), restrictions),
        compose_routes(wishes, tables, host["accounts"].get("transports", {})),
        compose_tables(wishes, tables),
        compose_services(wishes, tables, host, asking),
        *([] if postscreen is None else [postscreen]),
        *([] if client_certificates is None else [client_certificates]),
        Share("sasl", params=dict(wishes.mapping("sasl_params"))),
    ]
    bounce = bounce_templates(wishes)
    if bounce:
        shares.append(Share("bounce", params={"bounce_template_file": f"{tables.directory}/bounce.cf"}))
    _leave_to_user(wishes, shares)
    contributions = [share.as_dict() for share in shares]
    contributions += [_contributed(wishes, str(name), wish) for name, wish in wishes.mapping("contributions").items()]
    contributions.append(_of_user(wishes))
    _check_domains(wishes)
    _check_networks(wishes)
    _check_sizes(wishes)
    if faults:
        raise CompositionError("; ".join(faults))
    maps = _with_own(tables.maps, wishes.entries("maps"))
    prefix = f"{tables.directory}/"
    names = [str(wish["path"])[len(prefix) :] for wish in maps if str(wish["path"]).startswith(prefix)]
    services = [service for item in contributions for service in item["services"]]
    logins = login_services(services)
    return Composition(
        contributions=contributions,
        contributions_before_logins=without_services(contributions, logins),
        login_services=sorted(logins),
        maps=maps,
        files=sorted({*names, *(["bounce.cf"] if bounce else []), *map(str, wishes.mapping("account_map_files"))}),
        bounce_template=bounce,
        listener_tls=tls_of_listeners(services),
        certificate_files=certificate_files(wishes, host),
    )


def _contributed(wishes: Wishes, name: str, wish: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    if unknown := sorted(set(wish) - {"order", "params", "lists", "services"}):
        wishes.fault(
            f"postfix_contributions.{name} has {', '.join(unknown)}; it may have order, params, lists and services"
        )
    return {
        "name": f"contributions.{name}",
        "order": wish.get("order", CONTRIBUTED),
        "params": dict(wish.get("params") or {}),
        "lists": dict(wish.get("lists") or {}),
        "services": list(wish.get("services") or []),
    }


def _leave_to_user(wishes: Wishes, shares: t.Iterable[Share]) -> None:
    """Take those lists out of shares for which the user wrote the whole value."""
    for name, value in wishes.mapping("params").items():
        if not isinstance(value, t.Mapping) or value.get("elements", "exact") == "exact":
            for share in shares:
                share.lists.pop(str(name), None)


def _of_user(wishes: Wishes) -> dict[str, t.Any]:
    return {
        "name": "user",
        "order": USER,
        "params": dict(wishes.mapping("params")),
        "lists": {},
        "services": [dict(service) for service in wishes.entries("services")],
    }


def _with_own(maps: list[dict[str, t.Any]], own: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return maps with those of the user in place of the role's of the same path."""
    paths = {str(wish.get("path")) for wish in own}
    return [wish for wish in maps if wish["path"] not in paths] + [dict(wish) for wish in own]


def _declared_classes(wishes: Wishes) -> frozenset[str]:
    """Return the restriction classes that are declared without postfix_restriction_classes."""
    declared: list[str] = []
    for params in [wishes.mapping("params"), *(wish.get("params") or {} for wish in _contributions(wishes))]:
        value = params.get("smtpd_restriction_classes", [])
        declared += value.replace(",", " ").split() if isinstance(value, str) else [str(item) for item in value]
    for wish in _contributions(wishes):
        value = (wish.get("lists") or {}).get("smtpd_restriction_classes", [])
        elements = value.get("elements", []) if isinstance(value, t.Mapping) else value
        declared += [str(item["value"] if isinstance(item, t.Mapping) else item) for item in elements]
    return frozenset(declared)


def _contributions(wishes: Wishes) -> list[t.Mapping[str, t.Any]]:
    return list(wishes.mapping("contributions").values())


def _check_domains(wishes: Wishes) -> None:
    hosted = [domain.lower() for domain in wishes.texts("domains")]
    relayed = relay_domain_names(wishes)
    local = [domain.lower() for domain in wishes.texts("mydestination")]
    for domain in sorted(set(hosted) & set(relayed)):
        wishes.fault(f"{domain} is in both postfix_domains and postfix_relay_domains: mail for it can only go one way")
    for domain in sorted(set(local) & set(hosted)):
        wishes.fault(f"{domain} is in both postfix_mydestination and postfix_domains: mail for it can only go one way")
    for domain in sorted(set(local) & set(relayed)):
        wishes.fault(
            f"{domain} is in both postfix_mydestination and postfix_relay_domains: mail for it can only go one way"
        )


def _check_networks(wishes: Wishes) -> None:
    networks = wishes.texts("mynetworks")
    if wishes.text("mynetworks_style") and not set(networks) <= _LOOPBACK:
        wishes.fault("postfix_mynetworks_style and postfix_mynetworks both say whom to trust: keep one of them")
    for item in networks:
        text = item.replace("[", "").replace("]", "")
        if item.startswith(("!", "/", "$")) or _TABLE.match(item):
            continue
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            wishes.fault(f"postfix_mynetworks: {item} is no network: {error}")
            continue
        if network.prefixlen < 2:
            wishes.fault(
                f"postfix_mynetworks names every host there is ({item}), which makes an open relay: name the networks "
                "you trust"
            )
        elif network.version == 6 and "[" not in item:
            bracketed = f"[{network.network_address}]/{network.prefixlen}"
            wishes.fault(f"postfix_mynetworks: Postfix wants {item} with brackets, {bracketed}")


def _check_sizes(wishes: Wishes) -> None:
    mailbox, message = wishes.number("mailbox_size_limit"), wishes.number("message_size_limit")
    if 0 < mailbox < message:
        wishes.fault(
            f"postfix_mailbox_size_limit ({mailbox}) is below postfix_message_size_limit ({message}): no mailbox could "
            "take the largest message"
        )
    if wishes.text("log") == "file" and not wishes.text("log_file").startswith("/"):
        wishes.fault("postfix_log_file must be an absolute path")
