"""The webmail on a telephone."""

from __future__ import annotations

import pytest
from compose_page import Compose
from playwright.sync_api import expect
from server import message
from window import Webmail

WIDTH = 375


@pytest.fixture
def viewport():
    return {"width": WIDTH, "height": 667}


def fits(webmail: Webmail, step: str) -> None:
    """See that nothing is wider than the screen."""
    webmail.ready()
    webmail.shot(step)
    assert webmail.page.locator("html").evaluate("element => element.scrollWidth") <= WIDTH
    assert webmail.page.locator("body").evaluate("element => element.scrollWidth") <= WIDTH


def test_mail_is_read_answered_and_left(webmail, site, server, other, mark):
    long = "A rather long subject that has no room in one line of a telephone"
    server.deliver(site.account(), message(site.other.account(), site.account(), f"{mark} {long}", f"{long}\n" * 9))
    server.finds(site.account(), mark)
    page = webmail.page
    fits(webmail, "login")
    webmail.login()
    fits(webmail, "list")
    row = page.locator("#messagelist tbody tr.message", has_text=mark)
    row.click()
    shown = page.frame_locator("#messagecontframe")
    expect(shown.locator("#messagebody")).to_contain_text(long)
    fits(webmail, "message")
    webmail.press(page.locator("#layout-content a.reply:visible"))
    compose = Compose(webmail)
    fits(webmail, "answer")
    compose.send()
    assert other.finds(site.other.account(), f"Re: {mark}")
    fits(webmail, "list-again")
    webmail.press(page.locator("a.back-sidebar-button:visible"))
    expect(page.locator("#mailboxlist")).to_be_visible()
    fits(webmail, "folders")
    webmail.press(page.locator("#layout-sidebar a.back-list-button:visible"))
    webmail.press(page.locator("a.task-menu-button:visible"))
    fits(webmail, "menu")
    webmail.task("settings")
    expect(page.locator("#settings-menu")).to_be_visible()
    fits(webmail, "settings")
    webmail.press(page.locator("#settings-menu li.preferences a"))
    expect(page.locator("#sections-table")).to_be_visible()
    fits(webmail, "preferences")
    webmail.press(page.locator("a.back-sidebar-button:visible"))
    webmail.press(page.locator("a.task-menu-button:visible"))
    webmail.logout()
