#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_sql_lookups
short_description: Keep Postfix's lookup tables of accounts in a database
version_added: "1.0.0"
description:
  - Writes domains, mailboxes, aliases, owners of sender addresses and transports into tables of a database, for the
    tables C(pgsql:), C(mysql:) and C(sqlite:) of Postfix. The values are those of the filter
    P(postmaster.mail.mail_account_tables#filter).
  - Rows are written in one transaction. Postfix sees either all of a change or nothing of it.
  - Rows that this module wrote for the same O(source) and that are no longer asked for are removed. Rows that somebody
    else put in are kept.
  - The tables C(domains), C(mailboxes), C(aliases), C(sender_logins) and C(transports) are created and brought up to
    date. An alias with several targets has as many rows.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._mail_database
options:
  database:
    required: true
  domains:
    description: The domains this server receives mail for.
    type: list
    elements: str
    default: []
  mailboxes:
    description: The addresses that have a mailbox, as keys.
    type: dict
    default: {}
  aliases:
    description: Address, or V(@example.org), to the addresses it leads to, separated by commas.
    type: dict
    default: {}
  sender_logins:
    description: Sender address to the logins that own it, separated by commas.
    type: dict
    default: {}
  transports:
    description: Address to the transport and next hop for it.
    type: dict
    default: {}
  source:
    description: Who asks for these rows. It is noted with each row.
    type: str
    default: postmaster.mail
notes:
  - A file of SQLite is created for everybody to read, as the lookup tables of Postfix in files are. It holds no
    password if the accounts are in another file.
seealso:
  - module: postmaster.mail.maildir_user
  - name: Postfix and databases
    description: The files that tell Postfix how to ask.
    link: https://www.postfix.org/pgsql_table.5.html
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: Lookups of all accounts and aliases
  postmaster.mail.mail_sql_lookups:
    database:
      driver: pgsql
      host: 127.0.0.1
      name: mail
      user: mail_admin
      password: "{{ vault_mail_admin }}"
    domains: "{{ tables.domains }}"
    mailboxes: "{{ tables.mailboxes }}"
    aliases: "{{ tables.aliases }}"
    sender_logins: "{{ tables.sender_logins }}"
  vars:
    tables: "{{ mail_users | postmaster.mail.mail_account_tables(aliases=mail_aliases, domains=mail_domains) }}"
"""

RETURN = r"""
rows_added:
  description: How many rows were added.
  returned: success
  type: int
  sample: 12
rows_removed:
  description: How many rows were removed.
  returned: success
  type: int
  sample: 0
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_database import (
    DatabaseError,
    database_option,
    parse_target,
)
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_lookups import run, wanted_rows
from ansible_collections.postmaster.mail.plugins.module_utils._account_sql_store import SqlStore

_READABLE = 0o644


def main() -> None:
    tables: dict[str, t.Any] = {
        name: {"type": "dict", "default": {}} for name in ("mailboxes", "aliases", "sender_logins", "transports")
    }
    module = AnsibleModule(
        argument_spec={
            "database": {**database_option(), "required": True},
            "domains": {"type": "list", "elements": "str", "default": []},
            **tables,
            "source": {"type": "str", "default": "postmaster.mail"},
        },
        supports_check_mode=True,
    )
    options = module.params
    try:
        store = SqlStore(parse_target(options["database"]), "lookups", mode=_READABLE)
        outcome = run(store, wanted_rows(options), options["source"], check_mode=module.check_mode)
    except DatabaseError as error:
        module.fail_json(msg=f"{error}.")
    except OSError as error:
        module.fail_json(msg=f"Lookups of Postfix: {error.filename or 'file system'}: {error.strerror}.")
    for warning in outcome.warnings:
        module.warn(warning)
    result: dict[str, t.Any] = {
        "changed": outcome.changed,
        "rows_added": outcome.added,
        "rows_removed": outcome.removed,
    }
    if module._diff:
        result["diff"] = outcome.diff
    module.exit_json(**result)


if __name__ == "__main__":
    main()
