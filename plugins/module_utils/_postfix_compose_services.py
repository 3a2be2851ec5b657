# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The services of master.cf: ports for logged-in users, further listeners, postscreen."""

from __future__ import annotations

import typing as t

from ._postfix_compose import Share, Tables, Wishes
from ._postfix_compose_tables import submission_checks
from ._postfix_compose_tls import ClientCertificates

_CLEANUP = "cleanup-submission"
_SITE_RESTRICTION = "reject_rbl_client"


def compose_services(
    wishes: Wishes, tables: Tables, platform: t.Mapping[str, str], asking: ClientCertificates
) -> Share:
    """Return the listeners besides port 25."""
    share = Share("services")
    chroot = platform["chroot"]
    # reject_sender_login_mismatch lets the null sender pass, by which a user could send as nobody.
    null_sender = tables.add("null_sender", {"<>": "REJECT After login the sender must be an address of your own"})
    cleanup = _submission_cleanup(wishes, tables, share, chroot)
    starttls = {"smtpd_tls_security_level": "encrypt"}
    wrapped = {"smtpd_tls_wrappermode": True}
    for name, own in (("submission", starttls), ("submissions", wrapped)):
        if wishes.flag(name):
            options = _submission_options(wishes, null_sender, asking.permit(name))
            offered = {**own, **asking.options(name), **options, **cleanup}
            _listen(share, name, chroot, {"syslog_name": f"postfix/{name}", **offered})
        else:
            share.serve(name, "inet", state="absent")
    for listener in wishes.entries("listeners"):
        name = str(listener.get("name") or "")
        role, own = listener.get("role") or "mta", wrapped if listener.get("wrappermode") else starttls
        if listener.get("state") == "absent":
            share.serve(name, "inet", state="absent")
            continue
        fixed = {} if own is starttls and role == "mta" else own
        if role == "submission":
            fixed = {**fixed, **_submission_options(wishes, null_sender, asking.permit(name)), **cleanup}
        fixed = {**fixed, **asking.options(name)}
        log_name = "".join(character if character.isalnum() or character in "-." else "-" for character in name)
        _listen(
            share, name, chroot, {"syslog_name": f"postfix/{log_name}", **fixed, **dict(listener.get("options") or {})}
        )
    _check_listeners(wishes)
    return share


def tls_of_listeners(services: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, str]:
    """Return, by service name, how a client starts TLS where it has to."""
    result: dict[str, str] = {}
    for service in services:
        options = service.get("options") or {}
        if service.get("type") == "inet" and service.get("state") != "absent":
            if str(options.get("smtpd_tls_wrappermode")).lower() in ("true", "yes"):
                result[str(service["name"])] = "implicit"
            elif options.get("smtpd_tls_security_level") == "encrypt":
                result[str(service["name"])] = "starttls"
    return result


def login_services(services: t.Iterable[t.Mapping[str, t.Any]]) -> frozenset[str]:
    """Return the names of the listeners that check logins, which they cannot before the SASL engine runs."""
    return frozenset(
        str(service["name"])
        for service in services
        if service.get("type") == "inet"
        and str((service.get("options") or {}).get("smtpd_sasl_auth_enable")).lower() in ("true", "yes")
    )


def without_services(
    contributions: t.Iterable[t.Mapping[str, t.Any]], names: t.AbstractSet[str]
) -> list[dict[str, t.Any]]:
    """Return contributions without anything they say about the listeners of those names."""
    return [
        {
            **item,
            "services": [
                service
                for service in item["services"]
                if service.get("type") != "inet" or str(service.get("name")) not in names
            ],
        }
        for item in contributions
    ]


def compose_postscreen(wishes: Wishes, platform: t.Mapping[str, str], sites: t.Sequence[str]) -> Share | None:
    """Return postscreen in front of smtpd on port 25, or None if it is not wanted."""
    if not wishes.flag("postscreen"):
        return None
    share = Share("postscreen")
    chroot = platform["chroot"]
    share.serve("smtp", "inet", private="n", unpriv="-", chroot=chroot, wakeup="-", maxproc="1", command="postscreen")
    share.serve("smtpd", "pass", private="-", unpriv="-", chroot=chroot, wakeup="-", maxproc="-", command="smtpd")
    for name in ("dnsblog", "tlsproxy"):
        share.serve(name, "unix", private="-", unpriv="-", chroot=chroot, wakeup="-", maxproc="0", command=name)
    share.params["postscreen_greet_action"] = "enforce"
    if sites:
        share.extend("postscreen_dnsbl_sites", sites)
        share.params["postscreen_dnsbl_action"] = "enforce"
        share.params["postscreen_dnsbl_threshold"] = wishes.number("postscreen_threshold")
    share.params.update(wishes.mapping("postscreen_params"))
    return share


def without_sites(restrictions: t.Sequence[str], sites: t.Sequence[str]) -> list[str]:
    """Return restrictions without the lists that postscreen asks already."""
    asked = {f"{_SITE_RESTRICTION} {site.partition('*')[0]}" for site in sites}
    return [restriction for restriction in restrictions if restriction not in asked]


def _submission_options(wishes: Wishes, null_sender: str, known: t.Sequence[str]) -> dict[str, t.Any]:
    """Return the options of a port for logins; known lets pass who has shown a known certificate."""
    return {
        "smtpd_sasl_auth_enable": True,
        "smtpd_tls_auth_only": True,
        "smtpd_client_restrictions": "",
        "smtpd_helo_restrictions": "",
        "smtpd_sender_restrictions": [
            *known,
            f"check_sender_access {null_sender}",
            *wishes.texts("submission_sender_restrictions"),
        ],
        "smtpd_relay_restrictions": [*known, "permit_sasl_authenticated", "reject"],
        "smtpd_recipient_restrictions": ["reject_non_fqdn_recipient", *known, "permit_sasl_authenticated", "reject"],
        "milter_macro_daemon_name": "ORIGINATING",
    }


def _submission_cleanup(wishes: Wishes, tables: Tables, share: Share, chroot: str) -> dict[str, str]:
    checks = submission_checks(wishes, tables)
    if not checks:
        return {}
    share.serve(
        _CLEANUP,
        "unix",
        private="n",
        unpriv="-",
        chroot=chroot,
        wakeup="-",
        maxproc="0",
        command="cleanup",
        options={"header_checks": checks},
    )
    return {"cleanup_service_name": _CLEANUP}


def _listen(share: Share, name: str, chroot: str, options: dict[str, t.Any]) -> None:
    share.serve(
        name, "inet", private="n", unpriv="-", chroot=chroot, wakeup="-", maxproc="-", command="smtpd", options=options
    )


def _check_listeners(wishes: Wishes) -> None:
    names = [str(listener.get("name") or "") for listener in wishes.entries("listeners")]
    wishes.check_unique("listeners", names)
    own = {"25": "smtp", "smtp": "smtp"}
    if wishes.flag("submission"):
        own.update({"587": "submission", "submission": "submission"})
    if wishes.flag("submissions"):
        own.update({"465": "submissions", "submissions": "submissions", "smtps": "submissions"})
    for name in names:
        port = name.rpartition(":")[2]
        if not port:
            wishes.fault('postfix_listeners: an entry has no port; write name: "2525" or name: "192.0.2.1:2525"')
        elif port in own:
            wishes.fault(f"postfix_listeners: {name} is the port of {own[port]}, which the role has already")
