#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_policy
short_description: Ask whether an SMTP server would accept a sender and recipients, and which line decides
version_added: "1.0.0"
description:
  - Speaks to an SMTP server up to the recipients and ends the dialogue with RSET and QUIT. C(DATA) is never said, so
    no mail is ever sent.
  - Besides, goes through the restriction lists of the Postfix on the target the way C(smtpd) does, with its lookup
    tables, and names the restriction that decides.
  - What only another server or program can tell (DNS, DNS block lists, policy services, address verification) is not
    guessed but listed in RV(results[].unknown).
  - A refusal is a result and no failure. The module fails if the server cannot be asked.
options:
  host:
    description: The server to ask.
    type: str
    default: 127.0.0.1
  port:
    description: Its port. Also says which service of C(master.cf) counts for O(config=true), with its own parameters.
    type: int
    default: 25
  timeout:
    description: Seconds to wait for the connection and for each reply. Postfix may take its time over DNS.
    type: int
    default: 60
  dialogue:
    description:
      - Whether to speak to the server. V(false) only evaluates the configuration, for example before it is put into
        force by a reload; O(xclient) is then the client in question and O(login_user) needs no password.
    type: bool
    default: true
  config:
    description:
      - Whether to evaluate the configuration of the Postfix on the target. Sensible if that is the server asked.
    type: bool
    default: true
  helo:
    description: Name for EHLO. Without it the host name of the target.
    type: str
  sender:
    description: Envelope sender; empty for a bounce.
    type: str
    default: ""
  recipients:
    description: Envelope recipients. Either this or O(envelopes) is required.
    type: list
    elements: str
  envelopes:
    description:
      - Any number of envelopes in one go, each with a dialogue of its own. What an envelope does not say is taken from
        the option of the same name of the task.
      - Results are in RV(envelopes). An envelope that the server could not be asked about is judged by the
        configuration alone, unless O(config=false), and so are the others for that port of that server.
    type: list
    elements: dict
    suboptions:
      host:
        description: See O(host).
        type: str
      port:
        description: See O(port).
        type: int
      tls:
        description: See O(tls).
        type: str
        choices: [none, starttls, implicit]
      helo:
        description: See O(helo).
        type: str
      sender:
        description: See O(sender).
        type: str
      recipients:
        description: See O(recipients).
        type: list
        elements: str
        required: true
      dialogue:
        description: See O(dialogue).
        type: bool
      config_client:
        description:
          - Address of the client that the configuration is asked about where there is no dialogue. A server that is
            asked sees the client that it sees.
        type: str
  tls:
    description: Whether to encrypt, and how.
    type: str
    choices: [none, starttls, implicit]
    default: none
  validate_certs:
    description: Whether the certificate of the server must be valid for O(host).
    type: bool
    default: true
  ca_path:
    description: PEM file on the target with the certificates to trust, instead of those of the system.
    type: path
  login_user:
    description: User to log in as.
    type: str
  login_password:
    description: Password of O(login_user).
    type: str
  xclient:
    description:
      - The client that the server shall take the module for, by the XCLIENT command. It is an error if the server
        does not offer this command, see C(smtpd_authorized_xclient_hosts) in C(postconf(5\)).
    type: dict
    suboptions:
      addr:
        description: Address of the client.
        type: str
        required: true
      name:
        description: Verified name of the client. Without it the client has none.
        type: str
      helo:
        description: Name for EHLO, instead of O(helo).
        type: str
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.info
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._postfix
notes:
  - The evaluation knows the restriction lists for client, HELO, sender, relay and recipient with their tables and
    classes, and the check for listed recipients. It does not know milters, postscreen, rate limits, and
    C(smtpd_data_restrictions).
  - Names are not looked up in DNS, so a client without O(xclient.name) counts as one without a name.
seealso:
  - module: postmaster.mail.mail_probe
  - name: Postfix SMTP access control
    description: How the restriction lists work.
    link: https://www.postfix.org/SMTPD_ACCESS_README.html
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: A stranger must not relay
  postmaster.mail.smtp_policy:
    sender: mallory@example.net
    recipients: [victim@example.com]
    xclient:
      addr: 192.0.2.66
  register: policy
  failed_when: policy.results[0].verdict != 'refused'

- name: Say which line lets a message in
  ansible.builtin.debug:
    msg: "{{ policy.results[0].decided_by }}"

- name: A stranger must not relay over any of the ports
  postmaster.mail.smtp_policy:
    host: 192.0.2.25
    sender: mallory@example.net
    envelopes:
      - recipients: [victim@example.com]
      - {port: 587, tls: starttls, recipients: [victim@example.com, "victim%example.com@example.org"]}
  register: policy

- name: None of them accepted it
  ansible.builtin.assert:
    that: policy.envelopes | map(attribute='results') | flatten | selectattr('verdict', 'eq', 'accepted') | length == 0

