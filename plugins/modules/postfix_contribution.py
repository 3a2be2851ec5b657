#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postfix_contribution
short_description: Contribute to the configuration of a Postfix that several owners share
version_added: "1.0.0"
author: ["The postmaster.mail authors (@postmaster-mail)"]
description:
  - Several owners, such as roles and the administrator, each say what they need in C(main.cf) and C(master.cf). The
    module composes it, and remembers in a ledger who said what and what the configuration was before anybody did.
  - Every call replaces all that its owner said before. What nobody names any more gets back the value, or the entry,
    that it had before the first owner named it; when nothing is named any more, C(postconf -n) and C(postconf -M) are
    what they were.
  - The change is made on a copy first. What would leave Postfix unable to read its configuration is refused, and the
    live files are not touched. Faults that were there before are not held against the task.
  - If Postfix runs, it is reloaded, or restarted where a reload is not enough. Then its master daemon must run and
    every C(inet) service must answer; if not, both files and the ledger get their earlier content back, Postfix is
    restarted with it, and the task fails with the lines that Postfix logged.
  - The ledger is C(postmaster.json) in the folder of C(main.cf), for root only, because it holds passwords if values
    do. It is written before the files are replaced. A task that is killed loses no earlier value; the next
    one for that Postfix finishes what was begun. The file goes away with the last contribution.
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._postfix
  - postmaster.mail._postfix.checks
