"""Clients find after the upgrade what they had before it, and all that was sent meanwhile."""

from __future__ import annotations

import collections
import hashlib
import re

import accounts
import pytest
import samples

# Nothing was sent to them; dora got the numbered messages.
QUIET = ("alice@example.org", "bob@example.org", "carol@example.org")
DORA = "dora@example.org"


def test_there_was_something_to_lose(before):
    counts = [len(folder["messages"]) for user in QUIET for folder in before[user]["folders"].values()]
    assert sum(counts) >= 2000
    assert len(counts) >= 25


@pytest.mark.parametrize("user", QUIET)
def test_every_message_is_there_once_with_its_uid_and_flags(before, after, user):
    assert after[user]["folders"].keys() == before[user]["folders"].keys()
    for name, folder in before[user]["folders"].items():
        assert after[user]["folders"][name] == folder, name


@pytest.mark.parametrize("user", accounts.USERS)
@pytest.mark.parametrize("what", ["subscribed", "scripts"])
def test_subscriptions_and_scripts_are_the_same(before, after, user, what):
    assert after[user][what] == before[user][what]


@pytest.mark.parametrize("user", QUIET)
@pytest.mark.parametrize("what", ["uses", "quota", "uidls"])
def test_special_folders_quotas_and_uidls_are_the_same(before, after, user, what):
    assert before[user][what]
    assert after[user][what] == before[user][what]


def test_each_number_arrived_once(after, sent):
    """Those that end in 0 are sorted by the script of dora, whether they came before, during or after the upgrade."""
    places = collections.defaultdict(list)
    with accounts.imap(DORA) as session:
        for folder in after[DORA]["folders"]:
            if not int(accounts.said(session.select(f'"{folder}"', readonly=True))[0]):
                continue
            for part in accounts.said(session.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (X-NUMBER)])")):
                if isinstance(part, tuple):
                    number = re.search(rb"X-Number: (\d+)", part[1])
                    assert number, part
                    places[int(number[1])].append((folder, b"$Tenth" in part[0]))
    assert len(sent) > 60
    assert sorted(places) == sorted(sent)
    for number, found in places.items():
        assert found == ([("INBOX", False)] if number % 10 else [("Numbers/Tens", True)]), number


def test_a_pop3_client_fetches_only_what_it_has_not_seen(before):
    user = "bob@example.org"
    seen = set(before[user]["uidls"][:200])
    stored = {message["digest"] for message in before[user]["folders"]["INBOX"]["messages"].values()}
    with accounts.pop3(user) as session:
        names = accounts.uidls(session)
        new = [position for position, name in enumerate(names, start=1) if name not in seen]
        contents = [b"\r\n".join(session.retr(position)[1]) + b"\r\n" for position in new]
    assert len(new) == len(names) - len(seen)
    assert {hashlib.sha256(content).hexdigest() for content in contents} <= stored
    assert len(set(contents)) == len(contents)


def test_sieve_sorts_as_before_and_remembers_whom_it_answered():
    assert samples.answers_to_erin() == 1
    samples.send("after")
    assert samples.wait_until_sorted("after") == samples.expected()
    assert samples.places("before") == samples.expected()
    samples.send("later")
    assert samples.wait_until_sorted("later") == samples.expected()
    assert samples.answers_to_erin() == 1


def test_a_full_mailbox_is_refused_as_before():
    code, text = samples.reply_for_carol()
    assert code == 552
    assert "full" in text


def test_users_write_scripts_as_before():
    session = accounts.ManageSieve(DORA)
    session.activate("numbers", "stop;\n")
    assert session.scripts()["numbers"] == {"active": True, "content": "stop;\n"}
    session.activate("numbers", samples.SCRIPTS[DORA])
