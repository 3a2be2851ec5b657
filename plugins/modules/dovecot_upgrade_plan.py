#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dovecot_upgrade_plan
short_description: Plan the upgrade of a mail server from Dovecot 2.3 to 2.4
version_added: "1.0.0"
author: ["The postmaster.mail authors (@postmaster-mail)"]
description:
  - Dovecot 2.4 refuses every configuration of Dovecot 2.3. This module reads a Dovecot 2.3 that anybody has set up, and
    returns the same configuration for 2.4, in the form that M(postmaster.mail.dovecot_setting) takes.
  - Also returned is what has no successor in 2.4, which accounts cannot log in any more, and what clients notice.
  - Nothing is changed on the host. The configuration is read with C(doveconf); the daemon need not run. Files of SQL,
    LDAP and dictionaries, passwd-files, C(/etc/shadow) where Dovecot reads it, and Sieve scripts are read as well.
  - Of passwords, only the schemes are returned, never a hash. Databases are not asked; their queries are rewritten.
  - Defaults of 2.3 that are others in 2.4 are set explicitly in the tree, so that folders, POP3 UIDLs and passwords
    stay as they are.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.info
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._dovecot
options:
  include_secrets:
    description:
      - >-
        Whether the tree holds passwords and keys themselves. Without, it has references such as
        C(<secret: set me from /etc/dovecot/sql.conf.ext>) in their places, which
        M(postmaster.mail.dovecot_setting) refuses until they are replaced.
      - With V(true), use C(no_log) for the task.
    type: bool
    default: false
notes:
  - Must run as C(root).
  - Rewritten queries and filters should be read once by somebody who knows the database.
seealso:
  - module: postmaster.mail.dovecot_setting
  - module: postmaster.mail.dovecot_config_info
  - name: Upgrading Dovecot from 2.3 to 2.4
    description: What changed, by the authors of Dovecot.
    link: https://doc.dovecot.org/2.4.1/installation/upgrade/2.3-to-2.4.html
"""

EXAMPLES = r"""
- name: Plan the upgrade
  postmaster.mail.dovecot_upgrade_plan:
  register: plan

- name: Stop if something would get lost
  ansible.builtin.assert:
    that:
      - plan.without_successor | length == 0
      - plan.accounts | length == 0

- name: Keep the tree for the role dovecot
  ansible.builtin.copy:
    content: "{{ {'dovecot_settings': plan.tree} | to_nice_yaml(sort_keys=false) }}"
    dest: "{{ inventory_dir }}/host_vars/{{ inventory_hostname }}/dovecot.yml"
    mode: "0600"
  delegate_to: localhost
"""

RETURN = r"""
version:
  description: Version of Dovecot.
  returned: success
  type: str
  sample: 2.3.19.1
needed:
  description: Whether there is something to upgrade. V(false) for a Dovecot 2.4, whose tree is returned as it is.
  returned: success
  type: bool
config_file:
  description: The main file.
  returned: success
  type: str
  sample: /etc/dovecot/dovecot.conf
