# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a probe does and what it expects: the task's parameters turned into plans, refused if they make no sense."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_message as messages
from ansible_collections.postmaster.mail.plugins.module_utils._mail_dialogue_smtp import STEPS as SMTP_STEPS
from ansible_collections.postmaster.mail.plugins.module_utils._mail_wire import Endpoint, TlsSettings

_Params = t.Mapping[str, t.Any]

_PORTS = {
    ("smtp", "implicit"): 465,
    ("imap", "implicit"): 993,
    ("pop3", "implicit"): 995,
    ("smtp", "starttls"): 25,
    ("imap", "starttls"): 143,
    ("pop3", "starttls"): 110,
}
_IMPLICIT_PORTS = (465, 993, 995)
_ATTEMPTS_OF_FETCH = ("login", "fetch")
_STEPS_OF_FETCH = ("connect", "certificate", "greeting", "starttls", "tls", *_ATTEMPTS_OF_FETCH)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class PlanError(ValueError):
    """A probe that cannot mean anything."""


@dataclass(frozen=True)
class Expectation:
    """The outcome that makes the probe succeed; the rest is only looked at for outcome refused."""

    outcome: str
    at: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    enhanced: str = ""
    response: str = ""

    def describe(self) -> str:
        if self.outcome != "refused":
            return self.outcome
        wanted = [f"refused at {' or '.join(self.at)}"]
        if self.codes:
            wanted.append(f"with code {' or '.join(str(code) for code in self.codes)}")
        if self.enhanced:
            wanted.append(f"with enhanced code {self.enhanced}")
        if self.response:
            wanted.append(f"with a reply matching {self.response!r}")
        return " ".join(wanted)


@dataclass(frozen=True)
class SendPlan:
    """A message to send, or the part of an SMTP dialogue before stop_before."""

    endpoint: Endpoint
    message: messages.Message
    sender: str
    recipients: tuple[str, ...]
    helo: str
    stop_before: str


@dataclass(frozen=True)
class FetchPlan:
    """A mailbox to log in to, and to look into unless login_only."""

    protocol: str
    endpoint: Endpoint
    mailbox: str
    delete: bool
    absent: bool
    login_only: bool


@dataclass(frozen=True)
class Exchange:
    """One round of a raw dialogue."""

    send: bytes
    codes: tuple[int, ...]
    pattern: str
    replies: int
    silent: bool
    closed: bool
    starttls: bool


@dataclass(frozen=True)
class DialoguePlan:
    """A dialogue whose every byte is given."""

    endpoint: Endpoint
    protocol: str
    silence: float
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True)
class ProbePlan:
    """One probe: what to send, where to fetch it, or a raw dialogue, and what has to come of it."""

    name: str
    send: SendPlan | None
    fetches: tuple[FetchPlan, ...]
    dialogue: DialoguePlan | None
    message_id: str
    timeout: float
    interval: float
    expectation: Expectation
    body_equal: bool
    headers_equal: bool
    compared_headers: tuple[str, ...]
    max_hops: int | None


