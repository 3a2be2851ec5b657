#!/usr/bin/python
# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: maildir_user
short_description: Mail accounts in a Dovecot passwd-file, with their homes
version_added: "1.0.0"
description:
  - Creates, changes, disables and removes mail accounts of a Dovecot C(passwd-file), any number of them in one task
    with one read and one write of the file.
  - A password is compared with the stored hash by C(doveadm pw), and a new hash is made only when it does not match,
    so that a second run changes nothing.
  - Accounts, comments and extra fields that nobody named stay as they are, byte for byte.
  - A change works at once, also the second one within a second, and also where Dovecot caches logins. Open sessions are
    closed of accounts that were removed or disabled, or whose password changed. This waits for up to a second.
  - Creates the home of each account with the right owner, and on request archives or deletes it.
  - Works with Dovecot 2.3 and 2.4. The quota of an account is written in the form that the installed release reads,
    and rewritten by the first run after an upgrade.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._mail_accounts
  - postmaster.mail._account_backends
  - postmaster.mail._mail_database
options:
  address:
    description:
      - The full address of a single account, see O(users[].address). Either this or O(users) is required.
    type: str
  password:
    description: See O(users[].password).
    type: str
  password_hash:
    description: See O(users[].password_hash).
    type: str
  quota:
    description: See O(users[].quota).
    type: str
  home:
    description: See O(users[].home).
    type: path
  state:
    description: See O(users[].state).
    type: str
    choices: [present, absent, disabled]
    default: present
  name:
    description: See O(users[].name).
    type: str
  allow_nets:
    description: See O(users[].allow_nets).
    type: list
    elements: str
  extra_fields:
    description: See O(users[].extra_fields).
    type: dict
  rename_from:
    description: See O(users[].rename_from).
    type: str
  expires:
    description: See O(users[].expires).
    type: str
  app_passwords:
    description: See O(users[].app_passwords).
    type: list
    elements: dict
    suboptions:
      name:
        description: See O(users[].app_passwords[].name).
        type: str
        required: true
      password:
        description: See O(users[].app_passwords[].password).
        type: str
      password_hash:
        description: See O(users[].app_passwords[].password_hash).
        type: str
      services:
        description: See O(users[].app_passwords[].services).
        type: list
        elements: str
        choices: [imap, pop3, smtp, sieve]
        default: [imap, pop3, smtp, sieve]
      allow_nets:
        description: See O(users[].app_passwords[].allow_nets).
        type: list
        elements: str
        default: []
      state:
        description: See O(users[].app_passwords[].state).
        type: str
        choices: [present, absent]
        default: present
  update_password:
    description:
      - With V(always) the password of an existing account is verified and replaced if it differs.
      - With V(on_create) it is only set for a new account.
    type: str
    choices: [always, on_create]
    default: always
  on_remove:
    description:
      - V(keep) leaves the home of a removed account where it is.
      - V(archive) moves it to C(<archive_dir>/<address>-<UTC time>).
      - V(delete) deletes it. Symbolic links in it are not followed.
      - V(archive) and V(delete) also act on the home of an account that is V(absent) already, so that a run that was
        interrupted can be repeated.
      - Fails for a home that is not below O(mail_root), that has a symbolic link in its path, or that holds the home of
        another account.
    type: str
    choices: [keep, archive, delete]
    default: keep
  mail_root:
    description:
      - The existing directory below which all homes lie, in C(<domain>/<local part>) if nobody says otherwise.
      - With O(backend=system) in C(<local part>). All have to be able to pass through the directory then.
    type: path
    default: /var/vmail
  owner:
    description: The user that owns all mail. With O(backend=system), each account owns its own.
    type: str
    default: vmail
  group:
    description: The group that owns all mail.
    type: str
    default: vmail
  maildir:
    description:
      - Create the home, mode C(0700), and give it and a Maildir in it to O(owner) and O(group) where they belong to
        somebody else. Dovecot makes the Maildir itself at the first delivery or login.
      - An account whose line names a user or group id of its own is left alone, except with O(backend=system).
      - With O(backend=system), mail that was kept of a user who is gone is given to the new user of the account. A home
        that belongs to another user is an error.
    type: bool
    default: true
  mail_directory:
    description: The Maildir, relative to the home. It has to be what Dovecot is configured for.
    type: str
    default: Maildir
  archive_dir:
    description: Where homes are moved by O(on_remove=archive). The default is C(<mail_root>/.archive).
    type: path
  scheme:
    description:
      - The scheme of new password hashes. The default is C(ARGON2ID), or C(SHA512-CRYPT) where Dovecot was built
        without it, and with O(backend=system) and O(backend=ldap), whose passwords PAM or the directory checks.
      - Fails if the installed Dovecot does not know it.
    type: str
  rounds:
    description:
      - The work put into a hash, in the unit of the scheme; only for C(BLF-CRYPT), C(PBKDF2), C(SHA256-CRYPT) and
        C(SHA512-CRYPT).
      - Needs O(scheme).
    type: int
  upgrade_scheme:
    description: Make a new hash of a password that is right, but stored with another scheme or number of rounds than
      asked for.
    type: bool
    default: false
  purge:
    description:
      - Remove all accounts of the file that are not in O(users), as O(on_remove) says.
      - Needs O(users).
    type: bool
    default: false
