"""Measures the collection in containers of both releases and writes docs/performance.md; run by `make bench`."""

from __future__ import annotations

import collections
import datetime
import functools
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
BENCH = CHECKOUT / "tests" / "bench"
REPORT = CHECKOUT / "docs" / "performance.md"
RELEASE_NAMES = {"bookworm": "Debian 12", "trixie": "Debian 13"}
RELEASES = {
    release: RELEASE_NAMES[release]
    for release in os.environ.get("POSTMASTER_BENCH_RELEASES", " ".join(RELEASE_NAMES)).split()
}
ROUNDS = range(1, 1 + int(os.environ.get("POSTMASTER_BENCH_ROUNDS", "3")))

PAGE = """\
# Performance

Written by `make bench` on {date}; a run replaces this page. Measured in containers, one host at a time, over ssh
with pipelining, on {machine}, with {versions}.

Seconds depend on the machine. Ratios compare two figures of the same run and host, and are what to look at. No test
depends on any of them.

{table}

- Parameters: 50 parameters by one task of `postconf_param`, against a loop of 50 tasks
  `ansible.builtin.command: postconf -e name=value`. Median of {rounds} round(s).
- Table: `postfix_map` with `src`, a new index, against `postmap` of the same file by `ansible.builtin.command`. Median
  of {rounds} round(s).
- Settings: a drop-in of Dovecot with 150 settings in 51 blocks, by one task of `dovecot_setting`, against two tasks,
  `ansible.builtin.template` and `doveconf -n`. Median of {rounds} round(s).
- Accounts: 10,000 accounts with hashes that are there already, by one task of `maildir_user` with an empty passwd-file
  and with an empty database of PostgreSQL, and once more when nothing changes; against a loop of 200
  `ansible.builtin.user`, times 50. Processor time is that of the module on the target. Logins by IMAP one after the
  other, with passwords in clear, so that looking up is measured and not hashing. One round.
- Converge: `ansible-playbook` of `postmaster.mail.site`, from start to end, on a container without any mail package,
  against the one `apt-get install` of Postfix, Dovecot (IMAP, POP3, LMTP), Unbound and python3-cryptography on another
  such container. Packages are downloaded before both.
- Programs: what the module starts on the target, counted by `strace`, apart from its own Python.
"""


class BenchError(Exception):
    """A playbook failed, or did not say what was asked for."""


@dataclass(frozen=True)
class PlaybookRun:
    """One ansible-playbook: wall time, seconds and result by task name, and the recap of the host."""

    seconds: float
    tasks: t.Mapping[str, float]
    results: t.Mapping[str, t.Mapping[str, t.Any]]
    recap: t.Mapping[str, int]


@dataclass(frozen=True)
class Measured:
    """All figures of one release; times in seconds."""

    loop: float
    set_once: float
    set_again: float
    postmap: float
    table: float
    table_again: float
    template: float
    template_again: float
    settings: float
    settings_again: float
    accounts: float
    accounts_again: float
    accounts_sql: float
    accounts_sql_again: float
    accounts_loop: float
    accounts_processor: t.Mapping[str, float]
    logins: t.Mapping[str, float]
    packages: float
    check: float
    converge: float
    converge_again: float
    role_again: float
    tasks_ok: int
    tasks_changed: int
    programs: t.Mapping[str, str]


def moment(text: str) -> datetime.datetime:
    """Time stamp of the callback ansible.posix.json."""
    return datetime.datetime.fromisoformat(text.rstrip("Z"))


def failures(text: str) -> str:
    """What the failed tasks said; the whole output if it is not the callback's document."""
    try:
        document = json.loads(text[text.find("{") :])
    except ValueError:
        return text
    said = []
    for entry in (entry for run in document["plays"] for entry in run["tasks"]):
        for host, result in entry["hosts"].items():
            if result.get("failed") or result.get("unreachable"):
                said.append(f"{host}: {entry['task']['name']}: {result.get('stderr') or result.get('msg')}")
    return "\n".join(said)


def ansible_playbook(name: str, *arguments: str) -> tuple[float, str]:
    """Runs a playbook of this folder. Returns wall time and standard output."""
    argv = ["ansible-playbook", "--inventory", "tests/bench/inventory", "--inventory", "molecule/shared/inventory"]
    argv += [*arguments, f"tests/bench/{name}.yml"]
    print(f"== {name} {' '.join(arguments)}", file=sys.stderr, flush=True)
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    begin = time.monotonic()
    done = subprocess.run(argv, cwd=CHECKOUT, env=environment, check=False, stdout=subprocess.PIPE, text=True)
    seconds = time.monotonic() - begin
    if done.returncode != 0:
        raise BenchError(f"{' '.join(argv)} ended with status {done.returncode}:\n{failures(done.stdout)}")
    return seconds, done.stdout


