# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""DNS block and allow lists: Postfix's reply filters, and whether a list can be used (RFC 5782, section 5)."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

Kind = t.Literal["ip", "domain"]
Reason = t.Literal["ok", "refused", "lists_everything", "not_answering", "unexpected_answer", "timeout", "dns_error"]

# Lists tell what is wrong in 127.255.255.0/24 (public resolver, too many queries), others in 127.0.0.1 or in a last
# number of 255. Lists that answer otherwise about spam are rare; for these the filter must be given.
DEFAULT_REPLIES: t.Final = "127.[0..254].[0..255].[2..254]"

_REFUSAL_PREFIX: t.Final = "127.255.255."
_REFUSAL_SINGLE: t.Final = "127.0.0.1"
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\Z")
_TOKEN = re.compile(r"[0-9]+|.", re.DOTALL)
_NAME_LENGTH: t.Final = 253


class DnsblError(Exception):
    """A zone or a reply filter that Postfix would not accept."""


@dataclass(frozen=True)
class Reply:
    """What the resolver said about a name: addresses (none if it does not exist), or why there is no answer."""

    status: t.Literal["answered", "timeout", "error"]
    addresses: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class ReplyFilter:
    """The answers that count as listed: for each of the four numbers the ranges it may be in."""

    text: str
    fields: tuple[tuple[tuple[int, int], ...], ...]

    def accepts(self, address: str) -> bool:
        numbers = [int(part) for part in address.split(".")]
        return all(any(low <= number <= high for low, high in ranges) for number, ranges in zip(numbers, self.fields))


@dataclass(frozen=True)
class DnsList:
    """A list as it is to be used."""

    zone: str
    kind: Kind
    replies: ReplyFilter


@dataclass(frozen=True)
class Verdict:
    """Whether a list can be used, why, the answers to its test entry, and what to do."""

    wanted: DnsList
    reason: Reason
    entry: str
    answers: tuple[str, ...]
    remedy: str

    @property
    def usable(self) -> bool:
        return self.reason == "ok"


def parse_reply_filter(text: str) -> ReplyFilter:
    """Read d.d.d.d, each d a number or numbers and ranges such as [2;4..11], as Postfix does. Raises DnsblError."""
    tokens = [*_TOKEN.findall(_without_brackets(text)), ""]
    fields = []
    position = 0
    for index in range(4):
        if index and tokens[position] != ".":
            raise _filter_error(text, "four numbers apart by dots are needed")
        position += 1 if index else 0
        if tokens[position] == "[":
            ranges, position = _sequence(text, tokens, position + 1)
        else:
            number = _octet(text, tokens[position])
            ranges, position = [(number, number)], position + 1
        fields.append(tuple(ranges))
    if tokens[position]:
        raise _filter_error(text, f"'{tokens[position]}' follows the fourth number")
    return ReplyFilter(text, tuple(fields))


def _without_brackets(text: str) -> str:
    """Take off brackets around the whole pattern, which Postfix allows."""
    depth = 0
    for position, character in enumerate(text):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if depth == 0:
            return text[1:-1] if position and position == len(text) - 1 else text
    return text


def _sequence(text: str, tokens: t.Sequence[str], position: int) -> tuple[list[tuple[int, int]], int]:
    ranges = []
    while True:
        low = high = _octet(text, tokens[position])
        position += 1
        if tokens[position : position + 2] == [".", "."]:
            high = _octet(text, tokens[position + 2])
            position += 3
            if low > high:
                raise _filter_error(text, f"the range {low}..{high} runs backwards")
        ranges.append((low, high))
        if tokens[position] == "]":
            return ranges, position + 1
        if tokens[position] != ";":
            raise _filter_error(text, "within brackets, numbers and ranges are apart by ';' and end with ']'")
        position += 1


def _octet(text: str, token: str) -> int:
    if not (token.isascii() and token.isdigit()) or int(token) > 255:
        raise _filter_error(text, f"a number from 0 to 255 is needed instead of '{token}'")
    return int(token)


def _filter_error(text: str, fault: str) -> DnsblError:
    return DnsblError(
        f"The reply filter '{text}' is not one that Postfix accepts: {fault}."
        " Write it like 127.0.0.2, 127.0.0.[2..11] or 127.0.[0;1].[2;4..8]."
    )