notes:
  - C(doveadm pw) takes the stored hash that is verified as an argument. Where other users of the host must not see it
    for that moment, mount C(/proc) with C(hidepid=2), or use O(users[].password_hash).
  - On a host where Dovecot or the mail user is yet to be installed, check mode reports what it can and warns about the
    rest.
seealso:
  - module: postmaster.mail.dovecot_setting
  - name: Dovecot passwd-file
    description: The format of the file.
    link: https://doc.dovecot.org/main/core/config/auth/databases/passwd_file.html
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: All accounts of the server
  postmaster.mail.maildir_user:
    users:
      - address: alice@example.org
        password: "{{ vault_alice }}"
        quota: 2G
        name: Alice
      - address: bob@example.org
        password_hash: "{{ vault_bob_hash }}"
        allow_nets: [192.0.2.0/24, "2001:db8::/32"]
      - address: carol@example.org
        state: disabled
        password: "{{ vault_carol }}"
      - address: dave@example.org
        state: absent
        on_remove: archive

- name: These accounts and no others
  postmaster.mail.maildir_user:
    users: "{{ mail_users }}"
    purge: true
    on_remove: archive

- name: A new name, two devices and an end
  postmaster.mail.maildir_user:
    address: alice.smith@example.org
    rename_from: alice@example.org
    expires: "2027-01-01"
    app_passwords:
      - name: phone
        password: "{{ vault_alice_phone }}"
      - name: scanner
        password: "{{ vault_alice_scanner }}"
        services: [smtp]
        allow_nets: [192.0.2.0/24]

- name: A Unix user without a shell, whose name is alice
  postmaster.mail.maildir_user:
    backend: system
    mail_root: /home
    address: alice@example.org
    password: "{{ vault_alice }}"

- name: A first password that the person may change later
  postmaster.mail.maildir_user:
    address: alice@example.org
    password: "{{ vault_alice }}"
    update_password: on_create
