"""The distribution's Chromium, which trusts the authority of the lab and finds its hosts."""

from __future__ import annotations

import contextlib
import pathlib
import shlex
import subprocess
import tempfile
import typing as t

from network import network
from playwright.sync_api import Browser, sync_playwright
from sites import SITES
from trap import TRAP, TRAP_ADDRESS

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def trust(home: pathlib.Path, roots: t.Iterable[str]) -> None:
    """Make a store of certificates where Chromium looks for one, with these roots."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    database = f"sql:{store}"
    subprocess.run(["certutil", "-N", "-d", database, "--empty-password"], check=True)
    for number, root in enumerate(roots):
        argv = ["certutil", "-A", "-d", database, "-n", f"lab {number}", "-t", "C,,"]
        subprocess.run(argv, input=root, text=True, check=True)


@contextlib.contextmanager
def chromium(roots: t.Iterable[str]) -> t.Iterator[Browser]:
    """A browser with an empty home, which ends with the context."""
    names = [f"MAP {site.hostname} {site.address}" for site in SITES] + [f"MAP {TRAP} {TRAP_ADDRESS}"]
    with tempfile.TemporaryDirectory(prefix="rig.") as home, network() as words, sync_playwright() as playwright:
        trust(pathlib.Path(home), roots)
        program = pathlib.Path(home, "chromium")
        program.write_text(f'#!/bin/sh\nexec {shlex.join([*words, CHROMIUM])} "$@"\n')
        program.chmod(0o755)
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[*FLAGS, f"--host-resolver-rules={', '.join(names)}"],
            env={"HOME": home, "LANG": "C.UTF-8"},
            timeout=180_000,
        )
        try:
            yield browser
        finally:
            browser.close()
