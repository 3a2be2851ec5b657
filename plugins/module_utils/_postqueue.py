# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The mail queue of Postfix: reading it, choosing messages, counting them."""

from __future__ import annotations

import collections
import json
import re
import typing as t
from dataclasses import dataclass

# Ages in seconds up to which a message counts, as qshape(1) divides them.
_AGE_LIMITS: t.Final = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 76800)


class QueueError(Exception):
    """The queue cannot be read, or a filter cannot be understood."""


@dataclass(frozen=True)
class Recipient:
    """An address a message is still to go to, and why it has not yet."""

    address: str
    reason: str

    @property
    def domain(self) -> str:
        """The part behind the last @, in lower case; empty for a local name."""
        return self.address.rpartition("@")[2].lower() if "@" in self.address else ""


@dataclass(frozen=True)
class Message:
    """One message in the queue."""

    queue: str
    queue_id: str
    arrival: int
    size: int
    sender: str
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True)
class Filter:
    """What a message must be like; None stands for anything, texts are regular expressions."""

    queue: tuple[str, ...] | None = None
    sender: str | None = None
    recipient: str | None = None
    recipient_domain: str | None = None
    reason: str | None = None
    older_than: int | None = None
    younger_than: int | None = None
    ids: tuple[str, ...] | None = None

    @property
    def empty(self) -> bool:
        """Whether it lets everything pass."""
        return self == Filter()


def parse_queue(text: str) -> list[Message]:
    """Read the output of postqueue -j. Raises QueueError."""
    messages = []
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            record = json.loads(line, strict=False)
            messages.append(_message(record))
        except (ValueError, KeyError, TypeError) as error:
            raise QueueError(f"postqueue printed a line that is not understood: {line[:200]}") from error
    return messages


def _message(record: t.Mapping[str, t.Any]) -> Message:
    return Message(
        queue=record["queue_name"],
        queue_id=record["queue_id"],
        arrival=int(record["arrival_time"]),
        size=int(record["message_size"]),
        sender=record["sender"],
        recipients=tuple(
            Recipient(address=item["address"], reason=item.get("delay_reason", "")) for item in record["recipients"]
        ),
    )


def select(messages: t.Iterable[Message], wanted: Filter, now: int) -> list[Message]:
    """Return the messages that the filter lets pass. Raises QueueError for a bad regular expression."""
    texts = {
        name: _compile(name, getattr(wanted, name)) for name in ("sender", "recipient", "recipient_domain", "reason")
    }
    return [message for message in messages if _passes(message, wanted, texts, now)]


def _compile(name: str, expression: str | None) -> re.Pattern[str] | None:
    if expression is None:
        return None
    try:
        return re.compile(expression, re.IGNORECASE)
    except re.error as error:
        raise QueueError(f"the regular expression for {name}, '{expression}', is wrong: {error}") from error


def _passes(message: Message, wanted: Filter, texts: t.Mapping[str, re.Pattern[str] | None], now: int) -> bool:
    age = now - message.arrival
    if wanted.queue is not None and message.queue not in wanted.queue:
        return False
    if wanted.ids is not None and message.queue_id not in wanted.ids:
        return False
    if wanted.older_than is not None and age < wanted.older_than:
        return False
    if wanted.younger_than is not None and age >= wanted.younger_than:
        return False
    sender = texts["sender"]
    if sender is not None and not sender.search(message.sender):
        return False
    return _recipient_passes(message, texts)


def _recipient_passes(message: Message, texts: t.Mapping[str, re.Pattern[str] | None]) -> bool:
    """Whether one and the same recipient satisfies all that is asked of recipients."""
    address, domain, reason = texts["recipient"], texts["recipient_domain"], texts["reason"]
    if address is None and domain is None and reason is None:
        return True
    return any(
        (address is None or address.search(recipient.address))
        and (domain is None or domain.search(recipient.domain))
        and (reason is None or reason.search(recipient.reason))
        for recipient in message.recipients
    )


def count(messages: t.Sequence[Message], now: int, limit: int) -> dict[str, t.Any]:
    """Return the numbers by queue, age, sender, recipient domain and reason; of the last three the largest."""
    recipients = [recipient for message in messages for recipient in message.recipients]
    return {
        "count": len(messages),
        "size": sum(message.size for message in messages),
        "by_queue": dict(collections.Counter(message.queue for message in messages)),
        "by_age": _ages(messages, now),
        "by_sender": _largest((message.sender for message in messages), limit),
        "by_recipient_domain": _largest((recipient.domain for recipient in recipients), limit),
        "by_reason": _largest((recipient.reason for recipient in recipients if recipient.reason), limit),
    }


def _ages(messages: t.Iterable[Message], now: int) -> list[dict[str, int | None]]:
    numbers = [0] * (len(_AGE_LIMITS) + 1)
    for message in messages:
        numbers[sum(1 for limit in _AGE_LIMITS if now - message.arrival > limit)] += 1
    limits: list[int | None] = [*_AGE_LIMITS, None]
    return [{"up_to": limit, "count": number} for limit, number in zip(limits, numbers)]


def _largest(names: t.Iterable[str], limit: int) -> list[dict[str, str | int]]:
    ordered = sorted(collections.Counter(names).items(), key=lambda item: (-item[1], item[0]))
    return [{"name": name, "count": number} for name, number in ordered[:limit]]


def describe(message: Message, now: int) -> dict[str, t.Any]:
    """Return one message as the module reports it."""
    return {
        "id": message.queue_id,
        "queue": message.queue,
        "age": now - message.arrival,
        "size": message.size,
        "sender": message.sender,
        "recipients": [{"address": item.address, "reason": item.reason} for item in message.recipients],
    }
