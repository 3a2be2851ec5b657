"""Mail that is there before the accounts change."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("user", ["alice@example.org", "judy@example.org", "kate@example.org", "dave@example.org"])
def test_mail_is_there_for_later(server, user):
    server.send(user, "before-the-change")
    server.gets(user, "before-the-change")
