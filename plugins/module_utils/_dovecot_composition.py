# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From the variables of role dovecot to what its tasks take, or to a list of all contradictions in them."""

from __future__ import annotations

import dataclasses
import typing as t

from ._dovecot_compose import Tree, Wishes, Work, merge, plain
from ._dovecot_compose_access import compose_access
from ._dovecot_compose_auth import compose_auth
from ._dovecot_compose_mail import compose_mail, keys
from ._dovecot_compose_quota import compose_quota, contributions
from ._dovecot_compose_sieve import compile_settings, compose_sieve
from ._dovecot_compose_tls import compose_tls


class CompositionError(Exception):
    """The variables contradict each other; the text lists every fault."""


@dataclasses.dataclass(frozen=True)
class Composition:
    """What the role asks its modules for. Paths of files and scripts are below the role's folder."""

    settings: Tree
    sieve_settings: Tree
    files: list[dict[str, str]]
    scripts: list[dict[str, str]]
    kept: list[str]
    directories: list[str]
    encryption_keys: dict[str, str]
    features: list[str]
    ports: list[dict[str, t.Any]]
    postfix: list[dict[str, t.Any]]


def compose(variables: t.Mapping[str, t.Any], host: t.Mapping[str, t.Any]) -> Composition:
    """Return the composition.

    variables are those of the role without their prefix. host says what the platform is like: folder (of the role),
    libexec (the folder of Dovecot's programs), auth_group (whose members read passwords), fts (whether full-text search
    is packaged), ports_of_others (port by the name of who has it), submission_host (an SMTP server that takes what
    Sieve scripts send, if there is one), hybrid_groups (that its OpenSSL has), dh_file (Diffie-Hellman parameters, if
    packaged), tls_directory and tls_key_types (of role tls). Raises CompositionError.
    """
    faults: list[str] = []
    work = Work(Wishes(plain(variables), faults), plain(host))
    compose_access(work)
    compose_tls(work)
    compose_auth(work)
    compose_mail(work)
    compose_quota(work)
    compose_sieve(work)
    _sockets(work)
    own = work.wishes.mapping("settings")
    if faults:
        raise CompositionError("; ".join(faults))
    return Composition(
        settings=merge(work.settings, own),
        sieve_settings=compile_settings(work),
        files=[dataclasses.asdict(file) for file in work.files],
        scripts=[dataclasses.asdict(script) for script in work.scripts],
        kept=_kept(work),
        directories=work.directories,
        encryption_keys=dict(keys(work)),
        features=work.features,
        ports=[{key: port[key] for key in ("name", "address", "port")} for port in work.ports],
        postfix=contributions(work),
    )


def _sockets(work: Work) -> None:
    """Sockets below the queue directory, where an smtpd in its chroot finds them."""
    queue, user = work.wishes.text("postfix_queue_directory"), work.wishes.text("postfix_user")
    if not queue:
        return
    if work.wishes.flag("postfix_logins"):
        socket = {"mode": "0660", "user": user, "group": user}
        work.add({"service auth": {f"unix_listener {queue}/private/auth": socket}})
    if work.serves("lmtp"):
        # Postfix delivers up to 20 messages to a user at a time; Dovecot 2.4 would defer all but 10 of them.
        work.add({"lmtp_user_concurrency_limit": "unlimited"})
        socket = {"mode": "0600", "user": user, "group": user}
        work.add({"service lmtp": {f"unix_listener {queue}/private/dovecot-lmtp": socket}})


def _kept(work: Work) -> list[str]:
    """The files that belong into the folder, with the compiled form of each script."""
    compiled = [f"{script.path[: -len('.sieve')]}.svbin" for script in work.scripts]
    configuration = ["sieve/dovecot.conf"] if work.scripts else []
    return sorted([*(file.path for file in (*work.files, *work.scripts)), *compiled, *configuration])
