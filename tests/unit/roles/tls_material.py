"""Modules of the program that installs certificates, and certificates as of a fixed day."""

from __future__ import annotations

import datetime
import functools
import importlib
import pathlib
import sys
import types

import certificates

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "tls" / "files" / "program"
NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.timezone.utc)
make = functools.partial(certificates.make, now=NOW)


def load(name: str) -> types.ModuleType:
    """Import a module of the program, which finds its neighbours by their plain names."""
    if str(PROGRAM) not in sys.path:
        sys.path.insert(0, str(PROGRAM))
    return importlib.import_module(name)
