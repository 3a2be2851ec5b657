"""A network of its own for the browser."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import typing as t

from sites import SITES

NAME = "rig-browser"
ADDRESS = "10.203.17.250/24"


def _ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


@contextlib.contextmanager
def network() -> t.Iterator[list[str]]:
    """Return the words before a command that let it run beside the containers.

    Chromium gives up what it loads whenever a network interface of its host comes or goes, as those of other
    scenarios' containers do. Without the rights of root there is no network of its own.
    """
    if os.geteuid() != 0:
        yield []
        return
    bridge = json.loads(_ip("-json", "route", "get", SITES[0].address))[0]["dev"]
    subprocess.run(["ip", "netns", "delete", NAME], check=False, stderr=subprocess.DEVNULL)
    _ip("netns", "add", NAME)
    try:
        _ip("link", "add", NAME, "type", "veth", "peer", "name", "eth0", "netns", NAME)
        _ip("link", "set", NAME, "master", bridge, "up")
        _ip("-netns", NAME, "address", "add", ADDRESS, "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-netns", NAME, "link", "set", device, "up")
        yield ["nsenter", f"--net=/run/netns/{NAME}", "--"]
    finally:
        _ip("netns", "delete", NAME)
