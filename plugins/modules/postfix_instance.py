#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postfix_instance
short_description: Manage extra instances of Postfix
version_added: "1.0.0"
description:
  - Creates, enables, disables, starts, stops and removes instances of Postfix beside the primary one, by
    C(postmulti). Each has a configuration, a queue and processes of its own.
  - The first instance makes the module set up the primary one for managing others (C(postmulti -e init)). Besides the
    parameters C(multi_instance_enable), C(multi_instance_wrapper) and C(multi_instance_directories) in C(main.cf),
    which stay when the last instance is removed, nothing of the primary instance is changed, and it keeps running.
  - A new instance takes no mail. C(postmulti) sets C(master_service_disable=inet), so that it does not listen, and
    an empty C(authorized_submit_users), so that nobody can submit mail locally. Its other settings are the
    distribution's originals, not those of the primary instance. Open and configure it with
    M(postmaster.mail.postconf_param) and its option O(postmaster.mail.postconf_param#module:config_dir), as the
    examples show.
options:
  name:
    description: Name of the instance. It must begin with V(postfix-), as in V(postfix-out).
    type: str
    required: true
  state:
    description:
      - Whether the instance exists.
      - V(absent) stops it and removes its queue directory, its data directory, and C(main.cf), C(master.cf) and
        the ledger of M(postmaster.mail.postfix_contribution) from its configuration directory. Other files there stay,
        and are named in RV(left).
      - The module fails if there is mail in the queue (see O(force)), or if a file system is mounted below one of the
        directories.
    type: str
    choices: [present, absent]
    default: present
  enabled:
    description:
      - Whether the instance takes part when Postfix is started. One that is disabled is stopped, as Postfix does not
        stop it later.
      - Since Debian 13 a unit of systemd must be enabled as well for the instance to be started when the host
        boots; see RV(unit) and the examples.
    type: bool
    default: true
  started:
    description:
      - Whether the instance is running. It stays as it is if this is omitted, and a new one is not started.
      - Cannot be V(true) for an instance that is not enabled.
    type: bool
  group:
    description:
      - Name of a group of instances that C(postmulti -g) acts on together. An empty text means no group.
      - It stays as it is if this is omitted.
    type: str
  config_directory:
    description:
      - Directory of C(main.cf) and C(master.cf). The default has the name of the instance and is beside that of the
        primary instance, for example C(/etc/postfix-out).
      - If the instance exists with another directory, the module fails. It also fails if another directory would
        contain or be contained in one of another instance, or has a C(main.cf) that belongs to no instance.
      - Units of systemd in Debian 13 only serve instances in C(/etc/postfix-*).
    type: path
  queue_directory:
    description: Directory of the queue, beside that of the primary instance by default. Else as O(config_directory).
    type: path
  data_directory:
    description: Directory of caches, beside that of the primary instance by default. Else as O(config_directory).
    type: path
  force:
    description: Whether an instance is removed although there is mail in its queue. That mail is lost.
    type: bool
    default: false
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
notes:
  - In check mode on a host without Postfix the module warns and predicts the directories of Debian.
seealso:
  - module: postmaster.mail.postconf_param
  - module: postmaster.mail.postfix_service
  - name: Managing multiple Postfix instances on a single host
    description: How instances are meant to be used.
    link: https://www.postfix.org/MULTI_INSTANCE_README.html
  - name: postmulti
    description: The manual page of the program that manages instances.
    link: https://www.postfix.org/postmulti.1.html
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: Create an instance for outgoing mail
  postmaster.mail.postfix_instance:
    name: postfix-out
    group: mta
  register: out

- name: Let it listen on one port
  postmaster.mail.postfix_service:
    config_dir: "{{ out.config_directory }}"
    services:
      - {name: smtp, type: inet, state: absent}
      - {name: "127.0.0.1:10026", type: inet, private: n, command: smtpd}

- name: Open it for the network and for local submission, and give it settings
  postmaster.mail.postconf_param:
    config_dir: "{{ out.config_directory }}"
    params:
      master_service_disable: ""
      authorized_submit_users: {state: absent}
      myhostname: out.example.org
      relayhost: "[smtp.example.net]:587"

- name: Start it
  postmaster.mail.postfix_instance:
    name: postfix-out
    started: true

- name: Have systemd start it when the host boots
  ansible.builtin.service:
    name: "{{ out.unit }}"
    enabled: true
  when: out.unit | length > 0

- name: Look into its queue
  postmaster.mail.postfix_queue:
    config_dir: "{{ out.config_directory }}"

- name: Remove an instance, unless there is still mail in it
  postmaster.mail.postfix_instance:
    name: postfix-old
    state: absent
"""

RETURN = r"""
config_directory:
  description: The configuration directory, also of an instance that was removed; empty if there was none.
  returned: success
  type: str
  sample: /etc/postfix-out
queue_directory:
  description: The directory of the queue.
  returned: success
  type: str
  sample: /var/spool/postfix-out
data_directory:
  description: The directory of caches.
  returned: success
  type: str
  sample: /var/lib/postfix-out
enabled:
  description: Whether the instance is enabled.
  returned: success
  type: bool
started:
  description: Whether the instance is running, V(null) if the task is not about that.
  returned: success
  type: bool
group:
  description: The group, empty if it is in none.
  returned: success
  type: str
unit:
  description:
    - Name of the unit by which systemd starts the instance. Empty if systemd does not run the host, or its units do
      not serve the instance; the primary instance starts it then.
  returned: success
  type: str
  sample: postfix@out.service
left:
  description: Directories of a removed instance that are not empty, or cannot be removed, and were left in place.
  returned: success
  type: list
  elements: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._files import read_bytes
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_instance import (
    Directories,
    InstanceError,
    Plan,
    Setup,
    Wish,
    check_wish,
    describe,
    make_plan,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_instance_host import (
    InstanceHost,
    PostfixAbsentError,
    Programs,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner

_FRESH: t.Final = Setup(Directories("/etc/postfix", "/var/spool/postfix", "/var/lib/postfix"), False, {})
_UNIT_DIRECTORIES: t.Final = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_SBIN: t.Final = ["/usr/sbin", "/sbin"]


def unit_template() -> str:
    """Return the text of the unit that serves all instances, empty if there is none."""
    for directory in _UNIT_DIRECTORIES:
        content = read_bytes(os.path.join(directory, "postfix@.service"))
        if content is not None:
            return content.decode("utf-8", "replace")
    return ""


def find_programs(module: AnsibleModule) -> Programs:
    """Return the programs. Raises PostfixAbsentError."""
    postconf, postmulti, postfix = (
        module.get_bin_path(name, opt_dirs=_SBIN) for name in ("postconf", "postmulti", "postfix")
    )
    if not (postconf and postmulti and postfix):
        raise PostfixAbsentError("There is no Postfix on this host. Install the package postfix first.")
    systemctl = module.get_bin_path("systemctl") if os.path.isdir("/run/systemd/system") else None
    return Programs(postconf, postmulti, postfix, systemctl or "", unit_template())


def run(module: AnsibleModule, wish: Wish) -> tuple[Plan, str, tuple[str, ...]]:
    """Read, plan, apply; return the plan, the unit and what was left in place. Raises InstanceError or OSError."""
    host = InstanceHost(ModuleRunner(module), find_programs(module))
    plan = make_plan(wish, host.with_started(host.read(), wish))
    host.refuse(plan, force=wish.force)
    left: tuple[str, ...] = ()
    if plan.changed and not module.check_mode:
        left = host.apply(plan, force=wish.force)
    return plan, host.unit(plan.subject) if plan.subject else "", left


def report(module: AnsibleModule, plan: Plan, unit: str, left: tuple[str, ...]) -> t.NoReturn:
    if left:
        module.warn(f"Not empty, and therefore left in place: {', '.join(left)}.")
    config, queue, data = plan.subject.directories.each if plan.subject else ("", "", "")
    result: dict[str, t.Any] = {
        "changed": plan.changed,
        "config_directory": config,
        "queue_directory": queue,
        "data_directory": data,
        "enabled": plan.after is not None and plan.after.enabled,
        "started": plan.after.started if plan.after else False,
        "group": plan.after.group if plan.after else "",
        "unit": unit,
        "left": list(left),
    }
    if module._diff:
        result["diff"] = {"before": describe(plan.before), "after": describe(plan.after)}
    module.exit_json(**result)


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "enabled": {"type": "bool", "default": True},
            "started": {"type": "bool"},
            "group": {"type": "str"},
            "config_directory": {"type": "path"},
            "queue_directory": {"type": "path"},
            "data_directory": {"type": "path"},
            "force": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    wish = Wish(**module.params)
    try:
        check_wish(wish)
        plan, unit, left = run(module, wish)
    except PostfixAbsentError as error:
        if not module.check_mode:
            module.fail_json(msg=str(error))
        module.warn(f"Postfix is absent, so there is no instance yet: {error}")
        plan, unit, left = make_plan(wish, _FRESH), "", ()
    except InstanceError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}.")
    report(module, plan, unit, left)


if __name__ == "__main__":
    main()
