"""Pictures of the webmail as people see it who use it for their work."""

from __future__ import annotations

import datetime
import email.utils
from email.headerregistry import Address

from mailbox_page import Mailbox
from playwright.sync_api import expect
from server import message

TEXT = """\
Hello Paula,

the new server is up. Mail for all three domains arrives there since this
morning, and nothing was lost on the way:

  - 2,041 messages of the old mailboxes are in their folders
  - mail@ and info@ go to the two of us
  - the certificate renews itself, next time in February

Everybody can keep the password. Those who use a telephone find the settings
at https://autoconfig.example.org; most programs ask for nothing but the
address.

Could you have a look at the list of aliases before Thursday?

Best wishes
Grace
"""
LETTERS = (
    ("Post office", "postmaster", "Your mailbox is ready", 72, "Welcome.\n"),
    ("Jörg Öttinger", "joerg", "Grüße aus Köln: Fotos vom Sommerfest", 50, "Schön war es.\n"),
    ("王小明", "wang", "关于明天会议的通知", 27, "会议十点开始。\n"),
    ("Linus Park", "linus", "Invoice 2026-118 for November", 26, "Please find it attached.\n"),
    ("Ada Miller", "ada", "Re: Lunch on Thursday?", 5, "One o'clock is fine.\n"),
    ("Mailing list", "lists", "[gardeners] Apple trees and frost", 3, "Cover them.\n"),
    ("Grace Hopper", "grace", "The move of the mail server is done", 1, TEXT),
)


def test_the_mailbox_of_somebody(webmail, site, server):
    now = datetime.datetime.now(datetime.timezone.utc)
    recipient = site.account("paula")
    server.empty(recipient)
    for name, local_part, subject, hours, text in LETTERS:
        letter = message(f"{local_part}@friend.example", recipient, subject, text)
        letter.replace_header("From", Address(name, local_part, "friend.example"))
        letter["Date"] = email.utils.format_datetime(now - datetime.timedelta(hours=hours))
        server.deliver(recipient, letter)
        server.finds(recipient, letter["Message-ID"], header="Message-ID")
    webmail.login("paula")
    mailbox = Mailbox(webmail)
    for read in ("Your mailbox", "Lunch", "The move"):
        shown = mailbox.read(read)
    expect(shown.locator("#messagebody")).to_contain_text("Best wishes")
    webmail.page.mouse.move(900, 700)
    webmail.shot("mailbox")
