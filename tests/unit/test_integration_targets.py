# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import yaml

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


def test_scenario_modules_runs_every_target() -> None:
    targets = {path.parent.parent.name for path in CHECKOUT.glob("tests/integration/targets/*/tasks/main.yml")}
    [play] = yaml.safe_load((CHECKOUT / "molecule/modules/verify.yml").read_text())
    [task] = play["tasks"]
    assert len(task["loop"]) == len(set(task["loop"]))
    assert set(task["loop"]) == targets
