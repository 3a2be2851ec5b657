# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Which restriction of smtpd decides about a recipient, as far as the configuration alone tells."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ._postfix_list import elements
from ._smtp_policy_access import Effect, client_keys, domain_keys, effect_of, mail_keys
from ._smtp_policy_address import classify, find_listing, is_routed, split_address
from ._smtp_policy_config import LookupFailedError, Settings, Tables, in_networks, is_table

Verdict = t.Literal["accepted", "refused", "deferred", "unknown"]

# Restrictions that only a dialogue can decide, because they ask DNS, another server or a policy program.
ASKS_OTHERS: t.Final = re.compile(
    r"reject_unknown_\w+|reject_(?:rbl|rhsbl|rhswl)_\w+|permit_dnswl_client|permit_rhswl_client|reject_unverified_\w+"
    r"|check_\w+_(?:a|mx|ns)_access|check_policy_service|check_ccert_access|permit_mx_backup"
    r"|permit_tls_(?:all_)?clientcerts"
)
_WITH_ARGUMENT: t.Final = re.compile(
    r"check_\w+_access|check_policy_service|(?:reject|permit)_(?:rbl|rhsbl|rhswl|dnswl)_\w+|sleep"
)
_NO_EFFECT: t.Final = frozenset(
    {"reject_unauth_pipelining", "reject_multi_recipient_bounce", "defer_if_reject", "sleep"}
)
_HOST_NAME: t.Final = re.compile(r"(?!-)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_MOST_NESTED: t.Final = 20


@dataclass(frozen=True)
class Session:
    """The client and the envelope in question."""

    address: str
    name: str
    helo: str
    sender: str
    recipient: str
    login: str | None
    tls: bool


@dataclass(frozen=True)
class Decision:
    """Where a verdict comes from: parameter, restriction, and the lookup (table, key, answer) if one was made."""

    parameter: str
    restriction: str
    lookup: str | None = None


@dataclass(frozen=True)
class Unknown:
    """A restriction that was passed over because its answer cannot be told from the configuration."""

    parameter: str
    restriction: str
    reason: str

    def __str__(self) -> str:
        return f"{self.parameter}: {self.restriction}: {self.reason}"


@dataclass(frozen=True)
class Outcome:
    """What the configuration says; presumed is the verdict if none of the unknown restrictions had an effect."""

    presumed: Verdict
    decision: Decision | None
    unknown: tuple[Unknown, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict, unknown where another server or program has a say."""
        return "unknown" if self.unknown else self.presumed


@dataclass(frozen=True)
class _Step:
    effect: Effect
    lookup: str | None = None
    restriction: str = ""


_CONTINUE: t.Final = _Step("continue")


class Evaluator:
    """Goes through the restriction lists the way smtpd does at RCPT TO."""

    def __init__(self, settings: Settings, tables: Tables, session: Session) -> None:
        self._settings = settings
        self._tables = tables
        self._session = session
        self._unknown: list[Unknown] = []

    def run(self) -> Outcome:
        """Return the outcome for the session. Raises nothing: what cannot be told is in the outcome."""
        allowed: Decision | None = None
        for parameter in self._lists():
            words = self._settings.words(parameter)
            step = self._walk(words, parameter, 0)
            decision = Decision(parameter, step.restriction, step.lookup)
            if step.effect in ("reject", "defer"):
                return self._outcome("refused" if step.effect == "reject" else "deferred", decision)
            if step.effect == "permit":
                allowed = decision
        for parameter, address in (
            ("smtpd_reject_unlisted_sender", self._session.sender),
            ("smtpd_reject_unlisted_recipient", self._session.recipient),
        ):
            if address and self._settings.flag(parameter, default=parameter.endswith("recipient")):
                step = self._guarded(self._unlisted, address, parameter)
                if step.effect == "reject":
                    return self._outcome("refused", Decision(parameter, parameter, step.lookup))
        return self._outcome("accepted", allowed)

    def _outcome(self, verdict: Verdict, decision: Decision | None) -> Outcome:
        return Outcome(verdict, decision, tuple(self._unknown))

    def _lists(self) -> list[str]:
        lists = ["smtpd_client_restrictions"]
        if self._session.helo:
            lists.append("smtpd_helo_restrictions")
        lists.append("smtpd_sender_restrictions")
        relay, recipient = "smtpd_relay_restrictions", "smtpd_recipient_restrictions"
        relay_first = self._settings.flag("smtpd_relay_before_recipient_restrictions", default=False)
        return lists + ([relay, recipient] if relay_first else [recipient, relay])

    def _walk(self, words: t.Sequence[str], parameter: str, depth: int) -> _Step:
        if depth > _MOST_NESTED:
            self._unknown.append(Unknown(parameter, " ".join(words), "restriction classes refer to each other"))
            return _CONTINUE
        position = 0
        while position < len(words):
            warn_only = words[position].lower() == "warn_if_reject"
            position += warn_only
            if position >= len(words):
                break
            word = words[position].strip("{}").strip()
            as_written = is_table(word) or word in self._settings.words("smtpd_restriction_classes")
            name = word if as_written else word.lower()
            argument = ""
            if _WITH_ARGUMENT.fullmatch(name):
                position += 1
                argument = words[position] if position < len(words) else ""
            step = self._one(name, argument, parameter, depth)
            position += 1
            if step.effect == "permit" or (step.effect != "continue" and not warn_only):
                shown = f"{name} {argument}".strip()
                return _Step(step.effect, step.lookup, step.restriction or shown)
        return _CONTINUE

    def _one(self, name: str, argument: str, parameter: str, depth: int) -> _Step:
        if name in _NO_EFFECT:
            return _CONTINUE
        if name in self._settings.words("smtpd_restriction_classes"):
            return self._walk(self._settings.words(name), parameter, depth + 1)
        if ASKS_OTHERS.fullmatch(name):
            self._unknown.append(Unknown(parameter, f"{name} {argument}".strip(), "only a dialogue can tell"))
            return _CONTINUE
        if is_table(name):
            return self._access(_context(parameter), name, parameter, depth)
        match = re.fullmatch(r"check_(client|reverse_client_hostname|helo|sender|recipient|sasl)_access", name)
        if match:
            return self._access(match.group(1), argument, parameter, depth)
        if name in ("permit", "reject", "defer", "defer_if_permit"):
            return _Step("defer" if name == "defer_if_permit" else t.cast("Effect", name))
        return self._guarded(self._test, name, parameter)

    def _guarded(self, test: t.Callable[[str], _Step | None], subject: str, parameter: str) -> _Step:
        try:
            step = test(subject)
        except LookupFailedError as error:
            self._unknown.append(Unknown(parameter, subject, str(error)))
            return _CONTINUE
        if step is None:
            self._unknown.append(Unknown(parameter, subject, "this restriction is not known to the module"))
            return _CONTINUE
        return step

    def _access(self, kind: str, table: str, parameter: str, depth: int) -> _Step:
        try:
            key, answer = self._search(kind, table)
        except LookupFailedError as error:
            self._unknown.append(Unknown(parameter, f"check_{kind}_access {table}", str(error)))
            return _CONTINUE
        if answer is None:
            return _CONTINUE
        lookup = f"{table}: {key} -> {answer}"
        effect = effect_of(answer)
        if effect == "restrictions":
            step = self._walk(elements(answer), parameter, depth + 1)
            return _Step(step.effect, step.lookup or lookup, f"check_{kind}_access {table}")
        return _Step(effect, lookup)

    def _search(self, kind: str, table: str) -> tuple[str, str | None]:
        for key in self._keys(kind, table):
            answer = self._tables.find(table, key)
            if answer is not None:
                return key, answer
        return "", None

    def _keys(self, kind: str, table: str) -> list[str]:
        session, settings = self._session, self._settings
        subdomains = settings.subdomains_match("smtpd_access_maps")
        if kind == "client":
            return client_keys(session.name, session.address, table, subdomains=subdomains)
        if kind == "reverse_client_hostname":
            return domain_keys(session.name, table, subdomains=subdomains)
        if kind == "helo":
            return domain_keys(session.helo, table, subdomains=subdomains) if session.helo else []
        if kind == "sasl":
            return [session.login] if session.login else []
        return mail_keys(
            session.sender if kind == "sender" else session.recipient,
            table,
            subdomains=subdomains,
            delimiters=settings.parameters.get("recipient_delimiter", ""),
            null_key=settings.parameters.get("smtpd_null_access_lookup_key", "<>"),
        )

    def _unlisted(self, address: str) -> _Step:
        listed, parameter = find_listing(address, self._settings, self._tables)
        return _CONTINUE if listed else _Step("reject", f"{parameter}: {address} is not found")

    def _test(self, name: str) -> _Step | None:
        session = self._session
        if name == "permit_mynetworks":
            inside = in_networks(session.address, self._settings.words("mynetworks"), self._tables)
            return _Step("permit", f"mynetworks: {session.address}") if inside else _CONTINUE
        if name == "permit_sasl_authenticated":
            return _Step("permit", f"authenticated as {session.login}") if session.login else _CONTINUE
        if name == "permit_inet_interfaces":
            own = [*self._settings.words("inet_interfaces"), "127.0.0.1", "::1"]
            return _Step("permit") if session.address in own else _CONTINUE
        if name == "reject_plaintext_session":
            return _CONTINUE if session.tls else _Step("reject")
        if name in ("permit_auth_destination", "reject_unauth_destination", "defer_unauth_destination"):
            return self._destination(name.partition("_")[0])
        if name in ("reject_unlisted_recipient", "check_recipient_maps"):
            return self._unlisted(session.recipient)
        if name == "reject_unlisted_sender":
            return self._unlisted(session.sender) if session.sender else _CONTINUE
        if name.endswith("sender_login_mismatch") or name == "reject_known_sender_login_mismatch":
            return self._login_mismatch(name)
        return self._syntax(name)

    def _destination(self, effect: str) -> _Step:
        address_class, parameter = classify(self._session.recipient, self._settings, self._tables)
        ours = address_class != "remote" and not is_routed(self._session.recipient, self._settings)
        if ours:
            return _Step("permit", f"{parameter}: {address_class}") if effect == "permit" else _CONTINUE
        return _CONTINUE if effect == "permit" else _Step(t.cast("Effect", effect), "not a destination of this server")

    def _login_mismatch(self, name: str) -> _Step:
        session = self._session
        owners = self._owners(session.sender)
        if session.login is None:
            applies = name in ("reject_sender_login_mismatch", "reject_unauthenticated_sender_login_mismatch")
            return _Step("reject", f"smtpd_sender_login_maps: {session.sender}") if applies and owners else _CONTINUE
        if name == "reject_unauthenticated_sender_login_mismatch":
            return _CONTINUE
        if not owners and name == "reject_known_sender_login_mismatch":
            return _CONTINUE
        if session.login in (owners or []):
            return _CONTINUE
        return _Step("reject", f"smtpd_sender_login_maps: {session.sender} -> {', '.join(owners or ['nothing'])}")

    def _owners(self, sender: str) -> list[str] | None:
        if not sender:
            return None
        domain = split_address(sender)[1]
        for table in self._settings.words("smtpd_sender_login_maps"):
            for key in (sender, f"@{domain}"):
                answer = self._tables.find(table, key)
                if answer is not None:
                    return elements(answer)
        return None

    def _syntax(self, name: str) -> _Step | None:
        session = self._session
        if name in ("reject_invalid_helo_hostname", "reject_invalid_hostname"):
            valid = _HOST_NAME.fullmatch(session.helo) or session.helo.startswith("[")
            return _CONTINUE if valid else _Step("reject")
        if name in ("reject_non_fqdn_helo_hostname", "reject_non_fqdn_hostname"):
            return _CONTINUE if session.helo.startswith("[") or _is_qualified(session.helo) else _Step("reject")
        if name in ("reject_non_fqdn_sender", "reject_non_fqdn_recipient"):
            address = session.sender if name.endswith("sender") else session.recipient
            domain = split_address(address)[1]
            fine = not address or domain.startswith("[") or _is_qualified(domain)
            return _CONTINUE if fine or address.lower() == "postmaster" else _Step("reject")
        return None


def _is_qualified(name: str) -> bool:
    return "." in name.rstrip(".") and bool(_HOST_NAME.fullmatch(name))


def _context(parameter: str) -> str:
    """Return what a bare table in this list is asked about."""
    kind = parameter.split("_")[1]
    return "recipient" if kind == "relay" else kind