def plan_probes(params: _Params) -> list[ProbePlan]:
    """Turn the module's parameters into plans. Raises PlanError naming the probe, before anything is connected to."""
    listed: list[_Params] | None = params.get("probes")
    if listed is None:
        return [_named(params.get("name") or "probe", params, {})]
    names = [str(probe.get("name") or f"probe {number}") for number, probe in enumerate(listed, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PlanError(
            f"Several probes have the name {twice[0]!r}. Give each its own, results are told apart by name."
        )
    return [_named(name, probe, params) for name, probe in zip(names, listed)]


def _named(name: str, own: _Params, shared: _Params) -> ProbePlan:
    try:
        return _plan(name, own, shared)
    except (PlanError, messages.MessageError) as error:
        raise PlanError(f"Probe {name!r}: {error}") from error


def _plan(name: str, own: _Params, shared: _Params) -> ProbePlan:
    send: _Params | None = own.get("send")
    fetch: list[_Params] = own.get("fetch") or []
    dialogue: _Params | None = own.get("dialogue")
    if dialogue is not None and (send is not None or fetch):
        raise PlanError("dialogue cannot be combined with send or fetch.")
    if dialogue is None and send is None and not fetch:
        raise PlanError("nothing to do; give send, fetch or dialogue.")
    expectation = _expectation(own, sending=send is not None, fetching=bool(fetch), raw=dialogue is not None)
    levels = (own, shared)
    send_plan = _send_plan(send, expectation, levels) if send is not None else None
    message_id = own.get("message_id") or ""
    if send_plan is not None:
        if message_id:
            raise PlanError("message_id says what to look for without sending; with send put it into headers.")
        message_id = send_plan.message.message_id
        if fetch and send and send.get("stop_before"):
            raise PlanError("stop_before sends nothing, so there is nothing to fetch; make two probes.")
    timeout, interval = _inherited("timeout", levels, 30.0), _inherited("interval", levels, 1.0)
    if timeout < 0 or interval <= 0:
        raise PlanError("timeout must not be negative and interval must be greater than zero.")
    searching = bool(message_id) and expectation.outcome != "login"
    fetches = tuple(_fetch_plan(entry, levels, searching=searching) for entry in fetch)
    if expectation.outcome == "delivered" and all(entry.login_only for entry in fetches):
        raise PlanError("expect=delivered needs a fetch that looks for a message, so send or message_id.")
    return ProbePlan(
        name=name,
        send=send_plan,
        fetches=fetches,
        dialogue=_dialogue_plan(dialogue, levels) if dialogue is not None else None,
        message_id=message_id,
        timeout=float(timeout),
        interval=float(interval),
        expectation=expectation,
        body_equal=_inherited("body_equal", levels, True),
        headers_equal=_inherited("headers_equal", levels, True),
        compared_headers=tuple((send or {}).get("headers") or ()),
        max_hops=own.get("max_hops"),
    )


def _expectation(own: _Params, *, sending: bool, fetching: bool, raw: bool) -> Expectation:
    at = tuple(own.get("at") or ())
    codes = tuple(own.get("code") or ())
    enhanced, response = own.get("enhanced") or "", own.get("response") or ""
    outcome = own.get("expect")
    if outcome is None:
        if at or codes or enhanced or response:
            raise PlanError("at, code, enhanced and response belong to expect=refused; say so.")
        delivered = fetching and (sending or bool(own.get("message_id")))
        outcome = "delivered" if delivered else "login" if fetching else "accepted"
    if outcome != "refused":
        if at or codes or enhanced or response:
            raise PlanError(f"at, code, enhanced and response belong to expect=refused, not to expect={outcome}.")
        fitting = {
            "delivered": fetching,
            "login": fetching and not sending,
            "accepted": raw or (sending and not fetching),
        }
        if not fitting[outcome]:
            raise PlanError(f"expect={outcome} does not fit what the probe does.")
        return Expectation(outcome)
    if raw:
        raise PlanError("a dialogue states what it expects in each exchange; leave expect out.")
    if sending and fetching:
        raise PlanError("expect=refused is for send or for fetch; make two probes.")
    if not at:
        raise PlanError("expect=refused needs at, the step that has to be refused.")
    if sending and at == ("auth",) and not own["send"].get("username"):
        raise PlanError("at=auth needs a username and password to try.")
    possible = SMTP_STEPS if sending else _STEPS_OF_FETCH
    for step in at:
        if step not in possible:
            raise PlanError(f"{'send' if sending else 'fetch'} has no step {step!r}; it has {', '.join(possible)}.")
    if codes and not sending:
        raise PlanError("code is for SMTP; IMAP and POP3 have no codes, match their text with response.")
    try:
        re.compile(response)
    except re.error as error:
        raise PlanError(f"response is no regular expression: {error}.") from error
    return Expectation("refused", at, codes, enhanced, response)


def _inherited(name: str, levels: t.Sequence[_Params], default: t.Any) -> t.Any:
    return next((level[name] for level in levels if level.get(name) is not None), default)


def _endpoint(own: _Params, outer: t.Sequence[_Params], protocol: str) -> Endpoint:
    levels = (own, *outer)
    host = str(_inherited("host", levels, "")).strip("[]")
    if not host:
        raise PlanError("host is missing; give it in send, fetch or dialogue, or for all of them.")
    port, tls = own.get("port"), own.get("tls")
    if tls is None:
        tls = "implicit" if port in _IMPLICIT_PORTS or (port is None and protocol != "smtp") else "starttls"
    username, password = own.get("username") or "", own.get("password") or ""
    if bool(username) != bool(password):
        raise PlanError("username and password belong together.")
    if port is None:
        port = _PORTS[protocol, "starttls" if tls == "none" else tls]
        if protocol == "smtp" and username and tls != "implicit":
            port = 587
    for label, value in (("username", username), ("password", password), ("host", host)):
        if _CONTROL.search(value) and not (label == "password" and own.get("auth_mechanism") not in (None, "auto")):
            raise PlanError(f"{label} has a control character in it.")
    return Endpoint(
        host=host,
        port=int(port),
        tls=tls,
        username=username,
        password=password,
        mechanism=own.get("auth_mechanism") or "auto",
        source_address=str(_inherited("source_address", levels, "")).strip("[]"),
        connect_timeout=float(_inherited("connect_timeout", levels, 10.0)),
        reply_timeout=float(_inherited("reply_timeout", levels, 60.0)),
        settings=TlsSettings(
            ca_path=_inherited("ca_path", levels, ""),
            validate=_inherited("validate_certs", levels, True),
            server_name=_inherited("server_name", levels, ""),
            minimum=_inherited("tls_min_version", levels, ""),
            maximum=_inherited("tls_max_version", levels, ""),
        ),
    )


def _send_plan(send: _Params, expectation: Expectation, levels: t.Sequence[_Params]) -> SendPlan:
    sender, recipients = send.get("sender") or "", tuple(send.get("recipients") or ())
    stop_before = send.get("stop_before") or ""
    if expectation.outcome == "refused":
        stop_before = _earlier(stop_before, _step_after(expectation.at))
    if not recipients and stop_before not in ("ehlo", "tls", "auth", "mail", "rcpt"):
        raise PlanError("recipients is empty; name at least one, or end the dialogue earlier with stop_before.")
    for label, value in (
        ("sender", sender),
        ("helo", send.get("helo") or ""),
        *(("recipients", r) for r in recipients),
    ):
        if _CONTROL.search(value):
            raise PlanError(f"{label} has a control character in it; use dialogue to send such lines.")
    return SendPlan(
        endpoint=_endpoint(send, levels, "smtp"),
        message=messages.build(_message_spec(send, sender, recipients)),
        sender=sender,
        recipients=recipients,
        helo=send.get("helo") or "",
        stop_before=stop_before,
    )


def _step_after(steps: t.Sequence[str]) -> str:
    """Return where to stop so that a probe of a refusal never goes beyond the steps it is about."""
    stops = {"auth": "mail", "mail": "rcpt", "rcpt": "data", "data": "", "message": ""}
    last = max(steps, key=SMTP_STEPS.index)
    return stops.get(last, "ehlo" if last in ("connect", "greeting") else "auth")


def _earlier(first: str, second: str) -> str:
    order = ("ehlo", "tls", "auth", "mail", "rcpt", "data", "")
    return min(first, second, key=order.index)


def _message_spec(send: _Params, sender: str, recipients: tuple[str, ...]) -> messages.MessageSpec:
    attachments = []
    for entry in send.get("attachments") or []:
        if entry.get("path"):
            try:
                with open(entry["path"], "rb") as source:
                    content = source.read()
            except OSError as error:
                raise PlanError(f"the attachment {entry['name']!r} cannot be read: {error}.") from error
        else:
            content = messages.generated_content(entry.get("size") or 0, entry.get("seed") or entry["name"])
        attachments.append(messages.Attachment(entry["name"], content))
    return messages.MessageSpec(
        sender=sender,
        recipients=recipients,
        subject=send.get("subject") or "",
        body=send.get("body") or "",
        headers=tuple((str(name), str(value)) for name, value in (send.get("headers") or {}).items()),
        attachments=tuple(attachments),
        size=send.get("size") or 0,
        raw=send.get("raw"),
    )


def _fetch_plan(fetch: _Params, levels: t.Sequence[_Params], *, searching: bool) -> FetchPlan:
    protocol = fetch.get("protocol") or "imap"
    mailbox = fetch.get("mailbox") or "INBOX"
    if protocol == "pop3" and mailbox != "INBOX":
        raise PlanError(f"POP3 knows no mailbox but INBOX, so {mailbox!r} cannot be looked into.")
    login_only = bool(fetch.get("login_only")) or not searching
    if fetch.get("absent") and login_only:
        raise PlanError("absent needs a message to look for, so send or message_id.")
    return FetchPlan(
        protocol=protocol,
        endpoint=_endpoint(fetch, levels, protocol),
        mailbox=mailbox,
        delete=bool(fetch.get("delete")),
        absent=bool(fetch.get("absent")),
        login_only=login_only,
    )


def _dialogue_plan(dialogue: _Params, levels: t.Sequence[_Params]) -> DialoguePlan:
    protocol = dialogue.get("protocol") or "smtp"
    own = {"tls": "none", **{name: value for name, value in dialogue.items() if value is not None}}
    endpoint = _endpoint(own, levels, protocol)
    exchanges = []
    for number, entry in enumerate(dialogue["exchanges"], start=1):
        silent, closed = bool(entry.get("silent")), bool(entry.get("closed"))
        codes, pattern = tuple(entry.get("expect_code") or ()), entry.get("expect") or ""
        if (silent or closed) and (codes or pattern or (silent and closed)):
            raise PlanError(f"exchange {number}: silent, closed and an expected reply exclude each other.")
        if codes and protocol != "smtp":
            raise PlanError(f"exchange {number}: expect_code is for SMTP; use expect.")
        try:
            re.compile(pattern)
        except re.error as error:
            raise PlanError(f"exchange {number}: expect is no regular expression: {error}.") from error
        sent = (entry.get("send") or "").encode("utf-8")
        starttls, replies = bool(entry.get("starttls")), entry.get("replies") or 1
        exchanges.append(Exchange(sent, codes, pattern, replies, silent, closed, starttls))
    if not exchanges:
        raise PlanError("dialogue has no exchanges.")
    return DialoguePlan(endpoint, protocol, float(dialogue.get("silence") or 2.0), tuple(exchanges))
