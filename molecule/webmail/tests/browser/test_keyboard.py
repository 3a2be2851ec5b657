"""The webmail is used without a mouse."""

from __future__ import annotations

from compose_page import Compose
from mailbox_page import Mailbox
from playwright.sync_api import Locator, Page, expect
from server import message
from window import Webmail

FAR = 120


def tab_to(page: Page, target: Locator) -> None:
    """Press the tabulator until the target has the focus."""
    for _step in range(FAR):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} cannot be reached with the tabulator")


def press(webmail: Webmail, target: Locator) -> None:
    """Press what the tabulator leads to. Until its list is there, Roundcube does not hear, and takes the focus away."""
    webmail.page.wait_for_load_state("networkidle")
    webmail.ready()
    tab_to(webmail.page, target)
    webmail.page.keyboard.press("Enter")


def log_in(webmail: Webmail) -> None:
    keyboard = webmail.page.keyboard
    tab_to(webmail.page, webmail.page.locator("#rcmloginuser"))
    keyboard.type(webmail.site.account())
    keyboard.press("Tab")
    keyboard.type("Correct-Horse-1")
    keyboard.press("Enter")
    webmail.is_in()


def test_a_message_is_opened(webmail, site, server, mark):
    server.deliver(site.account(), message("a@friend.example", site.account(), mark, "Read me.\n"))
    server.finds(site.account(), mark)
    log_in(webmail)
    mailbox = Mailbox(webmail)
    row = mailbox.await_message(mark)
    press(webmail, row.locator("td.subject"))
    expect(mailbox.message.locator("#messagebody")).to_contain_text("Read me.")
    webmail.shot("opened")


def test_a_message_is_written(webmail, site, other, mark):
    log_in(webmail)
    page = webmail.page
    press(webmail, page.locator("#taskmenu a.compose"))
    compose = Compose(webmail)
    tab_to(page, page.locator("#compose_to ul.recipient-input input"))
    page.keyboard.type(site.other.account())
    tab_to(page, page.locator("#compose-subject"))
    page.keyboard.type(f"By hand {mark}")
    tab_to(page, page.locator("#composebody"))
    page.keyboard.type("Without a mouse.")
    webmail.shot("written")
    press(webmail, page.locator(".formbuttons button.send"))
    compose.is_sent()
    assert b"Without a mouse." in other.finds(site.other.account(), mark)