- name: Judge a configuration before it is in force
  postmaster.mail.smtp_policy:
    dialogue: false
    sender: bob@example.net
    recipients: [alice@example.org, nobody@example.org]
    helo: client.example.net
    xclient:
      addr: 192.0.2.66
      name: client.example.net
"""

RETURN = r"""
envelopes:
  description: One entry for each of O(envelopes), in the order given.
  returned: with O(envelopes)
  type: list
  elements: dict
  contains:
    host:
      description: The server.
      type: str
    port:
      description: Its port.
      type: int
    unanswered:
      description: Why the server could not be asked, so that the configuration speaks alone; null if it was asked or
        was not to be asked.
      type: str
    results:
      description: One result for each recipient, as RV(results) has them.
      type: list
      elements: dict
    service:
      description: As RV(service).
      type: str
results:
  description: One result for each recipient, in the order given.
  returned: with O(recipients)
  type: list
  elements: dict
  contains:
    recipient:
      description: The recipient.
      type: str
    verdict:
      description:
        - V(accepted), V(refused) for good or V(deferred) for now, as the server said. With O(dialogue=false) as the
          configuration says, or V(unknown) if that depends on others.
      type: str
    step:
      description: Where in the dialogue it was decided, for example C(rcpt), C(mail) or C(auth); null without one.
      type: str
    code:
      description: Reply code; null if the server closed the connection, or without a dialogue.
      type: int
    enhanced_code:
      description: Enhanced status code, empty if there was none.
      type: str
      sample: 5.7.1
    text:
      description: Text of the reply.
      type: str
    decided_by:
      description: What decides, null if the configuration does not explain the answer.
      type: dict
      contains:
        parameter:
          description: The parameter of Postfix.
          type: str
          sample: smtpd_relay_restrictions
        restriction:
          description: The restriction in it.
          type: str
          sample: reject_unauth_destination
        lookup:
          description: The table, key and answer behind it, or what was compared; null if nothing was.
          type: str
    config_verdict:
      description: The verdict by the configuration alone, V(unknown) if that depends on others; null without O(config).
      type: str
    unknown:
      description: Restrictions whose answer only a dialogue can tell, each with parameter and reason.
      type: list
      elements: str
service:
  description: The service of C(master.cf) on O(port) whose parameters were evaluated; null if there is none.
  returned: with O(recipients)
  type: str
  sample: smtp/inet
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import ProbeError
from ansible_collections.postmaster.mail.plugins.module_utils._postconf import PostconfError
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy_task import (
    Configuration,
    check_options,
    judge,
    judge_envelopes,
)

_TLS = ["none", "starttls", "implicit"]


def _argument_spec() -> dict[str, t.Any]:
    return {
        "host": {"type": "str", "default": "127.0.0.1"},
        "port": {"type": "int", "default": 25},
        "timeout": {"type": "int", "default": 60},
        "dialogue": {"type": "bool", "default": True},
        "config": {"type": "bool", "default": True},
        "config_dir": {"type": "path"},
        "helo": {"type": "str"},
        "sender": {"type": "str", "default": ""},
        "recipients": {"type": "list", "elements": "str"},
        "envelopes": {
            "type": "list",
            "elements": "dict",
            "options": {
                "host": {"type": "str"},
                "port": {"type": "int"},
                "tls": {"type": "str", "choices": _TLS},
                "helo": {"type": "str"},
                "sender": {"type": "str"},
                "recipients": {"type": "list", "elements": "str", "required": True},
                "dialogue": {"type": "bool"},
                "config_client": {"type": "str"},
            },
        },
        "tls": {"type": "str", "choices": _TLS, "default": "none"},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "login_user": {"type": "str"},
        "login_password": {"type": "str", "no_log": True},
        "xclient": {
            "type": "dict",
            "options": {
                "addr": {"type": "str", "required": True},
                "name": {"type": "str"},
                "helo": {"type": "str"},
            },
        },
    }


def run(module: AnsibleModule) -> dict[str, t.Any]:
    """Ask, evaluate, report. Raises ProbeError, PostconfError."""
    params = module.params
    questions = [params]
    if params["envelopes"] is not None:
        questions = [
            {**params, **{name: value for name, value in envelope.items() if value is not None}}
            for envelope in params["envelopes"]
        ]
    for question in questions:
        check_options(question)
    configuration = None
    if params["config"]:
        postconf, postmap = module.get_bin_path("postconf"), module.get_bin_path("postmap")
        if postconf is None or postmap is None:
            raise PostconfError("Cannot find postconf and postmap. Run this on the mail server, or set config=false")
        configuration = Configuration(ModuleRunner(module), postconf, postmap, params["config_dir"])
    if params["envelopes"] is None:
        return judge(params, configuration)
    return {"envelopes": judge_envelopes(questions, configuration)}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec=_argument_spec(),
        mutually_exclusive=[("recipients", "envelopes")],
        required_one_of=[("recipients", "envelopes")],
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except (ProbeError, PostconfError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
