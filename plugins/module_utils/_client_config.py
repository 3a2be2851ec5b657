# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The settings of mail programs for each mail domain: what is really open, and with which user name."""

from __future__ import annotations

import encodings.idna
import typing as t
import unicodedata
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils._dns_hosts import MailHost
from ansible_collections.postmaster.mail.plugins.module_utils._dns_names import DnsDataError, to_host_fqdn
from ansible_collections.postmaster.mail.plugins.module_utils._mail_services import Endpoint, endpoints_of

Username = t.Literal["address", "local_part"]
AccountType = t.Literal["imap", "pop3"]

USERNAMES: tuple[Username, ...] = ("address", "local_part")
ACCOUNT_TYPES: tuple[AccountType, ...] = ("imap", "pop3")
_MAX_NAME = 200


class ClientConfigError(ValueError):
    """Input that no settings can be made of; the text names the input, the cause and the remedy."""


@dataclass(frozen=True)
class ClientDomain:
    """What mail programs have to know of a mail domain.

    domain has A-labels and no final dot, text is the domain as people write it, name is what accounts are called.
    Endpoints are in the order in which a client should try them.
    """

    domain: str
    text: str
    name: str
    username: Username
    endpoints: tuple[Endpoint, ...]

    def incoming(self, account_type: AccountType) -> tuple[Endpoint, ...]:
        """Return where mail of an account of that type is read; nothing if it is not offered."""
        return tuple(endpoint for endpoint in self.endpoints if endpoint.protocol == account_type)

    @property
    def account_types(self) -> tuple[AccountType, ...]:
        """The account types that are offered, IMAP first."""
        return tuple(account_type for account_type in ACCOUNT_TYPES if self.incoming(account_type))

    @property
    def outgoing(self) -> tuple[Endpoint, ...]:
        """Where mail is sent."""
        return tuple(endpoint for endpoint in self.endpoints if endpoint.protocol == "submission")

    @property
    def sieve(self) -> tuple[Endpoint, ...]:
        """Where filters are kept."""
        return tuple(endpoint for endpoint in self.endpoints if endpoint.protocol == "sieve")

    def login(self, local_part: str, address: str) -> str:
        """Return the user name, out of what stands for the local part and the address.

        Accounts of an internationalised domain are kept with its A-labels, however the address was typed.
        """
        if self.username == "local_part":
            return local_part
        return address if self.text == self.domain else f"{local_part}@{self.domain}"


def plan_domains(
    hosts: t.Sequence[MailHost],
    domains: t.Sequence[str],
    names: t.Mapping[str, str],
    username: str,
) -> tuple[ClientDomain, ...]:
    """Return the settings for each of domains, or of all domains of hosts. Raises if one could not be used at all."""
    known = tuple(dict.fromkeys(domain for host in hosts for domain in host.domains))
    wanted = tuple(dict.fromkeys(_fqdn(domain, "domains") for domain in domains)) or known
    if not wanted:
        raise ClientConfigError("There is no mail domain. Set mail_domain in the inventory.")
    form = next((one for one in USERNAMES if one == username), None)
    if form is None:
        raise ClientConfigError(f"username is {username!r}; give {' or '.join(USERNAMES)}.")
    called = {_fqdn(domain, "names"): _checked_name(name, domain) for domain, name in names.items()}
    unknown = [domain for domain in called if domain not in wanted]
    if unknown:
        raise ClientConfigError(
            f"names has {unknown[0][:-1]}, which is none of the domains: {', '.join(name[:-1] for name in wanted)}."
        )
    return tuple(_client_domain(hosts, domain, called.get(domain, ""), form) for domain in wanted)


def unicode_domain(domain: str) -> str:
    """Return a domain of A-labels as people write it."""
    try:
        return ".".join(encodings.idna.ToUnicode(label) for label in domain.split("."))
    except UnicodeError:
        return domain


def _client_domain(hosts: t.Sequence[MailHost], domain: str, name: str, username: Username) -> ClientDomain:
    bare = domain[:-1]
    serving = [host for host in hosts if domain in host.domains]
    if not serving:
        raise ClientConfigError(
            f"No host has {bare} among its domains. Add it to mail_domains of the host that serves it."
        )
    text = unicode_domain(bare)
    planned = ClientDomain(bare, text, name or text, username, endpoints_of(serving))
    where = ", ".join(host.hostname[:-1] for host in serving)
    if not planned.account_types:
        raise ClientConfigError(
            f"No mail program can read mail of {bare}: {where} offers neither IMAP nor POP3 over TLS to other hosts. "
            "Add imap to dovecot_protocols, see that dovecot_listeners leaves one of its ports open, "
            "or set webmail_clients to false."
        )
    if not planned.outgoing:
        raise ClientConfigError(
            f"No mail program can send mail of {bare}: {where} takes no submissions over TLS from other hosts. "
            "Set postfix_submissions or postfix_submission to true, or set webmail_clients to false."
        )
    return planned


def _fqdn(domain: str, what: str) -> str:
    try:
        return to_host_fqdn(domain, what)
    except DnsDataError as error:
        raise ClientConfigError(str(error)) from error


def _checked_name(name: object, domain: str) -> str:
    text = " ".join(str(name).split(" "))
    if not text.strip() or len(text) > _MAX_NAME:
        raise ClientConfigError(f"The name of {domain} is {text!r}; give 1 to {_MAX_NAME} characters.")
    # Neither XML nor property lists can hold these, whatever is done to escape them.
    odd = [char for char in text if unicodedata.category(char) in ("Cc", "Cs", "Cn", "Zl", "Zp")]
    if odd:
        raise ClientConfigError(
            f"The name of {domain} holds {odd[0]!r}. Write it in one line, without control characters."
        )
    return text
