"""Somebody at the webmail of a server."""

from __future__ import annotations

import itertools
import pathlib

from account_server import PASSWORD
from playwright.sync_api import Locator, Page, expect
from sites import Site
from watch import Watch

# Roundcube takes no order while it carries out another one.
READY = "() => document.readyState === 'complete' && jQuery.isReady && !rcmail.busy && !jQuery.active"


class Webmail:
    def __init__(self, page: Page, site: Site, watch: Watch, shots: pathlib.Path) -> None:
        self.page = page
        self.site = site
        self.watch = watch
        self._shots = shots
        self._numbers = itertools.count(1)

    def shot(self, step: str) -> None:
        """Keep a picture of what is seen now."""
        self.page.screenshot(path=self._shots / f"{next(self._numbers):02}-{step}.png", timeout=0)

    def press(self, target: Locator) -> None:
        """Click as soon as the last order was carried out."""
        target.wait_for()
        self.ready()
        target.click()

    def ready(self) -> None:
        self.page.wait_for_function(READY)

    def open(self) -> None:
        self.page.goto(self.site.url)
        expect(self.page.locator("#rcmloginuser")).to_be_visible()

    def try_login(self, user: str, password: str) -> None:
        self.page.locator("#rcmloginuser").fill(user)
        self.page.locator("#rcmloginpwd").fill(password)
        self.press(self.page.locator("#rcmloginsubmit"))

    def login(self, user: str = "", password: str = PASSWORD) -> None:
        """Log in by the local part of an address and a password."""
        self.try_login(self.site.account(user), password)
        self.is_in()
        self.shot("logged-in")

    def is_in(self) -> None:
        expect(self.page.locator("#taskmenu a.logout")).to_be_attached()
        self.ready()

    def logout(self) -> None:
        self.press(self.page.locator("#taskmenu a.logout"))
        expect(self.page.locator("#rcmloginuser")).to_be_visible()

    def task(self, name: str) -> None:
        """Go to one of the parts that the menu offers: mail, contacts, settings."""
        entry = self.page.locator(f"#taskmenu a.{name}")
        if "selected" not in (entry.get_attribute("class") or ""):
            self.press(entry)

    def says(self, text: str) -> None:
        """See a message that confirms or complains."""
        expect(self.notice(text)).to_be_visible()

    def notice(self, text: str) -> Locator:
        return self.page.locator("#messagestack > div", has_text=text).first