def make_list(zone: str, kind: Kind, replies: str | None) -> DnsList:
    """Return a list; without a filter it gets the default one. Raises DnsblError."""
    name = zone.rstrip(".").lower()
    labels = name.split(".")
    longest = max(len(entry) for entry in (*entry_names(name, "ip"), *entry_names_ipv6(name)))
    if len(labels) < 2 or not all(_LABEL.match(label) for label in labels) or longest > _NAME_LENGTH:
        raise DnsblError(f"'{zone}' is not the name of a DNS zone. Write it like zen.example.org.")
    return DnsList(name, kind, parse_reply_filter(replies or DEFAULT_REPLIES))


def entry_names(zone: str, kind: Kind) -> tuple[str, str]:
    """Return the name that a list must have and the one that it must not have."""
    if kind == "domain":
        return f"TEST.{zone}", f"INVALID.{zone}"
    return f"2.0.0.127.{zone}", f"1.0.0.127.{zone}"


def entry_names_ipv6(zone: str) -> tuple[str, str]:
    """Return what stands for these names in a list of IPv6 addresses."""
    listed, unlisted = (
        ipaddress.IPv6Address(address).reverse_pointer.removesuffix(".ip6.arpa")
        for address in ("::FFFF:7F00:2", "::FFFF:7F00:1")
    )
    return f"{listed}.{zone}", f"{unlisted}.{zone}"


def examine(wanted: DnsList, lookup: t.Callable[[str], Reply]) -> Verdict:
    """Ask for the test entries of a list by lookup (A records of a name) and judge the answers."""
    entry, control = entry_names(wanted.zone, wanted.kind)
    replies = lookup(entry), lookup(control)
    unlisted = all(reply.status == "answered" and not reply.addresses for reply in replies)
    if unlisted and wanted.kind == "ip":
        entry_ipv6, control_ipv6 = entry_names_ipv6(wanted.zone)
        replies_ipv6 = lookup(entry_ipv6), lookup(control_ipv6)
        if any(reply.addresses for reply in replies_ipv6):
            entry, control, replies = entry_ipv6, control_ipv6, replies_ipv6
    return judge(wanted, entry, control, *replies)


def judge(wanted: DnsList, entry: str, control: str, listed: Reply, unlisted: Reply) -> Verdict:
    """Judge the replies for the entry that must be listed and for the one (control) that must not."""
    reason, remedy = _judge(wanted, entry, control, listed, unlisted)
    return Verdict(wanted, reason, entry, listed.addresses, remedy)


def _judge(wanted: DnsList, entry: str, control: str, listed: Reply, unlisted: Reply) -> tuple[Reason, str]:
    answers = ", ".join(listed.addresses or unlisted.addresses)
    if _refused(wanted, listed) or _refused(wanted, unlisted):
        return "refused", (
            f"The list refuses the queries of this host's resolver (it answers {answers}), as lists do to public"
            " resolvers and to many queries. Let the host resolve names itself, without forwarding, or subscribe to"
            " the list; leave the list out until then."
        )
    for reply in (listed, unlisted):
        if reply.status == "timeout":
            return "timeout", (
                f"The resolver does not answer in time ({reply.detail}). Check that the name servers can be reached;"
                " leave the list out if only this one is silent."
            )
        if reply.status == "error":
            return "dns_error", (
                f"The resolver cannot tell ({reply.detail}). Check the resolver; leave the list out if only this one"
                " has the error."
            )
    if unlisted.addresses:
        return "lists_everything", (
            f"{control} is listed, which must never be. The list was shut down, or the resolver makes up answers for"
            " names that do not exist. Remove the list, or use another resolver if other lists look the same."
        )
    if not listed.addresses:
        return "not_answering", (
            f"{entry} is not listed, which every list in service has. Check the name and the kind of the list; remove"
            " it if it was shut down."
        )
    if not any(wanted.replies.accepts(address) for address in listed.addresses):
        return "unexpected_answer", (
            f"The reply filter {wanted.replies.text} accepts none of the answers ({answers}). Give the list the filter"
            " that its operator documents."
        )
    return "ok", "Nothing to do."


def _refused(wanted: DnsList, reply: Reply) -> bool:
    if any(address.startswith(_REFUSAL_PREFIX) for address in reply.addresses):
        return True
    return reply.addresses == (_REFUSAL_SINGLE,) and not wanted.replies.accepts(_REFUSAL_SINGLE)


def describe(verdict: Verdict) -> dict[str, t.Any]:
    """Return a verdict as the module reports it."""
    return {
        "zone": verdict.wanted.zone,
        "kind": verdict.wanted.kind,
        "replies": verdict.wanted.replies.text,
        "usable": verdict.usable,
        "reason": verdict.reason,
        "test_entry": verdict.entry,
        "answers": list(verdict.answers),
        "remedy": verdict.remedy,
    }
