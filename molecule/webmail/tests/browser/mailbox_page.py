"""The list of folders, the list of messages, and a message beside it."""

from __future__ import annotations

import re

from playwright.sync_api import FrameLocator, Locator, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from window import Webmail


class Mailbox:
    def __init__(self, webmail: Webmail) -> None:
        self.webmail = webmail
        self.page = webmail.page

    @property
    def message(self) -> FrameLocator:
        """The message that is shown beside the list."""
        return self.page.frame_locator("#messagecontframe")

    def row(self, subject: str) -> Locator:
        return self.page.locator("#messagelist tbody tr.message:visible", has_text=subject)

    def folder(self, name: str) -> Locator:
        # A number of unread messages may follow.
        return self.page.locator("#mailboxlist li.mailbox > a", has_text=re.compile(rf"^\s*{re.escape(name)}"))

    def enter(self, name: str) -> None:
        self.webmail.press(self.folder(name))
        expect(self.page.locator("#mailboxlist li.selected > a", has_text=name)).to_be_attached()

    def await_message(self, subject: str) -> Locator:
        """Look for new mail until the message is there."""
        for _attempt in range(30):
            try:
                self.row(subject).first.wait_for(timeout=4000)
            except PlaywrightTimeoutError:
                self.webmail.press(self.page.locator("#messagelist-header a.refresh"))
            else:
                break
        expect(self.row(subject)).to_have_count(1)
        return self.row(subject)

    def read(self, subject: str) -> FrameLocator:
        """Open a message as soon as it is there."""
        self.webmail.press(self.await_message(subject).locator("td.subject"))
        expect(self.message.locator("h2.subject")).to_contain_text(subject)
        expect(self.message.locator("#messagebody")).to_be_visible()
        self.webmail.shot("message")
        return self.message

    def search(self, words: str) -> None:
        field = self.page.locator("#mailsearchform")
        field.fill(words)
        field.press("Enter")

    def stop_searching(self) -> None:
        self.webmail.press(self.page.locator("#layout-list a.button.reset"))

    def tool(self, name: str) -> None:
        """Press a button of the toolbar over a message."""
        self.webmail.press(self.page.locator(f"#layout-content .toolbar a.{name}:not(.disabled)").first)

    def move_to(self, name: str) -> None:
        """Move the message that is selected into a folder."""
        self.tool("more")
        self.webmail.press(self.page.locator("#message-menu a.move.active"))
        self.webmail.press(self.page.locator("#folder-selector a", has_text=name))
