"""Writes down what clients see of all accounts."""

from __future__ import annotations

import json
import pathlib
import sys

import accounts

if __name__ == "__main__":
    seen = {user: accounts.snapshot(user) for user in accounts.USERS}
    pathlib.Path(sys.argv[1]).write_text(json.dumps(seen, indent=1, sort_keys=True))
