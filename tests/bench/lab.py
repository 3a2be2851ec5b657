"""The containers that the bench measures in, and the playbooks that run there."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
BENCH = CHECKOUT / "tests" / "bench"
RELEASES = {"bookworm": "Debian 12", "trixie": "Debian 13"}


class BenchError(Exception):
    """A playbook failed, or did not say what was asked for."""


@dataclass(frozen=True)
class PlaybookRun:
    """One ansible-playbook: wall time, seconds and result by task name, and the recap of the host."""

    seconds: float
    tasks: t.Mapping[str, float]
    results: t.Mapping[str, t.Mapping[str, t.Any]]
    recap: t.Mapping[str, int]


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


def middle(runs: t.Sequence[PlaybookRun], task: str) -> float:
    """Median time of a task."""
    return statistics.median(run.tasks[task] for run in runs)


class Lab:
    """One container per release. A part asks for the state that it measures from."""

    def __init__(self, releases: t.Sequence[str], rounds: int) -> None:
        self.releases = releases
        self.rounds = rounds
        self._state: t.Literal["down", "used", "mail"] = "down"

    def bare(self) -> None:
        """Containers without any mail package, with the packages in the cache."""
        self._state = "used"
        ansible_playbook("up")
        for release in self.releases:
            play("fetch", release)

    def mail(self) -> None:
        """Containers with the mail system of postmaster.mail.site."""
        if self._state != "mail":
            self.bare()
            for release in self.releases:
                play("site", release)
            self.have_mail()

    def have_mail(self) -> None:
        """Notes that a part set up the mail system."""
        self._state = "mail"

    def down(self) -> None:
        """Removes the containers."""
        if self._state != "down":
            ansible_playbook("down")
            self._state = "down"
