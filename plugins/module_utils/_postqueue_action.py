# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Acting on messages in the queue of Postfix by postsuper and postqueue."""

from __future__ import annotations

import contextlib
import os
import re
import typing as t
from dataclasses import dataclass

from ._postqueue import Message, QueueError, parse_queue

if t.TYPE_CHECKING:
    from ._runner import CommandResult, CommandRunner

Action = t.Literal["hold", "release", "requeue", "flush", "delete"]

_SUPER_OPTION: t.Final[t.Mapping[str, str]] = {"hold": "-h", "release": "-H", "requeue": "-r", "delete": "-d"}

# Without a queue name postsuper looks in incoming, active, deferred and hold, so that it finds a message that moves
# between them; this one must be named.
_NAMED_QUEUE: t.Final = "maildrop"
_CORRUPT: t.Final = "corrupt"
_DONE = re.compile(r"postsuper: (\S+): (?:removed|placed on hold|released from hold|requeued)$", re.MULTILINE)
_DOWN = "Mail system is down"

# The runner hands over all input before it reads any output: never more than a pipe takes in one go.
_INPUT_SIZE = 4000


@dataclass(frozen=True)
class QueueTools:
    """postqueue and postsuper (paths) of one Postfix instance."""

    runner: CommandRunner
    postqueue: str
    postsuper: str
    config_dir: str | None

    def _run(self, program: str, *arguments: str, data: str | None = None) -> CommandResult:
        instance = [] if self.config_dir is None else ["-c", self.config_dir]
        return self.runner.run([program, *instance, *arguments], data=data)

    def read(self) -> tuple[list[Message], bool]:
        """Return the queue, and whether Postfix is running. Raises QueueError."""
        result = self._run(self.postqueue, "-j")
        if result.rc != 0:
            raise QueueError(
                f"postqueue cannot read the queue: {_message(result)}. "
                "While Postfix is not running, only root can read it."
            )
        return parse_queue(result.stdout), _DOWN not in result.stderr

    def queue_directory(self, postconf: str) -> str:
        """Return the directory of the queues, as postconf (a path) tells. Raises QueueError."""
        result = self._run(postconf, "-h", "-x", "queue_directory")
        if result.rc != 0 or not result.stdout.strip():
            raise QueueError(f"postconf cannot tell the queue directory: {_message(result)}")
        return result.stdout.strip()

    def act(self, action: Action, messages: t.Sequence[Message]) -> list[str]:
        """Act on messages; return the ids of those that postsuper reports as done. Raises QueueError."""
        done: list[str] = []
        common = [message.queue_id for message in messages if message.queue not in (_NAMED_QUEUE, _CORRUPT)]
        named = [message.queue_id for message in messages if message.queue == _NAMED_QUEUE]
        groups = ((common, ""), (named, _NAMED_QUEUE))
        for ids, queue in groups:
            for data in _batches(ids):
                arguments = [_SUPER_OPTION[action], "-", *([queue] if queue else [])]
                result = self._run(self.postsuper, *arguments, data=data)
                if result.rc != 0:
                    raise QueueError(f"postsuper cannot {action}: {_message(result)}")
                done += _DONE.findall(result.stderr)
        return done

    def flush_all(self) -> None:
        """Try all deferred messages now. Raises QueueError."""
        self._flush("-f")

    def flush(self, messages: t.Iterable[Message]) -> None:
        """Try these deferred messages now. Raises QueueError."""
        for message in messages:
            self._flush("-i", message.queue_id)

    def _flush(self, *arguments: str) -> None:
        result = self._run(self.postqueue, *arguments)
        if result.rc != 0:
            raise QueueError(f"postqueue cannot flush: {_message(result)}")


def _message(result: CommandResult) -> str:
    return "; ".join(line.strip() for line in result.stderr.splitlines() if line.strip()) or f"status {result.rc}"


def _batches(ids: t.Iterable[str]) -> t.Iterator[str]:
    batch = ""
    for queue_id in ids:
        line = f"{queue_id}\n"
        if batch and len(batch) + len(line) > _INPUT_SIZE:
            yield batch
            batch = ""
        batch += line
    if batch:
        yield batch


def read_corrupt(queue_directory: str) -> list[Message]:
    """Return the messages that Postfix set aside as unreadable; postqueue does not list them. Raises OSError."""
    messages = []
    with os.scandir(os.path.join(queue_directory, _CORRUPT)) as found:
        for item in found:
            status = item.stat(follow_symlinks=False)
            messages.append(Message(_CORRUPT, item.name, int(status.st_mtime), status.st_size, "", ()))
    return messages


def delete_corrupt(queue_directory: str, messages: t.Iterable[Message]) -> list[str]:
    """Delete those messages that were set aside, which postsuper does not do. Return their ids. Raises OSError."""
    done = []
    for message in messages:
        if message.queue == _CORRUPT:
            # A message that somebody else deleted meanwhile is not ours to report.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(queue_directory, _CORRUPT, message.queue_id))
                done.append(message.queue_id)
    return done


def affected(action: Action, messages: t.Iterable[Message]) -> list[Message]:
    """Return those of the selected messages whose state the action would change."""
    if action == "hold":
        return [message for message in messages if message.queue in ("incoming", "active", "deferred", "maildrop")]
    if action == "release":
        return [message for message in messages if message.queue == "hold"]
    if action == "flush":
        return [message for message in messages if message.queue == "deferred"]
    if action == "requeue":
        return [message for message in messages if message.queue in ("incoming", "active", "deferred", "hold")]
    return list(messages)
