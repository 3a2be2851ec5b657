#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postfix_service
short_description: Manage services of Postfix
version_added: "1.0.0"
author: ["The postmaster.mail authors (@postmaster-mail)"]
description:
  - Adds, changes and drops entries of C(master.cf). Other entries and all comments stay as they are, byte by byte.
  - What is not named keeps the value that an existing entry has.
  - Any number of services takes one reading and one writing C(postconf), and one more writing one if some are
    dropped; when nothing changes only the reading one runs.
  - The change is made on a copy first. What would leave Postfix unable to read its configuration is refused, and the
    live file is not touched. Faults that were there before are not held against the task.
  - Refused as well is what Postfix reads but then stops at; an C(inet) service whose port or host cannot be resolved,
    that is private, or that is new on a port and host where another one listens already. If another program holds the
    port of a new service, the module warns.
  - Mode, owner, SELinux context and symbolic link of the file stay as they are.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._postfix
  - postmaster.mail._postfix.checks
options:
  services:
    description:
      - Services, each with the keys that are options of this module.
      - Either this or O(name) is required.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the service. For the type V(inet) a port, or C(host:port), with an IPv6 address in brackets.
          - Ports and hosts must be numbers or names that the host can resolve.
        type: str
        required: true
      type:
        description: Kind of the service. Name and type together identify an entry.
        type: str
        choices: [inet, unix, fifo, pass, unix-dgram]
        required: true
      state:
        description: Whether there is such an entry.
        type: str
        choices: [present, absent]
        default: present
      command:
        description:
          - Name of the daemon with its flags and arguments, for example V(smtpd) or
            V(pipe flags=DRhu user=vmail argv=/usr/local/bin/deliver ${recipient}). No C(-o); see O(services[].options).
          - Required for an entry that does not exist yet.
        type: str
      options:
        description:
          - Parameters that the service has other values for, written as C(-o name=value); in braces where the value
            holds blanks. Values are text, whole numbers, booleans (V(yes) or V(no) for Postfix) or lists (joined by
            C(", ")).
          - These are all options of the entry; others are dropped. Without this key the entry keeps the options it
            has. To change some of them, use M(postmaster.mail.postconf_param).
        type: dict
      private:
        description: Whether only the mail system has access. A new entry gets V(n) for the type V(inet), else V(-).
        type: str
        choices: ["y", "n", "-"]
      unpriv:
        description: Whether the daemon runs as the owner of the mail system. A new entry gets V(-).
        type: str
        choices: ["y", "n", "-"]
      chroot:
        description: Whether the daemon is confined to the mail queue directory. A new entry gets V(-).
        type: str
        choices: ["y", "n", "-"]
      wakeup:
        description:
          - Seconds between wake-ups, with a question mark if only while in use; V(0) for none. A new entry gets V(-).
        type: str
      maxproc:
        description: Greatest number of processes, V(0) for no limit. A new entry gets V(-).
        type: str
  name:
    description: Name of a single service, as in O(services[].name).
    type: str
  type:
    description: Kind of the service O(name), as in O(services[].type). Required with O(name).
    type: str
    choices: [inet, unix, fifo, pass, unix-dgram]
  state:
    description: Whether there is an entry for O(name).
    type: str
    choices: [present, absent]
    default: present
  command:
    description: Daemon of the service O(name), as in O(services[].command).
    type: str
  options:
    description: Options of the service O(name), as in O(services[].options).
    type: dict
  private:
    description: As in O(services[].private).
    type: str
    choices: ["y", "n", "-"]
  unpriv:
    description: As in O(services[].unpriv).
    type: str
    choices: ["y", "n", "-"]
  chroot:
    description: As in O(services[].chroot).
    type: str
    choices: ["y", "n", "-"]
  wakeup:
    description: As in O(services[].wakeup).
    type: str
  maxproc:
    description: As in O(services[].maxproc).
    type: str
notes:
  - The module does not reload Postfix. See RV(reload_required).
seealso:
  - module: postmaster.mail.postconf_param
  - name: The master.cf file
    description: Fields, types and commands of an entry.
    link: https://www.postfix.org/master.5.html
