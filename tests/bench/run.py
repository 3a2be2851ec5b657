"""Measures the collection in containers of both releases and writes docs/performance.md; run by `make bench`."""

from __future__ import annotations

import datetime
import os
import pathlib
import re
import subprocess
import sys
import typing as t

from lab import CHECKOUT, RELEASES, BenchError, Lab
from part import Part, page, section, sections, table
from parts import accounts, dns, modules, site, webmail

PARTS = (site.PART, modules.PART, accounts.PART, dns.PART, webmail.PART)
REPORT = CHECKOUT / "docs" / "performance.md"


def chosen(variable: str, known: t.Iterable[str]) -> list[str]:
    """The names in a variable of the environment, all that are known without it."""
    names = list(known)
    asked = os.environ.get(variable, " ".join(names)).split()
    unknown = sorted(set(asked).difference(names))
    if unknown:
        raise BenchError(f"{variable} names {', '.join(unknown)}; known are {', '.join(names)}")
    return [name for name in names if name in asked]


def machine() -> str:
    """Processor, cores and memory of the machine that runs controller and containers."""
    model = re.search(r"^model name\s*: (.+)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model[1] if model else os.uname().machine}, {os.cpu_count()} cores, {memory:.0f} GiB of memory"


def ansible_version() -> str:
    """Name and version of ansible-core."""
    argv = ["ansible-playbook", "--version"]
    said = subprocess.run(argv, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r"core ([\w.]+)", said)
    return f"ansible-core {found[1] if found else ''}".strip()


def measure(part: Part, lab: Lab) -> str:
    """Runs one part, prints its figures. Returns its section."""
    print(f"=== {part.name}", file=sys.stderr, flush=True)
    measured = part.measure(lab)
    print(table(measured), flush=True)
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    where = f"Measured on {today} on {machine()}, with {ansible_version()}; {lab.rounds} round(s)."
    return section(part, measured, where)


def main() -> int:
    try:
        names = chosen("POSTMASTER_BENCH_PARTS", (part.name for part in PARTS))
        lab = Lab(chosen("POSTMASTER_BENCH_RELEASES", RELEASES), int(os.environ.get("POSTMASTER_BENCH_ROUNDS", "3")))
        try:
            for part in (part for part in PARTS if part.name in names):
                bodies = {**sections(REPORT.read_text(encoding="utf-8")), part.title: measure(part, lab)}
                REPORT.write_text(page(PARTS, bodies), encoding="utf-8")
        finally:
            lab.down()
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
