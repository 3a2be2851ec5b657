# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refuse the logins of mail accounts whose day has come.

The argument is Dovecot's passwd-file; passwords for single programs are in the folder of the same name with ".d".
A line is locked that has the extra field expires=YYYY-MM-DD of today (UTC) or earlier, the way the module maildir_user
locks disabled accounts. Sessions of these accounts are closed.
"""

from __future__ import annotations

import datetime
import fcntl
import math
import os
import subprocess
import sys
import tempfile
import time

LOCK = "nologin allow_nets=255.255.255.255/32"


def locked(text: str, today: str) -> tuple[str, list[str]]:
    """Return the lines with those locked whose day has come, and the accounts that were locked."""
    lines = text.splitlines(keepends=True)
    users = []
    for number, line in enumerate(lines):
        fields = line.rstrip("\r\n").split(":", 7)
        tokens = fields[7].split(" ") if len(fields) == 8 and not line.startswith("#") else []
        days = [token.partition("=")[2] for token in tokens if token.startswith("expires=")]
        if any(day <= today for day in days) and "nologin" not in tokens:
            lines[number] = f"{line.rstrip()} {LOCK}\n"
            users.append(fields[0])
    return "".join(lines), users


def replace_file(path: str, text: str) -> None:
    """Put text at path at once, with the owner and mode of the file and a time that Dovecot tells from before."""
    status = os.stat(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(path)}.", dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as sink:
            os.fchown(sink.fileno(), status.st_uid, status.st_gid)
            os.fchmod(sink.fileno(), status.st_mode & 0o7777)
            sink.write(text)
            sink.flush()
            os.fsync(sink.fileno())
        later = max(time.time(), math.floor(status.st_mtime) + 1.0)
        os.utime(temporary, (later, later))
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def expire(path: str, today: str) -> list[str]:
    """Lock what is due in the file and in its folder; return the accounts."""
    users = set()
    folder = f"{path}.d"
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for one in (path, *(os.path.join(folder, name) for name in names if not name.startswith("."))):
        with open(one, encoding="utf-8", errors="surrogateescape", newline="") as source:
            text = source.read()
        changed, due = locked(text, today)
        if due:
            replace_file(one, changed)
            users.update(due)
    return sorted(users)


def main(path: str) -> None:
    path = os.path.realpath(path)
    directory, name = os.path.split(path)
    with open(os.path.join(directory, f".{name}.lock"), "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        users = expire(path, datetime.datetime.now(datetime.timezone.utc).date().isoformat())
    if not users:
        return
    # Dovecot looks at the file once in a second at most.
    time.sleep(1.05)
    for user in users:
        subprocess.run(["doveadm", "auth", "cache", "flush", user], check=False)
        subprocess.run(["doveadm", "kick", user], check=False)
        print(f"{user} has expired")


if __name__ == "__main__":
    main(sys.argv[1])
