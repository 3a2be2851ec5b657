# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The places that may keep mail accounts, by the value of the option backend."""

from __future__ import annotations

import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import (
    AccountBackend,
    AccountBackendError,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_ldap import (
    LdapBackend,
    directory_option,
    parse_directory,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_passwd_file import PasswdFileBackend
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_sql import SqlBackend
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend_system import SystemBackend
from ansible_collections.postmaster.mail.plugins.module_utils._account_ldap_hashes import SCHEME
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import (
    DatabaseError,
    database_option,
    parse_target,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandRunner

REQUIRED_IF: t.Sequence[tuple[str, str, t.Sequence[str]]] = (
    ("backend", "sql", ["database"]),
    ("backend", "ldap", ["directory"]),
)


def backend_options() -> dict[str, t.Any]:
    """Return the part of an argument_spec that says where the accounts are, see the doc fragment _account_backends."""
    return {
        "backend": {"type": "str", "choices": ["passwd_file", "sql", "ldap", "system"], "default": "passwd_file"},
        "database": database_option(),
        "directory": directory_option(),
        "path": {"type": "path", "default": "/etc/dovecot/users"},
        "passwd_file_group": {"type": "str", "default": "dovecot", "no_log": False},
        "system_group": {"type": "str", "default": "mailusers"},
        "system_pam_service": {"type": "str", "default": "postmaster-mail"},
    }


def default_scheme(options: t.Mapping[str, t.Any]) -> str | None:
    """Return the scheme of new password hashes that the place needs, or None for any that Dovecot knows."""
    return SCHEME if options["backend"] == "ldap" else None


def open_backend(options: t.Mapping[str, t.Any], *, grammar_2_4: bool, runner: CommandRunner) -> AccountBackend:
    """Return the place that the options of backend_options name, read with the quota as that Dovecot spells it.

    Raises AccountBackendError for options that name no place.
    """
    if options["backend"] == "sql":
        try:
            target = parse_target(options["database"] or {})
        except DatabaseError as error:
            raise AccountBackendError(str(error)) from error
        return SqlBackend(target, options["passwd_file_group"], grammar_2_4=grammar_2_4)
    if options["backend"] == "ldap":
        # Who only reads accounts is not told where mail is.
        mail_root = options.get("mail_root") or ""
        return LdapBackend(*parse_directory(options["directory"]), runner, mail_root=mail_root, grammar_2_4=grammar_2_4)
    file = PasswdFileBackend(options["path"], options["passwd_file_group"])
    if options["backend"] == "system":
        group, service = options["system_group"], options["system_pam_service"]
        return SystemBackend(file, group=group, pam_service=service, runner=runner)
    return file
