# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Judging the outcome of a probe: sentences that say what was expected, what came, and what may help."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_message as messages
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe import Expectation, FetchPlan, ProbePlan
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import Endpoint, Step

# Step (empty: any), what its text says, and what to do about it. The first that fits is shown.
_REMEDIES = (
    ("connect", "refused", "Nothing listens there: check that the service runs, and on which addresses and ports."),
    ("connect", "timed out", "A packet filter may drop the connection, or the host is down."),
    ("connect", "unreachable", "There is no route to that address; check the address family and the network."),
    (
        "certificate",
        "mismatch|not valid for",
        "The certificate is for another name: connect by a name that it holds, or set server_name.",
    ),
    (
        "certificate",
        "self.signed|unable to get|issuer",
        "The issuer is not trusted: set ca_path to the PEM file of the CA (or of the certificate itself).",
    ),
    ("certificate", "expired|not yet valid", "Renew the certificate and reload the service, or set the clock right."),
    (
        "tls",
        "WRONG_VERSION_NUMBER|wrong version number|record layer",
        "The port does not speak TLS from the start: use tls=starttls.",
    ),
    ("tls", "", "Compare the protocol versions and ciphers that both sides allow."),
    ("starttls", "", "The server offers no TLS: check its certificate and TLS settings, and its log."),
    (
        "auth",
        "not enabled|not available|not implemented|unrecognized|not supported",
        "The service does not offer AUTH here: it may want TLS first, or another port.",
    ),
    (
        "auth",
        "Temporary|no mechanism|454",
        "The server cannot reach its authentication service: check its socket and log.",
    ),
    ("auth", "", "Check user name and password, and the log of the authentication service."),
    ("login", "PRIVACYREQUIRED|cleartext|plaintext", "The server wants TLS first: use tls=starttls or tls=implicit."),
    (
        "login",
        "AUTHENTICATIONFAILED|Authentication failed|Invalid",
        "Check user name and password, and the log of the server.",
    ),
    ("login", "", "Look into the log of the server: often the mail storage of the user cannot be opened."),
    ("mail", "own|login", "The user that logged in may not use this sender."),
    (
        "rcpt",
        "relay",
        "The server does not relay for this client: log in, or check which domains it is responsible for.",
    ),
    ("rcpt", "unknown|doesn't exist|no such user", "The recipient does not exist there."),
    ("rcpt|data|message", "greylist|try again|^4", "The refusal is temporary: look into the log of the server."),
)


def remedy(step: Step) -> str:
    """Return what usually helps against a refusal, or nothing."""
    for steps, pattern, advice in _REMEDIES:
        if step.step in steps.split("|") and re.search(pattern, step.text, re.IGNORECASE):
            return f" {advice}"
    return ""


def said(step: Step) -> str:
    """Quote what came back."""
    code = f"{step.code} " if step.code is not None else ""
    text = " / ".join(step.text.split("\n"))
    subject = f" <{step.subject}>" if step.step in ("mail", "rcpt") else ""
    return f"{step.step}{subject}: {code}{text}"


def unexpected(step: Step) -> str:
    """Describe a refusal that nobody expected."""
    return f"refused at {said(step)}.{remedy(step)}"


def judge_acceptance(endpoint: Endpoint, refusal: Step | None, refused: t.Sequence[Step]) -> list[str]:
    """Say what was refused though everything was expected to be accepted."""
    steps = list(refused)
    if refusal is not None and refusal not in steps:
        steps.append(refusal)
    return [f"{endpoint}: {unexpected(step)}" for step in steps]


def judge_refusal(
    expectation: Expectation,
    refusal: Step | None,
    endpoint: Endpoint,
    *,
    accepted: t.Sequence[str],
    refused: t.Sequence[Step],
) -> list[str]:
    """Say where the outcome is not the refusal that was expected. Every recipient has to be refused."""
    problems = []
    later = refusal is not None and refusal.step in expectation.at and refusal.step != "rcpt"
    if "rcpt" in expectation.at and accepted and not later:
        problems.append(
            f"{endpoint} accepted the recipient {', '.join(accepted)} and would take the mail,"
            f" but should have {expectation.describe()}."
        )
    steps = list(refused)
    if refusal is not None and refusal not in steps:
        steps.append(refusal)
    if not steps and not problems:
        problems.append(f"{endpoint} accepted everything, but should have {expectation.describe()}.")
    return problems + [problem for step in steps for problem in _mismatch(expectation, step, endpoint)]


def _mismatch(expectation: Expectation, step: Step, endpoint: Endpoint) -> list[str]:
    wrong = []
    if step.step not in expectation.at:
        wrong.append("another step")
    if expectation.codes and step.code not in expectation.codes:
        wrong.append("another code")
    if expectation.enhanced and step.enhanced != expectation.enhanced:
        wrong.append("another enhanced code")
    if expectation.response and not re.search(expectation.response, step.text):
        wrong.append("another reply")
    if not wrong:
        return []
    advice = remedy(step) if step.step not in expectation.at else ""
    return [
        f"{endpoint} refused, but with {' and '.join(wrong)}:"
        f" expected {expectation.describe()}, got {said(step)}.{advice}"
    ]


def judge_message(
    plan: ProbePlan, fetch: FetchPlan, sent: bytes | None, fetched: bytes | None, steps: t.Sequence[Step]
) -> list[str]:
    """Say what is wrong with the message that arrived, or did not."""
    if fetch.absent:
        return [] if fetched is None else [f"the message {plan.message_id} arrived, but must not."]
    if fetched is None:
        last = steps[-2].text if steps and steps[-1].step == "quit" else steps[-1].text if steps else ""
        advice = (
            " Look into the queue (postqueue -p) and the mail log of the server for this Message-ID."
            if plan.send is not None
            else ""
        )
        return [f"the message {plan.message_id} did not arrive within {plan.timeout:g} s ({last}).{advice}"]
    problems = []
    if sent is not None and plan.body_equal:
        problems += [f"{difference}." for difference in messages.compare_parts(sent, fetched)]
    if sent is not None and plan.headers_equal:
        problems += [f"{difference}." for difference in messages.compare_headers(sent, fetched, plan.compared_headers)]
    hops = messages.received_chain(fetched)
    if plan.max_hops is not None and len(hops) > plan.max_hops:
        way = " <- ".join(hop.by for hop in hops)
        problems.append(f"the message took {len(hops)} hops, at most {plan.max_hops} are allowed: {way}.")
    return problems
