"""A hostile message neither runs anything nor asks anybody, wherever it is shown."""

from __future__ import annotations

import hostile
import pytest
from compose_page import Compose
from mailbox_page import Mailbox
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

ACTIVE = "script, iframe, object, embed, form, meta, link, base"
# Attributes that run something or name another server.
DANGEROUS = """element => [...element.querySelectorAll('*')].flatMap(one => [...one.attributes])
    .filter(one => /^on/i.test(one.name) || /script:|^data:|friend.example/i.test(one.value))
    .map(one => `${one.name}=${one.value}`)"""


@pytest.fixture
def trap(laid_trap):
    laid_trap.hits.clear()
    return laid_trap


def test_the_trap_is_sprung_where_nothing_protects(browser, trap):
    """Else the other tests would say nothing."""
    context = browser.new_context()
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.dismiss())
    trap.page = f"<!doctype html>{hostile.page(trap.origin)}"
    page.goto(f"{trap.origin}/")
    page.wait_for_url(f"{trap.origin}/meta", timeout=90_000)
    context.close()
    missed = {f"/{name}" for name in hostile.vectors(trap.origin)} - set(trap.hits)
    assert missed == set()


def test_a_hostile_message_does_nothing(webmail, site, server, trap, mark):
    server.deliver(site.account("heidi"), hostile.letter(trap.origin, site.account("heidi"), mark))
    server.finds(site.account("heidi"), mark)
    webmail.login("heidi")
    mailbox = Mailbox(webmail)
    shown = mailbox.read(mark)
    body = shown.locator("#messagebody div.rcmBody")
    expect(body).to_contain_text("The end of it.")
    expect(shown.locator("#remote-objects-message")).to_be_visible()
    expect(body.locator(ACTIVE)).to_have_count(0)
    assert body.evaluate(DANGEROUS) == []
    mailbox.tool("reply")
    Compose(webmail)
    webmail.shot("reply")
    assert trap.hits == []


def test_a_hostile_page_that_is_attached_does_nothing(webmail, site, server, context, trap, mark):
    server.deliver(site.account("heidi"), hostile.letter(trap.origin, site.account("heidi"), mark))
    webmail.login("heidi")
    shown = Mailbox(webmail).read(mark)
    with context.expect_page() as opened:
        shown.locator("#attachment-list a.filename", has_text="page.html").click()
    page = opened.value.frame_locator("iframe").locator("body")
    expect(page).to_contain_text("The end of it.")
    assert page.evaluate(DANGEROUS.replace("/^on/i", "/^on(?!click)/i")) == []
    opened.value.wait_for_load_state("networkidle")
    assert trap.hits == []
    # Roundcube 1.6 puts a line of its own into such a page without the script that it belongs to.
    assert len(webmail.watch.take("^script: rcmail is not defined$")) == 1


@pytest.mark.parametrize("name", ["page.html", "picture.svg", ".bin"])
def test_a_hostile_attachment_that_is_opened_by_its_address_does_nothing(
    webmail, site, server, context, trap, mark, name
):
    server.deliver(site.account("heidi"), hostile.letter(trap.origin, site.account("heidi"), mark))
    webmail.login("heidi")
    link = Mailbox(webmail).read(mark).locator("#attachment-list a.filename", has_text=name)
    tab = context.new_page()
    try:
        tab.goto(webmail.site.origin + link.get_attribute("href"), wait_until="networkidle")
    except PlaywrightError as error:
        if "Download is starting" not in error.message:
            raise
    assert trap.hits == []
    webmail.watch.take("^script: rcmail is not defined$")
