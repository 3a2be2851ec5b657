"""What a part of the bench is, and the page that it writes its section of."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from lab import RELEASES, Lab

HEADING = "\n## "
PAGE = """\
# Performance

Written by `make bench`, one section for each of its parts: {names}. `make bench` with
`POSTMASTER_BENCH_PARTS="{first} {second}"` runs only these and leaves the other sections as they are,
`POSTMASTER_BENCH_RELEASES=trixie` measures one release, `POSTMASTER_BENCH_ROUNDS=1` once. Measured in containers, one
host at a time, over ssh with pipelining.

Seconds depend on the machine. Ratios compare two figures of the same run and host, and are what to look at. No test
depends on any of them.
"""


@dataclass(frozen=True)
class Line:
    """One line of a table."""

    what: str
    figure: str
    goal: str = ""


@dataclass(frozen=True)
class Part:
    """One section of the page. What is measured returns the same lines for each release; notes say how."""

    name: str
    title: str
    measure: t.Callable[[Lab], t.Mapping[str, t.Sequence[Line]]]
    notes: str


def table(measured: t.Mapping[str, t.Sequence[Line]]) -> str:
    """The figures of all releases side by side."""
    lines = [
        f"| | {' | '.join(RELEASES[release] for release in measured)} | goal |",
        f"|---|{'---|' * len(measured)}---|",
    ]
    for same in zip(*measured.values()):
        lines.append(f"| {same[0].what} | {' | '.join(line.figure for line in same)} | {same[0].goal} |")
    return "\n".join(lines)


def section(part: Part, measured: t.Mapping[str, t.Sequence[Line]], where: str) -> str:
    """What a part says on the page, without its heading."""
    return f"{where}\n\n{table(measured)}\n\n{part.notes.strip()}\n"


def sections(page: str) -> dict[str, str]:
    """The sections of a page, by heading."""
    found = (block.partition("\n\n") for block in page.split(HEADING)[1:])
    return {title: f"{body.rstrip()}\n" for title, _blank, body in found}


def page(parts: t.Sequence[Part], bodies: t.Mapping[str, str]) -> str:
    """The page: the sections that there are, in the order of the parts."""
    said = [f"{HEADING}{part.title}\n\n{bodies[part.title]}" for part in parts if part.title in bodies]
    names = [part.name for part in parts]
    return PAGE.format(names=", ".join(names), first=names[0], second=names[1]) + "".join(said)
