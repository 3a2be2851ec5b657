#!/usr/bin/python

# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postfix_queue
short_description: Look into the mail queue of Postfix and act on messages in it
version_added: "1.0.0"
description:
  - Reports what is in the mail queue, and holds, releases, requeues, flushes or deletes the messages
    that a filter selects.
  - Reading works while Postfix is stopped, if the module runs as root; RV(running) tells. Flushing needs
    a running Postfix.
options:
  action:
    description:
      - What to do with the selected messages. V(info) only reports.
      - V(hold) keeps messages from being tried, until V(release).
      - V(requeue) lets messages pass through address rewriting again, for example after a change of the aliases.
        Postfix picks them up within a minute.
      - V(flush) tries deferred messages now.
      - V(delete) removes messages for good; nobody is told.
      - Every action but V(info) needs O(filter) or O(all=true).
    type: str
    choices: [info, hold, release, requeue, flush, delete]
    default: info
  filter:
    description:
      - Which messages are meant. A message must satisfy all that is given.
      - O(filter.recipient), O(filter.recipient_domain) and O(filter.reason) must be satisfied by one and the
        same recipient.
    type: dict
    suboptions:
      queue:
        description: Names of queues.
        type: list
        elements: str
        choices: [active, deferred, hold, incoming, maildrop, corrupt]
      sender:
        description:
          - Regular expression found in the envelope sender, without regard to case. Bounces have C(MAILER-DAEMON).
        type: str
      recipient:
        description: Regular expression found in the address of a recipient still to be served, without regard to case.
        type: str
      recipient_domain:
        description: Regular expression found in the domain of such a recipient, without regard to case.
        type: str
      reason:
        description: Regular expression found in the reason for the delay, without regard to case.
        type: str
      older_than:
        description: Least age in seconds.
        type: int
      younger_than:
        description: Age in seconds that is not reached yet.
        type: int
      ids:
        description: Queue ids.
        type: list
        elements: str
  all:
    description: Act on every message in the queue. Not together with O(filter).
    type: bool
    default: false
  limit:
    description: The most messages, senders, domains and reasons to report. The counts are of all.
    type: int
    default: 100
extends_documentation_fragment:
  - postmaster.mail._attributes
  - postmaster.mail._attributes.full
  - postmaster.mail._attributes.actiongroup_mail
  - postmaster.mail._postfix
attributes:
  diff_mode:
    support: none
    details:
      - RV(affected) names the messages instead.
  idempotent:
    support: partial
    details:
      - O(action=requeue) and O(action=flush) act on the same messages each time, as long as these stay in the queue.
notes:
  - Messages in the queue V(corrupt) are only considered where O(filter.queue) names it. They have neither sender nor
    recipients, only an id, a size and an age, and can only be deleted.
seealso:
  - name: postsuper
    description: The manual page of the program that changes the queue.
    link: https://www.postfix.org/postsuper.1.html
author:
  - The postmaster.mail authors (@postmaster-mail)
"""

EXAMPLES = r"""
- name: See what is in the queue
  postmaster.mail.postfix_queue:
  register: queue

- name: Hold what one sender has in the queue
  postmaster.mail.postfix_queue:
    action: hold
    filter:
      sender: ^newsletter@example\.org$

- name: Delete bounces to a domain that does not answer
  postmaster.mail.postfix_queue:
    action: delete
    filter:
      queue: [deferred]
      sender: ^MAILER-DAEMON$
      recipient_domain: ^example\.net$
      older_than: 86400

- name: Try everything now
  postmaster.mail.postfix_queue:
    action: flush
    all: true
"""

RETURN = r"""
running:
  description: Whether Postfix was running when the queue was read.
  returned: success
  type: bool
count:
  description: Number of selected messages; without a filter all in the queue.
  returned: success
  type: int
size:
  description: Their size in bytes.
  returned: success
  type: int
by_queue:
  description: Number of selected messages in each queue that has any.
  returned: success
  type: dict
  sample: {deferred: 12, hold: 1}
by_age:
  description: Number of selected messages by age.
  returned: success
  type: list
  elements: dict
  contains:
    up_to:
      description: Largest age in seconds that counts here; null for the oldest.
      type: int
    count:
      description: Number of messages that are older than the limit before.
      type: int
by_sender:
  description: Number of selected messages by envelope sender, the most first.
  returned: success
  type: list
  elements: dict
  sample: [{name: alice@example.org, count: 3}]
by_recipient_domain:
  description: Number of recipients still to be served by domain, the most first.
  returned: success
  type: list
  elements: dict
  sample: [{name: example.net, count: 3}]
by_reason:
  description: Number of recipients still to be served by the reason for the delay, the most first.
  returned: success
  type: list
  elements: dict
  sample: [{name: connection timed out, count: 3}]