tree:
  description:
    - The configuration in the grammar of Dovecot 2.4, for C(dovecot_settings) of the role or for
      O(postmaster.mail.dovecot_setting#module:settings).
    - The order counts, of C(passdb) blocks for example. Write it to a file with C(to_nice_yaml(sort_keys=false\)).
  returned: success
  type: dict
  sample:
    protocols: [imap, lmtp]
    mail_driver: maildir
    mail_path: ~/Maildir
    passdb passwd-file:
      passwd_file_path: /etc/dovecot/users
without_successor:
  description: What Dovecot 2.4 does not have, and what of the accounts' fields and Sieve scripts it ignores.
  returned: success
  type: list
  elements: dict
  contains:
    setting:
      description: The setting of 2.3, or the file.
      type: str
    cause:
      description: Why it cannot be kept.
      type: str
    remedy:
      description: What to do.
      type: str
  sample:
    - setting: passdb { shadow }
      cause: is gone
      remedy: Use passdb pam, which asks /etc/shadow too.
rewritten:
  description: What was rewritten, setting by setting.
  returned: success
  type: list
  elements: dict
  contains:
    setting:
      description: The setting of 2.3.
      type: str
    new:
      description: The same for 2.4.
      type: str
    check:
      description: What to have a look at, where the meaning depends on data. Empty otherwise.
      type: str
  sample:
    - {setting: mail_location, new: "mail_driver = maildir, mail_path = ~/Maildir", check: ""}
pinned:
  description: Defaults of 2.3 that were set in the tree because 2.4 has others.
  returned: success
  type: list
  elements: dict
  contains:
    setting:
      description: The setting of 2.4.
      type: str
    value:
      description: Its value.
      type: str
    why:
      description: What would change without.
      type: str
  sample:
    - setting: auth_allow_cleartext
      value: "no"
      why: The setting has another name and the opposite meaning.
accounts:
  description: Accounts whose passwords Dovecot 2.4 refuses.
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: Name of the account.
      type: str
    source:
      description: The file that it stands in.
      type: str
    scheme:
      description: Scheme of its password.
      type: str
    remedy:
      description: What to do.
      type: str
  sample:
    - user: bob@example.org
      source: /etc/dovecot/users
      scheme: MD5-CRYPT
      remedy: Set a new password.
password_schemes:
  description: All schemes in use, by source.
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: The passwd-file, C(/etc/shadow), or the file with the access to a database.
      type: str
    scheme:
      description: The scheme. Of a database, that of passwords which name none.
      type: str
    accounts:
      description: How many accounts have it, null for a database.
      type: int
    refused:
      description: Whether Dovecot 2.4 refuses it.
      type: bool
  sample:
    - {source: /etc/dovecot/users, scheme: SHA512-CRYPT, accounts: 42, refused: false}
client_changes:
  description: What changes for clients, and what deliberately does not.
  returned: success
  type: list
  elements: dict
  contains:
    topic:
      description: What it is about.
      type: str
    before:
      description: How it is with 2.3.
      type: str
    after:
      description: How it will be with the tree on 2.4.
      type: str
    action:
      description: What to do, empty if nothing.
      type: str
  sample:
    - {topic: IMAP COMPRESS, before: Not offered., after: Offered to every client., action: ""}
secrets:
  description: The secrets of the tree.
  returned: success
  type: list
  elements: dict
  contains:
    setting:
      description: The setting of 2.4.
      type: str
    file:
      description: The file where the secret stands today.
      type: str
  sample:
    - {setting: ldap_auth_dn_password, file: /etc/dovecot/dovecot-ldap.conf.ext}
requirements:
  description: What the tree names and the upgraded host has to have.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(user), V(group) or V(file).
      type: str
    name:
      description: Name or path.
      type: str
    present:
      description: Whether this host has it.
      type: bool
  sample:
    - {kind: user, name: vmail, present: true}
files:
  description: All files that were read.
  returned: success
  type: list
  elements: str
  sample: [/etc/dovecot/dovecot.conf, /etc/dovecot/users]
messages:
  description: Warnings of C(doveconf), and files that could not be read.
  returned: success
  type: list
  elements: str
  sample: ["/etc/dovecot/sql.conf.ext, named by passdb { args }, does not exist."]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_conf_output import as_data
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_from_23 import external_paths
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_host import Host, LocalHost
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_read import (
    Configuration,
    ReadError,
    read_configuration,
)
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_plan import Plan, make_plan
from ansible_collections.postmaster.mail.plugins.module_utils._dovecot_upgrade_read import Found, LocalFiles, Reader
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner

_SBIN = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"]


def _read(module: AnsibleModule) -> tuple[Configuration, Configuration]:
    """What the configuration says, and the same with all defaults."""
    doveconf = module.get_bin_path("doveconf", opt_dirs=_SBIN)
    if doveconf is None:
        module.fail_json(msg="The program doveconf is not on this host. Install Dovecot first.")
    runner, path = ModuleRunner(module), module.params["config_file"]
    try:
        configuration = read_configuration(runner, doveconf, config_file=path)
        return configuration, read_configuration(runner, doveconf, config_file=path, defaults=True)
    except ReadError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"Cannot read {error.filename or doveconf}: {error.strerror}.")


def _requirements(plan: Plan, host: Host) -> list[dict[str, object]]:
    checks: dict[str, t.Callable[[str], bool]] = {
        "users": host.has_user,
        "groups": host.has_group,
        "files": host.exists,
    }
    return [
        {"kind": kind[:-1], "name": name, "present": check(name)}
        for kind, check in checks.items()
        for name in plan.needed[kind]
    ]


def _result(configuration: Configuration, plan: Plan, found: Found) -> dict[str, object]:
    return {
        "version": configuration.version,
        "needed": configuration.grammar == "2.3",
        "config_file": configuration.config_file,
        "tree": as_data(plan.tree),
        "without_successor": [
            {"setting": fault.setting, "cause": fault.cause, "remedy": fault.remedy}
            for fault in (*plan.without_successor, *found.faults)
        ],
        "rewritten": [{"setting": note.setting, "new": note.new, "check": note.check} for note in plan.rewritten],
        "pinned": [{"setting": pin.setting, "value": pin.value, "why": pin.why} for pin in plan.pinned],
        "accounts": [
            {"user": one.user, "source": one.source, "scheme": one.scheme, "remedy": one.remedy}
            for one in found.accounts.refused
        ],
        "password_schemes": [
            {"source": one.source, "scheme": one.scheme, "accounts": one.accounts, "refused": one.refused}
            for one in found.accounts.schemes
        ],
        "client_changes": [
            {"topic": change.topic, "before": change.before, "after": change.after, "action": change.action}
            for change in plan.client_changes
        ],
        "secrets": [{"setting": secret.setting, "file": secret.file} for secret in plan.secrets],
        "requirements": _requirements(plan, LocalHost()),
        "files": list(dict.fromkeys((*configuration.files, *found.files))),
        "messages": [*configuration.messages, *found.messages],
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "config_file": {"type": "path"},
            "include_secrets": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    configuration, effective = _read(module)
    reader = Reader(LocalFiles())
    bodies = {external.path: external.body for external in configuration.externals}
    texts = reader.texts(external_paths(configuration.body), bodies)
    plan = make_plan(configuration, effective.body, texts, include_secrets=module.params["include_secrets"])
    found = reader.survey(configuration.body, bodies)
    module.exit_json(changed=False, **_result(configuration, plan, found))


if __name__ == "__main__":
    main()
