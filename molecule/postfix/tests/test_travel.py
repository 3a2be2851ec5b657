"""Which way mail goes, how its addresses are rewritten, who gets copies, and what comes back."""

from __future__ import annotations

import re

from dialogue import connect, log_in


def submit(server, user, recipient, mark, headers=""):
    sender = f"{user}@{server.domain}"
    with log_in(server.ipv4, 587, sender) as session:
        session.sendmail(sender, [recipient], f"From: {sender}\nTo: {recipient}\nSubject: {mark}\n{headers}\nhello\n")


def protocol(message, name):
    """By which protocol the server of this name says that it got the message from the other one."""
    for received in re.findall(r"^Received: from mail\..*\n(?:[ \t].*\n)+", message, re.MULTILINE):
        found = re.search(rf"by {re.escape(name)} \(Postfix\) with (\S+)", received, re.DOTALL)
        if found:
            return found[1]
    return None


def test_one_user_goes_through_the_server_of_the_partner_with_a_login(server, partner, mark):
    submit(server, "alice", f"carol@{partner.domain}", mark)
    assert protocol(partner.mailbox("carol", mark), partner.name) == "ESMTPSA"


def test_others_go_through_the_smarthost_with_a_login_or_straight_without_one(server, partner, mark):
    submit(server, "bob", f"carol@{partner.domain}", mark)
    expected = {"example.org": "ESMTPS", "example.net": "ESMTPSA"}[server.domain]
    assert protocol(partner.mailbox("carol", mark), partner.name) == expected


def test_a_domain_with_its_own_transport_and_policy_is_served_without_tls(server, partner, mark):
    submit(server, "bob", f"guest@plain.{partner.domain}", mark)
    assert protocol(partner.mailbox("bob", mark), partner.name) == "ESMTP"


def test_a_relay_domain_is_handed_on(server, partner, mark):
    with connect(server.ipv4, 25) as session:
        session.sendmail("", [f"guest@backup.{partner.domain}"], f"Subject: {mark}\n\nhello\n")
    assert protocol(partner.mailbox("alice", mark), partner.name) == "ESMTPS"


def test_a_header_that_is_internal_stays_within(server, partner, mark):
    submit(server, "bob", f"carol@{partner.domain}", mark, "X-Internal: secret\nX-Public: open\n")
    message = partner.mailbox("carol", mark)
    assert "X-Public: open" in message
    assert "X-Internal" not in message


def test_a_canonical_address_is_written_in_envelope_and_header(server, mark):
    server.post(
        f"alice@{server.domain}", f"old@{server.domain}", f"To: old@{server.domain}\nSubject: {mark}\n\nhello\n"
    )
    assert f"To: carol@{server.domain}" in server.mailbox("carol", mark)


def test_senders_and_recipients_have_canonical_addresses_of_their_own(server, mark):
    server.post(
        f"web@{server.domain}", f"former@{server.domain}", f"From: web@{server.domain}\nSubject: {mark}\n\nhello\n"
    )
    message = server.mailbox("carol", mark)
    assert f"From: webmaster@{server.domain}" in message
    assert f"Return-Path: <webmaster@{server.domain}>" in message


def test_host_names_are_hidden_but_for_some_users(server, mark):
    message = f"From: staff@desk.{server.domain}\nReply-To: root@desk.{server.domain}\nSubject: {mark}\n\nhello\n"
    server.post(f"staff@desk.{server.domain}", f"alice@{server.domain}", message)
    arrived = server.mailbox("alice", mark)
    assert f"From: staff@{server.domain}\n" in arrived
    assert f"Reply-To: root@desk.{server.domain}\n" in arrived


def test_an_address_that_only_counts_within_is_another_one_outside(server, partner, mark):
    server.post(
        f"person@{server.name}", f"carol@{partner.domain}", f"From: person@{server.name}\nSubject: {mark}\n\nhello\n"
    )
    message = partner.mailbox("carol", mark)
    assert f"Return-Path: <bob@{server.domain}>" in message
    assert f"From: bob@{server.domain}" in message


def test_copies_are_kept_by_sender_and_by_recipient(server, mark):
    submit(server, "carol", f"carol@{server.domain}", mark)
    server.mailbox("sent", mark)
    server.mailbox("got", mark)


def test_one_server_keeps_copies_of_everything(server, mark):
    submit(server, "bob", f"alice@{server.domain}", mark)
    server.mailbox({"example.org": "all", "example.net": "alice"}[server.domain], mark)


def test_a_message_that_cannot_be_delivered_comes_back_in_our_words(server, partner, mark):
    submit(server, "bob", f"nobody@{partner.domain}", mark)
    message = server.mailbox("bob", mark)
    assert "Subject: Your message came back" in message
    assert f"This is the post office of {server.name}." in message


def test_the_postmaster_is_told_of_it_at_the_address_for_notices(server, partner, mark):
    submit(server, "bob", f"nobody@{partner.domain}", mark)
    server.mailbox("notices", mark)


def test_a_person_of_the_system_gets_mail_by_the_program_of_this_host(server, mark):
    with connect(server.ipv4, 25) as session:
        session.sendmail("", [f"persons@{server.name}"], f"Subject: {mark}\n\nhello\n")
    program = {"example.org": "procmail", "example.net": "maildrop"}[server.domain]
    server.wait_for(mark, f"/home/person/by-{program}")
