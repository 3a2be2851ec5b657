"""Many records and many domains, and name servers that never answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

from lab import BENCH, CHECKOUT, BenchError, Lab, play
from part import Line, Part

TASK = "postmaster.mail.dns : bind | Configuration and zones"
SHORT_S, LONG_S = 1, 4


def measure(lab: Lab) -> t.Mapping[str, t.Sequence[Line]]:
    lab.bare()
    return {
        release: [*plans(lab.rounds), *zone(release), *domains(release), *silence(release)] for release in lab.releases
    }


def plans(rounds: int) -> t.Iterator[Line]:
    """What the controller computes before anything is connected to."""
    figures = [planned() for _round in range(rounds)]
    best = {key: min(figure[key] for figure in figures) for key in figures[0]}
    yield Line("10,000 records: planned and rendered", f"{best['zone']:.2f} s")
    yield Line(f"500 domains: {best['records']:.0f} records planned", f"{best['many']:.2f} s")
    yield Line(f"500 domains: {best['questions']:.0f} questions of `dns_check` planned", f"{best['check']:.2f} s")
    yield Line("**500 : 50 domains planned**", f"**{best['many'] / best['few']:.1f}**", "about 10")


def planned() -> dict[str, float]:
    argv = [sys.executable, str(BENCH / "files" / "dns_plan.py")]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / ".cache" / "collections")}
    done = subprocess.run(argv, env=environment, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(argv)} ended with status {done.returncode}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def zone(release: str) -> t.Iterator[Line]:
    first = play("dns_zone", release)
    again = play("dns_zone", release)
    by_hand = first.tasks["Write by a template"] + first.tasks["Check by named-checkzone"]
    yield Line("10,000 records: `template` and `named-checkzone`", f"{by_hand:.2f} s")
    yield Line("10,000 records: `bind_config`, until they are served", f"{first.tasks[TASK]:.2f} s")
    yield Line("10,000 records: `bind_config`, nothing changes", f"{again.tasks[TASK]:.2f} s")
    yield Line("**`bind_config` : `template` and `named-checkzone`**", f"**{first.tasks[TASK] / by_hand:.2f}**")


def domains(release: str) -> t.Iterator[Line]:
    first = play("dns_domains", release)
    again = play("dns_domains", release)
    yield Line("500 zones: `bind_config`, until they are served", f"{first.tasks[TASK]:.2f} s")
    yield Line("500 zones: `bind_config`, nothing changes", f"{again.tasks[TASK]:.2f} s")
    yield Line("500 domains: `dns_check`, all is well", f"{first.tasks['Compare them with what is published']:.2f} s")


def silence(release: str) -> t.Iterator[Line]:
    """How many time-outs a check takes, by what longer ones add to it; computing is in both and drops out."""
    run = play("dns_silence", release)
    for what, goal in (("servers and a resolver that never answer", 4), ("a resolver that waits in vain", 16)):
        short, long = (run.tasks[f"Ask {what}, a {length} time"] for length in ("short", "long"))
        timeouts = (long - short) / (LONG_S - SHORT_S)
        yield Line(f"500 domains: `dns_check`, {what}, {SHORT_S} s each", f"{short:.1f} s")
        yield Line(f"500 domains: `dns_check`, {what}, {LONG_S} s each", f"{long:.1f} s")
        yield Line("**Time-outs that it took**", f"**{timeouts:.2f}**", f"at most {goal}")


PART = Part(
    name="dns",
    title="DNS",
    measure=measure,
    notes="""\
- Planned: the pure functions on the controller, the best of the rounds. 10,000 records of one domain, as a zone file;
  500 domains of one host with MTA-STS, TLSRPT and autoconfig, and what `dns_check` will ask two servers and a resolver.
- 10,000 records: one zone by role `dns` with BIND, its task for configuration and zones, which checks them and waits
  until they are served; against two tasks, `ansible.builtin.template` and `named-checkzone`, which do not. One round.
- 500 zones, and `dns_check` of their records against this BIND as name server and resolver. One round.
- Time-outs: `dns_check` of the records of these 500 domains. Two name servers and the resolver take what they are sent
  and never answer; then the resolver answers about a zone of its own, but about none of the 500. What is documented is
  four time-outs for the former, and for the latter two for each 64 zones. All at addresses of the loopback interface.
""",
)
