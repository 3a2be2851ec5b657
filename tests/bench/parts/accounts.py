"""Ten thousand accounts, and how fast users log in."""

from __future__ import annotations

import json
import re
import typing as t

from lab import Lab, play
from part import Line, Part


def measure(lab: Lab) -> t.Mapping[str, t.Sequence[Line]]:
    lab.mail()
    return {release: list(accounts(release)) for release in lab.releases}


def accounts(release: str) -> t.Iterator[Line]:
    run = play("accounts", release)
    processor = processor_times(run.results["Read the processor times"]["stdout"])
    loop = 50 * run.tasks["Create by a loop"]
    yield Line("10,000 accounts: loop of `ansible.builtin.user`", f"{loop:.0f} s")
    for what, task, case, goal in (
        ("passwd-file", "Create by one task", "file", "at most 3 s"),
        ("passwd-file, nothing changes", "Create again by one task", "file_again", "at most 1 s"),
        ("PostgreSQL", "Create in PostgreSQL", "sql", ""),
        ("PostgreSQL, nothing changes", "Create again in PostgreSQL", "sql_again", ""),
    ):
        figure = f"{run.tasks[task]:.2f} s ({processor[case]:.2f} s of processor)"
        yield Line(f"10,000 accounts: {what}", figure, goal)
    yield Line("**Loop : passwd-file**", f"**{loop / run.tasks['Create by one task']:.0f}**")
    logins = json.loads(run.results["Log in with few and with many accounts"]["stdout"])
    yield Line("Logins in a second, 10 accounts", f"{logins['10']:.1f}")
    yield Line("Logins in a second, 100,000 accounts", f"{logins['100000']:.1f}")
    yield Line("**Logins: 100,000 : 10 accounts**", f"**{logins['100000'] / logins['10']:.2f}**", "about 1")


def processor_times(text: str) -> dict[str, float]:
    """Seconds by case, from what the shell's builtin times says of its children."""
    seconds: dict[str, float] = {}
    for line in text.splitlines():
        # The second line of each file is about the children, user and system.
        case, times = line.removeprefix("/root/bench-times-").split(":", 1)
        found = re.findall(r"(\d+)m([\d.]+)s", times)
        seconds[case] = sum(60 * int(minutes) + float(rest) for minutes, rest in found)
    return seconds


PART = Part(
    name="accounts",
    title="Accounts",
    measure=measure,
    notes="""\
10,000 accounts with hashes that are there already, by one task of `maildir_user` with an empty passwd-file and with an
empty database of PostgreSQL, and once more when nothing changes; against a loop of 200 `ansible.builtin.user`, times
50. Processor time is that of the module on the target. Logins by IMAP one after the other, with passwords in clear, so
that looking up is measured and not hashing. One round.
""",
)
