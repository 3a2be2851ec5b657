# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The results of probes as plain data, and as the text of a failure."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_message as messages
from ansible_collections.postmaster.mail.plugins.module_utils._mail_probe_run import FetchResult, ProbeResult
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import Step, TlsState


def report(result: ProbeResult) -> dict[str, t.Any]:
    """Return everything a probe found out, without any secret."""
    plan = result.plan
    waited = [fetch.delivered_in for fetch in result.fetches if fetch.delivered_in is not None]
    sent = plan.send.message.content if plan.send is not None else None
    found = next((fetch for fetch in result.fetches if fetch.content is not None), None)
    return {
        "name": plan.name,
        "met": not result.problems,
        "expected": plan.expectation.describe(),
        "problems": list(result.problems),
        "message_id": plan.message_id,
        "steps": [_step(step) for step in result.steps],
        "refused": _refused(result.refusal),
        "tls": _tls(result.tls),
        "capabilities": _extensions(result.extensions),
        "capabilities_before_tls": _extensions(result.extensions_before_tls),
        "size": len(sent) if sent is not None else None,
        "sha256": hashlib.sha256(sent).hexdigest() if sent is not None else None,
        "delivered_in": max(waited) if waited else None,
        **_headers(found.content if found is not None else None),
        "fetches": [_fetch(fetch) for fetch in result.fetches],
    }


def failure(results: t.Sequence[ProbeResult]) -> str:
    """Return the text that names every probe whose expectation was not met, or an empty one."""
    failed = [result for result in results if result.problems]
    if not failed:
        return ""
    lines = [f"{result.plan.name}: {problem}" for result in failed for problem in result.problems]
    if len(results) == 1:
        return "\n".join(lines)
    return "\n".join([f"{len(failed)} of {len(results)} probes did not come out as expected:", *lines])


def _step(step: Step) -> dict[str, t.Any]:
    return dataclasses.asdict(step)


def _refused(step: Step | None) -> dict[str, t.Any] | None:
    if step is None:
        return None
    return {"at": step.step, "code": step.code, "enhanced": step.enhanced, "text": step.text, "subject": step.subject}


def _tls(state: TlsState | None) -> dict[str, t.Any] | None:
    if state is None:
        return None
    plain = dataclasses.asdict(state)
    plain["certificate"]["san"] = list(state.certificate.san)
    return plain


def _extensions(extensions: t.Mapping[str, str] | None) -> list[str] | None:
    if extensions is None:
        return None
    return [f"{keyword} {parameters}".strip() for keyword, parameters in extensions.items()]


def _headers(content: bytes | None) -> dict[str, t.Any]:
    fields = messages.header_fields(content) if content is not None else []
    hops = messages.received_chain(content) if content is not None else []
    return {
        "received": [dataclasses.asdict(hop) for hop in hops],
        "authentication_results": [value for name, value in fields if name.lower() == "authentication-results"],
        "headers": [{"name": name, "value": value} for name, value in fields],
    }


def _fetch(fetch: FetchResult) -> dict[str, t.Any]:
    plan, content = fetch.plan, fetch.content
    return {
        "protocol": plan.protocol,
        "host": plan.endpoint.host,
        "username": plan.endpoint.username,
        "mailbox": plan.mailbox,
        "found": content is not None,
        "copies": fetch.copies,
        "delivered_in": fetch.delivered_in,
        "steps": [_step(step) for step in fetch.steps],
        "tls": _tls(fetch.tls),
        "capabilities": fetch.capabilities,
        "capabilities_before_tls": fetch.capabilities_before_tls,
        "size": len(content) if content is not None else None,
        "sha256": hashlib.sha256(content).hexdigest() if content is not None else None,
        "mime_parts": [dataclasses.asdict(part) for part in messages.parts_of(content)] if content is not None else [],
        **_headers(content),
    }
