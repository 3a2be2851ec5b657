#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_probe
short_description: Prove what a mail server does, and what it refuses
version_added: "1.0.0"
description:
  - Acts as a mail client of any server. Sends a message by SMTP, waits until it can be fetched by IMAP or POP3, and
    compares what arrived with what was sent.
  - Proves refusals as well. A probe with O(expect=refused) succeeds only if the server really refused the step that was
    really tried, with the code that was expected. It stops behind that step, so an open relay gets nothing to relay.
  - Many probes can be run in one task with O(probes).
  - The probe fails if the server's name cannot be resolved, if a reply does not come in time, or if the reply is not of
    the protocol, even if a refusal was expected.
options:
  name:
    description:
      - Name of the probe in results and failures, if it is not one of O(probes).
    type: str
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._mail_probe
attributes:
  check_mode:
    support: partial
    details:
      - The options are checked and the messages are made, but nothing is connected to, and RV(results) is empty.
  diff_mode:
    support: none
  idempotent:
    support: N/A
    details:
      - Each run sends its messages anew. No change is reported, because what it sends is only there to be looked at.
notes:
  - The probe runs on the managed host. Delegate it to where a client would be.
  - Dovecot takes passwords in clear text if both ends of the connection have the same address. To prove that it does
    not, probe from elsewhere, or with another O(source_address).
  - Messages stay in the mailboxes unless O(fetch[].delete) is set.
  - The trusted certificates and attachments are read on the managed host.
  - Ansible masks each password wherever it occurs in the result. A password that is a part of a host or user name makes
    the result hard to read.
seealso:
  - module: postmaster.mail.postfix_service
  - module: postmaster.mail.maildir_user
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: Send a message and wait until it has arrived
  postmaster.mail.mail_probe:
    host: mail.example.org
    send:
      port: 587
      username: alice@example.org
      password: "{{ vault_alice }}"
      sender: alice@example.org
      recipients: [bob@example.org]
      subject: Übung
      body: Does it arrive?
    fetch:
      - protocol: imap
        username: bob@example.org
        password: "{{ vault_bob }}"
        delete: true

- name: What a stranger must not do
  postmaster.mail.mail_probe:
    host: mail.example.org
    probes:
      - name: Relay to a foreign domain
        expect: refused
        at: [rcpt]
        code: [554]
        enhanced: 5.7.1
        send:
          sender: mallory@example.net
          recipients: [victim@example.com, "victim%example.com@example.org"]
      - name: Log in without TLS
        expect: refused
        at: [login]
        response: PRIVACYREQUIRED
        fetch:
          - port: 143
            tls: none
            username: alice@example.org
            password: "{{ vault_alice }}"
      - name: Speak TLS 1.0
        expect: refused
        at: [tls]
        tls_max_version: TLSv1
        fetch:
          - port: 993

- name: No command from before STARTTLS is run after it
  postmaster.mail.mail_probe:
    dialogue:
      host: mail.example.org
      port: 25
      exchanges:
        - expect_code: [220]
        - send: "EHLO client.example.net\r\n"
          expect_code: [250]
        - send: "STARTTLS\r\nNOOP\r\n"
          expect_code: [220]
          starttls: true
        - silent: true
