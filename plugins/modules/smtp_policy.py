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
    description: Envelope recipients.
    type: list
    elements: str
    required: true
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
results:
  description: One result for each recipient, in the order given.
  returned: success
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
  returned: success
  type: str
  sample: smtp/inet
"""

import ipaddress
import re
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_smtp import Envelope
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import (
    Endpoint,
    ProbeError,
    TlsSettings,
    Transcript,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postconf import Postconf, PostconfError
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy import (
    Answer,
    Client,
    PolicyDialogue,
    ask,
    attribute,
)
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy_config import Settings, Tables, read_settings
from ansible_collections.postmaster.mail.plugins.module_utils._smtp_policy_rules import Evaluator, Outcome, Session

_NOT_IN_COMMAND = re.compile(r"[\x00-\x1f\x7f<>]")


def check_options(params: dict[str, t.Any]) -> None:
    """Raise ProbeError for what cannot be said to a server."""
    client = params["xclient"] or {}
    for name in ("helo", "sender", "login_user"):
        _check_text(name, params[name])
    for recipient in params["recipients"]:
        _check_text("recipients", recipient)
    for name in ("addr", "name", "helo"):
        _check_text(f"xclient.{name}", client.get(name))
    if not params["recipients"] or not all(params["recipients"]):
        raise ProbeError("recipients must name at least one address, and none of them may be empty.")
    if not params["dialogue"] and not params["config"]:
        raise ProbeError("dialogue=false and config=false leave nothing to do.")
    if client:
        try:
            ipaddress.ip_address(client["addr"])
        except ValueError as error:
            raise ProbeError(f"xclient.addr '{client['addr']}' is not an IP address.") from error


def _check_text(name: str, value: str | None) -> None:
    if value and _NOT_IN_COMMAND.search(value):
        raise ProbeError(f"{name} contains a control character or an angle bracket.")


def make_client(raw: dict[str, t.Any] | None) -> Client | None:
    """Turn the option into a client."""
    if raw is None:
        return None
    return Client(address=raw["addr"], name=raw["name"] or "", helo=raw["helo"] or "")


def speak(params: dict[str, t.Any], client: Client | None) -> tuple[list[Answer], str]:
    """Return the answers of the server, and the address it saw. Raises ProbeError."""
    endpoint = Endpoint(
        host=params["host"],
        port=params["port"],
        tls=params["tls"],
        username=params["login_user"] or "",
        password=params["login_password"] or "",
        connect_timeout=params["timeout"],
        reply_timeout=params["timeout"],
        settings=TlsSettings(ca_path=params["ca_path"] or "", validate=params["validate_certs"]),
    )
    envelope = Envelope(
        sender=params["sender"],
        recipients=tuple(params["recipients"]),
        message=b"",
        helo=(client.helo if client is not None else "") or params["helo"] or "",
        stop_before="data",
    )
    transcript = Transcript([endpoint.password])
    dialogue = PolicyDialogue(endpoint, transcript, client)
    answers = ask(dialogue, transcript, envelope)
    return answers, dialogue.local_address


def evaluate(
    module: AnsibleModule, client: Client, answers: t.Mapping[str, Answer]
) -> tuple[Settings, dict[str, Outcome]]:
    """Return what the configuration of the target says about each recipient. Raises PostconfError."""
    params = module.params
    postconf, postmap = module.get_bin_path("postconf"), module.get_bin_path("postmap")
    if postconf is None or postmap is None:
        raise PostconfError("Cannot find postconf and postmap. Run this on the mail server, or set config=false")
    runner = ModuleRunner(module)
    settings = read_settings(Postconf(runner, postconf, params["config_dir"]), params["port"])
    tables = Tables(runner, postmap, params["config_dir"])
    outcomes = {}
    for recipient in params["recipients"]:
        answer = answers.get(recipient)
        login = params["login_user"] if answer is None or answer.step != "auth" else None
        session = Session(
            address=client.address,
            name=client.name or "unknown",
            helo=client.helo or params["helo"] or "",
            sender=params["sender"],
            recipient=recipient,
            login=login,
            tls=params["tls"] != "none",
        )
        outcomes[recipient] = Evaluator(settings, tables, session).run()
    return settings, outcomes


def describe(recipient: str, answer: Answer | None, outcome: Outcome | None) -> dict[str, t.Any]:
    """Return the result for one recipient."""
    decision = None
    if outcome is not None:
        decision = attribute(answer, outcome) if answer is not None else outcome.decision
    return {
        "recipient": recipient,
        "verdict": answer.verdict if answer is not None else (outcome.verdict if outcome is not None else "unknown"),
        "step": None if answer is None else answer.step,
        "code": None if answer is None else answer.code,
        "enhanced_code": "" if answer is None else answer.enhanced,
        "text": "" if answer is None else answer.text,
        "decided_by": None
        if decision is None
        else {
            "parameter": decision.parameter,
            "restriction": decision.restriction,
            "lookup": decision.lookup,
        },
        "config_verdict": None if outcome is None else outcome.verdict,
        "unknown": [] if outcome is None else [str(item) for item in outcome.unknown],
    }


def run(module: AnsibleModule) -> None:
    """Ask, evaluate, report. Raises ProbeError, PostconfError."""
    params = module.params
    check_options(params)
    client = make_client(params["xclient"])
    answers: dict[str, Answer] = {}
    seen_as = "127.0.0.1"
    if params["dialogue"]:
        told, seen_as = speak(params, client)
        answers = {answer.recipient: answer for answer in told}
    settings: Settings | None = None
    outcomes: dict[str, Outcome] = {}
    if params["config"]:
        local_name = "localhost" if ipaddress.ip_address(seen_as).is_loopback else ""
        settings, outcomes = evaluate(module, client or Client(address=seen_as, name=local_name), answers)
    module.exit_json(
        changed=False,
        results=[
            describe(recipient, answers.get(recipient), outcomes.get(recipient)) for recipient in params["recipients"]
        ],
        service=None if settings is None else settings.service,
    )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "default": "127.0.0.1"},
            "port": {"type": "int", "default": 25},
            "timeout": {"type": "int", "default": 60},
            "dialogue": {"type": "bool", "default": True},
            "config": {"type": "bool", "default": True},
            "config_dir": {"type": "path"},
            "helo": {"type": "str"},
            "sender": {"type": "str", "default": ""},
            "recipients": {"type": "list", "elements": "str", "required": True},
            "tls": {"type": "str", "choices": ["none", "starttls", "implicit"], "default": "none"},
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
        },
        supports_check_mode=True,
    )
    try:
        run(module)
    except (ProbeError, PostconfError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
