"""How long a browser waits for the webmail, alone and beside others."""

from __future__ import annotations

import json
import typing as t

from lab import Lab, play
from part import Line, Part


def measure(lab: Lab) -> t.Mapping[str, t.Sequence[Line]]:
    lab.mail()
    return {release: list(webmail(release)) for release in lab.releases}


def webmail(release: str) -> t.Iterator[Line]:
    run = play("webmail", release)
    figures = json.loads(run.results["Look at it"]["stdout"])
    few, many, crowds = figures["few"], figures["many"], figures["crowds"]
    yield Line("First page", f"{figures['page'] * 1000:.0f} ms")
    yield Line("Login", f"{few['login'] * 1000:.0f} ms")
    yield Line("Inbox with 10 messages", f"{few['inbox'] * 1000:.0f} ms")
    yield Line("Inbox with 10,000 messages", f"{many['inbox'] * 1000:.0f} ms")
    yield Line("**Inbox: 10,000 : 10 messages**", f"**{many['inbox'] / few['inbox']:.2f}**")
    yield Line("**List of 10,000 messages: last : first page**", f"**{many['last'] / many['first']:.2f}**")
    yield Line("**Users at once until they wait twice as long**", f"**{doubled(crowds)}**")


def doubled(crowds: t.Mapping[str, float]) -> str:
    """The first number of users that wait more than twice as long as one does."""
    late = [int(count) for count, wait in crowds.items() if wait > 2 * crowds["1"]]
    return str(min(late)) if late else f"more than {max(int(count) for count in crowds)}"


PART = Part(
    name="webmail",
    title="Webmail",
    measure=measure,
    notes="""\
Roundcube with nginx and SQLite by role `webmail`, asked over TLS by a program on the same host that takes processor
time, too. First page: that of the login, without its scripts and pictures. Inbox: its page and the list of the first 50
messages. Median of 15. Users at once: each has a session and a connection of its own and asks for the list of messages
again and again, without a pause, as no person does; steps of 1, 2, 3, 4, 6, 8, 12, 16, 24 and 32.
""",
)