def play(name: str, release: str, *arguments: str) -> PlaybookRun:
    """Runs a playbook against one host."""
    seconds, text = ansible_playbook(name, "--limit", release, *arguments)
    document = json.loads(text[text.index("{") :])
    tasks: dict[str, float] = {}
    results: dict[str, t.Mapping[str, t.Any]] = {}
    for entry in (entry for run in document["plays"] for entry in run["tasks"]):
        duration = entry["task"]["duration"]
        if release in entry["hosts"]:
            tasks[entry["task"]["name"]] = (moment(duration["end"]) - moment(duration["start"])).total_seconds()
            results[entry["task"]["name"]] = entry["hosts"][release]
    print(f"   {seconds:.1f} s", file=sys.stderr, flush=True)
    return PlaybookRun(seconds=seconds, tasks=tasks, results=results, recap=document["stats"][release])


def programs(trace: str) -> dict[str, str]:
    """Programs by case, such as "2 (postconf 2)", from lines of successful execve calls."""
    started: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for line in trace.splitlines():
        found = re.match(r'/root/trace/(\w+)/process\.\d+:execve\("([^"]+)"', line)
        if not found:
            raise BenchError(f"line of a trace that is no execve: {line}")
        started[found[1]][pathlib.PurePosixPath(found[2]).name] += 1
    said: dict[str, str] = {}
    for case, counter in started.items():
        counter["python3"] -= 1
        kinds = {name: count for name, count in sorted(counter.items()) if count}
        said[case] = f"{sum(kinds.values())} ({', '.join(f'{name} {count}' for name, count in kinds.items())})"
    return said


def processor_times(text: str) -> dict[str, float]:
    """Seconds by case, from what the shell's builtin times says of its children."""
    seconds: dict[str, float] = {}
    for line in text.splitlines():
        # The second line of each file is about the children, user and system.
        case, times = line.removeprefix("/root/bench-times-").split(":", 1)
        found = re.findall(r"(\d+)m([\d.]+)s", times)
        seconds[case] = sum(60 * int(minutes) + float(rest) for minutes, rest in found)
    return seconds


def middle(runs: t.Sequence[PlaybookRun], task: str) -> float:
    """Median time of a task."""
    return statistics.median(run.tasks[task] for run in runs)


def measure(release: str, packages: float) -> Measured:
    """Everything that runs on one host, which has no mail package yet."""
    check = play("site", release, "--check")
    converge = play("site", release)
    again = play("site", release)
    role_again = play("postfix", release)
    parameters = [play("parameters", release, "--extra-vars", f"bench_round={number}") for number in ROUNDS]
    tables = [play("table", release) for _round in ROUNDS]
    settings = [play("settings", release) for _round in ROUNDS]
    accounts = play("accounts", release)
    traces = play("processes", release)
    return Measured(
        loop=middle(parameters, "Set by a loop of commands"),
        set_once=middle(parameters, "Set by one task"),
        set_again=middle(parameters, "Set again by one task"),
        postmap=middle(tables, "Build by postmap"),
        table=middle(tables, "Build by one task"),
        table_again=middle(tables, "Build again by one task"),
        template=middle(settings, "Write by a template") + middle(settings, "Read by doveconf"),
        template_again=middle(settings, "Write again by a template") + middle(settings, "Read again by doveconf"),
        settings=middle(settings, "Write by one task"),
        settings_again=middle(settings, "Write again by one task"),
        accounts=accounts.tasks["Create by one task"],
        accounts_again=accounts.tasks["Create again by one task"],
        accounts_sql=accounts.tasks["Create in PostgreSQL"],
        accounts_sql_again=accounts.tasks["Create again in PostgreSQL"],
        accounts_loop=50 * accounts.tasks["Create by a loop"],
        accounts_processor=processor_times(accounts.results["Read the processor times"]["stdout"]),
        logins=json.loads(accounts.results["Log in with few and with many accounts"]["stdout"]),
        packages=packages,
        check=check.seconds,
        converge=converge.seconds,
        converge_again=again.seconds,
        role_again=role_again.seconds,
        tasks_ok=again.recap["ok"],
        tasks_changed=again.recap["changed"],
        programs=programs(traces.results["Read the traces"]["stdout"]),
    )


