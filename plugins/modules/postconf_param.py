#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postconf_param
short_description: Manage parameters of Postfix
version_added: "1.0.0"
author: ["The postmaster.mail authors (@postmaster-mail)"]
description:
  - Sets, edits and drops parameters in C(main.cf), or the C(-o) overrides of one service in C(master.cf).
  - Any number of parameters takes one C(postconf) to read and one to write; checking a change beforehand takes a few
    more, however many parameters there are. When nothing changes, only the reading one runs.
  - Values are compared after runs of white space are collapsed, as C(postconf) prints them. Commas count.
  - The change is made on a copy first. What would leave Postfix unable to read its configuration is refused, and the
    live file is not touched.
    Faults that were there before are not held against the task.
  - Mode, owner, SELinux context and symbolic link of the file stay as they are.
  - A parameter that C(main.cf) sets more than once is changed everywhere in it.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._postfix
  - postmaster.mail._postfix.checks
options:
  params:
    description:
      - Parameters by name. A value is text, a whole number, a boolean (V(yes) or V(no) for Postfix), a list (joined
        by C(", ")), or a
        dictionary with the keys C(value), C(state) (V(present) or V(absent)) and C(elements) (see O(elements)).
      - Line breaks in a value become one blank. Decimal numbers are refused because they lose digits (C(3.10)); quote
        them.
      - Either this or O(name) is required.
    type: dict
  name:
    description: A single parameter.
    type: str
  value:
    description:
      - Value of O(name), in the same forms as in O(params) except for the dictionary.
      - Required unless O(state=absent).
    type: raw
  state:
    description: Whether O(name) is set. V(absent) drops it from the file, so that the built-in default applies.
    type: str
    choices: [present, absent]
    default: present
  elements:
    description:
      - How the value of O(name) is meant. V(exact) is the whole value.
      - V(present) appends those list elements that are missing, V(absent) cuts them out; order and separators of the
        others stay.
      - The elements are those of a YAML list, or the parts of a text between commas. One of several words, such as
        V(check_policy_service unix:private/policy), counts as there when its words stand in a row.
      - Groups in braces are one element. A parameter that is not set starts from its built-in default, a service's
        override from nothing.
    type: str
    choices: [exact, present, absent]
    default: exact
  service:
    description:
      - Name and type of an entry in C(master.cf), for example V(submission/inet). The parameters are then its C(-o)
        overrides.
      - Values with blanks are written in braces. It is an error if there is no such entry.
    type: str
notes:
  - The module does not reload Postfix. See RV(reload_required) and RV(restart_required).
seealso:
  - module: postmaster.mail.postfix_service
  - module: postmaster.mail.postfix_map
  - name: Postfix configuration parameters
    description: All parameters, their syntax and defaults.
    link: https://www.postfix.org/postconf.5.html
"""

EXAMPLES = r"""
- name: Name the host and take mail on all addresses
  postmaster.mail.postconf_param:
    params:
      myhostname: mail.example.org
      inet_interfaces: all
      smtpd_helo_required: true
      message_size_limit: 52428800
      mynetworks: [127.0.0.0/8, "[::1]/128"]
      relayhost:
        state: absent
  register: parameters

- name: Restart Postfix where a reload is not enough
  ansible.builtin.service:
    name: postfix
    state: restarted
  when: parameters.restart_required

- name: Add a milter without touching the others
  postmaster.mail.postconf_param:
    name: smtpd_milters
    value: inet:127.0.0.1:11332
    elements: present

- name: Require encryption on the submission port
  postmaster.mail.postconf_param:
    service: submission/inet
    params:
      smtpd_tls_security_level: encrypt
      smtpd_relay_restrictions: [permit_sasl_authenticated, reject]
"""

RETURN = r"""
params:
  description: The parameters that changed (or would), by name. Passwords are shown as V((hidden)).
  returned: success
  type: dict
  sample:
    relayhost:
      before: "[smtp.example.net]:587"
      after: null
  contains:
    before:
      description: The value that was set, V(null) if none was.
      type: str
      returned: always
    after:
      description: The value that is set now, V(null) if none is.
      type: str
      returned: always
restart_required:
  description: >-
    Whether Postfix must be stopped and started, because a parameter it reads only then now has another effective
    value.
  returned: success
  type: bool
reload_required:
  description: >-
    Whether Postfix must be told of the change. Also V(true) when RV(restart_required) is; a restart does both.
  returned: success
  type: bool
deprecated:
  description: Wished parameters that this Postfix announces to drop, or has dropped. Versions before 3.9 announce none.
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

from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import (
    Change,
    Wish,
    WishError,
    diff_text,
    secret_texts,
    wish,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_task import (
    Instance,
    Outcome,
    set_overrides,
    set_parameters,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_module import INSTANCE_SPEC, perform, tell


def read_wishes(arguments: t.Mapping[str, t.Any]) -> list[Wish]:
    """Return the wished parameters. Raises WishError."""
    if arguments["params"] is not None:
        return [wish(str(name), raw) for name, raw in arguments["params"].items()]
    if arguments["state"] == "absent":
        return [wish(arguments["name"], {"state": "absent", "elements": arguments["elements"]})]
    if isinstance(arguments["value"], dict):
        raise WishError("The option value is a dictionary. Use params for that form.")
    return [wish(arguments["name"], {"value": arguments["value"], "elements": arguments["elements"]})]


def without_postfix(wishes: t.Sequence[Wish]) -> Outcome:
    """Return what would change on a host that has no Postfix yet."""
    return Outcome(changes=tuple(Change(item.name, None, item.text) for item in wishes if item.text is not None))


def report(module: AnsibleModule, outcome: Outcome) -> t.NoReturn:
    service = module.params["service"]
    tell(module, outcome.deprecated, outcome.notes)
    changed = bool(outcome.changes)
    result: dict[str, t.Any] = {
        "changed": changed,
        "params": {change.name: change.public() for change in outcome.changes},
        "restart_required": outcome.restart_required,
        "reload_required": changed,
        "deprecated": list(outcome.deprecated),
    }
    if module._diff:
        result["diff"] = diff_text(outcome.changes, prefix=f"{service}/" if service else "")
    module.exit_json(**result)


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "params": {"type": "dict"},
            "name": {"type": "str"},
            "value": {"type": "raw"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "elements": {"type": "str", "choices": ["exact", "present", "absent"], "default": "exact"},
            "service": {"type": "str"},
            **INSTANCE_SPEC,
        },
        mutually_exclusive=[("params", "name"), ("params", "value")],
        required_one_of=[("params", "name")],
        required_by={"value": ("name",)},
        supports_check_mode=True,
    )
    try:
        wishes = read_wishes(module.params)
    except WishError as error:
        module.fail_json(msg=str(error))
    module.no_log_values.update(secret_texts(wishes))

    def task(instance: Instance) -> Outcome:
        if module.params["service"]:
            return set_overrides(instance, module.params["service"], wishes)
        return set_parameters(instance, wishes)

    report(module, perform(module, task, lambda: without_postfix(wishes)))


if __name__ == "__main__":
    main()
