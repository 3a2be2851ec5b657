# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules of the program that lets account holders change their password."""

from __future__ import annotations

import importlib
import pathlib
import sys
import types

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "accounts" / "files" / "password"


def load(name: str) -> types.ModuleType:
    """Import a module of the program, which finds its neighbours by their plain names."""
    if str(PROGRAM) not in sys.path:
        sys.path.insert(0, str(PROGRAM))
    return importlib.import_module(name)
