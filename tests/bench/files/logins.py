"""Logins by IMAP in a second, with few and with many lines in the passwd-file, as JSON on standard output."""

from __future__ import annotations

import imaplib
import json
import os
import pathlib
import ssl
import subprocess
import time

USERS = pathlib.Path("/etc/dovecot/users")
PASSWORD = "bench-password"
LOGINS = 200
# The certificate is for another name than this address.
TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE
NAMES = [f"login{number}@example.org" for number in range(10)]


def line(name: str) -> str:
    # In clear, so that looking up is measured and not hashing.
    return f"{name}:{{PLAIN}}{PASSWORD}::::/srv/bench/file/{name}::\n"


def log_in(name: str) -> None:
    session = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=TRUSTING, timeout=60)
    session.login(name, PASSWORD)
    session.logout()


def rate(before: str, count: int) -> float:
    """Logins in a second with so many accounts."""
    others = (f"other{number}@example.org" for number in range(count - len(NAMES)))
    replacement = USERS.with_name("users.bench")
    replacement.write_text(before + "".join(line(name) for name in (*others, *NAMES)), encoding="utf-8")
    status = USERS.stat()
    os.chown(replacement, status.st_uid, status.st_gid)
    replacement.chmod(status.st_mode & 0o777)
    replacement.rename(USERS)
    # Dovecot looks at the file once in a second.
    time.sleep(1.1)
    subprocess.run(["doveadm", "auth", "cache", "flush"], check=False, capture_output=True)
    for name in NAMES:
        log_in(name)
    begin = time.monotonic()
    for number in range(LOGINS):
        log_in(NAMES[number % len(NAMES)])
    return LOGINS / (time.monotonic() - begin)


def main() -> None:
    before = USERS.read_text(encoding="utf-8")
    try:
        rates = {str(count): rate(before, count) for count in (10, 100_000)}
    finally:
        USERS.write_text(before, encoding="utf-8")
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
