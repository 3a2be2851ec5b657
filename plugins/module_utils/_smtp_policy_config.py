# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""What the restrictions of smtpd refer to: parameters of one service, lookup tables, lists of domains and networks."""

from __future__ import annotations

import ipaddress
import socket
import typing as t
from dataclasses import dataclass, field

from ._master_cf import MasterEntry, parse_entries
from ._postconf import Postconf, PostconfError, parse_parameters
from ._postfix_list import elements

if t.TYPE_CHECKING:
    from ._runner import CommandRunner

PARAMETERS: t.Final = (
    "allow_untrusted_routing",
    "default_database_type",
    "inet_interfaces",
    "local_recipient_maps",
    "mydestination",
    "mynetworks",
    "parent_domain_matches_subdomains",
    "proxy_interfaces",
    "recipient_delimiter",
    "relay_domains",
    "relay_recipient_maps",
    "smtpd_client_restrictions",
    "smtpd_delay_reject",
    "smtpd_helo_restrictions",
    "smtpd_milters",
    "smtpd_null_access_lookup_key",
    "smtpd_recipient_restrictions",
    "smtpd_reject_unlisted_recipient",
    "smtpd_reject_unlisted_sender",
    "smtpd_relay_before_recipient_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_restriction_classes",
    "smtpd_sender_login_maps",
    "smtpd_sender_restrictions",
    "virtual_alias_domains",
    "virtual_alias_maps",
    "virtual_mailbox_domains",
    "virtual_mailbox_maps",
)
_PATTERN_TYPES: t.Final = frozenset({"regexp", "pcre", "cidr", "static", "tcp"})


class LookupFailedError(Exception):
    """A table cannot be searched from here, so the answer stays unknown."""


@dataclass
class Tables:
    """Lookup tables, searched with postmap; every answer is remembered."""

    runner: CommandRunner
    postmap: str
    config_dir: str | None
    _answers: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def find(self, table: str, key: str) -> str | None:
        """Return what table has for key, None if nothing. Raises LookupFailedError."""
        if not key or "\n" in key:
            return None
        if (table, key) not in self._answers:
            instance = [] if self.config_dir is None else ["-c", self.config_dir]
            # Keys come from outside: by standard input, one cannot be taken for an option.
            result = self.runner.run([self.postmap, *instance, "-q", "-", _without_proxy(table)], data=f"{key}\n")
            if result.rc not in (0, 1) or "warning:" in result.stderr or "fatal:" in result.stderr:
                raise LookupFailedError(f"{table} cannot be searched: {' '.join(result.stderr.split())}")
            answer = result.stdout.rstrip("\n").partition("\t")[2]
            self._answers[(table, key)] = answer if result.rc == 0 and result.stdout else None
        return self._answers[(table, key)]


def _without_proxy(table: str) -> str:
    while table.startswith("proxy:"):
        table = table[len("proxy:") :]
    return table


def is_table(word: str) -> bool:
    """Whether the word names a lookup table (type:name) and not a domain, address or restriction."""
    kind, colon, name = word.partition(":")
    return bool(colon and name and kind.isidentifier() and not word.startswith("["))


def is_pattern_table(table: str) -> bool:
    """Whether the table is only asked for whole names, never for a parent domain or network."""
    return _without_proxy(table).partition(":")[0] in _PATTERN_TYPES


@dataclass(frozen=True)
class Settings:
    """The parameters as one service of master.cf sees them, references expanded."""

    service: str | None
    parameters: t.Mapping[str, str]

    def words(self, name: str) -> list[str]:
        """Return the elements of a list."""
        return elements(self.parameters.get(name, ""))

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a yes/no parameter."""
        value = self.parameters.get(name, "").lower()
        return value == "yes" if value in ("yes", "no") else default

    def subdomains_match(self, name: str) -> bool:
        """Whether a domain in the list called name stands for its subdomains too."""
        return name in self.words("parent_domain_matches_subdomains")


def read_settings(postconf: Postconf, port: int) -> Settings:
    """Read what the service on port goes by. Raises PostconfError."""
    lines, reading = postconf.services()
    if not reading.ok:
        raise PostconfError(f"postconf -M failed: {reading.complaints.fatal}")
    entry = _service_on(parse_entries(lines).values(), port)
    overrides = {} if entry is None else entry.option_map()
    parameters = _effective(postconf, overrides, PARAMETERS)
    classes = elements(parameters.get("smtpd_restriction_classes", ""))
    if classes:
        parameters.update(_effective(postconf, overrides, classes))
    return Settings(service=None if entry is None else entry.service, parameters=parameters)


def _effective(postconf: Postconf, overrides: t.Mapping[str, str], names: t.Sequence[str]) -> dict[str, str]:
    options = [word for name, value in overrides.items() for word in ("-o", f"{name}={value}")]
    result = postconf.run(["-x", *options, *names])
    if result.rc != 0:
        raise PostconfError(f"postconf cannot read the parameters: {result.stderr.strip()}")
    return parse_parameters(result.stdout)


def _service_on(entries: t.Iterable[MasterEntry], port: int) -> MasterEntry | None:
    for entry in entries:
        name, _slash, kind = entry.service.rpartition("/")
        service = name.rpartition(":")[2]
        if kind in ("inet", "pass") and (service == str(port) or _port(service) == port):
            return entry
    return None


def _port(service: str) -> int | None:
    try:
        return socket.getservbyname(service, "tcp")
    except OSError:
        return None


def in_networks(address: str, words: t.Iterable[str], tables: Tables) -> bool:
    """Whether address is in a list like mynetworks; the first element that fits decides. Raises LookupFailedError."""
    try:
        client = ipaddress.ip_address(address)
    except ValueError:
        return False
    for word in words:
        wanted, item = not word.startswith("!"), word.lstrip("!")
        if item.startswith("/"):
            raise LookupFailedError(f"the file {item} in the list is not read")
        if is_table(item) and not _is_network(item):
            if tables.find(item, address) is not None:
                return wanted
            continue
        try:
            network = ipaddress.ip_network(item.replace("[", "").replace("]", ""), strict=False)
        except ValueError:
            continue
        if client.version == network.version and client in network:
            return wanted
    return False


def _is_network(item: str) -> bool:
    try:
        ipaddress.ip_network(item.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
    return True


def in_domains(domain: str, words: t.Iterable[str], tables: Tables, *, subdomains: bool) -> bool:
    """Whether domain is in a list like mydestination; the first element that fits decides. Raises LookupFailedError."""
    domain = domain.lower()
    for word in words:
        wanted, item = not word.startswith("!"), word.lstrip("!")
        if item.startswith("/"):
            raise LookupFailedError(f"the file {item} in the list is not read")
        if is_table(item):
            names = [domain, *(parents(domain) if subdomains and not is_pattern_table(item) else [])]
            if any(tables.find(item, name) is not None for name in names):
                return wanted
            continue
        item = item.lower()
        if domain == item or (item.startswith(".") and domain.endswith(item)):
            return wanted
        if subdomains and domain.endswith(f".{item}"):
            return wanted
    return False


def parents(domain: str) -> list[str]:
    """Return the parent domains, the nearest first."""
    labels = domain.split(".")
    return [".".join(labels[number:]) for number in range(1, len(labels))]
