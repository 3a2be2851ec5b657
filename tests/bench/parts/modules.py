"""Single modules against what people do by hand, and the programs that they start."""

from __future__ import annotations

import collections
import pathlib
import re
import typing as t

from lab import BenchError, Lab, middle, play
from part import Line, Part

CASES = {
    "parameters_changed": "`postconf_param`, 50 parameters, all change",
    "parameters_unchanged": "`postconf_param`, 50 parameters, nothing changes",
    "tables_changed": "`postfix_map`, 3 new tables",
    "tables_unchanged": "`postfix_map`, 3 tables, nothing changes",
    "settings_changed": "`dovecot_setting`, new drop-in",
    "settings_unchanged": "`dovecot_setting`, nothing changes",
}


def measure(lab: Lab) -> t.Mapping[str, t.Sequence[Line]]:
    lab.mail()
    return {
        release: [
            *parameters(release, lab.rounds),
            *table(release, lab.rounds),
            *settings(release, lab.rounds),
            *programs(play("processes", release).results["Read the traces"]["stdout"]),
        ]
        for release in lab.releases
    }


def parameters(release: str, rounds: int) -> t.Iterator[Line]:
    runs = [play("parameters", release, "--extra-vars", f"bench_round={number}") for number in range(1, 1 + rounds)]
    loop = middle(runs, "Set by a loop of commands")
    once = middle(runs, "Set by one task")
    again = middle(runs, "Set again by one task")
    yield Line("Parameters: loop of 50 commands", f"{loop:.2f} s")
    yield Line("Parameters: one task, all change", f"{once:.2f} s")
    yield Line("Parameters: one task, nothing changes", f"{again:.2f} s")
    yield Line("**Loop : one task that changes all**", f"**{loop / once:.1f}**", "at least 25")
    yield Line("**Loop : one task that changes nothing**", f"**{loop / again:.1f}**", "at least 25")


def table(release: str, rounds: int) -> t.Iterator[Line]:
    runs = [play("table", release) for _round in range(rounds)]
    postmap = middle(runs, "Build by postmap")
    once = middle(runs, "Build by one task")
    yield Line("Table of 100,000 entries: `postmap`", f"{postmap:.2f} s")
    yield Line("Table of 100,000 entries: `postfix_map`", f"{once:.2f} s")
    again = middle(runs, "Build again by one task")
    yield Line("Table of 100,000 entries: `postfix_map`, nothing changes", f"{again:.2f} s")
    yield Line("**`postfix_map` : `postmap`**", f"**{once / postmap:.2f}**")


def settings(release: str, rounds: int) -> t.Iterator[Line]:
    runs = [play("settings", release) for _round in range(rounds)]
    template = middle(runs, "Write by a template") + middle(runs, "Read by doveconf")
    template_again = middle(runs, "Write again by a template") + middle(runs, "Read again by doveconf")
    once = middle(runs, "Write by one task")
    again = middle(runs, "Write again by one task")
    yield Line("150 settings: `template` and `doveconf`", f"{template:.2f} s")
    yield Line("150 settings: `dovecot_setting`", f"{once:.2f} s")
    yield Line("**`dovecot_setting` : `template` and `doveconf`**", f"**{once / template:.2f}**")
    yield Line("150 settings, unchanged: `template` and `doveconf`", f"{template_again:.2f} s")
    yield Line("150 settings, unchanged: `dovecot_setting`", f"{again:.2f} s")
    yield Line("**The same ratio, unchanged**", f"**{again / template_again:.2f}**")


def programs(trace: str) -> t.Iterator[Line]:
    """Programs by case, such as "2 (postconf 2)", from lines of successful execve calls."""
    started: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for line in trace.splitlines():
        found = re.match(r'/root/trace/(\w+)/process\.\d+:execve\("([^"]+)"', line)
        if not found:
            raise BenchError(f"line of a trace that is no execve: {line}")
        started[found[1]][pathlib.PurePosixPath(found[2]).name] += 1
    for case, label in CASES.items():
        started[case]["python3"] -= 1
        kinds = {name: count for name, count in sorted(started[case].items()) if count}
        each = ", ".join(f"{name} {count}" for name, count in kinds.items())
        yield Line(f"Programs: {label}", f"{sum(kinds.values())} ({each})")


PART = Part(
    name="modules",
    title="Modules against commands",
    measure=measure,
    notes="""\
- Parameters: 50 parameters by one task of `postconf_param`, against a loop of 50 tasks
  `ansible.builtin.command: postconf -e name=value`. Median of the rounds.
- Table: `postfix_map` with `src`, a new index, against `postmap` of the same file by `ansible.builtin.command`. Median
  of the rounds.
- Settings: a drop-in of Dovecot with 150 settings in 51 blocks, by one task of `dovecot_setting`, against two tasks,
  `ansible.builtin.template` and `doveconf -n`. Median of the rounds.
- Programs: what the module starts on the target, counted by `strace`, apart from its own Python.
""",
)
