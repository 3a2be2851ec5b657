# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have certbot issue the certificates that are missing, about to end, or not as their settings say.

A server that offers renewal information is asked, too, whether it wants a certificate to be renewed.

Each file of settings is one for "certbot certonly --config", with cert-name, domains, server and authenticator. Prints
one line for each. Ends with 1 and says why if certbot could not issue a certificate; what was there stays.
"""

from __future__ import annotations

import argparse
import datetime
import os
import pathlib
import re
import subprocess
import sys
import time
import typing as t

from cryptography import x509
from tls_ari import fetcher, suggestion
from tls_config import TlsError
from tls_pairs import ascii_name, days_left, dns_names, read_chain

CERTBOT = "/usr/bin/certbot"
_STATE = pathlib.Path("/etc/letsencrypt")
_TIMEOUT = 400
_BUSY = "Another instance of Certbot is already running"
_PAUSES = (5, 10, 20, 40)
# What certbot says around the cause.
_NOISE = re.compile(
    r"Saving debug log|Ask for help or search|An unexpected error occurred|Some challenges have failed|- - -|"
    r"Account registered|Requesting a certificate|Renewing an existing|Waiting \d|Certbot failed to authenticate|Hint:|"
    r"Encountered exception during recovery"
)
_CAUSE = 1000


def read_settings(path: pathlib.Path) -> dict[str, str]:
    """Read "key = value" lines as they are in certbot's files, whose sections do not matter here. Raises TlsError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise TlsError(f"{path} cannot be read: {error.strerror}; run role postmaster.mail.tls") from error
    pairs = [line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#")]
    return {key.strip(): value.strip() for key, _sign, value in pairs}


def due(
    settings: t.Mapping[str, str], state: pathlib.Path, renew_before_days: int, now: datetime.datetime, force: bool
) -> str:
    """Say why a certificate is to be issued, or nothing if it is not. Raises TlsError."""
    lineage = settings["cert-name"]
    if not _certificate(settings, state).exists():
        return "there is none yet"
    leaf = _leaf(settings, state)
    wanted = {ascii_name(name) for name in settings["domains"].split(",")}
    if wanted != {ascii_name(name) for name in dns_names(leaf)}:
        return "its names changed"
    before = read_settings(state / "renewal" / f"{lineage}.conf")
    for key, what in (("server", "ACME server"), ("authenticator", "challenge")):
        if before.get(key) != settings[key]:
            return f"its {what} changed"
    left = days_left(leaf, now)
    if left < renew_before_days:
        return f"{left} days are left"
    return "a new one is asked for" if force else ""


def _certificate(settings: t.Mapping[str, str], state: pathlib.Path) -> pathlib.Path:
    return state / "live" / settings["cert-name"] / "fullchain.pem"


def _leaf(settings: t.Mapping[str, str], state: pathlib.Path) -> x509.Certificate:
    return read_chain(_certificate(settings, state))[0]


def cause(output: str) -> str:
    """Return what is said about the cause, without what certbot says each time."""
    said = [" ".join(line.split()) for line in output.splitlines()]
    wanted = dict.fromkeys(line for line in said if line and not _NOISE.match(line))
    return " / ".join(wanted)[:_CAUSE] or "it does not say why"


def issue(
    path: pathlib.Path,
    roots: str,
    force: bool = False,
    run: t.Callable[..., subprocess.CompletedProcess[str]] = subprocess.run,
    sleep: t.Callable[[float], None] = time.sleep,
) -> None:
    """Run certbot with these settings. Raises TlsError."""
    environment = {**os.environ, **({"REQUESTS_CA_BUNDLE": roots} if roots else {})}
    argv = [CERTBOT, "certonly", "--config", str(path), "--force-renewal", *(["--new-key"] if force else [])]
    for pause in (*_PAUSES, 0):
        try:
            ended = run(
                argv,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
                timeout=_TIMEOUT,
            )
        except subprocess.TimeoutExpired as error:
            raise TlsError(f"{CERTBOT} did not end within {_TIMEOUT} seconds") from error
        except OSError as error:
            raise TlsError(f"{CERTBOT} cannot be started: {error.strerror}") from error
        if not ended.returncode:
            return
        # The timer of the package looks after certificates of others.
        if not pause or _BUSY not in ended.stdout:
            raise TlsError(f"{cause(ended.stdout)} (more in /var/log/letsencrypt/letsencrypt.log)")
        sleep(pause)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tls_acme.py", description=__doc__)
    parser.add_argument("--renew-before-days", type=int, default=30)
    parser.add_argument("--roots", default="", help="what the ACME server's own certificate is checked with")
    parser.add_argument("--force", action="store_true", help="issue in any case, for new keys")
    parser.add_argument("settings", nargs="+", type=pathlib.Path)
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    now = datetime.datetime.now(datetime.timezone.utc)
    failed = False
    for path in arguments.settings:
        what = path.stem
        try:
            settings = read_settings(path)
            what = f"{settings['cert-name']} ({settings['domains']}) by {settings['server']}"
            reason = due(settings, _STATE, arguments.renew_before_days, now, arguments.force) or suggestion(
                settings["server"], _leaf(settings, _STATE), now, fetcher(arguments.roots)
            )
            if reason:
                issue(path, arguments.roots, arguments.force)
            print(f"{what}: {f'issued, as {reason}' if reason else 'unchanged'}", flush=True)
        except TlsError as error:
            failed = True
            print(f"no certificate {what}: {error}; what is in use stays in use", file=sys.stderr, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
