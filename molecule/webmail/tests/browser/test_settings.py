"""Folders, filters, vacation and passwords that a person sets and that then act."""

from __future__ import annotations

import email
import email.policy

from account_server import PASSWORD
from mailbox_page import Mailbox
from playwright.sync_api import expect
from server import message
from settings_page import Filters, Folders, Password, Vacation

NEW_PASSWORD = "Other-Horse-2"


def test_a_folder_is_made_used_and_deleted(webmail, site, server, mark):
    name = f"Folder {mark}"
    server.deliver(site.account(), message("a@friend.example", site.account(), mark))
    server.finds(site.account(), mark)
    webmail.login()
    Folders(webmail).create(name)
    webmail.task("mail")
    mailbox = Mailbox(webmail)
    mailbox.read(mark)
    mailbox.move_to(name)
    expect(mailbox.row(mark)).to_have_count(0)
    mailbox.enter(name)
    expect(mailbox.row(mark)).to_have_count(1)
    webmail.shot("moved")
    assert server.finds(site.account(), mark, mailbox=name)
    Folders(webmail).delete(name)
    assert server.holds(site.account(), mark) == 0


def test_an_absence_is_answered_to_the_other_server(webmail, site, other, mark):
    webmail.login("vera")
    vacation = Vacation(webmail)
    vacation.set(f"Away {mark}", "Back on Monday, with tan and Grüßen.")
    asked = message(site.other.account(), site.account("vera"), f"Are you there? {mark}")
    other.write(site.other.account(), asked)
    answer = email.message_from_bytes(other.finds(site.other.account(), f"Away {mark}"), policy=email.policy.default)
    assert answer["From"].addresses[0].addr_spec == site.account("vera")
    assert "Back on Monday, with tan and Grüßen." in answer.get_body().get_content()
    vacation.end()


def test_a_filter_files_what_it_names(webmail, site, other, mark):
    folder = f"Lists {mark}"
    webmail.login("vera")
    Folders(webmail).create(folder)
    Filters(webmail).file_by_subject(f"Filter {mark}", f"[{mark}]", folder)
    for subject in (f"[{mark}] News", f"Private {mark}"):
        other.write(site.other.account(), message(site.other.account(), site.account("vera"), subject))
    webmail.task("mail")
    mailbox = Mailbox(webmail)
    mailbox.await_message(f"Private {mark}")
    mailbox.enter(folder)
    mailbox.await_message(f"[{mark}] News")
    webmail.shot("filed")
    expect(mailbox.row("Private")).to_have_count(0)


def test_a_password_is_changed_and_the_old_one_refused(webmail, site, server):
    webmail.login("nora")
    Password(webmail).change(PASSWORD, NEW_PASSWORD)
    webmail.says("Successfully saved")
    webmail.shot("changed")
    webmail.logout()
    webmail.try_login(site.account("nora"), PASSWORD)
    webmail.says("Login failed")
    assert len(webmail.watch.take("401")) == 1
    server.refuses_imap(site.account("nora"), PASSWORD)
    webmail.login("nora", NEW_PASSWORD)
    Password(webmail).change(NEW_PASSWORD, PASSWORD)
    webmail.says("Successfully saved")
    server.imap(site.account("nora"), PASSWORD).logout()


def test_a_password_is_not_changed_without_the_old_one(webmail, site, server):
    webmail.login("nora")
    Password(webmail).change("Wrong-Horse-9", NEW_PASSWORD)
    webmail.says("Current password incorrect")
    server.refuses_imap(site.account("nora"), NEW_PASSWORD)
