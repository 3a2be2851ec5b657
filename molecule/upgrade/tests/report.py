"""Says for how long mail was refused or deferred, and logins failed, while the store was upgraded."""

from __future__ import annotations

import collections
import email.utils
import pathlib
import re
import sys
import time
import typing as t

import accounts

_ATTEMPT = re.compile(r"(?P<time>\d+\.\d+) \S+ postfix/smtp\[\d+\]: .*status=(?P<status>\w+) \((?P<reason>.*)\)$")


def outages(attempts: t.Iterable[tuple[float, str]]) -> list[tuple[float, float, collections.Counter[str]]]:
    """Times from the first attempt that failed to the next that succeeded, or to the last of all, with the reasons."""
    found: list[tuple[float, float, collections.Counter[str]]] = []
    began: float | None = None
    last = 0.0
    reasons: collections.Counter[str] = collections.Counter()
    for moment, reason in attempts:
        if reason:
            began = moment if began is None else began
            reasons[reason] += 1
            last = moment
        elif began is not None:
            found.append((began, moment, reasons))
            began, reasons = None, collections.Counter()
    if began is not None:
        found.append((began, last, reasons))
    return found


def told(what: str, found: list[tuple[float, float, collections.Counter[str]]]) -> list[str]:
    lines = [f"{what}: {len(found)} times, {sum(end - start for start, end, _reasons in found):.0f} seconds in all"]
    for start, end, reasons in found:
        lines.append(f"  at {time.strftime('%H:%M:%S', time.gmtime(start))} for {end - start:.0f} seconds")
        lines += [f"    {count} times: {reason}" for reason, count in reasons.most_common(4)]
    return lines


def deliveries(log: str) -> list[tuple[float, str]]:
    """What became of each attempt of the sender to hand a message over; no reason if it was taken."""
    found = [match for match in map(_ATTEMPT.fullmatch, log.splitlines()) if match]
    return [(float(one["time"]), "" if one["status"] == "sent" else one["reason"]) for one in found]


def logins(notes: str) -> list[tuple[float, str]]:
    words = (line.split(" ", 1) for line in notes.splitlines())
    return [(float(moment), "" if answer == "ok" else answer) for moment, answer in words]


def ways() -> list[float]:
    """How long each numbered message took from the sender to the mailbox."""
    found = []
    with accounts.imap("dora@example.org") as session:
        for folder in accounts.selectable(session):
            if int(accounts.said(session.select(f'"{folder}"', readonly=True))[0]):
                for part in accounts.said(session.fetch("1:*", "(INTERNALDATE BODY.PEEK[HEADER.FIELDS (X-SENT)])")):
                    sent = re.search(rb"X-Sent: ([\d.]+)", part[1]) if isinstance(part, tuple) else None
                    date = re.search(rb'INTERNALDATE "([^"]+)"', part[0]) if sent else None
                    if sent and date:
                        arrived = email.utils.parsedate_to_datetime(date[1].decode().replace("-", " "))
                        found.append(arrived.timestamp() - float(sent[1]))
    return found


def main(notes: pathlib.Path) -> None:
    taken = ways()
    slow = [seconds for seconds in taken if seconds > 5]
    print(f"Messages sent during the upgrade: {len(taken)}; later than 5 seconds in the mailbox: {len(slow)}")
    print(f"Longest way from the sender to the mailbox: {max(taken):.0f} seconds")
    print(*told("The sender was refused or deferred", outages(deliveries((notes / "log").read_text()))), sep="\n")
    print(*told("Logins failed", outages(logins((notes / "logins").read_text()))), sep="\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
