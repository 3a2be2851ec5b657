"""What is left after those went whom nobody lists."""

from __future__ import annotations

import pytest

GONE = ["smith@example.org", "carol@example.org", "dave@example.org", "ivan@example.org", "quinn@example.org"]


@pytest.mark.parametrize("user", GONE)
def test_who_is_not_listed_is_gone(server, user):
    server.refuses_imap(user)
    server.refuses_submission(user)
    assert server.answer_to(user)[0] == 550


def test_their_mail_is_in_the_archive(server):
    archived = server.host.check_output("ls /var/vmail/.archive")
    for user in GONE:
        assert f"{user}-" in archived
    assert server.host.check_output("ls /var/vmail/example.org").split() == ["bob"]


def test_who_is_listed_goes_on(server, mark):
    server.submit("bob@example.org", "team@example.org", mark)
    server.gets("bob@example.org", mark)
