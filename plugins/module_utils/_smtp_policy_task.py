# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""From the options of the module smtp_policy to what the server and its configuration say about each recipient."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, field

from ._mail_dialogue_smtp import Envelope
from ._mail_wire import Endpoint, ProbeError, TlsSettings, Transcript
from ._postconf import Postconf
from ._smtp_policy import Answer, Client, PolicyDialogue, ask, attribute
from ._smtp_policy_config import Settings, Tables, read_settings
from ._smtp_policy_rules import Evaluator, Outcome, Session

if t.TYPE_CHECKING:
    from ._runner import CommandRunner

Options = t.Mapping[str, t.Any]

_NOT_IN_COMMAND = re.compile(r"[\x00-\x1f\x7f<>]")


@dataclass
class Configuration:
    """The Postfix on this host; each port is read once, each key looked up once."""

    runner: CommandRunner
    postconf: str
    postmap: str
    directory: str | None
    tables: Tables = field(init=False)
    _ports: dict[int, Settings] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.tables = Tables(self.runner, self.postmap, self.directory)

    def settings(self, port: int) -> Settings:
        """Return the parameters that count for a port. Raises PostconfError."""
        if port not in self._ports:
            self._ports[port] = read_settings(Postconf(self.runner, self.postconf, self.directory), port)
        return self._ports[port]


def check_options(options: Options) -> None:
    """Raise ProbeError for what cannot be said to a server."""
    client = options["xclient"] or {}
    for name in ("helo", "sender", "login_user"):
        _check_text(name, options[name])
    for recipient in options["recipients"]:
        _check_text("recipients", recipient)
    for name in ("addr", "name", "helo"):
        _check_text(f"xclient.{name}", client.get(name))
    if not options["recipients"] or not all(options["recipients"]):
        raise ProbeError("recipients must name at least one address, and none of them may be empty.")
    if not options["dialogue"] and not options["config"]:
        raise ProbeError("dialogue=false and config=false leave nothing to do.")
    for name, address in (("xclient.addr", client.get("addr")), ("config_client", options.get("config_client"))):
        if address is not None:
            _check_address(name, address)


def _check_text(name: str, value: str | None) -> None:
    if value and _NOT_IN_COMMAND.search(value):
        raise ProbeError(f"{name} contains a control character or an angle bracket.")


def _check_address(name: str, address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError as error:
        raise ProbeError(f"{name} '{address}' is not an IP address.") from error


def make_client(raw: t.Mapping[str, t.Any] | None) -> Client | None:
    """Turn the option into a client."""
    if raw is None:
        return None
    return Client(address=raw["addr"], name=raw["name"] or "", helo=raw["helo"] or "")


def judge(options: Options, configuration: Configuration | None) -> dict[str, t.Any]:
    """Return results and service as the module reports them. Raises ProbeError, PostconfError."""
    client = make_client(options["xclient"])
    answers: dict[str, Answer] = {}
    seen_as = options.get("config_client") or "127.0.0.1"
    if options["dialogue"]:
        told, seen_as = _speak(options, client)
        answers = {answer.recipient: answer for answer in told}
    settings: Settings | None = None
    outcomes: dict[str, Outcome] = {}
    if configuration is not None:
        local_name = "localhost" if ipaddress.ip_address(seen_as).is_loopback else ""
        settings = configuration.settings(options["port"])
        outcomes = _evaluate(
            options, settings, configuration.tables, client or Client(address=seen_as, name=local_name), answers
        )
    return {
        "results": [
            describe(recipient, answers.get(recipient), outcomes.get(recipient)) for recipient in options["recipients"]
        ],
        "service": None if settings is None else settings.service,
    }


def judge_envelopes(envelopes: t.Sequence[Options], configuration: Configuration | None) -> list[dict[str, t.Any]]:
    """Return the entry of each envelope; where the server cannot be asked, the configuration speaks alone.

    Raises ProbeError if it cannot be asked and there is no configuration, and PostconfError.
    """
    silent: dict[tuple[str, int], str] = {}
    return [_judge_envelope(envelope, configuration, silent) for envelope in envelopes]


def _judge_envelope(
    options: Options, configuration: Configuration | None, silent: dict[tuple[str, int], str]
) -> dict[str, t.Any]:
    """Postfix answers late where a program of it has failed, so a port that gave no answer is not asked again."""
    place = (options["host"], options["port"])
    judged: dict[str, t.Any] | None = None
    if place not in silent or not options["dialogue"]:
        try:
            judged = judge(options, configuration)
        except ProbeError as error:
            if configuration is None:
                raise
            silent[place] = str(error)
    unanswered = silent.get(place) if judged is None else None
    if judged is None:
        judged = judge({**options, "dialogue": False}, configuration)
    return {"host": options["host"], "port": options["port"], "unanswered": unanswered, **judged}


def _speak(options: Options, client: Client | None) -> tuple[list[Answer], str]:
    """Return the answers of the server, and the address it saw. Raises ProbeError."""
    endpoint = Endpoint(
        host=options["host"],
        port=options["port"],
        tls=options["tls"],
        username=options["login_user"] or "",
        password=options["login_password"] or "",
        connect_timeout=options["timeout"],
        reply_timeout=options["timeout"],
        settings=TlsSettings(ca_path=options["ca_path"] or "", validate=options["validate_certs"]),
    )
    envelope = Envelope(
        sender=options["sender"],
        recipients=tuple(options["recipients"]),
        message=b"",
        helo=(client.helo if client is not None else "") or options["helo"] or "",
        stop_before="data",
    )
    transcript = Transcript([endpoint.password])
    dialogue = PolicyDialogue(endpoint, transcript, client)
    answers = ask(dialogue, transcript, envelope)
    return answers, dialogue.local_address


def _evaluate(
    options: Options, settings: Settings, tables: Tables, client: Client, answers: t.Mapping[str, Answer]
) -> dict[str, Outcome]:
    """Return what the configuration says about each recipient."""
    outcomes = {}
    for recipient in options["recipients"]:
        answer = answers.get(recipient)
        session = Session(
            address=client.address,
            name=client.name or "unknown",
            helo=client.helo or options["helo"] or "",
            sender=options["sender"],
            recipient=recipient,
            login=options["login_user"] if answer is None or answer.step != "auth" else None,
            tls=options["tls"] != "none",
        )
        outcomes[recipient] = Evaluator(settings, tables, session).run()
    return outcomes


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
