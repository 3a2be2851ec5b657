#!/usr/bin/python
# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_user_info
short_description: Return mail accounts and what they hold as data
version_added: "1.0.0"
author: ["The postmaster.mail authors (@postmaster-mail)"]
description:
  - Returns the accounts that M(postmaster.mail.maildir_user) keeps, with state, name, quota and app passwords, and what
    C(doveadm) says of the mail they hold. No password is returned, hashed or not.
  - Works with Dovecot 2.3 and 2.4.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.info
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._account_backends
  - postmaster.mail._mail_database
options:
  addresses:
    description:
      - The accounts to return. One that does not exist is left out. By default, all are returned.
    type: list
    elements: str
  usage:
    description:
      - Whether to ask how much each account holds. Dovecot has to run for that, and looks into every mailbox.
      - Where it cannot be told, a warning says why and the values are V(null).
    type: bool
    default: true
  last_login_file:
    description:
      - The file in the home of an account in which Dovecot's plugin C(last_login) notes the time of a login. Role
        P(postmaster.mail.dovecot#role) makes it do so with C(dovecot_last_login).
    type: str
    default: .dovecot.last-login
seealso:
  - module: postmaster.mail.maildir_user
"""

EXAMPLES = r"""
- name: Ask for all accounts
  postmaster.mail.mail_user_info:
  register: accounts

- name: Name those that are nearly full
  ansible.builtin.debug:
    msg: "{{ full | map(attribute='address') }}"
  vars:
    full: "{{ accounts.users | rejectattr('percent', 'none') | selectattr('percent', 'ge', 90) }}"

- name: Ask for the state of one, without looking at its mail
  postmaster.mail.mail_user_info:
    addresses: [alice@example.org]
    usage: false
"""

RETURN = r"""
users:
  description: The accounts, in the order in which they are stored.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The address.
      type: str
      sample: alice@example.org
    state:
      description: V(present), or V(disabled) for one that cannot log in, because it was disabled or has expired.
      type: str
      sample: present
    name:
      description: The person's name.
      type: str
      sample: Alice
    home:
      description: The home, an empty string for the default of Dovecot.
      type: str
      sample: /var/vmail/example.org/alice
    expires:
      description: The day from which on logins are refused, or V(null).
      type: str
      sample: "2027-01-01"
    allow_nets:
      description: The networks that logins may come from; an empty list is all.
      type: list
      elements: str
    app_passwords:
      description: The further passwords, each with C(name), C(services) and C(allow_nets).
      type: list
      elements: dict
    quota:
      description: The size limit of the account itself in bytes, V(0) for none, or V(null) for the server's default.
      type: int
      sample: 1073741824
    storage_limit:
      description: The limit that is in force in bytes, or V(null) if there is none.
      type: int
      sample: 1073741824
    storage_used:
      description: How much of it is used in bytes, in steps of 1024, or V(null) if Dovecot does not count.
      type: int
      sample: 5120
    percent:
      description: How much of the limit is used in percent, or V(null) without a limit.
      type: int
      sample: 0
    size:
      description: The size of all messages in bytes.
      type: int
      sample: 4707
    messages:
      description: The number of all messages.
      type: int
      sample: 9
    last_login:
      description: When the account was logged in to last by IMAP or POP3, in UTC, or V(null) if nobody noted it.
      type: str
      sample: "2026-01-02T03:04:05Z"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._account import AccountError, parse_address
from ansible_collections.postmaster.mail.plugins.module_utils._account_backend import AccountBackendError
from ansible_collections.postmaster.mail.plugins.module_utils._account_backends import (
    REQUIRED_IF,
    backend_options,
    open_backend,
)
from ansible_collections.postmaster.mail.plugins.module_utils._mail_user_info import (
    LAST_LOGIN_FILE,
    Usage,
    UsageReader,
    describe,
    last_login,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "addresses": {"type": "list", "elements": "str"},
            "usage": {"type": "bool", "default": True},
            "last_login_file": {"type": "str", "default": LAST_LOGIN_FILE},
            **backend_options(),
        },
        required_if=REQUIRED_IF,
        supports_check_mode=True,
    )
    wanted = module.params["addresses"]
    runner = ModuleRunner(module)
    try:
        records = open_backend(module.params, grammar_2_4=True, runner=runner).read()
        if wanted is not None:
            wanted = [parse_address(address) for address in wanted]
            records = {address: entry for address, entry in records.items() if address in wanted}
    except (AccountBackendError, AccountError) as error:
        module.fail_json(msg=f"{error}.")
    except OSError as error:
        module.fail_json(msg=f"Cannot read {error.filename or 'the accounts'}: {error.strerror}.")
    usages: dict[str, Usage] = {}
    doveadm = module.get_bin_path("doveadm")
    if module.params["usage"] and doveadm is None:
        module.warn("doveadm is not installed, so that nobody can tell how much the accounts hold.")
    elif module.params["usage"] and doveadm is not None:
        reader = UsageReader(runner, doveadm)
        usages = reader.read(list(records))
        for problem in reader.problems:
            module.warn(problem)
    module.exit_json(
        changed=False,
        users=[
            describe(entry, usages.get(address, Usage()), last_login(entry.home, module.params["last_login_file"]))
            for address, entry in records.items()
        ],
    )


if __name__ == "__main__":
    main()
