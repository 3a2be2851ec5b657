from __future__ import annotations

import email
import hashlib

import pytest

from ansible_collections.postmaster.mail.plugins.module_utils import _mail_message as messages

SPEC = {"sender": "alice@example.org", "recipients": ("bob@example.org",)}
RECEIVED = [
    (
        "from client.example.net (unknown [192.0.2.7])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"
        " (256/256 bits)\n\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\n"
        "\t(No client certificate requested)\n\tby mail.example.org (Postfix) with ESMTPSA id 4ABC\n\tfor"
        " <bob@example.org>; Thu, 1 Jan 2026 00:00:00 +0000 (UTC)",
        ("client.example.net", "mail.example.org", "ESMTPSA", "TLSv1.3", "bob@example.org"),
    ),
    (
        "from mail.example.org\n\tby mail.example.org with LMTP\n\tid 8Hq\n\t(envelope-from <a@example.net>)\n\tfor"
        " <alice@example.org>; Thu, 01 Jan 2026 00:00:00 +0000",
        ("mail.example.org", "mail.example.org", "LMTP", "", "alice@example.org"),
    ),
    (
        "from a.example.net (a.example.net. [192.0.2.1]) by mx.example.com with ESMTPS id x"
        " (version=TLS1_2 cipher=ECDHE); Thu, 1 Jan 2026 00:00:00 -0800 (PST)",
        ("a.example.net", "mx.example.com", "ESMTPS", "TLS1_2", ""),
    ),
    (
        "by mail.example.org (Postfix, from userid 0) id 4ABC; Thu, 1 Jan 2026 00:00:00 +0000",
        ("", "mail.example.org", "", "", ""),
    ),
]


@pytest.mark.parametrize(("value", "expected"), RECEIVED)
def test_received(value: str, expected: tuple[str, ...]) -> None:
    hop = messages.parse_received(value)
    assert (hop.from_host, hop.by, hop.protocol, hop.tls, hop.recipient) == expected


def test_message_is_seven_bit_with_encoded_subject() -> None:
    message = messages.build(messages.MessageSpec(**SPEC, subject="Prüfung, кириллица " * 8, body="ä\n.\n"))
    assert message.content.isascii()
    assert b"\n" not in message.content.replace(b"\r\n", b"")
    fields = dict(messages.header_fields(message.content))
    assert fields["Subject"] == ("Prüfung, кириллица " * 8).strip()
    assert fields["Message-ID"] == message.message_id


@pytest.mark.parametrize("size", [2000, 2001, 2002, 2077, 2078, 2079, 60000])
def test_size_is_met_exactly(size: int) -> None:
    attachments = (messages.Attachment("ä.bin", messages.generated_content(500, "seed")),)
    message = messages.build(messages.MessageSpec(**SPEC, body="x", attachments=attachments, size=size))
    assert len(message.content) == size
    assert max(len(line) for line in message.content.split(b"\r\n")) <= 998
    assert messages.compare_parts(message.content, message.content) == []


def test_size_too_small() -> None:
    with pytest.raises(messages.MessageError, match="without any padding the message has"):
        messages.build(messages.MessageSpec(**SPEC, size=100))


def test_generated_content_is_stable() -> None:
    assert messages.generated_content(3, "a") == hashlib.shake_256(b"a").digest(3)
    assert messages.generated_content(0, "a") == b""


def test_line_feed_in_header_is_refused() -> None:
    with pytest.raises(messages.MessageError):
        messages.build(messages.MessageSpec(**SPEC, headers=(("X-Test", "one\nBcc: two"),)))


@pytest.mark.parametrize(
    "recipient", ["victim%example.com@example.org", "@example.org:v@example.com", '"a@b"@example.org', "<"]
)
def test_envelope_addresses_that_no_header_holds(recipient: str) -> None:
    message = messages.build(messages.MessageSpec(sender="", recipients=(recipient,)))
    assert email.message_from_bytes(message.content)["To"] == "undisclosed-recipients:;"


@pytest.mark.parametrize(
    ("raw", "head"),
    [
        (
            "Message-ID: <own@example.org>\nSubject: x\n\nä\n",
            "Message-ID: <own@example.org>\r\nSubject: x\r\n\r\nä\r\n",
        ),
        ("Subject: x\r\n\r\n.\r\n", "Subject: x\r\n\r\n.\r\n"),
    ],
)
def test_raw(raw: str, head: str) -> None:
    message = messages.build(messages.MessageSpec(**SPEC, raw=raw))
    assert message.content.decode().endswith(head)
    assert message.message_id in message.content.decode()


def test_comparison_finds_what_changed() -> None:
    attachments = (messages.Attachment("a.bin", b"12345"),)
    sent = messages.build(messages.MessageSpec(**SPEC, subject="S", body="one\n", attachments=attachments)).content
    changed = sent.replace(b"one", b"two").replace(b"Subject: S", b"Subject: [list] S")
    assert messages.compare_parts(sent, b"Received: x\r\n" + sent.replace(b"\r\n", b"\n")) == []
    assert len(messages.compare_parts(sent, changed)) == 1
    assert messages.compare_parts(sent, b"Subject: S\n\nflat\n") == ["2 MIME parts were sent, but 1 arrived"]
    assert messages.compare_headers(sent, changed) == ["header subject was sent as 'S', but arrived as '[list] S'"]
