# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The restriction lists of smtpd: which words there are, and where the role's own elements stand among them."""

from __future__ import annotations

import difflib
import re
import typing as t

from ._postfix_compose import ACCESS, DESTINATION, DNS_LIST, POLICY, TRUSTED, USER, Share, Tables, Wishes
from ._postfix_list import elements, split_at_commas

_ANYWHERE = frozenset(
    [
        "defer",
        "defer_if_permit",
        "defer_if_reject",
        "permit",
        "reject",
        "reject_multi_recipient_bounce",
        "reject_plaintext_session",
        "reject_unauth_pipelining",
        "warn_if_reject",
    ]
)
_CLIENT = frozenset(
    [
        "permit_dnswl_client",
        "permit_inet_interfaces",
        "permit_mynetworks",
        "permit_rhswl_client",
        "permit_sasl_authenticated",
        "permit_tls_all_clientcerts",
        "permit_tls_clientcerts",
        "reject_unknown_client",
        "reject_unknown_client_hostname",
        "reject_unknown_reverse_client_hostname",
    ]
)
_HELO = frozenset(
    [
        "reject_invalid_helo_hostname",
        "reject_invalid_hostname",
        "reject_non_fqdn_helo_hostname",
        "reject_non_fqdn_hostname",
        "reject_unknown_helo_hostname",
        "reject_unknown_hostname",
    ]
)
_SENDER = frozenset(
    [
        "reject_authenticated_sender_login_mismatch",
        "reject_known_sender_login_mismatch",
        "reject_non_fqdn_sender",
        "reject_sender_login_mismatch",
        "reject_unauthenticated_sender_login_mismatch",
        "reject_unknown_address",
        "reject_unknown_sender_domain",
        "reject_unlisted_sender",
        "reject_unverified_sender",
    ]
)
_RECIPIENT = frozenset(
    [
        "defer_unauth_destination",
        "permit_auth_destination",
        "permit_mx_backup",
        "reject_non_fqdn_recipient",
        "reject_unauth_destination",
        "reject_unknown_recipient_domain",
        "reject_unlisted_recipient",
        "reject_unverified_recipient",
    ]
)
_WORDS = _ANYWHERE | _CLIENT | _HELO | _SENDER | _RECIPIENT
_WITH_ARGUMENT = frozenset(
    ["check_policy_service", "check_ccert_access", "check_etrn_access", "check_sasl_access", "sleep"]
)
_ACCESS = re.compile(r"check_(?:client|reverse_client_hostname|helo|sender|recipient)(?:_(?:a|mx|ns))?_access")
_DNS_LIST = re.compile(r"(?:reject|permit)_(?:rbl|rhsbl|dnswl|rhswl)_\w+")
_TABLE = re.compile(r"(?:\$\w+|[a-z][a-z0-9_-]*):\S")
_TRUST = frozenset(
    {
        "permit_mynetworks",
        "permit_sasl_authenticated",
        "permit_tls_clientcerts",
        "permit_tls_all_clientcerts",
        "permit_inet_interfaces",
    }
)
_DESTINATION = frozenset({"reject_unauth_destination", "defer_unauth_destination", "permit_auth_destination"})
_ENDS = frozenset({"permit", "reject", "defer"})
# Without one of these, smtpd refuses to start; a permit before it lets everybody relay.
_RELAY_GUARDS = frozenset({"reject_unauth_destination", "defer_unauth_destination", "reject", "defer"})

_ALWAYS = {
    "smtpd_helo_restrictions": "helo_restrictions",
    "smtpd_sender_restrictions": "sender_restrictions",
    "smtpd_relay_restrictions": "relay_restrictions",
    "smtpd_recipient_restrictions": "recipient_restrictions",
    "smtpd_data_restrictions": "data_restrictions",
}
_IF_NAMED = {
    "smtpd_client_restrictions": "client_restrictions",
    "smtpd_end_of_data_restrictions": "end_of_data_restrictions",
    "smtpd_etrn_restrictions": "etrn_restrictions",
}
_ACCESS_KINDS = ("client", "helo", "sender", "recipient")


def compose_restrictions(
    wishes: Wishes, tables: Tables, own_classes: t.AbstractSet[str], dns_lists: t.Mapping[str, t.Sequence[str]]
) -> Share:
    """Return the restriction lists. dns_lists holds, by parameter, the restrictions that ask DNS block lists."""
    share = Share("restrictions")
    classes = _classes(wishes, share)
    known = own_classes | classes
    for parameter, variable in {**_ALWAYS, **_IF_NAMED}.items():
        restrictions = wishes.texts(variable)
        check_words(wishes, variable, restrictions, known)
        if restrictions or parameter in _ALWAYS:
            share.extend(parameter, [])
        for value, rank in ranked(restrictions):
            share.extend(parameter, [value], order=rank)
    check_words(wishes, "submission_sender_restrictions", wishes.texts("submission_sender_restrictions"), known)
    check_relay(wishes, wishes.texts("relay_restrictions"))
    for kind, checks in _access(wishes, tables).items():
        _insert(share, f"smtpd_{kind}_restrictions", checks, ACCESS)
    for parameter, questions in dns_lists.items():
        _insert(share, parameter, questions, DNS_LIST)
    return share


def ranked(restrictions: t.Sequence[str]) -> list[tuple[str, int]]:
    """Return each restriction with its rank. The order stays: no rank is lower than the one before it."""
    heads = [_head(item) for item in restrictions]
    last_trust = max((i for i, head in enumerate(heads) if head in _TRUST), default=-1)
    last_destination = max((i for i, head in enumerate(heads) if head in _DESTINATION), default=-1)
    result: list[tuple[str, int]] = []
    least = TRUSTED
    for position, item in enumerate(restrictions):
        rank = _rank(heads[position])
        if position <= last_trust:
            rank = TRUSTED
        elif position <= last_destination:
            rank = min(rank, DESTINATION)
        least = max(least, rank)
        result.append((item, least))
    return result


