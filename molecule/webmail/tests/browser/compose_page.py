"""A message that is being written."""

from __future__ import annotations

import pathlib

from playwright.sync_api import expect
from window import Webmail


class Compose:
    def __init__(self, webmail: Webmail) -> None:
        self.webmail = webmail
        self.page = webmail.page
        expect(self.page.locator("#composebody")).to_be_visible()

    @classmethod
    def new(cls, webmail: Webmail) -> Compose:
        webmail.press(webmail.page.locator("a.compose:visible").first)
        return cls(webmail)

    def address(self, recipient: str) -> None:
        field = self.page.locator("#compose_to ul.recipient-input input")
        field.fill(recipient)
        field.press("Tab")
        expect(self.page.locator("#compose_to li.recipient", has_text=recipient)).to_be_visible()

    def write(self, subject: str, text: str) -> None:
        self.page.locator("#compose-subject").fill(subject)
        self.page.locator("#composebody").fill(text)

    def attach(self, file: pathlib.Path) -> None:
        self.page.locator("#uploadform input[type=file]").first.set_input_files(file)
        expect(self.page.locator("#attachment-list li:not(.uploading)", has_text=file.name)).to_be_visible()

    def send(self) -> None:
        self.webmail.shot("written")
        self.webmail.press(self.page.locator("button.send:visible, a.send:visible"))
        self.is_sent()

    def is_sent(self) -> None:
        """See that the page is left, as it only is when the server took the message."""
        expect(self.page.locator("#composebody")).not_to_be_attached()
        self.webmail.ready()
        self.webmail.shot("sent")