"""

RETURN = r"""
users:
  description: The accounts that changed, homes included, in the order of O(users), then those that purging removed.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The address in lower case.
      type: str
      sample: alice@example.org
    state_before:
      description: V(present), V(disabled) or V(absent).
      type: str
    state_after:
      description: V(present), V(disabled) or V(absent).
      type: str
    renamed_from:
      description: The address that the account had before this run, or V(null) if it is the same.
      type: str
    created:
      description: Whether the account is new.
      type: bool
    removed:
      description: Whether the account was taken out of the file.
      type: bool
    password_changed:
      description: Whether an existing account got another password.
      type: bool
    scheme_upgraded:
      description: Whether the same password got a hash of another scheme or number of rounds.
      type: bool
    app_passwords:
      description: The names of its app passwords.
      type: list
      elements: str
      sample: [phone]
    expires:
      description: The day from which on logins are refused, or V(null).
      type: str
      sample: "2027-01-01"
    home:
      description: The home of the account, or the place where it was.
      type: str
      sample: /var/vmail/example.org/alice
    archived_to:
      description: Where the home was moved, or V(null).
      type: str
      sample: /var/vmail/.archive/alice@example.org-20260102T030405Z
    deleted:
      description: Whether the home was deleted.
      type: bool
unmanaged:
  description: Accounts that O(users) does not name and that stay; an empty list with O(purge), or with O(address).
  returned: success
  type: list
  elements: str
passdbs:
  description:
    - The passdbs that Dovecot needs for these accounts, in this order, as the variable C(dovecot_passdbs) of role
      P(postmaster.mail.dovecot#role) takes them. One for all accounts, and one more for each app password of the
      account that has the most. An empty list with O(backend=ldap).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the passdb.
      type: str
      sample: app-1
    driver:
      description: Its driver.
      type: str
      sample: passwd-file
    path:
      description: Its C(passwd_file_path), with O(backend=passwd_file).
      type: str
      sample: /etc/dovecot/users.d/%{protocol}.1
    query:
      description: Its C(passdb_sql_query), with O(backend=sql).
      type: str
    service:
      description: The service of PAM that it asks, with O(backend=system).
      type: str
      sample: postmaster-mail
    fields:
      description: What it says of users, with O(backend=system).
      type: dict
    settings:
      description: Further settings of it, with O(backend=system) and O(backend=sql).
      type: dict
expiring:
  description: How many accounts, of all there are, have a day on which they expire or have expired.
  returned: success
  type: int
most_app_passwords:
  description: How many app passwords the account has that has the most.
  returned: success
  type: int
  sample: 2
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._account_backends import REQUIRED_IF
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user import MaildirUserError, run
from ansible_collections.postmaster.mail.plugins.module_utils._maildir_user_options import ONE_ACCOUNT, said, task_spec
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner


def main() -> None:
    module = AnsibleModule(
        argument_spec=task_spec(),
        mutually_exclusive=[("users", "address"), ("password", "password_hash")],
        required_one_of=[("users", "address")],
        required_if=REQUIRED_IF,
        required_by={**dict.fromkeys(ONE_ACCOUNT, "address"), "rounds": "scheme"},
        supports_check_mode=True,
    )
    options = module.params
    if options["purge"] and options["users"] is None:
        module.fail_json(msg="purge needs users: with a single address it would remove all other accounts.")
    try:
        outcome = run(
            options,
            runner=ModuleRunner(module),
            doveadm=module.get_bin_path("doveadm"),
            dovecot=module.get_bin_path("dovecot"),
            check_mode=module.check_mode,
        )
    except MaildirUserError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"Mail accounts in {options['path']}: {error.filename or 'file system'}: {error.strerror}."
        )
    for warning in outcome.warnings:
        module.warn(warning)
    result: dict[str, t.Any] = {
        "changed": outcome.changed,
        "users": outcome.users,
        "unmanaged": outcome.unmanaged,
        "passdbs": outcome.passdbs,
        "expiring": outcome.expiring,
        "most_app_passwords": outcome.most_app_passwords,
    }
    if module._diff:
        result["diff"] = outcome.diff
    if options["users"] is not None:
        # No part of the result holds a secret. Ansible would search each of them in every text of it, which takes
        # minutes for some thousand accounts.
        result["invocation"] = {"module_args": said(options)}
        module.no_log_values.clear()
    if outcome.failure is not None:
        module.fail_json(msg=outcome.failure, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