def check_words(
    wishes: Wishes, variable: str, restrictions: t.Sequence[str], classes: t.AbstractSet[str], *, tables: bool = True
) -> None:
    """Note restrictions that smtpd would stop at: it reads them only when a client connects."""
    for part in (part for item in restrictions for part in split_at_commas(item)):
        words = iter(elements(part))
        for word in words:
            if _takes_argument(word):
                if next(words, None) is None:
                    wishes.fault(f"postfix_{variable}: {word} lacks what it shall look at, write it after a blank")
            elif word in _WORDS or word in classes or (word.startswith("$") and ":" not in word):
                continue
            elif _TABLE.match(word):
                if not tables:
                    wishes.fault(
                        f"postfix_{variable}: the table {word} alone would be searched for another address than you "
                        f"expect; write check_sender_access {word} or another check_..._access before it"
                    )
            else:
                near = difflib.get_close_matches(word, sorted(_WORDS | classes), n=1)
                hint = f"did you mean {near[0]}?" if near else "name a class of your own in postfix_restriction_classes"
                wishes.fault(f"postfix_{variable}: Postfix knows no restriction {word}; {hint}")


def check_relay(wishes: Wishes, restrictions: t.Sequence[str]) -> None:
    """Note a list that lets everybody relay, or that smtpd would not start with."""
    heads = [_head(part) for item in restrictions for part in split_at_commas(item)]
    guard = next((position for position, head in enumerate(heads) if head in _RELAY_GUARDS), None)
    if guard is None:
        wishes.fault("postfix_relay_restrictions lets everybody relay: end it with reject_unauth_destination")
    elif "permit" in heads[:guard]:
        wishes.fault("postfix_relay_restrictions lets everybody relay: permit stands before reject_unauth_destination")


def _classes(wishes: Wishes, share: Share) -> frozenset[str]:
    classes = wishes.mapping("restriction_classes")
    names = frozenset(str(name) for name in classes)
    for name in sorted(names & _WORDS):
        wishes.fault(f"postfix_restriction_classes: {name} is a word of Postfix; choose another name")
    for name, restrictions in classes.items():
        listed = [restrictions] if isinstance(restrictions, str) else [str(item) for item in restrictions]
        check_words(wishes, f"restriction_classes.{name}", listed, names, tables=False)
        share.params[str(name)] = listed
    if names:
        share.extend("smtpd_restriction_classes", [str(name) for name in classes], earlier="last")
    return names


def _access(wishes: Wishes, tables: Tables) -> dict[str, list[str]]:
    access = wishes.mapping("access")
    for kind in access:
        if kind not in _ACCESS_KINDS:
            wishes.fault(f"postfix_access knows no {kind}; use {', '.join(_ACCESS_KINDS)}")
    result: dict[str, list[str]] = {}
    for kind in _ACCESS_KINDS:
        by_type: dict[str, list[dict[str, t.Any]]] = {}
        for entry in access.get(kind) or []:
            table_type = str(entry.get("type") or "hash")
            pattern = entry.get("pattern")
            if not pattern or not entry.get("action"):
                wishes.fault(f"postfix_access.{kind}: {dict(entry)} needs both pattern and action")
            elif table_type not in ("hash", "cidr", "pcre"):
                wishes.fault(f"postfix_access.{kind}: {pattern} has the type {table_type}; use hash, cidr or pcre")
            elif table_type == "cidr" and kind != "client":
                wishes.fault(f"postfix_access.{kind}: {pattern} is a network; only clients have one")
            else:
                by_type.setdefault(table_type, []).append({"pattern": str(pattern), "value": str(entry["action"])})
        result[kind] = [
            f"check_{kind}_access {_access_table(wishes, tables, kind, table_type, by_type[table_type])}"
            for table_type in ("hash", "cidr", "pcre")
            if table_type in by_type
        ]
    return {kind: checks for kind, checks in result.items() if checks}


def _access_table(wishes: Wishes, tables: Tables, kind: str, table_type: str, entries: list[dict[str, t.Any]]) -> str:
    if table_type == "cidr":
        return tables.add(f"{kind}_access_cidr", entries, kind="cidr")
    if table_type == "pcre":
        return tables.add(f"{kind}_access_pcre", entries, kind="pcre")
    wishes.check_unique(f"access.{kind}", [entry["pattern"] for entry in entries])
    return tables.add(f"{kind}_access", {entry["pattern"]: entry["value"] for entry in entries})


def _insert(share: Share, parameter: str, restrictions: t.Sequence[str], rank: int) -> None:
    """Put in what the role adds by itself; it must not touch those who are trusted anyway."""
    if restrictions:
        share.extend(parameter, ["permit_mynetworks"], order=TRUSTED)
        share.extend(parameter, restrictions, order=rank)


def _head(restriction: str) -> str:
    words = [word for word in elements(restriction) if word != "warn_if_reject"]
    return words[0] if words else ""


def _rank(head: str) -> int:
    if head in _TRUST:
        return TRUSTED
    if head == "check_sasl_access" or _ACCESS.fullmatch(head) or _TABLE.match(head):
        return ACCESS
    if head == "check_policy_service":
        return POLICY
    if _DNS_LIST.fullmatch(head):
        return DNS_LIST
    return USER if head in _ENDS else DESTINATION


def _takes_argument(word: str) -> bool:
    return bool(_ACCESS.fullmatch(word) or _DNS_LIST.fullmatch(word) or word in _WITH_ARGUMENT)