def rows() -> t.Iterator[tuple[str, str, t.Callable[[Measured], str]]]:
    """Lines of the table: what, goal, figure."""
    yield "Parameters: loop of 50 commands", "", lambda m: f"{m.loop:.2f} s"
    yield "Parameters: one task, all change", "", lambda m: f"{m.set_once:.2f} s"
    yield "Parameters: one task, nothing changes", "", lambda m: f"{m.set_again:.2f} s"
    yield "**Loop : one task that changes all**", "at least 25", lambda m: f"**{m.loop / m.set_once:.1f}**"
    yield "**Loop : one task that changes nothing**", "at least 25", lambda m: f"**{m.loop / m.set_again:.1f}**"
    yield "Table of 100,000 entries: `postmap`", "", lambda m: f"{m.postmap:.2f} s"
    yield "Table of 100,000 entries: `postfix_map`", "", lambda m: f"{m.table:.2f} s"
    yield "Table of 100,000 entries: `postfix_map`, nothing changes", "", lambda m: f"{m.table_again:.2f} s"
    yield "**`postfix_map` : `postmap`**", "", lambda m: f"**{m.table / m.postmap:.2f}**"
    yield "150 settings: `template` and `doveconf`", "", lambda m: f"{m.template:.2f} s"
    yield "150 settings: `dovecot_setting`", "", lambda m: f"{m.settings:.2f} s"
    yield "**`dovecot_setting` : `template` and `doveconf`**", "", lambda m: f"**{m.settings / m.template:.2f}**"
    yield "150 settings, unchanged: `template` and `doveconf`", "", lambda m: f"{m.template_again:.2f} s"
    yield "150 settings, unchanged: `dovecot_setting`", "", lambda m: f"{m.settings_again:.2f} s"
    yield (
        "**The same ratio, unchanged**",
        "",
        lambda m: f"**{m.settings_again / m.template_again:.2f}**",
    )
    yield "10,000 accounts: loop of `ansible.builtin.user`", "", lambda m: f"{m.accounts_loop:.0f} s"
    yield "10,000 accounts: passwd-file", "at most 3 s", lambda m: said_accounts(m, "accounts", "file")
    yield (
        "10,000 accounts: passwd-file, nothing changes",
        "at most 1 s",
        lambda m: said_accounts(m, "accounts_again", "file_again"),
    )
    yield "10,000 accounts: PostgreSQL", "", lambda m: said_accounts(m, "accounts_sql", "sql")
    yield (
        "10,000 accounts: PostgreSQL, nothing changes",
        "",
        lambda m: said_accounts(m, "accounts_sql_again", "sql_again"),
    )
    yield "**Loop : passwd-file**", "", lambda m: f"**{m.accounts_loop / m.accounts:.0f}**"
    yield "Logins in a second, 10 accounts", "", lambda m: f"{m.logins['10']:.1f}"
    yield "Logins in a second, 100,000 accounts", "", lambda m: f"{m.logins['100000']:.1f}"
    yield "**Logins: 100,000 : 10 accounts**", "about 1", lambda m: f"**{m.logins['100000'] / m.logins['10']:.2f}**"
    yield "Packages alone: `apt-get install`", "", lambda m: f"{m.packages:.1f} s"
    yield "First converge", "", lambda m: f"{m.converge:.1f} s"
    yield "**First converge : packages alone**", "at most 1.5", lambda m: f"**{m.converge / m.packages:.2f}**"
    yield "`--check` on a fresh host", "", lambda m: f"{m.check:.1f} s"
    yield "Unchanged converge", "", lambda m: f"{m.converge_again:.1f} s"
    yield "Unchanged run of role `postfix` alone", "", lambda m: f"{m.role_again:.1f} s"
    yield "Unchanged converge: tasks ok, changed", "", lambda m: f"{m.tasks_ok}, {m.tasks_changed}"
    yield "**Unchanged : first converge**", "", lambda m: f"**{m.converge_again / m.converge:.2f}**"
    for case, label in (
        ("parameters_changed", "`postconf_param`, 50 parameters, all change"),
        ("parameters_unchanged", "`postconf_param`, 50 parameters, nothing changes"),
        ("tables_changed", "`postfix_map`, 3 new tables"),
        ("tables_unchanged", "`postfix_map`, 3 tables, nothing changes"),
        ("settings_changed", "`dovecot_setting`, new drop-in"),
        ("settings_unchanged", "`dovecot_setting`, nothing changes"),
    ):
        yield f"Programs: {label}", "", functools.partial(said_programs, case)


def said_accounts(measured: Measured, what: str, case: str) -> str:
    """Figure of a line about accounts."""
    seconds: float = getattr(measured, what)
    return f"{seconds:.2f} s ({measured.accounts_processor[case]:.2f} s of processor)"


def said_programs(case: str, measured: Measured) -> str:
    """Figure of a line about programs."""
    return measured.programs[case]


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


def write_report(measured: t.Mapping[str, Measured]) -> str:
    """Writes the page. Returns its table."""
    lines = [
        f"| | {' | '.join(RELEASES[release] for release in measured)} | goal |",
        f"|---|{'---|' * len(measured)}---|",
    ]
    for label, goal, figure in rows():
        lines.append(f"| {label} | {' | '.join(figure(one) for one in measured.values())} | {goal} |")
    table = "\n".join(lines)
    REPORT.write_text(
        PAGE.format(
            date=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
            machine=machine(),
            versions=ansible_version(),
            table=table,
            rounds=len(ROUNDS),
        ),
        encoding="utf-8",
    )
    return table


def main() -> int:
    try:
        ansible_playbook("up")
        packages: dict[str, float] = {}
        for release in RELEASES:
            play("fetch", release)
            packages[release] = play("packages", release).tasks["Install by apt-get"]
        ansible_playbook("up")
        measured: dict[str, Measured] = {}
        for release in RELEASES:
            play("fetch", release)
            measured[release] = measure(release, packages[release])
            print(f"   {measured[release]}", file=sys.stderr, flush=True)
        print(write_report(measured))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        ansible_playbook("down")
    return 0


if __name__ == "__main__":
    sys.exit(main())
