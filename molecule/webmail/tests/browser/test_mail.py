"""Mail is read, written, answered and found."""

from __future__ import annotations

import email
import email.policy
import pathlib
import re

from compose_page import Compose
from mailbox_page import Mailbox
from playwright.sync_api import expect
from server import message


def test_mail_goes_to_the_other_server_with_a_file_and_is_answered(webmail, site, other, mark, tmp_path):
    file = tmp_path / "figures.dat"
    file.write_bytes(bytes(range(256)) * 200)
    webmail.login()
    compose = Compose.new(webmail)
    compose.address(site.other.account())
    compose.write(f"Report {mark}", "Please look at it.")
    compose.attach(file)
    compose.send()

    received = email.message_from_bytes(other.finds(site.other.account(), mark), policy=email.policy.default)
    assert received["From"].addresses[0].addr_spec == site.account()
    (attached,) = received.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == (file.name, file.read_bytes())

    mailbox = Mailbox(webmail)
    mailbox.enter("Sent")
    copy = mailbox.read(mark)
    with webmail.page.expect_download() as download:
        copy.locator("#attachment-list a.filename", has_text=file.name).click()
    assert pathlib.Path(download.value.path()).read_bytes() == file.read_bytes()

    answer = message(site.other.account(), site.account(), f"Re: Report {mark}", "It is good.\n")
    answer["In-Reply-To"] = answer["References"] = received["Message-ID"]
    other.write(site.other.account(), answer)
    mailbox.enter("Inbox")
    expect(mailbox.read(mark).locator("#messagebody")).to_contain_text("It is good.")


def test_an_answer_quotes_the_message_and_goes_to_its_sender(webmail, site, server, other, mark):
    server.deliver(site.account(), message(site.other.account(), site.account(), f"Question {mark}", "How much?\n"))
    webmail.login()
    mailbox = Mailbox(webmail)
    mailbox.read(mark)
    mailbox.tool("reply")
    compose = Compose(webmail)
    body = webmail.page.locator("#composebody")
    expect(body).to_have_value(re.compile("^> How much[?]", re.MULTILINE))
    body.press_sequentially("Much.")
    compose.send()
    received = email.message_from_bytes(other.finds(site.other.account(), mark), policy=email.policy.default)
    assert received["Subject"] == f"Re: Question {mark}"
    text = received.get_body().get_content()
    assert "Much." in text
    assert "> How much?" in text


def test_messages_are_found_by_subject_and_by_text(webmail, site, server, mark):
    needle = f"needle{mark}"
    server.deliver(site.account(), message("a@friend.example", site.account(), f"Hay {mark}"))
    server.deliver(site.account(), message("a@friend.example", site.account(), f"{needle} in the subject"))
    server.finds(site.account(), needle)
    webmail.login()
    mailbox = Mailbox(webmail)
    mailbox.await_message(needle)
    mailbox.search(needle)
    expect(mailbox.row(f"Hay {mark}")).to_have_count(0)
    expect(mailbox.row(needle)).to_have_count(1)
    webmail.shot("found")
    mailbox.stop_searching()
    expect(mailbox.row(f"Hay {mark}")).to_have_count(1)