"""

EXAMPLES = r"""
- name: Take mail from users on the two submission ports
  postmaster.mail.postfix_service:
    services:
      - name: submission
        type: inet
        command: smtpd
        options:
          smtpd_tls_security_level: encrypt
          smtpd_sasl_auth_enable: true
          smtpd_relay_restrictions: [permit_sasl_authenticated, reject]
      - name: submissions
        type: inet
        command: smtpd
        options:
          smtpd_tls_wrappermode: true
          smtpd_sasl_auth_enable: true
          smtpd_relay_restrictions: [permit_sasl_authenticated, reject]
      - name: smtps
        type: inet
        state: absent
  register: services

- name: Allow more deliveries at once
  postmaster.mail.postfix_service:
    name: smtp
    type: unix
    maxproc: "200"

- name: Hand mail for lists to a program
  postmaster.mail.postfix_service:
    name: lists
    type: unix
    unpriv: "n"
    chroot: "n"
    command: pipe flags=R user=list argv=/usr/local/bin/lists ${nexthop} ${user}
"""

RETURN = r"""
services:
  description: The entries that changed (or would), by C(name/type). Passwords are shown as V((hidden)).
  returned: success
  type: dict
  sample:
    smtps/inet:
      before: smtps inet n - y - - smtpd -o smtpd_tls_wrappermode=yes
      after: null
  contains:
    before:
      description: The entry as one line, V(null) if there was none.
      type: str
      returned: always
    after:
      description: >-
        The entry as one line, V(null) if there is none, or if check mode cannot tell because Postfix is not
        installed and no command is given.
      type: str
      returned: always
restart_required:
  description: Always V(false); services come and go with a reload.
  returned: success
  type: bool
reload_required:
  description: Whether Postfix must be told of the change.
  returned: success
  type: bool
deprecated:
  description: Wished options that this Postfix announces to drop, or has dropped. Versions before 3.9 announce none.
  returned: success
  type: list
  elements: dict
  sample:
    - name: smtpd_use_tls
      remedy: specify "smtpd_tls_security_level"
  contains:
    name:
      description: The parameter.
      type: str
      returned: always
    remedy:
      description: What to do instead, in the words of Postfix.
      type: str
      returned: always
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._master_cf import EntryError
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_plan import (
    ServiceWish,
    planned_afresh,
    public_diff,
    service_wish,
)
from ansible_collections.postmaster.mail.plugins.module_utils._master_cf_task import ServicesOutcome, set_services
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import WishError, secret_texts
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_module import (
    INSTANCE_SPEC,
    NAMED_SERVICE_SPEC,
    SERVICE_SPEC,
    SystemResolver,
    perform,
    tell,
)


def report(module: AnsibleModule, outcome: ServicesOutcome) -> t.NoReturn:
    tell(module, outcome.deprecated, outcome.notes)
    changed = bool(outcome.changes)
    result: dict[str, t.Any] = {
        "changed": changed,
        "services": {change.service: change.public() for change in outcome.changes},
        "restart_required": False,
        "reload_required": changed,
        "deprecated": list(outcome.deprecated),
    }
    if module._diff:
        result["diff"] = public_diff(outcome.changes)
    module.exit_json(**result)


def read_wishes(arguments: t.Mapping[str, t.Any]) -> list[ServiceWish]:
    """Return the wished services. Raises EntryError or WishError."""
    if arguments["services"] is not None:
        return [service_wish(raw) for raw in arguments["services"]]
    return [service_wish(arguments)]


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "services": {"type": "list", "elements": "dict", "options": NAMED_SERVICE_SPEC},
            **SERVICE_SPEC,
            **INSTANCE_SPEC,
        },
        mutually_exclusive=[("services", "name")],
        required_one_of=[("services", "name")],
        required_by={"name": ("type",), **{key: ("name",) for key in SERVICE_SPEC if key not in ("name", "state")}},
        supports_check_mode=True,
    )
    try:
        wishes = read_wishes(module.params)
    except (EntryError, WishError) as error:
        module.fail_json(msg=str(error))
    module.no_log_values.update(secret_texts(option for item in wishes for option in item.options or ()))
    outcome = perform(
        module,
        lambda instance: set_services(instance, wishes, SystemResolver()),
        lambda: ServicesOutcome(changes=planned_afresh(wishes)),
    )
    report(module, outcome)


if __name__ == "__main__":
    main()
