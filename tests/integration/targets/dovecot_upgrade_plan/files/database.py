"""Make the databases of the SQL configuration."""

import pathlib
import sqlite3
import sys

DORA = (
    "{SHA512-CRYPT}$6$abcdefghijkl$"
    "4NjM.hrNr.NVemjd8cMRbxv9m/DkN/vU1JcMb6M3XJY7SXbxdVo6sH.65GMpqOiNhUQU/LIfxrEvB8jdp6ICf/"
)
folder = pathlib.Path(sys.argv[1])
with sqlite3.connect(folder / "users.sqlite") as users:
    users.execute("CREATE TABLE users (username, domain, password, home, quota, active)")
    for name, password, quota in (
        ("carol", "69c4ca7ec414ee98daecce8fe48245a1", 5 << 20),
        ("dora", DORA, 7 << 20),
    ):
        home = f"/srv/upgrade-plan-test/example.org/{name}"
        users.execute("INSERT INTO users VALUES (?, 'example.org', ?, ?, ?, 1)", (name, password, home, quota))
with sqlite3.connect(folder / "quota.sqlite") as quotas:
    quotas.execute("CREATE TABLE quota (username PRIMARY KEY, bytes INTEGER DEFAULT 0, messages INTEGER DEFAULT 0)")
