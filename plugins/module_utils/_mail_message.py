# Copyright (c) 2026, The postmaster.mail authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Building the message of a probe, and comparing what arrived with what was sent."""

from __future__ import annotations

import email
import email.header
import email.message
import email.policy
import email.utils
import hashlib
import re
import typing as t
import uuid
from dataclasses import dataclass

_POLICY = email.policy.SMTP.clone(cte_type="7bit")
_COMPARED_HEADERS = ("From", "To", "Subject", "Message-ID")
_FILLER = "This line is filled up by the mail probe so that the message has the size asked for.\r\n"
_LONGEST_FILL = 78
_NOWHERE = "mail-probe.invalid"
_PLAIN_ADDRESS = re.compile(r"[\w.+=/-]+@[\w.-]+")


class MessageError(ValueError):
    """The message asked for cannot be made."""


@dataclass(frozen=True)
class Attachment:
    """A file to attach."""

    name: str
    content: bytes


@dataclass(frozen=True)
class MessageSpec:
    """What the message says; raw replaces all of it. size pads the message to that many bytes (0: no padding)."""

    sender: str
    recipients: tuple[str, ...]
    subject: str = ""
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    size: int = 0
    raw: str | None = None


@dataclass(frozen=True)
class Message:
    """A message ready to be sent, lines ended by CRLF."""

    content: bytes
    message_id: str


@dataclass(frozen=True)
class Hop:
    """One Received header field, newest first in a message."""

    from_host: str
    by: str
    protocol: str
    tls: str
    recipient: str
    date: str


@dataclass(frozen=True)
class Part:
    """A leaf of the MIME tree, decoded."""

    content_type: str
    filename: str
    size: int
    sha256: str


def generated_content(size: int, seed: str) -> bytes:
    """Return size bytes that depend on seed alone, the same with every Python version."""
    return hashlib.shake_256(seed.encode("utf-8")).digest(size)


def build(spec: MessageSpec) -> Message:
    """Build the message. Raises MessageError."""
    if spec.raw is not None:
        return _from_raw(spec.raw, spec.sender)
    international = not "".join((spec.sender, *spec.recipients)).isascii()
    message = email.message.EmailMessage(policy=_POLICY.clone(utf8=international))
    own = {
        "From": spec.sender if _PLAIN_ADDRESS.fullmatch(spec.sender) else f"mail-probe@{_NOWHERE}",
        # The forms that relay tests use (routes, percent signs) are for the envelope; no header can hold them.
        "To": ", ".join(filter(_PLAIN_ADDRESS.fullmatch, spec.recipients)) or "undisclosed-recipients:;",
        "Subject": spec.subject,
        "Date": email.utils.formatdate(),
        "Message-ID": _new_message_id(spec.sender),
    }
    named = {name.lower() for name, _value in spec.headers}
    try:
        for name, value in own.items():
            if name.lower() not in named:
                message[name] = value
        for name, value in spec.headers:
            message[name] = value
        message.set_content(spec.body)
        for attachment in spec.attachments:
            message.add_attachment(
                attachment.content, maintype="application", subtype="octet-stream", filename=attachment.name
            )
        if spec.size:
            message.add_attachment(_FILLER, filename="padding.txt", cte="7bit")
        content = message.as_bytes()
    except (ValueError, LookupError, TypeError) as error:
        raise MessageError(f"The message cannot be made: {error}.") from error
    if spec.size:
        content = _pad(content, spec.size)
    return Message(content, str(message["Message-ID"]).strip())


def _from_raw(raw: str, sender: str) -> Message:
    content = re.sub(rb"\r?\n", b"\r\n", raw.encode("utf-8"))
    head, blank, _body = content.partition(b"\r\n\r\n")
    if not blank and not content.endswith(b"\r\n"):
        content += b"\r\n"
    message_id = str(email.message_from_bytes(head).get("Message-ID", "")).strip()
    if not message_id:
        message_id = _new_message_id(sender)
        content = f"Message-ID: {message_id}\r\n".encode() + content
    return Message(content, message_id)


def _new_message_id(sender: str) -> str:
    domain = sender.rpartition("@")[2]
    if not re.fullmatch(r"[A-Za-z0-9.-]+", domain):
        domain = _NOWHERE
    return f"<probe.{uuid.uuid4().hex[:24]}@{domain}>"


