"""The settings: folders, password, and what ManageSieve keeps."""

from __future__ import annotations

from playwright.sync_api import FrameLocator, expect
from window import Webmail


class Settings:
    def __init__(self, webmail: Webmail, section: str) -> None:
        """Open a section by the name of its place in the menu of the settings."""
        self.webmail = webmail
        self.page = webmail.page
        webmail.task("settings")
        webmail.press(self.page.locator(f"#settings-menu li.{section} a"))


class Folders(Settings):
    def __init__(self, webmail: Webmail) -> None:
        super().__init__(webmail, "folders")

    @property
    def form(self) -> FrameLocator:
        return self.page.frame_locator("#preferences-frame")

    def create(self, name: str) -> None:
        self.webmail.press(self.page.locator("#layout-content .toolbar a.create:not(.disabled)"))
        self.form.locator("input[name=_name]").fill(name)
        self.webmail.press(self.form.locator("button.submit"))
        expect(self.page.locator("#subscription-table li", has_text=name)).to_be_visible()
        self.webmail.shot("folder-created")

    def delete(self, name: str) -> None:
        self.webmail.press(self.page.locator("#subscription-table li a", has_text=name))
        expect(self.form.locator("input[name=_name]")).to_have_value(name)
        self.webmail.press(self.page.locator("#layout-content .toolbar a.delete:not(.disabled)"))
        self.webmail.press(self.page.locator(".ui-dialog button.delete, .ui-dialog button.mainaction").first)
        expect(self.page.locator("#subscription-table li", has_text=name)).to_have_count(0)
        self.webmail.shot("folder-deleted")


class Password(Settings):
    def __init__(self, webmail: Webmail) -> None:
        super().__init__(webmail, "password")

    def change(self, old: str, new: str) -> None:
        self.page.locator("#curpasswd").fill(old)
        self.page.locator("#newpasswd").fill(new)
        self.page.locator("#confpasswd").fill(new)
        self.webmail.press(self.page.locator(".formbuttons button.submit"))


class Vacation(Settings):
    def __init__(self, webmail: Webmail) -> None:
        super().__init__(webmail, "vacation")

    def set(self, subject: str, text: str) -> None:
        self.page.locator("#vacation_subject").fill(subject)
        self.page.locator("#vacation_reason").fill(text)
        self._save("on")

    def end(self) -> None:
        self._save("off")

    def _save(self, status: str) -> None:
        self.page.locator("#vacation_status").select_option(status)
        self.webmail.press(self.page.locator(".formbuttons button.submit"))
        self.webmail.says("saved successfully")
        self.webmail.shot(f"vacation-{status}")


class Filters(Settings):
    def __init__(self, webmail: Webmail) -> None:
        super().__init__(webmail, "filter")

    @property
    def form(self) -> FrameLocator:
        return self.page.frame_locator("#filter-box")

    def file_by_subject(self, name: str, subject: str, folder: str) -> None:
        """Make a filter that files messages with this in their subject into a folder."""
        self.webmail.press(self.page.locator("#layout-content .toolbar a.create:not(.disabled)"))
        form = self.form
        form.locator("#_name").fill(name)
        form.locator("#header0").select_option("subject")
        form.locator("#rule_target0_list input").fill(subject)
        form.locator("#action_type0").select_option("fileinto")
        form.locator("#action_mailbox0").select_option(folder)
        self.webmail.press(form.locator("button.submit"))
        self.webmail.says("saved successfully")
        expect(self.page.locator("#filterslist", has_text=name)).to_be_visible()
        self.webmail.shot("filter")
