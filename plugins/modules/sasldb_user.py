#!/usr/bin/python
# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sasldb_user
short_description: Users in a sasldb of Cyrus SASL
version_added: "1.0.0"
description:
  - Creates, changes and removes users in a C(sasldb), any number of them in one task with one write of the file.
  - A stored password is compared by libsasl itself, as the server does at a login, so that a second run changes
    nothing.
  - Changes are made to a copy, on which libsasl has to take each new password; then the copy takes the place of the
    database in one step.
  - A sasldb holds passwords in clear, because mechanisms like C(CRAM-MD5) and C(SCRAM-SHA-256) need them.
    Its mode is set to C(0640), its owner to C(root) and O(group).
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
options:
  path:
    description:
      - The database. It is created when the first user is; its directory has to exist.
      - A server that runs in a chroot needs it there, and its path below the chroot as C(sasldb_path).
    type: path
    default: /etc/sasldb2
  group:
    description: The group whose members may read the database.
    type: str
    default: sasl
  realm:
    description: The realm of the users that are named without one.
    type: str
  users:
    description: The users. Fails when one is named twice.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The login name, C(user@realm). Without C(@) the user is one of O(realm).
          - The name is taken as it is written, because libsasl distinguishes upper and lower case in it.
        type: str
        required: true
      password:
        description:
          - The password in clear. It reaches C(saslpasswd2) by standard input. Required for a new user.
          - A user that exists keeps its password if this is not given.
        type: str
      update_password:
        description: When the password of an existing user is set. The default is O(update_password).
        type: str
        choices: [always, on_create]
      state:
        description: Whether the user exists.
        type: str
        choices: [present, absent]
        default: present
  update_password:
    description:
      - With V(always) the password of an existing user is compared and replaced if it differs.
      - With V(on_create) it is only set for a new user.
    type: str
    choices: [always, on_create]
    default: always
  purge:
    description: Remove all users that are not in O(users).
    type: bool
    default: false
requirements:
  - saslpasswd2 and sasldblistusers2 (Debian package C(sasl2-bin))
  - libsasl2 with the plugin sasldb (Debian package C(libsasl2-modules-db))
notes:
  - The plan and the write do not lock the database against a C(saslpasswd2) that somebody runs in the same second.
seealso:
  - module: postmaster.mail.maildir_user
  - name: Cyrus SASL documentation
    description: Auxiliary properties and sasldb.
    link: https://www.cyrusimap.org/sasl/sasl/auxiliary_properties.html
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: Users of a Postfix whose smtpd runs in a chroot
  postmaster.mail.sasldb_user:
    path: /var/spool/postfix/var/lib/sasl/sasldb2
    group: postfix
    users:
      - name: alice@example.org
        password: "{{ vault_alice }}"
      - name: bob@example.org
        state: absent

- name: These users and no others, all of one realm
  postmaster.mail.sasldb_user:
    realm: example.org
    purge: true
    users:
      - name: alice
        password: "{{ vault_alice }}"
"""

RETURN = r"""
created:
  description: Login names that are new in the database.
  returned: success
  type: list
  elements: str
  sample: [alice@example.org]
updated:
  description: Login names that got another password.
  returned: success
  type: list
  elements: str
  sample: []
removed:
  description: Login names that were taken out, by O(users[].state=absent) or by O(purge).
  returned: success
  type: list
  elements: str
  sample: [bob@example.org]
"""

import grp
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._files import FileAccess, read_access
from ansible_collections.postmaster.mail.plugins.module_utils._libsasl import LibsaslError, PasswordChecker
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner
from ansible_collections.postmaster.mail.plugins.module_utils._sasldb import (
    Plan,
    Sasldb,
    SasldbError,
    Wish,
    describe,
    make_plan,
    parse_login,
)

_PROGRAMS = ("saslpasswd2", "sasldblistusers2")


def read_wishes(options: t.Mapping[str, t.Any]) -> list[Wish]:
    """Return what the task asks for. Raises SasldbError."""
    return [
        Wish(
            login=parse_login(user["name"], options["realm"] or ""),
            password=user["password"],
            present=user["state"] == "present",
            update_password=(user["update_password"] or options["update_password"]) == "always",
        )
        for user in options["users"]
    ]


def open_database(module: AnsibleModule) -> Sasldb | None:
    """Return the database, or None where check mode finds no Cyrus SASL. Raises LibsaslError."""
    found = [module.get_bin_path(name) for name in _PROGRAMS]
    missing = [name for name, path in zip(_PROGRAMS, found) if path is None]
    if missing and not module.check_mode:
        module.fail_json(msg=f"Cannot find {' and '.join(missing)}. Install the programs of Cyrus SASL first.")
    if missing:
        module.warn("Cyrus SASL is not installed yet: all users are taken for new ones.")
        return None
    return Sasldb(module.params["path"], ModuleRunner(module), str(found[0]), str(found[1]), PasswordChecker())


def wanted_access(group: str, *, check_mode: bool) -> FileAccess:
    """Return mode and owner of the database. Raises SasldbError."""
    try:
        return FileAccess(mode=0o640, uid=0, gid=grp.getgrnam(group).gr_gid)
    except KeyError:
        if check_mode:
            return FileAccess(mode=0o640, uid=0, gid=0)
        raise SasldbError(
            f"There is no group {group}. Install what brings it, or name another one in group. Nothing was changed."
        ) from None


def run(module: AnsibleModule) -> Plan:
    """Plan, and unless in check mode do it. Raises SasldbError, LibsaslError, OSError."""
    options = module.params
    wishes = read_wishes(options)
    access = wanted_access(options["group"], check_mode=module.check_mode)
    database = open_database(module)
    directory = os.path.dirname(options["path"])
    if not os.path.isdir(directory) and not module.check_mode:
        raise SasldbError(f"The directory {directory} does not exist: create it first. Nothing was changed.")
    plan = make_plan(
        wishes,
        frozenset() if database is None else database.read(),
        purge=options["purge"],
        has_password=lambda login, password: (
            database is not None and database.check(options["path"], str(login), password)
        ),
        access_before=read_access(options["path"]),
        access=access,
    )
    if plan.changed and database is not None and not module.check_mode:
        database.apply(plan)
    return plan


def argument_spec() -> dict[str, t.Any]:
    """Return the argument spec."""
    passwords = ["always", "on_create"]
    return {
        "path": {"type": "path", "default": "/etc/sasldb2"},
        "group": {"type": "str", "default": "sasl"},
        "realm": {"type": "str"},
        "users": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "password": {"type": "str", "no_log": True},
                "update_password": {"type": "str", "choices": passwords, "no_log": False},
                "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            },
        },
        "update_password": {"type": "str", "choices": passwords, "default": "always", "no_log": False},
        "purge": {"type": "bool", "default": False},
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        plan = run(module)
    except (SasldbError, LibsaslError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"Cannot read or write {error.filename}: {error.strerror}.")
    result: dict[str, t.Any] = {
        "changed": plan.changed,
        "created": [str(wish.login) for wish in plan.created],
        "updated": [str(wish.login) for wish in plan.updated],
        "removed": [str(login) for login in plan.removed],
    }
    if module._diff:
        result["diff"] = describe(plan, module.params["path"])
    module.exit_json(**result)


if __name__ == "__main__":
    main()
