"""What was noted before the upgrade, and what is so after it."""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

import pytest

HERE = pathlib.Path(__file__).resolve().parent
NOTES = HERE.parents[2] / ".cache/rig/upgrade"
# The collection's tests are imported one by one; those here share modules.
sys.path.insert(0, str(HERE))


def _noted(name: str) -> dict[str, t.Any]:
    noted: dict[str, t.Any] = json.loads((NOTES / f"{name}.json").read_text())
    return noted


@pytest.fixture(scope="session")
def before() -> dict[str, t.Any]:
    return _noted("before")


@pytest.fixture(scope="session")
def after() -> dict[str, t.Any]:
    return _noted("after")


@pytest.fixture(scope="session")
def sent() -> list[int]:
    """The numbers of the messages that were sent during the upgrade."""
    return [int(line.split()[0]) for line in (NOTES / "sent").read_text().splitlines()]