messages:
  description: The selected messages as they were before the action, the oldest first, at most O(limit).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Queue id.
      type: str
    queue:
      description: Name of the queue.
      type: str
    age:
      description: Age in seconds.
      type: int
    size:
      description: Size in bytes.
      type: int
    sender:
      description: Envelope sender.
      type: str
    recipients:
      description: Recipients still to be served.
      type: list
      elements: dict
      contains:
        address:
          description: The address.
          type: str
        reason:
          description: Why it was not served yet; empty if it was not tried.
          type: str
affected:
  description: Ids of the messages that the action changed, in check mode of those that it would change.
  returned: success
  type: list
  elements: str
missed:
  description: Ids of messages that were to be changed but had left the queue meanwhile.
  returned: success
  type: list
  elements: str
"""

import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.postmaster.mail.plugins.module_utils._postqueue import (
    Filter,
    Message,
    QueueError,
    count,
    describe,
    select,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postqueue_action import (
    Action,
    QueueTools,
    affected,
    delete_corrupt,
    read_corrupt,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import ModuleRunner


def make_filter(raw: dict[str, t.Any] | None) -> Filter:
    """Turn the option into a filter. Raises QueueError for a filter that is given but empty."""
    if raw is None:
        return Filter()
    given: dict[str, t.Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
    return Filter(**given)


def check_options(params: dict[str, t.Any], wanted: Filter) -> None:
    """Raise QueueError if it is not clear which messages an action is for."""
    if params["limit"] < 0:
        raise QueueError("limit must not be negative")
    if params["all"] and not wanted.empty:
        raise QueueError("all=true and a filter contradict each other; give one of them")
    if params["action"] != "info" and wanted.empty and not params["all"]:
        raise QueueError(f"action={params['action']} needs a filter that says which messages; all=true means every one")


def perform(tools: QueueTools, action: Action, targets: list[Message], *, everything: bool) -> list[str]:
    """Act, and return the ids of the messages that were changed. Raises QueueError."""
    if action != "flush":
        return tools.act(action, targets)
    if everything:
        tools.flush_all()
    else:
        tools.flush(targets)
    return [message.queue_id for message in targets]


def run(module: AnsibleModule) -> None:
    """Read, choose, act, report. Raises QueueError, OSError."""
    params = module.params
    wanted = make_filter(params["filter"])
    check_options(params, wanted)
    postqueue = module.get_bin_path("postqueue")
    postsuper = module.get_bin_path("postsuper")
    if postqueue is None or postsuper is None:
        module.fail_json(msg="Cannot find postqueue and postsuper. Install Postfix first.")
    tools = QueueTools(
        runner=ModuleRunner(module), postqueue=postqueue, postsuper=postsuper, config_dir=params["config_dir"]
    )
    messages, running = tools.read()
    corrupt_in = ""
    if wanted.queue is not None and "corrupt" in wanted.queue:
        corrupt_in = tools.queue_directory(module.get_bin_path("postconf", required=True))
        messages += read_corrupt(corrupt_in)
    now = int(time.time())
    chosen = sorted(select(messages, wanted, now), key=lambda message: message.arrival)
    targets = [] if params["action"] == "info" else affected(params["action"], chosen)
    done = [message.queue_id for message in targets]
    if params["action"] == "flush" and targets and not running:
        raise QueueError("Postfix is not running, so the queue cannot be flushed; start it first")
    if targets and not module.check_mode:
        if os.geteuid() != 0 and params["action"] != "flush":
            raise QueueError("only root may change the queue; use become")
        done = perform(tools, params["action"], targets, everything=params["all"])
        if corrupt_in:
            done += delete_corrupt(corrupt_in, targets)
    module.exit_json(
        changed=bool(done),
        running=running,
        messages=[describe(message, now) for message in chosen[: params["limit"]]],
        affected=done,
        missed=[message.queue_id for message in targets if message.queue_id not in set(done)],
        **count(chosen, now, params["limit"]),
    )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "action": {
                "type": "str",
                "choices": ["info", "hold", "release", "requeue", "flush", "delete"],
                "default": "info",
            },
            "filter": {
                "type": "dict",
                "options": {
                    "queue": {
                        "type": "list",
                        "elements": "str",
                        "choices": ["active", "deferred", "hold", "incoming", "maildrop", "corrupt"],
                    },
                    "sender": {"type": "str"},
                    "recipient": {"type": "str"},
                    "recipient_domain": {"type": "str"},
                    "reason": {"type": "str"},
                    "older_than": {"type": "int"},
                    "younger_than": {"type": "int"},
                    "ids": {"type": "list", "elements": "str"},
                },
            },
            "all": {"type": "bool", "default": False},
            "limit": {"type": "int", "default": 100},
            "config_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    try:
        run(module)
    except QueueError as error:
        text = str(error)
        module.fail_json(msg=f"{text[0].upper()}{text[1:]}.")
    except OSError as error:
        module.fail_json(msg=f"Cannot read {error.filename}: {error.strerror}.")


if __name__ == "__main__":
    main()
