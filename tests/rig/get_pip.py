"""Stands in for get-pip.py where ansible-test cannot download it: installs the pip wheel that lies beside this file."""

from __future__ import annotations

import importlib
import pathlib
import sys

wheel = next(pathlib.Path(__file__).resolve().parent.glob("pip-*.whl"))
sys.path.insert(0, str(wheel))

main = importlib.import_module("pip._internal.cli.main").main
sys.exit(main(["install", "--quiet", "--disable-pip-version-check", "--no-index", str(wheel)]))
