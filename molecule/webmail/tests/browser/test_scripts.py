"""Subjects, names and texts in the scripts that people write in."""

from __future__ import annotations

import email
import email.policy
from email.headerregistry import Address

import pytest
from compose_page import Compose
from mailbox_page import Mailbox
from playwright.sync_api import Locator, expect
from server import message

GERMAN = "Größere Äpfel für Frau Öztürk, süß"
CHINESE = "关于明天会议的通知"
HEBREW = "שלום עולם"
ARABIC = "مرحبا بالعالم"
TEXTS = {"german": GERMAN, "chinese": CHINESE, "hebrew": HEBREW, "arabic": ARABIC}

# Where the first and the last letter of a text stand.
EDGES = """(element, text) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const start = walker.currentNode.data.indexOf(text);
        if (start < 0) continue;
        const left = (offset) => {
            const range = document.createRange();
            range.setStart(walker.currentNode, offset);
            range.setEnd(walker.currentNode, offset + 1);
            return range.getBoundingClientRect().left;
        };
        return [left(start), left(start + text.length - 1)];
    }
}"""


def runs_from_right(element: Locator, text: str) -> bool:
    first, last = element.evaluate(EDGES, text)
    return bool(first > last)


@pytest.mark.parametrize("script", TEXTS)
def test_mail_is_shown_as_it_was_written(webmail, site, other, mark, script):
    text = TEXTS[script]
    sent = message(site.other.account(), site.account(), f"{text} {mark}", f"{text}\n")
    sent.replace_header("From", Address(text, addr_spec=site.other.account()))
    other.write(site.other.account(), sent)
    webmail.login()
    mailbox = Mailbox(webmail)
    shown = mailbox.read(mark)
    row = mailbox.row(mark)
    expect(row.locator(".subject a")).to_contain_text(f"{text} {mark}")
    expect(row).to_contain_text(text)
    expect(shown.locator("h2.subject")).to_contain_text(f"{text} {mark}")
    expect(shown.locator("#messagebody")).to_contain_text(text)
    for place in (row.locator(".subject a"), shown.locator("h2.subject"), shown.locator("#messagebody")):
        assert runs_from_right(place, text) == (script in ("hebrew", "arabic"))


@pytest.mark.parametrize("script", TEXTS)
def test_mail_is_sent_as_it_was_typed(webmail, site, other, mark, tmp_path, script):
    text = TEXTS[script]
    file = tmp_path / f"{text}.txt"
    file.write_text(text, encoding="utf-8")
    webmail.login()
    compose = Compose.new(webmail)
    compose.address(site.other.account())
    compose.write(f"{text} {mark}", text)
    compose.attach(file)
    compose.send()
    received = email.message_from_bytes(other.finds(site.other.account(), mark), policy=email.policy.default)
    assert received["Subject"] == f"{text} {mark}"
    assert text in received.get_body().get_content()
    (attached,) = received.iter_attachments()
    assert attached.get_filename() == file.name
