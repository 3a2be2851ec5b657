# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The text of the files that role sasl writes."""

from __future__ import annotations

import typing as t

# The role knows its own files by this line.
MARK = "# Written by the role postmaster.mail.sasl. What is changed here by hand gets lost."
SASLAUTHD_UNIT = "saslauthd-postfix.service"
AUTHDAEMOND_SOCKET = "authdaemond-postfix.socket"
AUTHDAEMOND_SERVICE = "authdaemond-postfix.service"
COURIER_UNIT = "courier-authdaemon.service"
COURIER_DROP_IN = f"/etc/systemd/system/{COURIER_UNIT}.d/postfix.conf"


def directives(settings: t.Mapping[str, str]) -> str:
    """Return a configuration of libsasl or of saslauthd's LDAP."""
    return _text(MARK, *(f"{name}: {value}" for name, value in settings.items()))


def pam_service(rules: t.Iterable[str]) -> str:
    """Return a file of /etc/pam.d."""
    return _text(MARK, *rules)


def saslauthd_unit(command: t.Sequence[str], directory: str) -> str:
    """Return the unit of an instance of saslauthd for Postfix alone.

    A unit of its own, because the distributions' cannot run a second instance: Debian 12 starts all of them by one
    script, Debian 13 one only.
    """
    name = directory.rpartition("/")[2]
    runtime = [f"RuntimeDirectory={name}", "RuntimeDirectoryMode=0710", "Group=postfix"]
    return _text(
        MARK,
        "[Unit]",
        "Description=SASL password check for Postfix",
        "Documentation=man:saslauthd(8)",
        "After=network.target nss-user-lookup.target slapd.service",
        "Before=postfix.service",
        "",
        "[Service]",
        "Type=forking",
        f"PIDFile={directory}/saslauthd.pid",
        f"ExecStart={' '.join(command)}",
        *(runtime if directory.startswith("/run/") else []),
        "Restart=on-failure",
        "ProtectSystem=full",
        "ProtectHome=read-only",
        "PrivateTmp=true",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    )


def authdaemond_units(socket: str, daemon_socket: str, proxy: str) -> tuple[str, str]:
    """Return the units that make Courier's socket reachable from Postfix's chroot: the listener and who serves it.

    A proxy, because Courier's own directory is of a group that Postfix is not in and should not be.
    """
    listener = _text(
        MARK,
        "[Unit]",
        "Description=Socket of Courier's authdaemond for Postfix",
        "Before=postfix.service",
        "",
        "[Socket]",
        f"ListenStream={socket}",
        "SocketGroup=postfix",
        "SocketMode=0660",
        "",
        "[Install]",
        "WantedBy=sockets.target",
    )
    service = _text(
        MARK,
        "[Unit]",
        "Description=Courier's authdaemond for Postfix",
        f"BindsTo={AUTHDAEMOND_SOCKET}",
        f"After={AUTHDAEMOND_SOCKET} {COURIER_UNIT}",
        "",
        "[Service]",
        f"ExecStart={proxy} {daemon_socket}",
        "ProtectSystem=full",
        "ProtectHome=true",
        "PrivateTmp=true",
    )
    return listener, service


def courier_drop_in() -> str:
    """Return what tells that Courier's daemon runs only for Postfix."""
    return _text(MARK, "[Unit]", f"PartOf={AUTHDAEMOND_SOCKET}")


def _text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)