"""

RETURN = r"""
results:
  description: One entry for each probe, in their order. Also returned when the module fails.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the probe.
      type: str
    met:
      description: Whether it came out as expected.
      type: bool
    expected:
      description: What was expected, in words.
      type: str
    problems:
      description: What was not as expected; empty if RV(results[].met).
      type: list
      elements: str
    message_id:
      description: The C(Message-ID) sent or looked for.
      type: str
    steps:
      description:
        - The steps of the SMTP or raw dialogue, each with RV(ignore:step), RV(ignore:ok), RV(ignore:code),
          RV(ignore:enhanced), RV(ignore:text), RV(ignore:subject) (for example the recipient) and RV(ignore:seconds).
      type: list
      elements: dict
      sample:
        - step: rcpt
          ok: false
          code: 554
          enhanced: 5.7.1
          text: "5.7.1 <victim@example.com>: Relay access denied"
          subject: victim@example.com
          seconds: 0.004
    refused:
      description: The refusal that ended the probe, or null. V(at) is the step.
      type: dict
      sample:
        at: rcpt
        code: 554
        enhanced: 5.7.1
        text: "5.7.1 <victim@example.com>: Relay access denied"
        subject: victim@example.com
    tls:
      description: What the TLS handshake of the SMTP or raw dialogue agreed on, or null without TLS.
      type: dict
      sample:
        version: TLSv1.3
        cipher: TLS_AES_256_GCM_SHA384
        bits: 256
        certificate:
          subject: CN=mail.example.org
          issuer: CN=Example CA
          san: ["DNS:mail.example.org"]
          serial: 5A01
          not_before: "2026-01-01T00:00:00Z"
          not_after: "2027-01-01T00:00:00Z"
          fingerprint: b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9
    capabilities:
      description: The C(EHLO) keywords with their parameters, those of the second greeting where TLS was started.
      type: list
      elements: str
    capabilities_before_tls:
      description: The C(EHLO) keywords before STARTTLS, or null.
      type: list
      elements: str
    size:
      description: Size in bytes of the message that was made.
      type: int
    sha256:
      description: SHA-256 of the message that was made.
      type: str
    delivered_in:
      description: Seconds between the end of sending and the moment the message was seen in the last mailbox, or null.
      type: float
    received:
      description:
        - The C(Received) header fields of the first message that was fetched, newest first, each with
          RV(ignore:from_host), RV(ignore:by), RV(ignore:protocol) (C(with)), RV(ignore:tls), RV(ignore:recipient) and
          RV(ignore:date).
      type: list
      elements: dict
    authentication_results:
      description: The C(Authentication-Results) header fields of that message.
      type: list
      elements: str
    headers:
      description: All header fields of that message, each with RV(ignore:name) and the decoded RV(ignore:value).
      type: list
      elements: dict
    fetches:
      description: One entry for each of O(fetch), in their order.
      type: list
      elements: dict
      contains:
        protocol:
          description: V(imap) or V(pop3).
          type: str
        host:
          description: The server.
          type: str
        username:
          description: Who logged in.
          type: str
        mailbox:
          description: The mailbox.
          type: str
        found:
          description: Whether the message was there.
          type: bool
        copies:
          description: How often it was there.
          type: int
        delivered_in:
          description: Seconds until it was seen, or null.
          type: float
        steps:
          description: As RV(results[].steps), without codes.
          type: list
          elements: dict
        tls:
          description: As RV(results[].tls).
          type: dict
        capabilities:
          description: The last answer to C(CAPABILITY) or C(CAPA).
          type: list
          elements: str
        capabilities_before_tls:
          description: The answer before STARTTLS, or null.
          type: list
          elements: str
        size:
          description: Size in bytes of the message that was fetched.
          type: int
        sha256:
          description: SHA-256 of the message that was fetched.
          type: str
        mime_parts:
          description:
            - The decoded leaves of the message, each with RV(ignore:content_type), RV(ignore:filename), RV(ignore:size)
              and RV(ignore:sha256).
          type: list
          elements: dict
        received:
          description: As RV(results[].received).
          type: list
          elements: dict
        authentication_results:
          description: As RV(results[].authentication_results).
          type: list
          elements: str
        headers:
          description: As RV(results[].headers).
          type: list
          elements: dict
failed_probes:
  description: Names of the probes that did not come out as expected.
  returned: always
  type: list
  elements: str
"""

import concurrent.futures
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe import PlanError, plan_probes
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe_report import failure, report
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe_run import run_probe
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe_spec import argument_spec


def main() -> t.NoReturn:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("probes", "send"), ("probes", "fetch"), ("probes", "dialogue"), ("probes", "name")],
        supports_check_mode=True,
    )
    if module.params["parallel"] < 1:
        module.fail_json(
            msg=f"parallel is {module.params['parallel']}, but at least 1 probe has to run at a time.",
            results=[],
            failed_probes=[],
        )
    try:
        plans = plan_probes(module.params)
    except PlanError as error:
        module.fail_json(msg=str(error), results=[], failed_probes=[])
    if module.check_mode:
        names = ", ".join(plan.name for plan in plans)
        module.exit_json(
            changed=False,
            msg=f"Check mode: nothing was connected to. A real run carries out: {names}.",
            results=[],
            failed_probes=[],
        )
    with concurrent.futures.ThreadPoolExecutor(max_workers=module.params["parallel"]) as pool:
        results = list(pool.map(run_probe, plans))
    reported = [report(result) for result in results]
    failed = [result.plan.name for result in results if result.problems]
    problem = failure(results)
    if problem:
        module.fail_json(msg=problem, results=reported, failed_probes=failed)
    module.exit_json(changed=False, results=reported, failed_probes=failed)


if __name__ == "__main__":
    main()
