# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import yaml

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


def test_the_scenarios_run_every_target_once() -> None:
    targets = {path.parent.parent.name for path in CHECKOUT.glob("tests/integration/targets/*/tasks/main.yml")}
    run: list[str] = []
    for scenario in ("modules", "modules_postfix"):
        [play] = yaml.safe_load((CHECKOUT / "molecule" / scenario / "verify.yml").read_text())
        [task] = play["tasks"]
        run += task["loop"]
    assert sorted(run) == sorted(targets)