def _pad(content: bytes, size: int) -> bytes:
    filler = _FILLER.encode("ascii")
    missing = size - len(content) + len(filler)
    if missing < 2:
        raise MessageError(
            f"size is {size} bytes, but without any padding the message has {len(content) - len(filler)} already."
        )
    lines = []
    while missing:
        length = missing if missing <= _LONGEST_FILL else min(_LONGEST_FILL, missing - 2)
        lines.append(b"x" * (length - 2) + b"\r\n")
        missing -= length
    return content.replace(filler, b"".join(lines), 1)


def parts_of(content: bytes) -> list[Part]:
    """Return the decoded leaves of the MIME tree; line ends of text are made uniform before they are hashed."""
    parts = []
    for part in email.message_from_bytes(content).walk():
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        if part.get_content_maintype() == "text":
            data = data.replace(b"\r\n", b"\n")
        digest = hashlib.sha256(data).hexdigest()
        parts.append(Part(part.get_content_type(), decoded(part.get_filename() or ""), len(data), digest))
    return parts


def decoded(value: str) -> str:
    """Unfold a header value and decode its RFC 2047 words."""
    try:
        text = str(email.header.make_header(email.header.decode_header(value)))
    except (ValueError, LookupError):
        text = value
    return " ".join(text.split())


def header_fields(content: bytes) -> list[tuple[str, str]]:
    """Return all header fields in order, values unfolded and decoded."""
    return [(name, decoded(str(value))) for name, value in email.message_from_bytes(content).items()]


def compare_parts(sent: bytes, fetched: bytes) -> list[str]:
    """Say in which MIME parts a fetched message differs from the sent one."""
    before, after = parts_of(sent), parts_of(fetched)
    if len(before) != len(after):
        return [f"{len(before)} MIME parts were sent, but {len(after)} arrived"]
    differences = []
    for number, (old, new) in enumerate(zip(before, after), start=1):
        label = f"part {number}" + (f" ({old.filename})" if old.filename else "")
        if old.filename != new.filename:
            differences.append(f"{label} arrived with the file name {new.filename!r}")
        if (old.size, old.sha256) != (new.size, new.sha256):
            differences.append(
                f"{label} was sent with {old.size} bytes (sha256 {old.sha256[:16]}…), but arrived with {new.size} bytes"
                f" (sha256 {new.sha256[:16]}…)"
            )
    return differences


def compare_headers(sent: bytes, fetched: bytes, extra: t.Sequence[str] = ()) -> list[str]:
    """Say which of the compared header fields arrived changed; fields that were not sent are not looked at."""
    before, after = header_fields(sent), header_fields(fetched)
    differences = []
    for name in dict.fromkeys(name.lower() for name in (*_COMPARED_HEADERS, *extra)):
        old = [value for field, value in before if field.lower() == name]
        new = [value for field, value in after if field.lower() == name]
        if old and not set(old) <= set(new):
            differences.append(f"header {name} was sent as {old[0]!r}, but arrived as {new[0] if new else None!r}")
    return differences


def received_chain(content: bytes) -> list[Hop]:
    """Read the Received header fields, newest first."""
    return [parse_received(value) for name, value in header_fields(content) if name.lower() == "received"]


def parse_received(value: str) -> Hop:
    """Read one Received header field as RFC 5321 writes it, with the TLS comment of the usual servers."""
    clauses, _semicolon, date = value.rpartition(";")
    tls = re.search(r"\(using (TLSv?[\d.]+)|version=(TLS[\w.]+)|\((TLS[\w.]+):", clauses)
    bare = _without_comments(clauses)

    def clause(name: str) -> str:
        match = re.search(rf"(?:^|\s){name}\s+(\S+)", bare)
        return match.group(1).strip("<>") if match else ""

    return Hop(
        from_host=clause("from"),
        by=clause("by"),
        protocol=clause("with"),
        tls=next((group for group in tls.groups() if group), "") if tls else "",
        recipient=clause("for"),
        date=date.strip(),
    )


def _without_comments(text: str) -> str:
    previous = None
    while previous != text:
        previous, text = text, re.sub(r"\([^()]*\)", " ", text)
    return text
