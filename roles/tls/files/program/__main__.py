# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install, renew and prove the TLS certificates of this host.

Each certificate has a configuration, <directory>/<name>.json, and a stable folder, <directory>/<name>/. Ends with 1 and
says why if a certificate cannot be used, is not served or could not be renewed; certificates in use stay in use then.
"""

from __future__ import annotations

import argparse
import fcntl
import pathlib
import sys

from tls_config import TlsError, all_names
from tls_install import install, prove_only, renew


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="postmaster-mail-tls", description=__doc__)
    parser.add_argument("--directory", type=pathlib.Path, default=pathlib.Path("/etc/postmaster/tls"))
    parser.add_argument("--check", action="store_true", help="only say what would be done")
    parser.add_argument("--all", action="store_true", help="every certificate that has a configuration")
    parser.add_argument("command", choices=["install", "renew", "prove"])
    parser.add_argument("names", nargs="*", metavar="name")
    # Before Python 3.12 options between positional arguments would leave no names.
    arguments = parser.parse_intermixed_args()
    if bool(arguments.names) == arguments.all:
        parser.error("give names of certificates, or --all")
    return arguments


def _run(arguments: argparse.Namespace, name: str) -> str:
    if arguments.command == "prove":
        return prove_only(arguments.directory, name)
    return (renew if arguments.command == "renew" else install)(arguments.directory, name, arguments.check)


def main() -> int:
    arguments = _arguments()
    failed = False
    with open(arguments.directory / ".lock", "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in all_names(arguments.directory) if arguments.all else arguments.names:
            try:
                print(f"{name}: {_run(arguments, name)}", flush=True)
            except (OSError, TlsError) as error:
                failed = True
                for line in str(error).splitlines():
                    print(f"{name}: {line}", file=sys.stderr, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
