# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils._postqueue import (
    Filter,
    Message,
    QueueError,
    Recipient,
    count,
    describe,
    parse_queue,
    select,
)
from ansible_collections.postmaster.mail.plugins.module_utils._postqueue_action import (
    Action,
    QueueTools,
    affected,
    delete_corrupt,
    read_corrupt,
)
from ansible_collections.postmaster.mail.plugins.module_utils._runner import CommandResult

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
NOW = 10_000
MESSAGES = [
    Message("deferred", "A1", NOW - 100, 10, "alice@example.org", (Recipient("bob@Example.com", "timed out"),)),
    Message(
        "hold",
        "B2",
        NOW - 4000,
        20,
        "alice@example.org",
        (Recipient("bob@example.com", ""), Recipient("carol@example.net", "refused")),
    ),
    Message("active", "C3", NOW, 30, "MAILER-DAEMON", (Recipient("root", ""),)),
    Message("maildrop", "D4", NOW - 99_999, 40, "dave@example.org", ()),
]


@pytest.mark.parametrize(
    ("version", "queues"), [("3.7.11", {"deferred", "hold"}), ("3.10.13", {"deferred", "hold", "maildrop"})]
)
def test_parse_queue(version: str, queues: set[str]) -> None:
    messages = parse_queue((FIXTURES / f"postqueue-{version}-j.json").read_text())
    assert len(messages) >= 4
    assert {message.queue for message in messages} <= queues
    assert any(recipient.reason == "deferred transport" for message in messages for recipient in message.recipients)


@pytest.mark.parametrize("text", ["Mail queue is empty\n", "{}\n", '{"queue_name": "x"}\n'])
def test_parse_queue_refuses(text: str) -> None:
    with pytest.raises(QueueError, match="not understood"):
        parse_queue(text)


SELECTED: list[tuple[dict[str, t.Any], str]] = [
    ({}, "A1 B2 C3 D4"),
    ({"queue": ("hold", "active")}, "B2 C3"),
    ({"sender": "^ALICE@"}, "A1 B2"),
    ({"recipient_domain": r"^example\.com$"}, "A1 B2"),
    ({"recipient": "^bob@", "reason": "refused"}, ""),
    ({"recipient": "^carol@", "reason": "refused"}, "B2"),
    ({"older_than": 100}, "A1 B2 D4"),
    ({"younger_than": 100}, "C3"),
    ({"ids": ("A1", "ZZ")}, "A1"),
    ({"ids": ()}, ""),
]


@pytest.mark.parametrize(("wanted", "expected"), SELECTED)
def test_select(wanted: dict[str, t.Any], expected: str) -> None:
    assert [message.queue_id for message in select(MESSAGES, Filter(**wanted), NOW)] == expected.split()


def test_select_refuses_a_bad_expression() -> None:
    with pytest.raises(QueueError, match="for reason, '\\(', is wrong"):
        select(MESSAGES, Filter(reason="("), NOW)


def test_count() -> None:
    numbers = count(MESSAGES, NOW, 1)
    assert (numbers["count"], numbers["size"]) == (4, 100)
    assert numbers["by_queue"] == {"deferred": 1, "hold": 1, "active": 1, "maildrop": 1}
    assert [item["count"] for item in numbers["by_age"]] == [2, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert numbers["by_sender"] == [{"name": "alice@example.org", "count": 2}]
    assert numbers["by_recipient_domain"] == [{"name": "example.com", "count": 2}]


def test_describe() -> None:
    assert describe(MESSAGES[0], NOW)["age"] == 100


AFFECTED: list[tuple[Action, str]] = [
    ("hold", "A1 C3 D4"),
    ("release", "B2"),
    ("requeue", "A1 B2 C3"),
    ("flush", "A1"),
    ("delete", "A1 B2 C3 D4"),
]


@pytest.mark.parametrize(("action", "expected"), AFFECTED)
def test_affected(action: Action, expected: str) -> None:
    assert [message.queue_id for message in affected(action, MESSAGES)] == expected.split()


class FakeRunner:
    def __init__(self, result: CommandResult | None = None) -> None:
        self._result = result
        self.calls: list[tuple[list[str], str | None]] = []

    def run(self, argv: t.Sequence[str], *, data: str | None = None) -> CommandResult:
        self.calls.append((list(argv), data))
        if self._result is not None:
            return self._result
        done = "".join(f"postsuper: {line}: removed\n" for line in (data or "").split())
        return CommandResult(0, "", f"{done}postsuper: Deleted: 2 messages\n")


def make_tools(runner: FakeRunner) -> QueueTools:
    return QueueTools(runner, "postqueue", "postsuper", None)


def test_delete_names_the_queue_only_where_it_must() -> None:
    runner = FakeRunner()
    assert make_tools(runner).act("delete", MESSAGES) == ["A1", "B2", "C3", "D4"]
    assert runner.calls == [
        (["postsuper", "-d", "-"], "A1\nB2\nC3\n"),
        (["postsuper", "-d", "-", "maildrop"], "D4\n"),
    ]


def test_many_ids_are_given_in_portions_that_a_pipe_takes() -> None:
    runner = FakeRunner()
    messages = [Message("deferred", f"{number:012d}", 0, 0, "", ()) for number in range(1000)]
    assert len(make_tools(runner).act("delete", messages)) == 1000
    assert all(data is not None and len(data) <= 4000 for _argv, data in runner.calls)


def test_read_tells_that_postfix_is_down() -> None:
    warning = "postqueue: warning: Mail system is down -- accessing queue directly (Connection refused)\n"
    assert make_tools(FakeRunner(CommandResult(0, "", warning))).read() == ([], False)
    assert make_tools(FakeRunner(CommandResult(0, "", ""))).read() == ([], True)


def test_failures_are_told() -> None:
    tools = make_tools(FakeRunner(CommandResult(69, "", "postqueue: fatal: mail system is down\n")))
    with pytest.raises(QueueError, match="cannot read the queue: postqueue: fatal: mail system is down"):
        tools.read()
    with pytest.raises(QueueError, match="cannot flush"):
        tools.flush_all()
    with pytest.raises(QueueError, match="postsuper cannot hold"):
        tools.act("hold", MESSAGES)


def test_corrupt_messages(tmp_path: pathlib.Path) -> None:
    corrupt = tmp_path / "corrupt"
    corrupt.mkdir()
    (corrupt / "E5").write_text("x")
    messages = read_corrupt(str(tmp_path))
    assert [(message.queue, message.queue_id, message.size) for message in messages] == [("corrupt", "E5", 1)]
    assert affected("hold", messages) == []
    assert delete_corrupt(str(tmp_path), [*messages, *MESSAGES]) == ["E5"]
    assert delete_corrupt(str(tmp_path), messages) == []
