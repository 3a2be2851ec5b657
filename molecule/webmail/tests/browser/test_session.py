"""Sessions end when nobody used them, and wrong passwords are slowed down."""

from __future__ import annotations

from compose_page import Compose
from mailbox_page import Mailbox
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect
from window import Webmail

TRIES = 10


def be_away_for_long(webmail, server):
    # What a page still asks for would begin the time anew.
    webmail.page.wait_for_load_state("networkidle")
    server.end_sessions()


def test_who_was_away_for_long_logs_in_again(webmail, server):
    webmail.login("paula")
    be_away_for_long(webmail, server)
    webmail.task("settings")
    expect(webmail.page.locator("#rcmloginuser")).to_be_visible()
    webmail.says("session")
    webmail.shot("expired")
    webmail.login("paula")


def test_a_session_that_ended_shows_no_mail(webmail, server):
    webmail.login("paula")
    be_away_for_long(webmail, server)
    Mailbox(webmail).folder("Sent").click()
    expect(webmail.page.locator("#rcmloginuser")).to_be_visible()
    webmail.says("session")


def test_who_logged_out_is_out(webmail):
    webmail.login("paula")
    inside = webmail.page.url
    webmail.logout()
    webmail.page.goto(inside)
    expect(webmail.page.locator("#rcmloginuser")).to_be_visible()
    webmail.page.go_back()
    expect(webmail.page.locator("#rcmloginuser")).to_be_visible()


def test_wrong_passwords_lock_out_for_a_while_who_gave_them_and_nobody_else(webmail, site, other, mark):
    webmail.login("frank")
    webmail.logout()
    for number in range(TRIES):
        webmail.try_login(site.account("frank"), f"Wrong-Horse-{number}")
        expect(webmail.notice("Login failed").or_(webmail.notice("Too many failed login attempts"))).to_be_visible()
        webmail.open()
    webmail.try_login(site.account("frank"), "Wrong-Horse-again")
    webmail.says("Too many failed login attempts")
    webmail.shot("locked")
    webmail.open()
    webmail.login("paula")
    compose = Compose.new(webmail)
    compose.address(site.other.account())
    compose.write(f"Nothing is wrong here {mark}", "Hello")
    compose.send()
    assert other.finds(site.other.account(), mark)
    webmail.logout()
    comes_back_in(webmail, "frank")
    assert len(webmail.watch.take("status of 401")) > TRIES


def comes_back_in(webmail: Webmail, user: str) -> None:
    """Try the right password until it is accepted, which the lock delays for a minute."""
    for _attempt in range(60):
        webmail.try_login(webmail.site.account(user), "Correct-Horse-1")
        refused = webmail.notice("Too many failed login attempts")
        expect(refused.or_(webmail.page.locator("#mailboxlist")).first).to_be_attached()
        try:
            webmail.page.locator("#mailboxlist").wait_for(state="attached", timeout=15_000)
        except PlaywrightTimeoutError:
            webmail.open()
        else:
            return
    raise AssertionError("the right password was refused for too long")
