"""Access tables, DNS lists, restriction classes and content checks, each asked for by a client."""

from __future__ import annotations

import smtplib

import pytest
from dialogue import ask, connect, log_in


@pytest.mark.parametrize(
    ("sender", "recipient", "code", "text"),
    [
        ("friend@friend.example", "alice@{domain}", 250, "Ok"),
        ("blocked@friend.example", "alice@{domain}", 554, "not from this sender"),
        ("bulk-17@friend.example", "alice@{domain}", 554, "not from such senders"),
        ("friend@spammer.example", "alice@{domain}", 554, "domains.dnsbl.example"),
        ("friend@nowhere.friend.example", "alice@{domain}", 450, "Domain not found"),
        ("friend@friend.example", "closed@{domain}", 550, "closed"),
        ("friend@friend.example", "members@{domain}", 554, "Access denied"),
        ("member@friend.example", "members@{domain}", 250, "Ok"),
        ("unwelcome@friend.example", "alice@{domain}", 554, "says the doorman"),
        ("friend@friend.example", "nobody@{domain}", 550, "User unknown"),
    ],
)
def test_sender_and_recipient_decide(server, sender, recipient, code, text):
    with connect(server.ipv4, 25) as session:
        replies = ask(session, sender, recipient.format(domain=server.domain))
    assert replies[-1][0] == code
    assert text in replies[-1][1]


@pytest.mark.parametrize(("helo", "code"), [("liar.example", 554), ("nonsense", 504), ("client.friend.example", 250)])
def test_the_name_of_the_client_decides(server, helo, code):
    with connect(server.ipv4, 25, helo=helo) as session:
        assert ask(session, "", f"alice@{server.domain}")[-1][0] == code


def test_only_the_trusted_may_ask_for_a_delivery_at_once(server):
    with connect(server.ipv4, 2526) as session:
        code, text = session.docmd("ETRN", server.domain)
    assert (code, b"Etrn command rejected" in text) == (554, True)


def test_a_list_that_is_only_tried_lets_the_client_in_and_says_so_in_the_log(server, mark):
    with connect(server.ipv4, 2526) as session:
        replies = ask(session, f"{mark}@friend.example", f"alice@{server.domain}")
    assert replies[-1][0] == 250
    server.logged(f"reject_warning.*warn.dnsbl.example.*{mark}")


def test_a_list_that_refuses_to_answer_and_one_that_is_gone_are_left_out(server):
    values = server.host.check_output("postconf -n")
    assert "block.dnsbl.example" in values
    assert "refusing.dnsbl.example" not in values
    assert "dead.dnsbl.example" not in values


NESTED = """\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=part

--part
Content-Type: message/rfc822

Subject: nested pills

inside
--part--
"""
ATTACHMENT = """\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=part

--part
Content-Type: application/octet-stream; name="tool.exe"

MZ
--part--
"""


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("Subject: cheap pills\n\nbuy\n", "not with this subject"),
        (NESTED, "not with this subject inside"),
        (ATTACHMENT, "not with this attachment"),
        ("Subject: hello\n\nclick here to lose money\n", "not with this text"),
    ],
    ids=["header", "nested header", "MIME header", "body"],
)
def test_content_decides(server, message, text):
    with connect(server.ipv4, 25) as session, pytest.raises(smtplib.SMTPDataError, match=text):
        session.sendmail("", [f"alice@{server.domain}"], message)


def test_content_is_taken_otherwise(server, mark):
    with connect(server.ipv6, 25) as session:
        session.sendmail("", [f"alice@{server.domain}"], f"Subject: {mark}\n\nclick here to win\n")
    server.mailbox("alice", mark)


def test_the_program_of_a_user_is_told_to_nobody(server, mark):
    with log_in(server.ipv4, 587, f"bob@{server.domain}") as session:
        session.sendmail(
            f"bob@{server.domain}", [f"alice@{server.domain}"], f"Subject: {mark}\nUser-Agent: my own\n\nhello\n"
        )
    assert "User-Agent" not in server.mailbox("alice", mark)