options:
  owner:
    description: Who speaks, for example V(postmaster.mail.postfix).
    type: str
    required: true
  state:
    description: Whether the owner has something to say. V(absent) takes back all that it said.
    type: str
    choices: [present, absent]
    default: present
  contributions:
    description:
      - All that the owner says. An empty list takes back everything, as O(state=absent) does.
      - Required if O(state=present), refused if O(state=absent).
    type: list
    elements: dict
    suboptions:
      name:
        description: A name for this part, unique within the call.
        type: str
        required: true
      order:
        description:
          - Rank among the contributions of all owners. List elements come in this order; where only one value is
            possible, the highest wins. Equal ranks go by owner, then by name.
        type: int
        default: 500
      params:
        description:
          - Parameters by name, in the same forms as O(postmaster.mail.postconf_param#module:params).
          - A value set here is the whole value; O(contributions[].lists) of anybody do not count for that parameter
            then, of which the module warns.
          - With C(elements) the value that comes of all lower ranks is edited. A parameter that nobody else names
            starts from its earlier value, one that was not set from its built-in default.
        type: dict
      lists:
        description:
          - Elements for list parameters, by the parameter's name. The elements of all owners are put together in
            order, and duplicates are dropped.
          - Each is a list, or a dictionary with the keys C(elements) (that list) and C(earlier) (what becomes of the
            elements that the host had before; V(drop), which is the default, or V(first) or V(last)). If owners
            disagree, the highest rank that says V(first) or V(last) decides.
          - An element is text, or a dictionary with the keys C(value) and C(order) for a rank of its own.
        type: dict
      services:
        description:
          - Entries of C(master.cf). Where several owners name one service, they are laid over each other field by
            field and option by option, the highest rank on top.
        type: list
        elements: dict
        suboptions:
          name:
            description: As O(postmaster.mail.postfix_service#module:services[].name).
            type: str
            required: true
          type:
            description: Kind of the service.
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
              - As O(postmaster.mail.postfix_service#module:services[].command).
              - Required for an entry that the host did not have, unless somebody else names it.
            type: str
          options:
            description: As O(postmaster.mail.postfix_service#module:services[].options). Without any, old ones stay.
            type: dict
          private:
            description: As O(postmaster.mail.postfix_service#module:services[].private).
            type: str
            choices: ["y", "n", "-"]
          unpriv:
            description: As O(postmaster.mail.postfix_service#module:services[].unpriv).
            type: str
            choices: ["y", "n", "-"]
          chroot:
            description: As O(postmaster.mail.postfix_service#module:services[].chroot).
            type: str
            choices: ["y", "n", "-"]
          wakeup:
            description: As O(postmaster.mail.postfix_service#module:services[].wakeup).
            type: str
          maxproc:
            description: As O(postmaster.mail.postfix_service#module:services[].maxproc).
            type: str
  reload:
    description:
      - Whether a running Postfix is told of the change and must prove that it answers. If V(false), only the files
        change; see RV(reload_required).
      - A Postfix that does not run is not started, unless a task that was killed had stopped it.
    type: bool
    default: true
  listen_timeout:
    description:
      - Seconds within which all listeners must answer after the change. An C(smtpd) or C(postscreen) must greet, with
        C(smtpd_tls_wrappermode) after a TLS handshake, without a look at the certificate. A greeting with code 4xx, as
        when a milter cannot be reached, does not count. Of others, and behind a proxy, a connection is enough.
      - A listener that does not answer before the change either does not make the task fail; the module warns.
    type: int
    default: 10
notes:
  - Parameters and services that somebody contributes should not be set by other means; the next call sets them again.
seealso:
  - module: postmaster.mail.postconf_param
  - module: postmaster.mail.postfix_service
"""

EXAMPLES = r"""
- name: Let users send mail through the submission port
  postmaster.mail.postfix_contribution:
    owner: org.example.submission
    contributions:
      - name: submission
        params:
          smtpd_tls_security_level: may
        lists:
          smtpd_relay_restrictions:
            - {value: permit_sasl_authenticated, order: 200}
            - {value: reject_unauth_destination, order: 900}
          virtual_alias_maps:
            elements: ["lmdb:/etc/postfix/aliases-of-users"]
            earlier: last
        services:
          - name: submission
            type: inet
            command: smtpd
            options:
              smtpd_tls_security_level: encrypt

- name: Let a filter look at mail before others do
  postmaster.mail.postfix_contribution:
    owner: org.example.filter
    contributions:
      - name: milter
        order: 100
        lists:
          smtpd_milters: [inet:127.0.0.1:11332]

- name: Take the filter away again
  postmaster.mail.postfix_contribution:
    owner: org.example.filter
    state: absent
"""

RETURN = r"""
params:
  description: The parameters of C(main.cf) that changed (or would), by name. Passwords are shown as V((hidden)).
  returned: success
  type: dict
  contains:
    before:
      description: The value that was set, V(null) if none was.
      type: str
      returned: always
    after:
      description: The value that is set now, V(null) if none is.
      type: str
      returned: always
services:
  description: The entries of C(master.cf) that changed (or would), by C(name/type). Passwords are shown as V((hidden)).
  returned: success
  type: dict
  contains:
    before:
      description: The entry as one line, V(null) if there was none.
      type: str
      returned: always
    after:
      description: The entry as one line, V(null) if there is none.
      type: str
      returned: always
taken_over:
  description: What the host had set to something else, and this call took over.
  returned: success
  type: dict
  contains:
    params:
      description: The earlier values by the parameters' names. Passwords are shown as V((hidden)).
      type: dict
      returned: always
    services:
      description: The earlier entries by C(name/type).
      type: dict
      returned: always
restored:
  description: The parameters and services that nobody names any more, so that they are again what they were before.
  returned: success
  type: list
  elements: str
reloaded:
  description: What was done (or would be) for Postfix to take the change; V(none), V(reload) or V(restart).
  returned: success
  type: str
restart_required:
  description: >-
    Whether the change needs a restart, because a parameter Postfix reads only then has another effective value. See
    RV(reloaded) for whether it was done.
  returned: success
  type: bool
reload_required:
  description: Whether Postfix must still be told of the change, because O(reload=false).
  returned: success
  type: bool
listeners:
  description: The listeners that Postfix has after the change, none if RV(reloaded) is V(none).
  returned: success, and failure after the files were replaced
  type: list
  elements: dict
  contains:
    service:
      description: The entry of C(master.cf) as C(name/type).
      type: str
      returned: always
    address:
      description: The address that was tried.
      type: str
      returned: always
    port:
      description: The port that was tried.
      type: int
      returned: always
    answered:
      description: Whether the listener answered, V(null) in check mode.
      type: bool
      returned: always
log:
  description: What Postfix complained about after the change, twenty lines at most.
  returned: failure after the files were replaced
  type: list
  elements: str
deprecated:
  description: Wished parameters that this Postfix announces to drop, or has dropped. Versions before 3.9 announce none.
  returned: success
  type: list
  elements: dict
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
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_plan import WishError
from ansible_collections.postmaster.mail.plugins.module_utils._postconf_task import Instance
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_activation import ActivationError
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_contribution import (
    Host,
    Request,
    Result,
    contribute,
    foresee,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_control import PostfixControl
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_greeting import SystemNetwork
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_module import (
    INSTANCE_SPEC,
    NAMED_SERVICE_SPEC,
    POSTFIX_PATHS,
    SystemResolver,
    perform,
    tell,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postfix_shares import contributions, secret_values

_CONTRIBUTION_SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "order": {"type": "int", "default": 500},
    "params": {"type": "dict"},
    "lists": {"type": "dict"},
    "services": {"type": "list", "elements": "dict", "options": NAMED_SERVICE_SPEC},
}


def report(module: AnsibleModule, result: Result) -> t.NoReturn:
    tell(module, result.deprecated, result.notes)
    plan = result.plan
    output: dict[str, t.Any] = {
        "changed": result.changed,
        "params": {change.name: change.public() for change in plan.params},
        "services": {change.service: change.public() for change in plan.services},
        "taken_over": plan.taken_over(),
        "restored": plan.restored,
        "reloaded": result.action,
        "restart_required": result.restart_required,
        "reload_required": result.reload_required,
        "listeners": [answer.public() for answer in result.answers],
        "deprecated": list(result.deprecated),
    }
    if module._diff:
        output["diff"] = plan.diff()
    module.exit_json(**output)


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec={
            "owner": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "contributions": {"type": "list", "elements": "dict", "options": _CONTRIBUTION_SPEC},
            "reload": {"type": "bool", "default": True},
            "listen_timeout": {"type": "int", "default": 10},
            **INSTANCE_SPEC,
        },
        required_if=[("state", "present", ["contributions"])],
        supports_check_mode=True,
    )
    owner, absent = module.params["owner"], module.params["state"] == "absent"
    if not owner.strip():
        module.fail_json(msg="The owner has no name. Name the role or the person that speaks.")
    if absent and module.params["contributions"]:
        module.fail_json(msg="There are contributions, but state is absent. Drop one of the two.")
    if module.params["listen_timeout"] < 1:
        module.fail_json(msg="The listen_timeout is less than a second. Give Postfix at least one.")
    try:
        shares = contributions(owner, module.params["contributions"] or [])
    except (EntryError, WishError) as error:
        module.fail_json(msg=str(error))
    module.no_log_values.update(secret_values(shares))
    request = Request(owner, shares, module.params["reload"], module.params["listen_timeout"])

    def task(instance: Instance) -> Result:
        postfix = module.get_bin_path("postfix", opt_dirs=POSTFIX_PATHS) or "postfix"
        host = Host(PostfixControl(instance.runner, postfix), SystemNetwork(), SystemResolver())
        try:
            return contribute(instance, request, host)
        except ActivationError as error:
            listeners = [answer.public() for answer in error.answers]
            module.fail_json(msg=str(error), listeners=listeners, log=list(error.log))

    report(module, perform(module, task, lambda: foresee(request), needs_postfix=not absent))


if __name__ == "__main__":
    main()
